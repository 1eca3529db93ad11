"""Stored forms as bytes and back: rows as JSON, each field with its type, and names of values.

JSON itself tells null, bool, int, float and text apart; any other form is a pair of its tag and a
text, as in `["decimal", "1.50"]`. Lua never looks into a row, since its numbers are doubles.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from ommi.metadata.json_text import canonical_json
from ommi.metadata.storage import Kind

Row = Mapping[str, object]

_text = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
).encode
_scan: Callable[[str, int], tuple[dict[str, object], int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # typeshed does not know it
_PLAIN = frozenset({bool, int, float, str, type(None)})
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TAGS: Mapping[type, tuple[str, Callable[[Any], object]]] = {
    bytes: ("bytes", lambda value: b64encode(value).decode()),
    Decimal: ("decimal", str),
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
    time: ("time", time.isoformat),
    timedelta: ("duration", lambda value: value // _MICROSECOND),
    UUID: ("uuid", str),
    list: ("json", lambda value: value),
    dict: ("json", lambda value: value),
}
_READ: Mapping[str, Callable[[Any], object]] = {
    "bytes": b64decode,
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "duration": lambda value: timedelta(microseconds=value),
    "uuid": UUID,
    "json": lambda value: value,
}


def encoded(row: Row) -> bytes:
    """Give a row as it is kept."""
    return _text(
        {
            column: value if value.__class__ in _PLAIN else _tagged(value)
            for column, value in row.items()
        }
    ).encode()


def _tagged(value: object) -> list[object]:
    tag, write = _TAGS[type(value)]
    return [tag, write(value)]


def decoded(text: bytes) -> dict[str, object]:
    """Give the row that is kept as a text."""
    row, _ = _scan(text.decode(), 0)
    if b"[" not in text:
        return row
    for column, value in row.items():
        if value.__class__ is list:
            tag, written = value  # pyright: ignore[reportGeneralTypeIssues]  # it is a list
            row[column] = _READ[tag](written)
    return row


def identity(values: Sequence[object]) -> bytes:
    """Give the name of a value, or of several together: one for all that are equal, and safe.

    What it is made of keeps it free of control characters and of bytes that are not UTF-8.
    """
    return ",".join([_NAMES[value.__class__](value) for value in values]).encode()


def _name_of_decimal(value: Decimal) -> str:
    sign, digits, exponent = value.as_tuple()
    number = "".join(map(str, digits)).lstrip("0")
    shortest = number.rstrip("0")
    if not shortest:
        return "0"
    return f"{'-' * sign}{shortest}e{cast('int', exponent) + len(number) - len(shortest)}"


_NAMES: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: lambda value: repr(value + 0.0),  # 0.0 is equal to -0.0
    str: _text,
    bytes: lambda value: b64encode(value).decode(),
    Decimal: _name_of_decimal,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: lambda value: str(value // _MICROSECOND),
    UUID: str,
    list: canonical_json,
    dict: canonical_json,
}

RANGED = frozenset({Kind.INT, Kind.FLOAT, Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.INSTANT})
"""Kinds whose values have a place among all of their kind, as a double."""


def microseconds(instant: datetime) -> int:
    """Give an instant as the server's clock tells it."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(microseconds: bytes) -> datetime:
    """Give the instant that the server's clock tells."""
    return _EPOCH + int(microseconds) * _MICROSECOND


def score(value: object) -> float:
    """Give the place of a value; of two values the larger never has the smaller one.

    Doubles do not tell large numbers apart, so what lies between two places is more than what was
    asked for.
    """
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return float(microseconds(aware))
    if isinstance(value, date):
        return float(value.toordinal())
    return float(cast("float", value))
