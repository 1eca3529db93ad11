# Fixtures are imported, and asked for by their names; files are small, and sessions end late.
# ruff: noqa: ASYNC110, ASYNC240, F811

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from ommi import ConnectionFailed, Ommi
from ommi.drivers.postgresql import PostgreSQLDriver
from ommi.drivers.protocol import Explaining, Poolable, SchemaKeeping
from ommi.errors import ConnectionLost
from services.postgresql import Server, database, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

PASSWORD = "s3cret-of-the-test"


async def refused(driver: PostgreSQLDriver) -> ConnectionFailed:
    with pytest.raises(ConnectionFailed) as caught:
        await driver.connect()
    return caught.value


async def test_an_unknown_database_is_named(server: Server) -> None:
    error = await refused(server.driver("nowhere"))

    assert 'database "nowhere" does not exist' in str(error)
    assert error.__cause__ is not None


async def test_an_unknown_user_is_named(server: Server) -> None:
    error = await refused(server.driver("test", user="nobody_here"))

    assert "nobody_here" in str(error)


async def test_a_port_where_nobody_listens_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        driver = PostgreSQLDriver(host="127.0.0.1", port=port, user="a", database="b")

        error = await refused(driver)

    assert f"a@127.0.0.1:{port}/b" in str(error)
    assert "Connect call failed" in str(error)


@pytest.mark.parametrize("ssl", [False, None], ids=["plain", "preferring TLS"])
async def test_a_server_that_says_nothing_costs_no_more_than_the_time(ssl: bool | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        driver = PostgreSQLDriver(
            host="127.0.0.1",
            port=silent.getsockname()[1],
            user="a",
            database="b",
            ssl=ssl,
            connect_timeout=0.2,
        )

        error = await refused(driver)

    assert "no answer within 0.2 s" in str(error)


async def test_a_server_that_hangs_up_is_an_error_of_connecting() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listening = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        error = await refused(
            PostgreSQLDriver(host="127.0.0.1", port=port, user="a", database="b", ssl=False)
        )

    assert not isinstance(error, ConnectionLost)


async def test_a_wrong_password_is_refused_and_never_shown(
    server: Server, database: str, peer: Any
) -> None:
    hba = Path(await peer.fetchval("SHOW hba_file"))
    trusted = hba.read_text()
    await peer.execute(f"CREATE ROLE locked LOGIN PASSWORD '{PASSWORD}'")
    hba.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{trusted}")
    try:
        await peer.execute("SELECT pg_reload_conf()")
        driver = server.driver(database, user="locked", password="wrong-" + PASSWORD)

        error = await refused(driver)
        good = await server.driver(database, user="locked", password=PASSWORD).connect()
        await good.close()
    finally:
        hba.write_text(trusted)
        await peer.execute("SELECT pg_reload_conf()")
        await peer.execute("DROP ROLE locked")

    assert 'password authentication failed for user "locked"' in str(error)
    for shown in (str(error), repr(error), str(error.__cause__), repr(driver), repr(vars(driver))):
        assert PASSWORD not in shown


async def test_a_database_in_another_encoding_is_refused(server: Server, peer: Any) -> None:
    await peer.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        error = await refused(server.driver("latin"))
    finally:
        await peer.execute("DROP DATABASE latin")

    assert "LATIN1" in str(error)


async def test_a_session_has_its_settings_from_the_start(server: Server, database: str) -> None:
    connection = await server.driver(
        database, application_name="mine", server_settings={"work_mem": "8MB"}
    ).connect()

    rows = await connection._client.fetch(
        "SELECT current_setting('application_name'), current_setting('timezone'), "
        "current_setting('work_mem')"
    )
    await connection.close()

    assert [tuple(row) for row in rows] == [("mine", "UTC", "8MB")]


async def test_a_connection_is_all_that_a_pool_and_a_schema_want(
    server: Server, database: str
) -> None:
    connection = await server.driver(database).connect()

    assert isinstance(connection, Poolable)
    assert isinstance(connection, SchemaKeeping)
    assert isinstance(connection, Explaining)
    await connection.close()
    assert not connection.is_usable


async def test_what_the_driver_shows_of_itself_holds_no_password(server: Server) -> None:
    driver = server.driver("test", password=PASSWORD)

    assert repr(driver) == f"PostgreSQLDriver('postgres@127.0.0.1:{server.port}/test')"
    assert PASSWORD not in repr(Ommi(driver))


async def test_a_cancelled_connect_leaves_no_session(
    server: Server, database: str, peer: Any
) -> None:
    for turns in range(60):
        task = asyncio.create_task(server.driver(database, application_name="cancelled").connect())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done = (await asyncio.gather(task, return_exceptions=True))[0]
        if not isinstance(done, asyncio.CancelledError):
            await done.close()

    async with asyncio.timeout(30):
        while await peer.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cancelled'"
        ):
            await asyncio.sleep(0.01)
