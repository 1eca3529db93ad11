"""Writes that happen together or not at all, in one job of the writer's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from operator import add
from typing import TypeVar, cast

from ommi.drivers.protocol import Step
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.drivers.sqlite.errors import translating
from ommi.metadata.storage import LARGEST_INT
from ommi.planning.plan import Parameters, Rows
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")


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
            connection.executemany(sql.text, step.parameters)
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
    keys = list(zip(range(first, first + len(rows)), strict=True))
    # Without a step of Python's for each row.
    given = map(add, map(tuple, rows), keys)
    connection.executemany(cast("str", sql.text_with_key), given)
    return keys
