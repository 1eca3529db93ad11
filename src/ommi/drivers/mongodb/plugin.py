"""MongoDB as a plug-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ommi.drivers.addresses import Address
from ommi.drivers.configuration import POOL_PROPERTIES, SERVER_PROPERTIES
from ommi.drivers.mongodb.connecting import CLIENT_OPTIONS
from ommi.drivers.mongodb.driver import MongoDBDriver

_POOL = {name: rule for name, rule in POOL_PROPERTIES.items() if name != "max_lifetime"}
"""What pymongo's own pool has."""


class MongoDBPlugin:
    """Makes drivers for MongoDB servers; `mongodb+srv://` finds them by their domain."""

    has_own_pool = True

    def get_driver_name(self) -> str:
        """Give the scheme of the URLs."""
        return "mongodb"

    def get_config_schema(self) -> dict[str, Any]:
        """Say what can be configured; `connect_timeout` is in seconds."""
        return {
            "type": "object",
            "properties": {
                **SERVER_PROPERTIES,
                "is_srv": {"type": "boolean", "default": False},
                "connect_timeout": {"type": "number", "exclusiveMinimum": 0},
                **{name: {} for name in CLIENT_OPTIONS},
                **_POOL,
                "min_connections": {"type": "integer", "minimum": 0},
            },
            "required": ["database"],
            "additionalProperties": False,
            "examples": ["mongodb://user:password@host/database"],
        }

    def config_of(self, address: Address) -> Mapping[str, object]:
        """Give what a URL says."""
        settings = dict(address.settings())
        if address.scheme == "mongodb+srv":
            settings["is_srv"] = True
        return settings

    def create_driver(self, config: dict[str, Any], /) -> MongoDBDriver:
        """Make the driver; options of pymongo's client are handed on."""
        options = {name: config.pop(name) for name in CLIENT_OPTIONS if name in config}
        return MongoDBDriver(**config, options=options)
