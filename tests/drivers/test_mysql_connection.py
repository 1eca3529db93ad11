"""A connection of the MariaDB driver: opened, cancelled, reset, lost."""

# ruff: noqa: F811 - fixtures are imported, and asked for by their names

from __future__ import annotations

import asyncio
import socket
from asyncio import CancelledError, create_task
from typing import Any

import pytest

from ommi import ConnectionFailed, ConnectionLost, DatabaseError, UniqueViolation
from ommi.drivers.mysql import MySQLDriver
from ommi.sql.dialect import SqlCommand
from services.mariadb import Peer, Server, connection, database, on_mariadb, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

SLOW = "SELECT SLEEP(30)"


def command(text: str, *, returns_rows: bool = True) -> SqlCommand:
    return SqlCommand(text, "Thing", "things", {"id": "id"}, returns_rows=returns_rows)


async def ask(connection: Any, text: str, *parameters: object) -> list[tuple[Any, ...]]:
    return await connection.fetch(command(text), parameters, list)


@on_mariadb
async def test_a_wrong_password_is_refused_and_never_shown(server: Server, peer: Peer) -> None:
    await peer.ask("CREATE OR REPLACE USER guarded IDENTIFIED BY 'right-secret'")

    with pytest.raises(ConnectionFailed, match="Access denied") as caught:
        await server.driver(user="guarded", password="wrong-secret").connect()

    assert "secret" not in repr(caught.value.__cause__) + str(caught.value)


@on_mariadb
async def test_a_password_of_any_letters_is_taken(server: Server, peer: Peer) -> None:
    await peer.ask("CREATE OR REPLACE USER lettered IDENTIFIED BY 'p\u00e4ss'")
    await peer.ask("GRANT ALL ON test.* TO lettered")

    connection = await server.driver(user="lettered", password="p\u00e4ss").connect()

    assert connection.is_usable
    await connection.close()


async def test_an_unknown_database_is_refused(server: Server) -> None:
    with pytest.raises(ConnectionFailed, match="Unknown database"):
        await server.driver("nowhere").connect()


async def test_a_port_that_nobody_listens_on_is_refused() -> None:
    driver = MySQLDriver(host="127.0.0.1", port=1, user="root", database="test")

    with pytest.raises(ConnectionFailed, match=r"cannot connect to root@127\.0\.0\.1:1/test"):
        await driver.connect()


async def test_a_handshake_that_stalls_ends_in_time() -> None:
    # The kernel takes the connection; nobody says a word.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        driver = MySQLDriver(
            host="127.0.0.1",
            port=silent.getsockname()[1],
            user="root",
            database="test",
            connect_timeout=0.05,
        )
        with pytest.raises(ConnectionFailed, match=r"no answer within 0\.05 s"):
            await driver.connect()


def test_a_driver_shows_no_password() -> None:
    driver = MySQLDriver(host="db", user="me", password="my-secret", database="app")

    assert repr(driver) == "MySQLDriver('me@db:3306/app')"
    assert "my-secret" not in repr(vars(driver))


@on_mariadb
async def test_the_server_tells_whose_it_is(server: Server) -> None:
    driver = server.driver()

    connection = await driver.connect()

    assert (driver.name, connection.server.store) == ("MariaDB", "MariaDB")
    await connection.close()


@on_mariadb
async def test_a_session_is_strict_and_in_utc(connection: Any) -> None:
    [[modes, zone, snapshot]] = await ask(
        connection, "SELECT @@sql_mode, @@time_zone, @@innodb_snapshot_isolation"
    )

    assert {"STRICT_ALL_TABLES", "NO_AUTO_VALUE_ON_ZERO"} <= set(modes.split(","))
    assert "NO_BACKSLASH_ESCAPES" not in modes
    assert (zone, snapshot) == ("+00:00", 1)


async def test_a_text_holds_one_statement_only(connection: Any) -> None:
    with pytest.raises(DatabaseError, match="1064"):
        await connection._session.say("SELECT 1; SELECT 2")


async def test_a_file_of_the_client_is_not_read(connection: Any, peer: Peer) -> None:
    await peer.ask("CREATE TABLE letters (line TEXT)")

    with pytest.raises(DatabaseError):
        await connection._session.say(f"LOAD DATA LOCAL INFILE '{__file__}' INTO TABLE letters")

    assert await peer.ask("SELECT * FROM letters") == []


