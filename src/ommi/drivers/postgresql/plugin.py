"""PostgreSQL as a plug-in."""

from __future__ import annotations

from typing import Any

from ommi.drivers.configuration import POOL_PROPERTIES, SERVER_PROPERTIES
from ommi.drivers.postgresql.driver import PostgreSQLDriver


class PostgreSQLPlugin:
    """Makes drivers for PostgreSQL servers."""

    def get_driver_name(self) -> str:
        """Give the scheme of the URLs."""
        return "postgresql"

    def get_config_schema(self) -> dict[str, Any]:
        """Say what can be configured; `connect_timeout` is in seconds."""
        return {
            "type": "object",
            "properties": {
                **SERVER_PROPERTIES,
                "application_name": {"type": "string", "minLength": 1},
                "connect_timeout": {"type": "number", "exclusiveMinimum": 0},
                "pooler": {"enum": ["transaction"]},
                "ssl": {},
                **POOL_PROPERTIES,
            },
            "required": ["user", "database"],
            "additionalProperties": False,
            "examples": ["postgresql://user:password@host/database"],
        }

    def create_driver(self, config: dict[str, Any], /) -> PostgreSQLDriver:
        """Make the driver."""
        return PostgreSQLDriver(**config)
