"""SQLite as a plug-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ommi.drivers.addresses import Address
from ommi.drivers.sqlite.driver import READERS, SQLiteDriver
from ommi.errors import ConfigurationError


class SQLitePlugin:
    """Makes drivers for files, and for databases in memory."""

    def get_driver_name(self) -> str:
        """Give the scheme of the URLs."""
        return "sqlite"

    def get_config_schema(self) -> dict[str, Any]:
        """Say what can be configured; `timeout` is in seconds."""
        return {
            "type": "object",
            "properties": {
                "database": {"type": "string", "default": ":memory:"},
                "mode": {"enum": ["ro", "rwc"], "default": "rwc"},
                "readers": {"type": "integer", "minimum": 1, "default": READERS},
                "timeout": {"type": "number", "exclusiveMinimum": 0, "default": 5.0},
            },
            "additionalProperties": False,
            "examples": ["sqlite:///app.db"],
        }

    def config_of(self, address: Address) -> Mapping[str, object]:
        """Give what a URL says: a path, relative behind three slashes, absolute behind four."""
        if address.host or address.user is not None:
            raise ConfigurationError(
                "a SQLite URL has three slashes before a relative path, sqlite:///app.db, and "
                "four before an absolute one, sqlite:////data/app.db"
            )
        return address.settings()

    def create_driver(self, config: dict[str, Any], /) -> SQLiteDriver:
        """Make the driver."""
        database = config["database"]
        return SQLiteDriver(
            None if database == ":memory:" else database,
            timeout=config["timeout"],
            readers=config["readers"],
            is_read_only=config["mode"] == "ro",
        )
