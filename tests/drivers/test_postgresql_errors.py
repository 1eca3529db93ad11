"""What the server refuses, as the errors that every store has."""

# Fixtures are imported, and asked for by their names.
# ruff: noqa: F811

from __future__ import annotations

from typing import Any

import pytest

from ommi import (
    ArithmeticOverflow,
    CheckViolation,
    ConflictError,
    ConnectionLost,
    DatabaseError,
    ForeignKeyViolation,
    NotNullViolation,
    OmmiError,
    StatementTimeout,
    UniqueViolation,
    UnsupportedOperation,
)
from ommi.drivers.postgresql.driver import PostgreSQLConnection
from ommi.errors import ConstraintViolation
from ommi.sql.dialect import SqlCommand
from services.postgresql import connection, database, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

SECRET = "secret-of-the-row"


def command(text: str) -> SqlCommand:
    return SqlCommand(text, "Thing", "things", {"id": "id", "the name": "name", "up": "parent"})


async def refused(connection: PostgreSQLConnection, text: str, *parameters: object) -> OmmiError:
    with pytest.raises(OmmiError) as caught:
        await connection.execute(command(text), parameters)
    assert caught.value.__cause__ is not None
    assert SECRET not in f"{caught.value} {caught.value.__cause__} {caught.value.__cause__!r}"
    assert connection.is_usable
    return caught.value


CODES: dict[str, type[OmmiError]] = {
    "08006": ConnectionLost,
    "22001": DatabaseError,
    "22003": ArithmeticOverflow,
    "22P02": DatabaseError,
    "23000": ConstraintViolation,
    "23001": ForeignKeyViolation,
    "23502": NotNullViolation,
    "23503": ForeignKeyViolation,
    "23505": UniqueViolation,
    "23514": CheckViolation,
    "23P01": UniqueViolation,
    "25006": UnsupportedOperation,
    "25P03": ConnectionLost,
    "40001": ConflictError,
    "40P01": ConflictError,
    "42501": DatabaseError,
    "53100": DatabaseError,
    "55P03": ConflictError,
    "57014": StatementTimeout,
    "57P01": ConnectionLost,
    "57P05": ConnectionLost,
    "P0001": DatabaseError,
}


@pytest.mark.parametrize("code", CODES)
async def test_a_code_is_this_error(connection: PostgreSQLConnection, code: str) -> None:
    text = f"DO $$ BEGIN RAISE EXCEPTION 'words' USING ERRCODE = '{code}'; END $$"

    error = await refused(connection, text)

    assert type(error) is CODES[code]


@pytest.fixture
async def things(peer: Any) -> None:
    await peer.execute(
        'CREATE TABLE things (id bigint PRIMARY KEY, "the name" text NOT NULL, up bigint '
        "REFERENCES things (id), size bigint CONSTRAINT size_check CHECK (size > 0))"
    )
    await peer.execute('CREATE UNIQUE INDEX ON things ("the name", up)')
    await peer.execute("INSERT INTO things VALUES (1, $1, NULL), (2, $1, 1)", SECRET)


async def test_a_violation_names_the_model_and_its_fields(
    connection: PostgreSQLConnection, things: None
) -> None:
    insert = 'INSERT INTO things (id, "the name", up, size) VALUES ($1, $2, $3, $4)'

    key = await refused(connection, insert, 1, SECRET, None, None)
    unique = await refused(connection, insert, 3, SECRET, 1, None)
    missing = await refused(connection, insert, 3, None, None, None)
    lost = await refused(connection, insert, 3, SECRET, 99, None)
    check = await refused(connection, insert, 3, SECRET, 2, -1)
    kept = await refused(connection, "DELETE FROM things WHERE id = $1", 1)

    told = [key, unique, missing, lost, check, kept]
    assert all(isinstance(e, ConstraintViolation) and e.model == "Thing" for e in told)
    assert [(type(e), e.fields) for e in told if isinstance(e, ConstraintViolation)] == [
        (UniqueViolation, ("id",)),
        (UniqueViolation, ("name", "parent")),
        (NotNullViolation, ("name",)),
        (ForeignKeyViolation, ("parent",)),
        (CheckViolation, ()),
        (ForeignKeyViolation, ("id",)),
    ]


async def test_an_error_shows_the_statement_and_keeps_the_servers_own(
    connection: PostgreSQLConnection,
) -> None:
    error = await refused(connection, "SELECT nothing FROM nowhere")

    assert isinstance(error, DatabaseError)
    assert error.statement == "SELECT nothing FROM nowhere"
    assert str(error).startswith('PostgreSQL: relation "nowhere" does not exist')


async def test_a_write_in_a_session_that_only_reads_is_unsupported(
    connection: PostgreSQLConnection, things: None
) -> None:
    await connection._client.execute("SET default_transaction_read_only = on")

    error = await refused(connection, "DELETE FROM things")

    assert isinstance(error, UnsupportedOperation)


async def test_a_text_that_the_server_cannot_read_is_not_shown(
    connection: PostgreSQLConnection,
) -> None:
    for text in (f"SELECT '{SECRET}x'::bigint", f"SELECT '{SECRET}'::date"):
        with pytest.raises(DatabaseError) as caught:
            await connection.execute(command(text), ())
        assert SECRET not in caught.value.reason
        assert SECRET not in str(caught.value.__cause__)
