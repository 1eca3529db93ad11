"""SQLite's way of saying things."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from ommi.errors import UnsupportedOperation
from ommi.metadata.json_text import parse_json
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import Conversion, StoreCodec
from ommi.query.operators import ArithmeticOperator
from ommi.query.statements import Insert
from ommi.schema.snapshot import Column
from ommi.sql.dialect import Bind, Dialect

LARGEST_SCALED = 18
"""Decimals of so many digits fit a 64-bit integer."""

_TYPES = {
    Kind.BOOL: "INTEGER",
    Kind.INT: "INTEGER",
    Kind.FLOAT: "REAL",
    Kind.BYTES: "BLOB",
    Kind.DURATION: "INTEGER",
}
_FUNCTIONS = {
    ArithmeticOperator.ADD: "ommi_add",
    ArithmeticOperator.SUBTRACT: "ommi_subtract",
    ArithmeticOperator.MULTIPLY: "ommi_multiply",
}


class SQLiteDialect(Dialect):
    """SQLite 3.38 or later, with the functions of `functions.py`."""

    name = "SQLite"
    table_suffix = " STRICT"
    walks_before_joining = True

    def placeholder(self, number: int) -> str:
        del number
        return "?"

    def codec(self, storage: StorageType) -> StoreCodec:
        if storage.kind is Kind.DECIMAL:
            return _decimal_codec(storage)
        return _CODECS.get(storage.kind, _AS_IS)

    def column_type(self, column: Column) -> str:
        storage = cast("StorageType", column.storage)
        if storage.kind is Kind.DECIMAL:
            return "INTEGER" if _is_scaled(storage) else "TEXT COLLATE ommi_decimal"
        return _TYPES.get(storage.kind, "TEXT")

    def column_check(self, column: Column) -> str:
        """Name the storage type in a check: STRICT tables know only five types."""
        storage = cast("StorageType", column.storage)
        condition = _check(self.quote(column.name), storage)
        if condition is None:
            return ""
        bounds = [
            str(b) for b in (storage.length, storage.precision, storage.scale) if b is not None
        ]
        name = "_".join(("ommi", storage.kind, *bounds, column.name))
        return f"CONSTRAINT {self.quote(name)} CHECK ({condition})"

    def compared(self, text: str, storage: StorageType, *, is_native: bool) -> str:
        if storage.kind is Kind.DECIMAL and not _is_scaled(storage):
            return f"{text} COLLATE ommi_decimal"
        if storage.kind is Kind.TEXT and not is_native:
            # A table that somebody else made may have another collation.
            return f"{text} COLLATE BINARY"
        return text

    def path(self, text: str, path: tuple[str | int, ...], storage: StorageType | None) -> str:
        where = self.literal(_json_path(path))
        if storage is not None and storage.kind is Kind.JSON:
            return f"({text} -> {where})"
        if storage is not None and storage.kind is Kind.FLOAT:
            # SQLite's own reading of a decimal fraction may be off by the last bit.
            return f"ommi_real({text} -> {where})"
        return f"json_extract({text}, {where})"

    def path_is(self, text: str, path: tuple[str | int, ...], storage: StorageType) -> str:
        found = f"json_type({text}, {self.literal(_json_path(path))})"
        return f"{found} IN ({', '.join(map(self.literal, _JSON_TYPES[storage.kind]))})"

    def path_codec(self, storage: StorageType) -> StoreCodec:
        del storage
        return _AS_IS

    def document(self, text: str) -> str:
        return f"ommi_json({text})"

    def same(self, left: str, right: str) -> str:
        return f"{left} IS {right}"

    def among(
        self,
        text: str,
        storage: StorageType,
        bind: Bind,
        encode: Conversion | None,
        *,
        is_looked_up: bool,
    ) -> str:
        del is_looked_up
        read, write = _LISTED.get(storage.kind, ("value", _as_it_is))

        def encode_list(values: object) -> str:
            listed = cast("Sequence[Any]", values)
            return json.dumps(
                [write(v if encode is None else encode(v)) for v in listed], ensure_ascii=False
            )

        return f"{text} IN (SELECT {read} FROM json_each({bind(encode_list)}))"

    def contains(self, text: str, bind: Bind) -> str:
        return f"instr({text}, {bind()}) > 0"

    def has_element(self, text: str, bind: Bind) -> str:
        return f"ommi_has({text}, {bind()})"

    def starts_with(self, text: str, bind: Bind) -> str:
        # A range, so that an index serves; every BLOB is greater than every text.
        return f"({text} >= {bind()} AND {text} < {bind(_end_of_prefix)})"

    def ends_with(self, text: str, bind: Bind) -> str:
        return f"substr({text}, length({text}) - length({bind()}) + 1) = {bind()}"

    def regex(self, text: str, bind: Bind) -> str:
        return f"ommi_regex({bind()}, {text})"

    def ilike(self, text: str, bind: Bind) -> str:
        return f"ommi_ilike({bind()}, {text})"

    def arithmetic(self, operator: ArithmeticOperator, left: str, right: str) -> str:
        # SQLite turns an overflowing integer into a float, and says nothing.
        return f"{_FUNCTIONS[operator]}({left}, {right})"

    def calculable(self, text: str, storage: StorageType) -> str:
        if storage.kind is Kind.DECIMAL and _is_scaled(storage):
            return f"ommi_decimal({text}, {storage.scale})"
        return text

    def calculable_codec(self, storage: StorageType) -> StoreCodec:
        return _DECIMAL_TEXT if storage.kind is Kind.DECIMAL else self.codec(storage)

    def calculated(self, text: str, storage: StorageType) -> str:
        if storage.kind is Kind.DECIMAL:
            return f"ommi_stored_decimal({text}, {storage.precision}, {storage.scale})"
        return text

    def nulls(self, *, is_descending: bool, puts_nulls_last: bool) -> str:
        if puts_nulls_last is is_descending:
            return ""
        return " NULLS LAST" if puts_nulls_last else " NULLS FIRST"

    def bounds(self, limit: str | None, offset: str | None) -> str:
        # SQLite's grammar allows OFFSET only after LIMIT; -1 means no limit.
        return super().bounds("-1" if limit is None and offset is not None else limit, offset)

    def tells_key(self, insert: Insert) -> bool:
        return len(insert.returning) == 1 and insert.returning[0].is_auto


def _is_scaled(storage: StorageType) -> bool:
    return storage.precision is not None and storage.precision <= LARGEST_SCALED


def _decimal_codec(storage: StorageType) -> StoreCodec:
    scale = storage.scale or 0
    if not _is_scaled(storage):
        return _DECIMAL_TEXT
    return StoreCodec(
        lambda value: int(cast("Decimal", value).scaleb(scale)),
        lambda value: Decimal(cast("int", value)).scaleb(-scale),
    )


def _check(column: str, storage: StorageType) -> str | None:
    match storage.kind:
        case Kind.BOOL:
            return f"{column} IN (0, 1)"
        case Kind.JSON:
            # Before 3.42 null was no valid JSON.
            return f"{column} IS NULL OR json_valid({column})"
        case Kind.DECIMAL if _is_scaled(storage):
            return f"abs({column}) < {10 ** (storage.precision or 0)}"
        case Kind.DECIMAL:
            return f"length({column}) <= {(storage.precision or 0) + 3}"
        case Kind.TEXT | Kind.BYTES if storage.length is not None:
            return f"length({column}) <= {storage.length}"
        case Kind.DURATION:
            return f"typeof({column}) <> 'text'"
        case kind if kind in _WIDTHS:
            return f"length({column}) = {_WIDTHS[kind]}"
        case _:
            return None


_WIDTHS = {Kind.DATETIME: 26, Kind.INSTANT: 26, Kind.DATE: 10, Kind.TIME: 15, Kind.UUID: 36}
_JSON_TYPES = {
    Kind.BOOL: ("true", "false"),
    Kind.INT: ("integer", "real"),
    Kind.FLOAT: ("integer", "real"),
    Kind.TEXT: ("text",),
    Kind.JSON: ("array", "object"),
}


def _json_path(path: tuple[str | int, ...]) -> str:
    """Write a path in SQLite's notation, which cannot say every key."""
    steps = ["$"]
    for step in path:
        if isinstance(step, int):
            steps.append(f"[{step}]")
        elif any(char in '"\\' or char < " " for char in step):
            raise UnsupportedOperation(
                "ask for a JSON key that holds a quote, a backslash or a control character",
                SQLiteDialect.name,
            )
        else:
            steps.append(f'."{step}"')
    return "".join(steps)