@on_mariadb
async def test_a_regular_expression_that_gives_up_is_an_error_not_false(connection: Any) -> None:
    asks = "SELECT CONCAT(REPEAT('a', 24), 'c') REGEXP ?"

    with pytest.raises(DatabaseError, match="match limit exceeded"):
        await ask(connection, asks, "(a+)+b|c$")

    assert connection.is_usable
    assert await ask(connection, "SELECT 1") == [(1,)]


async def test_a_warning_shows_no_value(connection: Any) -> None:
    with pytest.raises(DatabaseError, match="may be wrong") as caught:
        await ask(connection, "SELECT CAST(? AS DOUBLE)", "my-secret")

    assert "my-secret" not in str(caught.value)


async def test_a_cancelled_statement_is_gone_from_the_server(connection: Any, peer: Peer) -> None:
    asking = create_task(ask(connection, SLOW))
    await peer.until(lambda running: SLOW in running)

    asking.cancel()
    with pytest.raises(CancelledError):
        await asking

    assert await peer.until(lambda running: SLOW not in running) == []
    assert not connection.is_usable


async def test_a_cancel_is_not_swallowed_by_a_second_one(connection: Any, peer: Peer) -> None:
    asking = create_task(ask(connection, SLOW))
    await peer.until(lambda running: SLOW in running)

    asking.cancel()
    await asyncio.wait([asking], timeout=0)
    asking.cancel()
    with pytest.raises(CancelledError):
        await asking

    await peer.until(lambda running: SLOW not in running)


async def test_a_write_cancelled_at_any_await_leaves_no_lock(server: Server, peer: Peer) -> None:
    await peer.ask("CREATE TABLE things (id BIGINT PRIMARY KEY)")
    insert = command("INSERT INTO things (id) VALUES (?)", returns_rows=False)

    for turns in range(12):
        connection = await server.driver().connect()
        writing = create_task(connection.execute(insert, (turns,)))
        for _ in range(turns):
            await asyncio.wait([writing], timeout=0)
        writing.cancel()
        await asyncio.wait([writing])
        assert writing.cancelled() or writing.result() == 1
        assert connection.is_usable is not writing.cancelled() or turns == 0
        await connection.close()

    await peer.until(lambda running: not running)
    assert await peer.ask("SELECT count(*) FROM information_schema.innodb_trx") == [(0,)]


async def test_a_write_answers_each_time_as_the_first_time(connection: Any, peer: Peer) -> None:
    await peer.ask("CREATE TABLE things (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(9))")
    insert = command("INSERT INTO things (name) VALUES (?)", returns_rows=False)
    update = command("UPDATE things SET name = ? WHERE id <= ?", returns_rows=False)
    update_all = command("UPDATE things SET name = 'd'", returns_rows=False)

    keys = [await connection.fetch(insert, (name,), list) for name in ("a", "ä", None)]
    matched = [await connection.execute(update, ("b", below)) for below in (2, 2, 0, 3)]
    matched += [await connection.execute(update_all, ()) for _ in range(2)]

    assert keys == [[(1,)], [(2,)], [(3,)]]
    assert matched == [2, 2, 0, 3, 3, 3]
    assert await ask(connection, "SELECT name FROM things") == [("d",)] * 3
    assert connection.is_usable


async def test_a_write_is_refused_each_time_as_the_first_time(connection: Any, peer: Peer) -> None:
    await peer.ask("CREATE TABLE things (id BIGINT PRIMARY KEY, name VARCHAR(9))")
    insert = command("INSERT INTO things (id) VALUES (?)", returns_rows=False)
    update = command("UPDATE things SET name = 'a' WHERE id = ? / ?", returns_rows=False)
    assert [await connection.execute(insert, (key,)) for key in (1, 2)] == [1, 1]
    assert [await connection.execute(update, (2, by)) for by in (1, 2)] == [1, 1]

    for _ in range(2):
        with pytest.raises(UniqueViolation):
            await connection.execute(insert, (1,))
        with pytest.raises(DatabaseError, match="may be wrong"):
            await connection.execute(update, (1, 0))

    assert connection.is_usable
    assert await connection.execute(insert, (3,)) == 1


