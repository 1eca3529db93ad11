"""What tables a database has, read from its information_schema."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ommi.drivers.mysql.session import Session
from ommi.drivers.mysql.storage import INDEXED_LENGTH
from ommi.metadata.annotations import OnDelete
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Check, Column, ForeignKey, Index, Table

_CHECK = re.compile(r"ommi_([a-z]+)((?:_\d+)?)_(.+)")
_TYPE = re.compile(r"([a-z ]+?)(?:\((\d+)(?:,(\d+))?\))?( unsigned)?( zerofill)?")
_KINDS = {
    "bigint": Kind.INT,
    "int": Kind.INT,
    "mediumint": Kind.INT,
    "smallint": Kind.INT,
    "tinyint": Kind.INT,
    "double": Kind.FLOAT,
    "longtext": Kind.TEXT,
    "varchar": Kind.TEXT,
    "longblob": Kind.BYTES,
    "varbinary": Kind.BYTES,
    "decimal": Kind.DECIMAL,
    "datetime": Kind.DATETIME,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "json": Kind.JSON,
}
_RULES: dict[str, OnDelete] = {"CASCADE": "cascade", "SET NULL": "set_null"}
_LENGTH_OF_UUID = 36
_MICROSECONDS = 6
_IS_BOOL = 1


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables that were asked for, and the texts that have a collation of their own."""

    tables: list[Table]
    foreign: set[tuple[str, str]]


async def table_names(session: Session) -> list[str]:
    """Give the names of all tables of the database."""
    return [str(name) for (name,) in await session.ask(_NAMES)]


async def catalogue(session: Session, names: Collection[str], collation: str) -> Catalogue:
    """Tell what those of the named tables look like that are there."""
    folds = session.server.folds_names
    wanted = {name.lower() if folds else name: name for name in names}
    found = await _rows(session, _COLUMNS, wanted, folds=folds)
    indexes = await _rows(session, _INDEXES, wanted, folds=folds)
    keys = await _rows(session, _FOREIGN_KEYS, wanted, folds=folds)
    checks = await _rows(session, _CHECKS[session.server.store], wanted, folds=folds)
    tables = [
        _table(wanted[n], rows, indexes.get(n, ()), keys.get(n, ()), checks.get(n, ()))
        for n, rows in found.items()
    ]
    foreign = {
        (wanted[name], row[0])
        for name, rows in found.items()
        for row in rows
        if row[5] not in {None, collation} and _length(row[1], "char") != _LENGTH_OF_UUID
    }
    return Catalogue(tables, foreign)


async def _rows(
    session: Session, text: str, wanted: Mapping[str, str], *, folds: bool
) -> dict[str, list[tuple[Any, ...]]]:
    """Ask for facts of the tables, by table; the catalogue compares names without their case."""
    grouped: dict[str, list[tuple[Any, ...]]] = {}
    if not wanted:
        return grouped
    places = ", ".join("?" * len(wanted))
    times = text.count("{0}") or 1
    for name, *facts in await session.ask(text.format(places), *(*wanted,) * times):
        key = str(name).lower() if folds else str(name)
        if key in wanted:
            grouped.setdefault(key, []).append(tuple(facts))
    return grouped


def _table(
    name: str,
    rows: Sequence[tuple[Any, ...]],
    indexed: Iterable[tuple[Any, ...]],
    keys: Iterable[tuple[Any, ...]],
    checks: Sequence[tuple[Any, ...]],
) -> Table:
    checked = dict(_checked(checks))
    indexes = _indexes(indexed)
    key = next((index.columns for index in indexes if index.name == "PRIMARY"), ())
    others = tuple(index for index in indexes if index.name != "PRIMARY")
    foreign_keys = tuple(_foreign_keys(keys))
    in_index = {column for index in indexes for column in index.columns}
    columns = tuple(_column(row, checked, in_index) for row in rows)
    own = tuple(Check(name, text) for name, text in checks if not _CHECK.fullmatch(name))
    return Table(name, columns, key, others, foreign_keys, own)


def _column(
    row: tuple[Any, ...], checked: Mapping[str, StorageType], in_index: set[str]
) -> Column:
    name, declared, is_nullable, default, extra, _, charset = row
    storage = checked.get(name) or _declared(str(declared).lower(), charset)
    if storage is not None and storage.length == INDEXED_LENGTH and name in in_index:
        # What a str without a Length becomes in a key or an index.
        storage = replace(storage, length=None)
    return Column(
        name=name,
        storage=storage,
        is_nullable=is_nullable == "YES",
        is_generated="auto_increment" in extra or "GENERATED" in extra.upper().split(),
        default=None if default in {None, "NULL"} else str(default),
        declared=str(declared),
    )


