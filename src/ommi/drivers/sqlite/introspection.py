"""What tables a SQLite file has, read from its catalogue."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import replace

from ommi.drivers.sqlite.definition import (
    Definition,
    check_of,
    constraint_name,
    foreign_key_columns,
)
from ommi.metadata.annotations import OnDelete
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Check, Column, ForeignKey, Index, Table

# The checks that dialect.py names for storage types; the column's own name follows.
_CHECK = re.compile(r'CONSTRAINT "ommi_([a-z]+)((?:_\d+)*)_((?:[^"]|"")+)" CHECK')
_DECLARED = re.compile(r"\s*([A-Z ]*?)\s*(?:\((\d+)\s*(?:,\s*\d+)?\))?\s*", re.IGNORECASE)

_KINDS = {
    "INTEGER": Kind.INT,
    "INT": Kind.INT,
    "BIGINT": Kind.INT,
    "SMALLINT": Kind.INT,
    "REAL": Kind.FLOAT,
    "DOUBLE": Kind.FLOAT,
    "DOUBLE PRECISION": Kind.FLOAT,
    "FLOAT": Kind.FLOAT,
    "TEXT": Kind.TEXT,
    "VARCHAR": Kind.TEXT,
    "CHAR": Kind.TEXT,
    "CLOB": Kind.TEXT,
    "BLOB": Kind.BYTES,
    "BOOL": Kind.BOOL,
    "BOOLEAN": Kind.BOOL,
}
_RULES: dict[str, OnDelete] = {"CASCADE": "cascade", "SET NULL": "set_null"}


def table_names(connection: sqlite3.Connection) -> list[str]:
    """Give the names of all tables but SQLite's own."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    )
    return [name for (name,) in rows.fetchall()]


def tables(connection: sqlite3.Connection, names: Collection[str]) -> list[Table]:
    """Tell what those of the named tables look like that are there; case does not matter."""
    wanted = {name.lower(): name for name in names}
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return [
        _table(connection, name, wanted[name.lower()], sql or "")
        for name, sql in found.fetchall()
        if name.lower() in wanted
    ]


def _table(connection: sqlite3.Connection, name: str, wanted: str, sql: str) -> Table:
    checked = dict(_checked(sql))
    rows = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
    key = [row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]]
    is_rowid = len(key) == 1 and "WITHOUT ROWID" not in sql.upper()
    columns = tuple(
        Column(
            name=column,
            storage=checked.get(column) or _declared(declared),
            is_nullable=not (is_required or position),
            is_generated=bool(hidden) or (is_rowid and bool(position) and _is_rowid(declared)),
            default=default,
            declared=declared,
        )
        for _, column, declared, is_required, default, position, hidden in rows
    )
    parts = Definition.of(sql).parts if "(" in sql else ()
    named = {foreign_key_columns(part): constraint_name(part) for part in parts}
    return Table(
        wanted,
        columns,
        tuple(key),
        _indexes(connection, name),
        tuple(replace(k, name=named.get(k.columns)) for k in _keys(connection, name)),
        tuple(Check(*check) for check in map(check_of, parts) if check is not None),
    )


def _checked(sql: str) -> Iterator[tuple[str, StorageType]]:
    for kind, bounds, column in _CHECK.findall(sql):
        numbers = [int(bound) for bound in bounds.split("_") if bound]
        name = column.replace('""', '"')
        if kind == Kind.DECIMAL and len(numbers) >= 2:  # noqa: PLR2004 - precision and scale
            yield name, StorageType(Kind.DECIMAL, precision=numbers[0], scale=numbers[1])
        elif kind in {Kind.TEXT, Kind.BYTES} and numbers:
            yield name, StorageType(Kind(kind), length=numbers[0])
        elif kind in set(Kind):
            yield name, StorageType(Kind(kind))


def _declared(declared: str) -> StorageType | None:
    match = _DECLARED.fullmatch(declared)
    kind = None if match is None else _KINDS.get(match[1].upper())
    return None if kind is None else StorageType(kind)


def _is_rowid(declared: str) -> bool:
    return declared.upper() == "INTEGER"


def _indexes(connection: sqlite3.Connection, name: str) -> tuple[Index, ...]:
    listed = connection.execute("SELECT * FROM pragma_index_list(?)", (name,)).fetchall()
    return tuple(
        Index(index, _index_columns(connection, index), bool(is_unique))
        for _, index, is_unique, origin, _ in listed
        if origin == "c"
    )


def _index_columns(connection: sqlite3.Connection, index: str) -> tuple[str, ...]:
    rows = connection.execute("SELECT name FROM pragma_index_info(?)", (index,))
    return tuple(column for (column,) in rows if column is not None)


def _keys(connection: sqlite3.Connection, name: str) -> tuple[ForeignKey, ...]:
    rows = connection.execute("SELECT * FROM pragma_foreign_key_list(?)", (name,)).fetchall()
    groups: dict[int, list[tuple[int, str, str, str | None, str, str]]] = {}
    for number, position, table, column, target, _, on_delete, _ in rows:
        groups.setdefault(number, []).append((position, table, column, target, on_delete, ""))
    return tuple(
        ForeignKey(
            columns=tuple(row[2] for row in group),
            table=group[0][1],
            target_columns=tuple(row[3] or "" for row in group),
            on_delete=_RULES.get(group[0][4], "restrict"),
        )
        for group in (sorted(rows) for rows in groups.values())
    )
