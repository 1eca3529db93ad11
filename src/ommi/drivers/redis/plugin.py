"""Redis as a plug-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ommi.drivers.addresses import Address
from ommi.drivers.configuration import POOL_PROPERTIES, SERVER_PROPERTIES
from ommi.drivers.redis.driver import SCAN_LIMIT, RedisDriver
from ommi.errors import ConfigurationError


class RedisPlugin:
    """Makes drivers for Redis servers; `rediss://` is encrypted."""

    def get_driver_name(self) -> str:
        """Give the scheme of the URLs."""
        return "redis"

    def get_config_schema(self) -> dict[str, Any]:
        """Say what can be configured; `connect_timeout` is in seconds."""
        return {
            "type": "object",
            "properties": {
                **SERVER_PROPERTIES,
                "database": {"type": "integer", "minimum": 0, "default": 0},
                "connect_timeout": {"type": "number", "exclusiveMinimum": 0},
                "prefix": {"type": "string", "minLength": 1},
                "scan_limit": {"type": "integer", "minimum": 1, "default": SCAN_LIMIT},
                "ssl": {"type": "boolean", "default": False},
                **POOL_PROPERTIES,
            },
            "additionalProperties": False,
            "examples": ["redis://user:password@host:6379/0"],
        }

    def config_of(self, address: Address) -> Mapping[str, object]:
        """Give what a URL says: a database by its number, and often a password without a user."""
        settings = dict(address.settings())
        if not address.user:
            settings.pop("user", None)
        database = str(settings.get("database", "0"))
        if not database.isdecimal():
            raise ConfigurationError(
                "a Redis URL names a database by its number, as in redis://host:6379/0"
            )
        settings["database"] = int(database)
        if address.scheme == "rediss":
            settings["ssl"] = True
        return settings

    def create_driver(self, config: dict[str, Any], /) -> RedisDriver:
        """Make the driver."""
        return RedisDriver(**config)