def _end_of_prefix(prefix: object) -> str | bytes:
    """Give the smallest text above every text with this prefix; a BLOB where there is none."""
    text = cast("str", prefix)
    while text:
        last = ord(text[-1])
        if last < _LAST_CODE_POINT:
            following = last + 1 if last + 1 not in _SURROGATES else _SURROGATES.stop
            return text[:-1] + chr(following)
        text = text[:-1]
    return b""


_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def _as_it_is(value: object) -> object:
    return value


def _write_instant(value: object) -> str:
    return (
        cast("datetime", value).astimezone(UTC).replace(tzinfo=None).isoformat("T", "microseconds")
    )


_AS_IS = StoreCodec()
_DECIMAL_TEXT = StoreCodec(lambda value: f"{value:f}", lambda value: Decimal(cast("str", value)))
_CODECS = {
    # Python's sqlite3 takes 0.4 µs to find out what a bool is.
    Kind.BOOL: StoreCodec(
        cast("Conversion", int), bool, "{value} == 1", encode_inline="1 if {value} else 0"
    ),
    Kind.DATETIME: StoreCodec(
        lambda value: cast("datetime", value).isoformat("T", "microseconds"),
        cast("Conversion", datetime.fromisoformat),
    ),
    Kind.INSTANT: StoreCodec(
        _write_instant,
        lambda value: datetime.fromisoformat(cast("str", value)).replace(tzinfo=UTC),
    ),
    Kind.DATE: StoreCodec(
        lambda value: cast("date", value).isoformat(), cast("Conversion", date.fromisoformat)
    ),
    Kind.TIME: StoreCodec(
        lambda value: cast("time", value).isoformat("microseconds"),
        cast("Conversion", time.fromisoformat),
    ),
    Kind.DURATION: StoreCodec(
        lambda value: cast("timedelta", value) // timedelta(microseconds=1),
        lambda value: timedelta(microseconds=cast("int", value)),
    ),
    Kind.UUID: StoreCodec(str, lambda value: UUID(cast("str", value))),
    Kind.JSON: StoreCodec(
        lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        cast("Conversion", parse_json),
    ),
}
# JSON has no exact floats in SQLite's reading, and no bytes: they travel as texts.
_LISTED: dict[Kind, tuple[str, Conversion]] = {
    Kind.FLOAT: ("ommi_real(value)", repr),
    Kind.BYTES: ("ommi_blob(value)", lambda value: cast("bytes", value).hex()),
    Kind.BOOL: ("value", cast("Conversion", int)),
}

DIALECT = SQLiteDialect()
