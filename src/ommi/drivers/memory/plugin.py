"""The store in memory as a plug-in."""

from __future__ import annotations

from typing import Any

from ommi.drivers.memory.driver import MemoryDriver


class MemoryPlugin:
    """Makes empty stores."""

    def get_driver_name(self) -> str:
        """Give the scheme of the URLs."""
        return "memory"

    def get_config_schema(self) -> dict[str, Any]:
        """Say that nothing can be configured."""
        return {"type": "object", "additionalProperties": False, "examples": ["memory://"]}

    def create_driver(self, config: dict[str, Any], /) -> MemoryDriver:
        """Make the driver."""
        del config
        return MemoryDriver()
