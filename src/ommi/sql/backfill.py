"""Batches of a backfill: rows by key, so that each starts where the last one ended."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, Protocol

from ommi.errors import MigrationError
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Backfill
from ommi.schema.snapshot import Table
from ommi.sql.dialect import Dialect, SqlCommand

Key = tuple[object, ...]


class Asking(Protocol):
    """What a batch needs of a connection."""

    def fetch(
        self, command: object, parameters: Parameters, build: Callable[[Rows], Any]
    ) -> Coroutine[Any, Any, Any]: ...
    def execute(self, command: object, parameters: Parameters) -> Coroutine[Any, Any, int]: ...


async def fill_batch(
    connection: Asking, dialect: Dialect, table: Table, operation: Backfill, after: Key | None
) -> tuple[Key | None, int]:
    """Fill the rows behind a key; give the key of the last, and how many were changed."""
    if not table.key:
        raise MigrationError(f"{table.name} has no key, by which a backfill goes")
    last = await _last_of_batch(connection, dialect, table, operation.size, after)
    if last is None:
        return None, 0
    text, values = update_text(dialect, table, operation, after, last)
    command = SqlCommand(text, table.name, table.name, {}, is_write=True, returns_rows=False)
    return last, await connection.execute(command, values)


async def has_rows(connection: Asking, dialect: Dialect, table: str) -> bool:
    """Tell whether a table has a row."""
    text = f"SELECT 1 FROM {dialect.quote(table)} LIMIT 1"
    return bool(await connection.fetch(_question(text, table), (), len))


async def count_rows(connection: Asking, dialect: Dialect, table: str) -> int:
    """Count the rows of a table."""
    text = f"SELECT count(*) FROM {dialect.quote(table)}"
    [[rows]] = await connection.fetch(_question(text, table), (), list)
    return int(rows)


def update_text(
    dialect: Dialect, table: Table, operation: Backfill, after: Key | None, last: Key | None
) -> tuple[str, Key]:
    """Give the statement that fills the rows between two keys, and the keys for it."""
    numbers = count(1)
    changes = ", ".join(
        f"{dialect.quote(name)} = {_expression(sql.for_store(dialect.name))}"
        for name, sql in operation.values
    )
    conditions: list[str] = []
    values: Key = ()
    for sign, key in ((">", after), ("<=", last)):
        if key is not None:
            conditions.append(_compared(dialect, table, sign, numbers))
            values += key
    if operation.where is not None:
        conditions.append(f"({_expression(operation.where.for_store(dialect.name))})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"UPDATE {dialect.quote(table.name)} SET {changes}{where}", values


async def _last_of_batch(
    connection: Asking, dialect: Dialect, table: Table, size: int, after: Key | None
) -> Key | None:
    names = ", ".join(map(dialect.quote, table.key))
    where = "" if after is None else f" WHERE {_compared(dialect, table, '>', count(1))}"
    source = f"SELECT {names} FROM {dialect.quote(table.name)}{where} ORDER BY {names}"
    values = after or ()
    full = _question(f"{source} LIMIT 1 OFFSET {size - 1}", table.name)
    rows = await connection.fetch(full, values, list)
    if not rows:
        backwards = ", ".join(f"{dialect.quote(name)} DESC" for name in table.key)
        rest = source.removesuffix(names) + f"{backwards} LIMIT 1"
        rows = await connection.fetch(_question(rest, table.name), values, list)
    return tuple(rows[0]) if rows else None


def _compared(dialect: Dialect, table: Table, sign: str, numbers: count[int]) -> str:
    names = [dialect.quote(name) for name in table.key]
    marks = [dialect.placeholder(next(numbers)) for _ in names]
    if len(names) == 1:
        return f"{names[0]} {sign} {marks[0]}"
    return f"({', '.join(names)}) {sign} ({', '.join(marks)})"


def _question(text: str, table: str) -> SqlCommand:
    return SqlCommand(text, table, table, {})


def _expression(texts: tuple[str, ...]) -> str:
    if len(texts) != 1:
        raise MigrationError("a backfill takes one SQL expression for each column")
    return texts[0]
