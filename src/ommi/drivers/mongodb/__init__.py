"""MongoDB, through pymongo's `AsyncMongoClient`."""

from ommi.drivers.mongodb.driver import MongoDBDriver

__all__ = ["MongoDBDriver"]
