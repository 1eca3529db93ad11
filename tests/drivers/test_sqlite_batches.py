"""Many rows of one INSERT fare on SQLite as rows that are inserted one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from ommi.drivers.protocol import Step
from ommi.drivers.sqlite.batches import MANY, ROWS_AT_ONCE, in_transaction, run_steps
from ommi.errors import ForeignKeyViolation, UniqueViolation
from ommi.planning.plan import Rows
from ommi.sql.dialect import SqlCommand

COUNT = MANY + ROWS_AT_ONCE + 3
"""Several statements of several rows, and a rest."""

PLAIN = "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT"
NAMES = [(f"n{number}",) for number in range(COUNT)]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        made.execute("PRAGMA foreign_keys = ON")
        yield made


def insert(*columns: str, key: str | None = None) -> SqlCommand:
    def text(names: Sequence[str]) -> str:
        quoted = ", ".join(f'"{name}"' for name in names)
        return f'INSERT INTO "thing" ({quoted}) VALUES ({", ".join("?" * len(names))})'

    return SqlCommand(
        text(columns),
        "Thing",
        "thing",
        {"id": "id", "name": "name"},
        is_write=True,
        returns_rows=False,
        columns=columns,
        key_column=key,
        text_with_key=None if key is None else text((*columns, key)),
    )


def run(
    connection: sqlite3.Connection, command: SqlCommand, rows: Sequence[Sequence[object]]
) -> Rows:
    steps = [Step(command, rows)]
    [told] = in_transaction(lambda c: run_steps(steps, c), connection)
    return told


def stored(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT id, name FROM thing ORDER BY id").fetchall()


def statements(connection: sqlite3.Connection) -> list[str]:
    said: list[str] = []
    connection.set_trace_callback(said.append)
    return said


@pytest.mark.parametrize("count", [0, 1, 2, MANY - 1, MANY, COUNT])
def test_every_row_is_stored_under_the_key_that_is_told(
    connection: sqlite3.Connection, count: int
) -> None:
    connection.execute(PLAIN)
    connection.execute("INSERT INTO thing VALUES (7, 'first')")

    told = run(connection, insert("name", key="id"), NAMES[:count])

    keys = range(8, 8 + count)
    assert list(told) == [(key,) for key in keys]
    assert stored(connection)[1:] == [(key, f"n{key - 8}") for key in keys]


def test_rows_with_keys_are_stored_in_few_statements(connection: sqlite3.Connection) -> None:
    connection.execute(PLAIN)
    said = statements(connection)

    run(connection, insert("id", "name"), [(n, f"n{n}") for n in range(COUNT)])

    inserts = [text for text in said if text.startswith("INSERT")]
    assert len(inserts) == COUNT // ROWS_AT_ONCE + COUNT % ROWS_AT_ONCE
    assert stored(connection) == [(n, f"n{n}") for n in range(COUNT)]


def test_keys_can_be_looked_at_as_rows(connection: sqlite3.Connection) -> None:
    connection.execute(PLAIN)

    told = run(connection, insert("name", key="id"), NAMES)

    assert (len(told), told[0], told[-1]) == (COUNT, (1,), (COUNT,))
    assert list(told[1:3]) == [(2,), (3,)]


def test_a_row_that_is_refused_undoes_all_of_them(connection: sqlite3.Connection) -> None:
    connection.execute(PLAIN)
    connection.execute("INSERT INTO thing VALUES (1, 'before')")

    with pytest.raises(UniqueViolation) as caught:
        run(connection, insert("name", key="id"), [*NAMES, ("n3",)])

    assert caught.value.fields == ("name",)
    assert stored(connection) == [(1, "before")]


def test_a_row_cannot_refer_to_one_behind_it(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE thing (id INTEGER PRIMARY KEY, name INTEGER REFERENCES thing (id)) STRICT"
    )

    with pytest.raises(ForeignKeyViolation):
        run(connection, insert("id", "name"), [(n, n + 1) for n in range(COUNT)])

    assert stored(connection) == []


@pytest.mark.parametrize("space", [" ", "\n", "  "])
def test_what_a_table_says_of_conflicts_stays_said(
    connection: sqlite3.Connection, space: str
) -> None:
    connection.execute(
        "CREATE TABLE thing "
        f"(id INTEGER PRIMARY KEY, name TEXT UNIQUE ON{space}CONFLICT IGNORE) STRICT"
    )

    run(connection, insert("id", "name"), [(n, f"n{n // 2}") for n in range(COUNT)])

    assert stored(connection) == [(n, f"n{n // 2}") for n in range(0, COUNT, 2)]


def test_what_a_trigger_says_of_conflicts_stays_said(connection: sqlite3.Connection) -> None:
    connection.execute(PLAIN)
    connection.execute("CREATE TABLE seen (initial TEXT PRIMARY KEY) STRICT")
    connection.execute(
        "CREATE TRIGGER look AFTER INSERT ON thing BEGIN "
        "INSERT OR IGNORE INTO seen VALUES (substr(NEW.name, 1, 1)); END"
    )

    run(connection, insert("name", key="id"), NAMES)

    assert connection.execute("SELECT * FROM seen").fetchall() == [("n",)]
    assert len(stored(connection)) == COUNT


def test_a_statement_has_no_more_values_than_this_sqlite_takes(
    connection: sqlite3.Connection,
) -> None:
    connection.execute(PLAIN)
    for limit in (2, 5):
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, limit)
        connection.execute("DELETE FROM thing")

        run(connection, insert("name", key="id"), NAMES)

        assert len(stored(connection)) == COUNT
