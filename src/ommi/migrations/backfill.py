"""How far a backfill has come, as the history keeps it."""

from __future__ import annotations

import json
from typing import cast

from ommi.schema.serialisation import read_value, write_value

Key = tuple[object, ...]


def encoded(key: Key) -> str:
    """Give the key of the last row that was looked at, as JSON."""
    return json.dumps([write_value(part) for part in key])


def decoded(position: str) -> Key | None:
    """Give the key back; `None` for the beginning."""
    if not position:
        return None
    return tuple(read_value(part) for part in cast("list[object]", json.loads(position)))
