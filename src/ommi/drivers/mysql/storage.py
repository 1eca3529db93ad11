"""What values become in a column: types, bounds, and how they travel."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import cast
from uuid import UUID

from ommi.errors import InvalidValue, UnsupportedOperation
from ommi.metadata.json_text import parse_json
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import Conversion, StoreCodec
from ommi.schema.snapshot import Column, Table

INDEXED_LENGTH = 255
"""Characters of a text, or bytes, in a key or an index that no `Length` bounds."""

LONGEST_INDEXED = 768
"""As many characters of four bytes as an index of InnoDB takes."""

_BOUNDED = frozenset({Kind.TEXT, Kind.BYTES})
_SMALLEST, _LARGEST = -(2.0**63), 2.0**63
_MIDNIGHT = datetime(1, 1, 1)  # noqa: DTZ001 - a time of day has no zone


def is_indexed(field: FieldMetadata, model: ModelMetadata) -> bool:
    """Tell whether a field stands in a key, a reference or an index."""
    return (
        field.is_key
        or field.is_unique
        or field.is_indexed
        or field.reference is not None
        or any(field.name in names for names in model.unique_together)
        or any(field.name in names for names in model.index_together)
    )


def is_short(field: FieldMetadata, model: ModelMetadata) -> bool:
    """Tell whether a field of texts or bytes has a column of bounded length."""
    length = field.storage.length
    return is_indexed(field, model) or (length is not None and length <= LONGEST_INDEXED)


def with_bounds(table: Table) -> Table:
    """Give a table whose keys and indexes are of columns that can have one."""
    indexed = set(table.key)
    indexed.update(column for index in table.indexes for column in index.columns)
    indexed.update(column for key in table.foreign_keys for column in key.columns)
    columns = tuple(_bounded(c) if c.name in indexed else c for c in table.columns)
    return replace(table, columns=columns)


def _bounded(column: Column) -> Column:
    storage = column.storage
    if storage is None or storage.kind not in _BOUNDED or storage.length is not None:
        return column
    return replace(column, storage=replace(storage, length=INDEXED_LENGTH))


def bounded_codec(codec: StoreCodec, field: FieldMetadata, model: ModelMetadata) -> StoreCodec:
    """Give the codec of a column, which may be bounded where its field is not."""
    storage = field.storage
    if storage.kind not in _BOUNDED or storage.length is not None or not is_indexed(field, model):
        return codec
    kind, unit = ("str", "characters") if storage.kind is Kind.TEXT else ("bytes", "bytes")

    def encode(value: object) -> object:
        if len(cast("str | bytes", value)) > INDEXED_LENGTH:
            raise InvalidValue(
                f"has more than {INDEXED_LENGTH} {unit}, the most that this store has room for in "
                f"a key, a reference or an index; say how many with Annotated[{kind}, Length(n)]",
                model=field.model,
                field=field.name,
            )
        return value

    return replace(codec, encode=encode)


def codec(storage: StorageType) -> StoreCodec:
    """Say how values of a storage type travel."""
    return _CODECS.get(storage.kind, _AS_IS)


def comparable_codec(storage: StorageType) -> StoreCodec:
    """Say the same for MySQL."""
    return _COMPARABLE if storage.kind is Kind.JSON else codec(storage)


def write_json(value: object) -> str:
    """Write a document so that equal numbers are equal digits, and floats come back as floats."""
    text = _dumps(value)
    return _written(value) if "e+" in text or "-0.0" in text else text


def write_comparable_json(value: object) -> str:
    """Write a document for MySQL, which compares a whole float with an integer by its digits.

    Those of 2.0**60 are 1.152921504606847e18, which is another number: it would not be found.
    """
    text = write_json(value)
    if _LONG_FLOAT.search(text) and _holds_inexact(value):
        raise UnsupportedOperation(
            "compare documents that hold a whole float of more digits than it shows",
            "MySQL",
            "give an int, as int(value)",
        )
    return text


def _holds_inexact(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_inexact, value.values()))
    if isinstance(value, list):
        return any(map(_holds_inexact, value))
    if not isinstance(value, float) or not value.is_integer():
        return False
    return _SMALLEST <= value < _LARGEST and Decimal(repr(value)) != int(value)


def _written(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_dumps(k)}:{_written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, float) and value.is_integer() and _SMALLEST <= value < _LARGEST:
        # Adding nothing takes the sign off zero, of which JSON makes another number.
        return f"{value + 0.0:.1f}"
    return _dumps(value)


_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def calculated(scale: int, store: str) -> StoreCodec:
    """Say how a decimal of so many digits behind the point at most travels into a calculation."""

    def encode(value: object) -> object:
        exponent = cast("Decimal", value).as_tuple().exponent
        if isinstance(exponent, int) and -exponent > scale:
            raise UnsupportedOperation(
                f"calculate exactly with more than {scale} digits behind the point", store
            )
        return value

    return StoreCodec(encode)


def _time(value: object) -> time:
    """Give the time of day for the span that the store answers with; its own form it may have."""
    if isinstance(value, time):
        return value
    span = cast("timedelta", value)
    if not timedelta(0) <= span < timedelta(days=1):
        raise ValueError("not a time of day")
    return (_MIDNIGHT + span).time()


_LONG_FLOAT = re.compile(r"[0-9]{16,}\.0")
_AS_IS = StoreCodec()
_COMPARABLE = StoreCodec(cast("Conversion", write_comparable_json), cast("Conversion", parse_json))
_CODECS = {
    Kind.BOOL: StoreCodec(decode=bool, inline="{value} == 1"),
    Kind.INSTANT: StoreCodec(
        lambda value: cast("datetime", value).astimezone(UTC).replace(tzinfo=None),
        lambda value: cast("datetime", value).replace(tzinfo=UTC),
    ),
    Kind.TIME: StoreCodec(decode=_time),
    Kind.DURATION: StoreCodec(
        lambda value: cast("timedelta", value) // timedelta(microseconds=1),
        lambda value: timedelta(microseconds=cast("int", value)),
    ),
    Kind.UUID: StoreCodec(str, lambda value: UUID(cast("str", value))),
    Kind.JSON: StoreCodec(cast("Conversion", write_json), cast("Conversion", parse_json)),
}
