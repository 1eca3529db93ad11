"""MariaDB and MySQL as a plug-in."""

from __future__ import annotations

from typing import Any

from ommi.drivers.configuration import POOL_PROPERTIES, SERVER_PROPERTIES
from ommi.drivers.mysql.driver import MySQLDriver


class MySQLPlugin:
    """Makes drivers for MariaDB and MySQL servers; which it is, the server tells."""

    def get_driver_name(self) -> str:
        """Give the scheme of the URLs."""
        return "mysql"

    def get_config_schema(self) -> dict[str, Any]:
        """Say what can be configured; `connect_timeout` is in seconds."""
        return {
            "type": "object",
            "properties": {
                **SERVER_PROPERTIES,
                "connect_timeout": {"type": "number", "exclusiveMinimum": 0},
                "ssl": {"type": "boolean", "default": False},
                **POOL_PROPERTIES,
            },
            "required": ["user", "database"],
            "additionalProperties": False,
            "examples": ["mysql://user:password@host/database"],
        }

    def create_driver(self, config: dict[str, Any], /) -> MySQLDriver:
        """Make the driver."""
        settings = {"host": "localhost", **config, "ssl": config["ssl"] or None}
        return MySQLDriver(**settings)
