"""Writes that happen together or not at all, in one job of the writer's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import add
from typing import TypeVar, cast, overload

from ommi.drivers.protocol import Step
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.drivers.sqlite.errors import translating
from ommi.metadata.storage import LARGEST_INT
from ommi.planning.plan import Parameters, Rows
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")

MANY = 100
"""From this many rows on it pays to look whether several may go into one INSERT."""

ROWS_AT_ONCE = 25
"""A statement takes longer to begin and to end than a row; more at once save little."""


def in_transaction(job: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    """Run `job` in a transaction that holds the write lock from its start."""
    with translating():
        connection.execute("BEGIN IMMEDIATE")
        try:
            done = job(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return done


def run_steps(steps: Sequence[Step], connection: sqlite3.Connection) -> list[Rows]:
    """Run commands one after the other; give the rows that each step returned."""
    told: list[Rows] = []
    for step in steps:
        told.append(_run_step(connection, step.after(told)))
    return told


def _run_step(connection: sqlite3.Connection, step: Step) -> Rows:
    """Run one command with each of its parameters; give all the rows that it returned."""
    sql = cast("SqlCommand", step.command)
    with translating(sql):
        if sql.key_column is not None:
            return _insert_with_keys(connection, sql, sql.key_column, step.parameters)
        if not sql.returns_rows:
            _run_with_each(connection, sql, sql.text, step.parameters)
            return []
        return [row for p in step.parameters for row in connection.execute(sql.text, p).fetchall()]


def _insert_with_keys(
    connection: sqlite3.Connection, sql: SqlCommand, key: str, rows: Sequence[Parameters]
) -> Rows:
    """Draw the keys first, as SQLite would; the write lock is held, so nobody else can."""
    name, table = DIALECT.quote(key), DIALECT.quote(sql.table)
    (last,) = connection.execute(f"SELECT max({name}) FROM {table}").fetchone()
    first = max(last or 0, 0) + 1
    if len(rows) == 1 or first + len(rows) > LARGEST_INT:
        return [(connection.execute(sql.text, row).lastrowid,) for row in rows]
    keys = Keys(range(first, first + len(rows)))
    _run_with_each(connection, sql, cast("str", sql.text_with_key), rows, keys)
    return keys


def _run_with_each(
    connection: sqlite3.Connection,
    sql: SqlCommand,
    text: str,
    rows: Sequence[Parameters],
    keys: Keys | None = None,
) -> None:
    """Run a command with the parameters of each row, and with its key behind them.

    Without a step of Python's for each row.
    """
    width = len(sql.columns) + (keys is not None)
    done = 0
    if len(rows) >= MANY and width and _takes_several_rows(connection, sql.table):
        at_once = min(ROWS_AT_ONCE, _most_parameters(connection) // width)
        if at_once > 1:
            many = _of_several(text, at_once)
            for done in range(at_once, len(rows) + 1, at_once):
                part = _given(rows[done - at_once : done], keys, done - at_once)
                connection.execute(many, list(chain.from_iterable(part)))
    connection.executemany(text, _given(rows[done:], keys, done))


def _given(
    rows: Sequence[Parameters], keys: Keys | None, start: int
) -> Iterable[Sequence[object]]:
    """Give the parameters of some rows, with the keys from the one at `start` on behind them."""
    return rows if keys is None else map(add, map(tuple, rows), zip(keys.drawn[start:]))


class Keys(Sequence[Sequence[object]]):
    """Rows of a key each: many of them, made when they are looked at."""

    def __init__(self, drawn: range) -> None:
        self.drawn = drawn

    def __len__(self) -> int:
        return len(self.drawn)

    @overload
    def __getitem__(self, place: int) -> Sequence[object]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Sequence[object]]: ...
    def __getitem__(self, place: int | slice) -> Sequence[object] | Sequence[Sequence[object]]:
        return Keys(self.drawn[place]) if isinstance(place, slice) else (self.drawn[place],)

    def __iter__(self) -> Iterator[Sequence[object]]:
        return zip(self.drawn)


def _takes_several_rows(connection: sqlite3.Connection, table: str) -> bool:
    """Tell whether rows in one INSERT fare as they would in one each.

    Where a row may refer to another, the store would look at the end of the statement only. What
    happens on a conflict must not be said by the table or a trigger, since the statement says it.
    """
    kinds = connection.execute(_KIND, (table,)).fetchall()
    return kinds == [("plain",)]


_KIND = (
    "SELECT CASE WHEN type = 'table' AND sql NOT LIKE '%REFERENCES%' "
    "AND sql NOT LIKE '%CONFLICT%' AND sql NOT LIKE 'CREATE VIRTUAL%' THEN 'plain' END "
    "FROM sqlite_master WHERE tbl_name = ? COLLATE NOCASE AND type <> 'index'"
)


def _most_parameters(connection: sqlite3.Connection) -> int:
    return connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)


def _of_several(text: str, count: int) -> str:
    """Give an INSERT of one row for several.

    What was inserted before a row that is refused is left to the transaction to undo, as with a
    statement for each row. Else SQLite would copy every page of an index that the rows touch, to
    undo the statement alone, which takes twice as long.
    """
    head, _, row = text.rpartition(" VALUES ")
    rows = ", ".join([row] * count)
    return f"INSERT OR FAIL {head.removeprefix('INSERT ')} VALUES {rows}"
