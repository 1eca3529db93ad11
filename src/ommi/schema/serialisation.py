"""Operations to plain data and back, and what of them is the same is the same data."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast, get_args
from uuid import UUID

from ommi.errors import MigrationError
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.operations import HandWritten, Operation, Sql
from ommi.schema.snapshot import Check, Column, ForeignKey, Index, Table

Data = Mapping[str, object]
Steps = Mapping[
    str, tuple[Callable[[Any], Awaitable[None]], Callable[[Any], Awaitable[None]] | None]
]
"""The functions of hand-written steps, up and down, by name."""

_OPERATIONS: dict[str, type[Any]] = {cls.kind: cls for cls in get_args(Operation)}
_PARTS: dict[str, type[Any]] = {
    cls.__name__: cls for cls in (Table, Column, Index, ForeignKey, Check, Sql, StorageType)
}
_VALUES: dict[str, tuple[type[Any], Callable[[Any], object], Callable[[Any], object]]] = {
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "date": (date, date.isoformat, date.fromisoformat),
    "time": (time, time.isoformat, time.fromisoformat),
    "decimal": (Decimal, str, Decimal),
    "uuid": (UUID, str, UUID),
    "bytes": (bytes, bytes.hex, bytes.fromhex),
    "duration": (
        timedelta,
        lambda value: value // timedelta(microseconds=1),
        lambda value: timedelta(microseconds=value),
    ),
}


def to_data(operation: Operation) -> dict[str, object]:
    """Give an operation as lists, dicts with text keys, texts, numbers, booleans and `None`.

    What has its default is left out, so that data stays the same when a field is added.
    """
    if isinstance(operation, HandWritten):
        return {"kind": operation.kind, "name": operation.name}
    return {"kind": operation.kind, **_members(operation)}


def from_data(data: Data, steps: Steps | None = None) -> Operation:
    """Give the operation of data; raises `MigrationError` for what is none.

    Hand-written steps get their functions from `steps`.
    """
    kind = data.get("kind")
    cls = _OPERATIONS.get(str(kind))
    if cls is None:
        raise MigrationError(f"{kind!r} is no operation; there are {', '.join(_OPERATIONS)}")
    if cls is HandWritten:
        name = str(data.get("name"))
        if name not in (steps or {}):
            raise MigrationError(f"the step {name!r} has no functions")
        up, down = (steps or {})[name]
        return HandWritten(name, up, down)
    given = {key: read_value(value) for key, value in data.items() if key != "kind"}
    try:
        return cast("Operation", cls(**given))
    except TypeError as error:
        raise MigrationError(
            f"the operation {kind!r} is not written as it should be: {error}"
        ) from error


def checksum(operations: Iterable[Operation]) -> str:
    """Give the SHA-256 of operations, which no formatting of their file changes."""
    return digest([to_data(operation) for operation in operations])


def digest(data: object) -> str:
    """Give the SHA-256 of plain data."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return sha256(text.encode()).hexdigest()


def _members(value: Any) -> dict[str, object]:  # noqa: ANN401 - a dataclass
    return {
        each.name: write_value(getattr(value, each.name))
        for each in fields(value)
        if getattr(value, each.name) != each.default
    }


def write_value(value: object) -> object:
    """Give a stored form, or a part of an operation, as plain data."""
    if value is None or isinstance(value, bool | int | float | str):
        return value.value if isinstance(value, Kind) else value
    if isinstance(value, tuple):
        return [write_value(each) for each in value]
    if isinstance(value, dict | list):
        return {"json": value}
    if is_dataclass(value):
        return {"of": type(value).__name__, **_members(value)}
    for name, (cls, write, _) in _VALUES.items():
        if isinstance(value, cls):
            return {name: write(value)}
    raise MigrationError(f"a {type(value).__name__} cannot be written into a migration")


def read_value(value: object) -> object:
    """Give back what `write_value` was given."""
    if isinstance(value, list):
        return tuple(map(read_value, value))
    if not isinstance(value, dict):
        return value
    if "of" in value:
        cls = _PARTS.get(str(value["of"]))
        if cls is None:
            raise MigrationError(f"{value['of']!r} is no part of an operation")
        members: dict[str, Any] = {
            key: read_value(each) for key, each in value.items() if key != "of"
        }
        if cls is StorageType:
            members["kind"] = Kind(members["kind"])
        return cls(**members)
    [(name, said)] = value.items()
    if name == "json":
        return cast("object", said)
    if name not in _VALUES:
        raise MigrationError(f"{name!r} is no kind of value")
    return _VALUES[name][2](said)
