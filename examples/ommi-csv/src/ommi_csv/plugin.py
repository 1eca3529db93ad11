"""From `csv:///folder` to a driver."""

from __future__ import annotations

from typing import Any

from ommi_csv.driver import CSVDriver


class CSVPlugin:
    """Makes drivers for folders."""

    def get_driver_name(self) -> str:
        return "csv"

    def get_config_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"database": {"type": "string", "minLength": 1}},
            "required": ["database"],
            "additionalProperties": False,
            "examples": ["csv:///folder"],
        }

    def create_driver(self, config: dict[str, Any], /) -> CSVDriver:
        return CSVDriver(config["database"])