def _declared(declared: str, charset: str | None) -> StorageType | None:
    match = _TYPE.fullmatch(declared)
    if match is None or match[4] or match[5]:
        # Half of what an unsigned column may hold is no 64-bit integer.
        return None
    name, first, second = match[1], match[2], match[3]
    if name == "char":
        is_uuid = charset == "ascii" and int(first or 0) == _LENGTH_OF_UUID
        return StorageType(Kind.UUID) if is_uuid else None
    kind = _KINDS.get(name)
    if kind is None:
        return None
    if name == "tinyint" and first is not None and int(first) == _IS_BOOL:
        return StorageType(Kind.BOOL)
    if kind is Kind.DECIMAL:
        return StorageType(kind, precision=int(first), scale=int(second or 0))
    if name in {"varchar", "varbinary"}:
        return StorageType(kind, length=int(first))
    if name in {"datetime", "time"} and int(first or 0) != _MICROSECONDS:
        return None
    return StorageType(kind)


def _length(declared: str, name: str) -> int | None:
    match = _TYPE.fullmatch(declared)
    return int(match[2]) if match is not None and match[1] == name and match[2] else None


def _checked(rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[str, StorageType]]:
    """Give the storage types that the checks of Ommi name."""
    for name, _ in rows:
        match = _CHECK.fullmatch(str(name))
        if match is not None and match[1] in set(Kind):
            length = int(match[2][1:]) if match[2] else None
            yield match[3], StorageType(Kind(match[1]), length=length)


def _indexes(rows: Iterable[tuple[Any, ...]]) -> list[Index]:
    grouped: dict[tuple[str, bool], list[str]] = {}
    for name, is_common, column in rows:
        grouped.setdefault((name, not is_common), []).append(column)
    return [
        Index(name, tuple(columns), is_unique) for (name, is_unique), columns in grouped.items()
    ]


def _foreign_keys(rows: Iterable[tuple[Any, ...]]) -> Iterable[ForeignKey]:
    grouped: dict[str, list[tuple[Any, ...]]] = {}
    for name, *facts in rows:
        grouped.setdefault(name, []).append(tuple(facts))
    for name, group in grouped.items():
        yield ForeignKey(
            columns=tuple(row[0] for row in group),
            table=group[0][1],
            target_columns=tuple(row[2] for row in group),
            on_delete=_RULES.get(group[0][3], "restrict"),
            name=name,
        )


_NAMES = (
    "SELECT table_name FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name"
)
_COLUMNS = (
    "SELECT table_name, column_name, column_type, is_nullable, column_default, extra, "
    "collation_name, character_set_name FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name IN ({}) ORDER BY table_name, ordinal_position"
)
_INDEXES = (
    "SELECT table_name, index_name, non_unique, column_name FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND table_name IN ({}) "
    "ORDER BY table_name, index_name, seq_in_index"
)
_FOREIGN_KEYS = (
    "SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_name, "
    "k.referenced_column_name, r.delete_rule FROM information_schema.key_column_usage AS k "
    "JOIN information_schema.referential_constraints AS r "
    "ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name "
    "AND r.table_name = k.table_name "
    # Said of both, since the server opens every table that the words allow.
    "WHERE k.table_schema = DATABASE() AND r.constraint_schema = DATABASE() "
    "AND k.referenced_table_name IS NOT NULL AND k.table_name IN ({0}) AND r.table_name IN ({0}) "
    "ORDER BY k.table_name, k.constraint_name, k.ordinal_position"
)
_CHECKS = {
    "MariaDB": (
        "SELECT table_name, constraint_name, check_clause "
        "FROM information_schema.check_constraints "
        "WHERE constraint_schema = DATABASE() AND table_name IN ({})"
    ),
    "MySQL": (
        "SELECT t.table_name, t.constraint_name, c.check_clause "
        "FROM information_schema.table_constraints AS t "
        "JOIN information_schema.check_constraints AS c "
        "ON c.constraint_schema = t.table_schema AND c.constraint_name = t.constraint_name "
        "WHERE t.table_schema = DATABASE() AND t.constraint_type = 'CHECK' "
        "AND t.table_name IN ({})"
    ),
}
