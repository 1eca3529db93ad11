"""MongoDB, through pymongo's `AsyncMongoClient`."""

from ommi.drivers.mongodb.connecting import CLIENT_OPTIONS
from ommi.drivers.mongodb.driver import MongoDBDriver

__all__ = ["CLIENT_OPTIONS", "MongoDBDriver"]
