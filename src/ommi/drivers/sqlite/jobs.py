"""What a connection's thread is asked to do: each function is a job, its connection comes last."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import TypeVar, cast

from ommi.drivers.protocol import Build
from ommi.drivers.sqlite import introspection
from ommi.drivers.sqlite.errors import STORE, translated, translating
from ommi.errors import TransactionFailed
from ommi.planning.plan import Parameters
from ommi.schema.snapshot import Table
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")


def fetch(
    sql: SqlCommand, parameters: Parameters, build: Build[T], connection: sqlite3.Connection
) -> T:
    """Build something of the rows of a command, or of the key of the row that it adds."""
    try:
        cursor = connection.execute(sql.text, parameters)
        rows = cursor.fetchall() if sql.returns_rows else [(cursor.lastrowid,)]
    except sqlite3.Error as error:
        raise translated(error, sql) from error
    return build(rows)


def execute(sql: SqlCommand, parameters: Parameters, connection: sqlite3.Connection) -> int:
    """Give the number of rows that a command matched."""
    try:
        return connection.execute(sql.text, parameters).rowcount
    except sqlite3.Error as error:
        raise translated(error, sql) from error


def check_there(connection: sqlite3.Connection) -> None:
    """Raise `TransactionFailed` where the transaction that was begun is gone."""
    # A full disk, or an interrupted write, takes the whole transaction with it.
    if not connection.in_transaction:
        raise TransactionFailed("SQLite has rolled the transaction back", store=STORE)


def fetch_within(
    sql: SqlCommand, parameters: Parameters, build: Build[T], connection: sqlite3.Connection
) -> T:
    """Do what `fetch` does, in the transaction that was begun."""
    check_there(connection)
    return fetch(sql, parameters, build, connection)


def execute_within(sql: SqlCommand, parameters: Parameters, connection: sqlite3.Connection) -> int:
    """Do what `execute` does, in the transaction that was begun."""
    check_there(connection)
    return execute(sql, parameters, connection)


def explain(command: object, parameters: Parameters, connection: sqlite3.Connection) -> list[str]:
    """Give SQLite's own plan for a command, a line each."""
    sql = cast("SqlCommand", command)
    with translating(sql):
        plan = connection.execute(f"EXPLAIN QUERY PLAN {sql.text}", parameters)
        return [str(row[3]) for row in plan.fetchall()]


def tables(names: Collection[str], connection: sqlite3.Connection) -> list[Table]:
    """Tell what those of the named tables look like that are there."""
    with translating():
        return introspection.tables(connection, names)


def table_names(connection: sqlite3.Connection) -> list[str]:
    """Give the names of all tables."""
    with translating():
        return introspection.table_names(connection)


def say(texts: Sequence[str], connection: sqlite3.Connection) -> None:
    """Run statements that answer nothing."""
    with translating():
        for text in texts:
            connection.execute(text)