async def test_a_write_that_was_run_before_is_cancelled(connection: Any, peer: Peer) -> None:
    await peer.ask("CREATE TABLE things (id BIGINT PRIMARY KEY)")
    insert = command("INSERT INTO things (id) SELECT 1 + SLEEP(?)", returns_rows=False)
    delete = command("DELETE FROM things", returns_rows=False)
    for _ in range(2):
        assert await connection.execute(insert, (0,)) == 1
        assert await connection.execute(delete, ()) == 1

    writing = create_task(connection.execute(insert, (30,)))
    await peer.until(lambda running: any("SLEEP" in text for text in running))
    writing.cancel()
    with pytest.raises(CancelledError):
        await writing

    assert not connection.is_usable
    await peer.until(lambda running: not running)
    assert await peer.ask("SELECT * FROM things") == []


async def test_a_write_that_was_run_before_tells_a_lost_session(
    connection: Any, peer: Peer
) -> None:
    await peer.ask("CREATE TABLE things (id BIGINT PRIMARY KEY)")
    delete = command("DELETE FROM things", returns_rows=False)
    for _ in range(2):
        await connection.execute(delete, ())
    [[thread]] = await ask(connection, "SELECT CONNECTION_ID()")
    await peer.ask(f"KILL {thread}")

    with pytest.raises(ConnectionLost):
        await connection.execute(delete, ())

    assert not connection.is_usable


async def test_a_server_that_says_nothing_more_cannot_hold_a_cancel(
    server: Server, connection: Any, peer: Peer
) -> None:
    asking = create_task(ask(connection, SLOW))
    await peer.until(lambda running: SLOW in running)
    server.do("pause")
    try:
        asking.cancel()
        async with asyncio.timeout(5.0):
            with pytest.raises(CancelledError):
                await asking
    finally:
        server.do("resume")
    # Nobody could tell the server; its own time ends the statement, or somebody else does.
    for [thread] in await peer.ask(
        "SELECT id FROM information_schema.processlist WHERE info = 'SELECT SLEEP(30)'"
    ):
        await peer.ask(f"KILL {thread}")


async def test_a_killed_connection_is_lost(connection: Any, peer: Peer) -> None:
    [[thread]] = await ask(connection, "SELECT CONNECTION_ID()")
    await peer.ask(f"KILL {thread}")

    with pytest.raises(ConnectionLost):
        await ask(connection, "SELECT 1")

    assert not connection.is_usable


async def test_a_reset_takes_back_what_was_set(connection: Any) -> None:
    await connection._session.say("SET SESSION sql_mode = '', @mine = 1")
    await ask(connection, "SELECT 1")

    await connection.reset()

    [[mode, mine]] = await ask(connection, "SELECT @@sql_mode, @mine")
    assert "STRICT_ALL_TABLES" in mode
    assert mine is None
    assert await ask(connection, "SELECT 1") == [(1,)]


async def test_a_ping_tells_of_a_server_that_is_gone(connection: Any, peer: Peer) -> None:
    await connection.ping()
    [[thread]] = await ask(connection, "SELECT CONNECTION_ID()")
    await peer.ask(f"KILL {thread}")

    with pytest.raises(ConnectionLost):
        await connection.ping()


async def test_an_aborted_connection_is_not_usable(connection: Any) -> None:
    connection.abort()

    assert not connection.is_usable
    with pytest.raises(ConnectionLost):
        await ask(connection, "SELECT 1")


async def test_more_statements_than_are_kept_work_on(connection: Any, peer: Peer) -> None:
    for number in range(300):
        assert await ask(connection, f"SELECT {number} + ?", 1) == [(number + 1,)]

    assert len(connection._session.kept) == 256
    assert await ask(connection, "SELECT 0 + ?", 1) == [(1,)]


async def test_a_statement_survives_a_change_of_its_table(connection: Any, peer: Peer) -> None:
    await peer.ask("CREATE TABLE things (id BIGINT PRIMARY KEY, name VARCHAR(9))")
    await peer.ask("INSERT INTO things VALUES (1, 'a')")
    asks = "SELECT * FROM things WHERE id = ?"
    assert await ask(connection, asks, 1) == [(1, "a")]

    await peer.ask("ALTER TABLE things MODIFY name LONGTEXT, ADD size DOUBLE DEFAULT 1.5")

    assert await ask(connection, asks, 1) == [(1, "a", 1.5)]
