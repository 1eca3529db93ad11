"""Changes of tables that are there, on the writer's connection."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ommi.drivers.sqlite import introspection
from ommi.drivers.sqlite.changes import SQLiteWriter, Stored
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.drivers.sqlite.errors import STORE, translating
from ommi.errors import ForeignKeyViolation, MigrationError
from ommi.schema.operations import DropTable, Operation
from ommi.schema.state import Schema
from ommi.sql.dialect import SqlCommand

LOCK_SUFFIX = "-migrating"
"""Behind the path of the database: an empty database whose lock is that of the deployers."""

POLL = 0.05
"""How often to look whether the lock came free, in seconds."""

Violation = tuple[object, ...]


def change_schema(operation: Operation, connection: sqlite3.Connection) -> None:
    """Do what an operation says, in the transaction that is open."""
    names = operation.tables
    found = Schema.of(introspection.tables(connection, names))
    if isinstance(operation, DropTable):
        _refuse_referred(connection, operation.name)
    stored = {table.name: _stored(connection, table.name) for table in found.tables}
    for text in SQLiteWriter(DIALECT, stored).statements(operation, found):
        with translating(SqlCommand(text, "", "", {})):
            connection.execute(text)


def _stored(connection: sqlite3.Connection, name: str) -> Stored:
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = ? COLLATE NOCASE "
        "AND sql IS NOT NULL AND type IN ('table', 'index', 'trigger')",
        (name,),
    ).fetchall()
    [sql] = [text for kind, _, text in rows if kind == "table"]
    columns = connection.execute(
        "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (name,)
    ).fetchall()
    extras = {each: text for kind, each, text in rows if kind != "table"}
    return Stored(sql, tuple(column for (column,) in columns), extras)


def _refuse_referred(connection: sqlite3.Connection, name: str) -> None:
    rows = connection.execute(
        "SELECT DISTINCT m.name FROM sqlite_master m, pragma_foreign_key_list(m.name) f "
        "WHERE m.type = 'table' AND f.\"table\" = ? COLLATE NOCASE AND m.name <> ?",
        (name, name),
    ).fetchall()
    if rows:
        raise MigrationError(
            f"the table {name!r} cannot be dropped, since {', '.join(row[0] for row in rows)} "
            "refers to it; drop the foreign key, or that table, before it"
        )


def violations(connection: sqlite3.Connection) -> set[Violation]:
    """Give the rows that refer to nothing, as SQLite tells of them."""
    return set(connection.execute("PRAGMA foreign_key_check").fetchall())


def refuse_new_violations(connection: sqlite3.Connection, known: set[Violation]) -> None:
    """Raise `ForeignKeyViolation` for rows that refer to nothing since the transaction began."""
    new = violations(connection) - known
    if new:
        tables = sorted({f"{row[0]} to {row[2]}" for row in new})
        raise ForeignKeyViolation(
            f"{len(new)} rows would refer to nothing ({', '.join(tables)}), so nothing is changed",
            store=STORE,
        )


class Lock:
    """The lock of a database file, which the system takes from a process that ends.

    It is that of a second file, since the database's own would end with every transaction.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(f"{path}{LOCK_SUFFIX}")
        self._connection: sqlite3.Connection | None = None

    def try_take(self) -> bool:
        """Take it unless somebody else has it."""
        connection = sqlite3.connect(
            self._path, isolation_level=None, timeout=0, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
        self._connection = connection
        return True

    def give_back(self) -> None:
        """Let the next one have it; the file stays, since somebody may be waiting for it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
