"""Streams of the MariaDB driver."""

# ruff: noqa: F811 - fixtures are imported, and asked for by their names

from __future__ import annotations

import asyncio
from asyncio import CancelledError, create_task
from contextlib import aclosing
from typing import Any

import pytest

from ommi import ArithmeticOverflow, DatabaseError
from ommi.sql.dialect import SqlCommand
from services.mariadb import Peer, Server, connection, database, on_mariadb, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

NUMBERS = "SELECT seq FROM seq_1_to_{} WHERE seq > ? ORDER BY seq"


def streamed(connection: Any, text: str, *parameters: object, size: int = 100) -> Any:
    command = SqlCommand(text, "Thing", "things", {})
    return connection.stream(command, parameters, size, list)


@on_mariadb
async def test_rows_come_in_chunks(connection: Any) -> None:
    chunks = [chunk async for chunk in streamed(connection, NUMBERS.format(250), 10)]

    assert [len(chunk) for chunk in chunks] == [100, 100, 40]
    assert connection.is_usable


@on_mariadb
async def test_no_rows_are_no_chunk(connection: Any) -> None:
    assert [chunk async for chunk in streamed(connection, NUMBERS.format(5), 5)] == []
    assert connection.is_usable


async def test_values_come_as_from_a_fetch(connection: Any) -> None:
    text = (
        "SELECT 1.5e0, -1, 'a?', X'00FF', CAST(1.50 AS DECIMAL(9,2)), "
        "TIMESTAMP'0999-01-02 03:04:05.000006', DATE'2024-02-29', NULL, ?, ?, ?"
    )
    parameters = ("it's \\ \n `?`", b"\0'\\", 5e-324)

    [streamed_rows] = [chunk async for chunk in streamed(connection, text, *parameters)]

    command = SqlCommand(text, "Thing", "things", {})
    assert streamed_rows == await connection.fetch(command, parameters, list)


@on_mariadb
async def test_a_stream_left_early_is_gone_from_the_server(connection: Any, peer: Peer) -> None:
    async with aclosing(streamed(connection, NUMBERS.format(50_000_000), 0)) as chunks:
        assert len(await anext(chunks)) == 100

    assert not connection.is_usable
    assert await peer.until(lambda running: not running) == []


@on_mariadb
async def test_a_cancelled_stream_is_gone_from_the_server(connection: Any, peer: Peer) -> None:
    text = "SELECT SLEEP(30) FROM seq_1_to_3"

    async def read() -> None:
        async for _ in streamed(connection, text):
            pass

    reading = create_task(read())
    await peer.until(lambda running: text in running)
    reading.cancel()
    with pytest.raises(CancelledError):
        await reading

    assert await peer.until(lambda running: not running) == []


@on_mariadb
async def test_an_error_in_the_middle_comes_out_as_ours(connection: Any) -> None:
    text = "SELECT 9223372036854775807 + CAST(250 - seq AS SIGNED) FROM seq_1_to_1000"

    with pytest.raises(ArithmeticOverflow):
        async for _ in streamed(connection, text):
            pass

    assert connection.is_usable


@on_mariadb
async def test_a_warning_at_the_end_is_an_error(connection: Any) -> None:
    text = "SELECT CONCAT(REPEAT('a', 24), 'c') REGEXP '(a+)+b|c$'"

    with pytest.raises(DatabaseError, match="match limit exceeded"):
        async for _ in streamed(connection, text):
            pass


@on_mariadb
async def test_rows_are_those_of_the_start(connection: Any, peer: Peer) -> None:
    await peer.ask("CREATE TABLE numbers (n BIGINT PRIMARY KEY, pad LONGTEXT)")
    await peer.ask("INSERT INTO numbers SELECT seq, REPEAT('x', 1000) FROM seq_1_to_20000")

    seen = 0
    async for chunk in streamed(connection, "SELECT n FROM numbers WHERE n > ?", 0):
        if not seen:
            await peer.ask("DELETE FROM numbers")
        seen += len(chunk)

    assert seen == 20_000


@on_mariadb
async def test_two_streams_run_beside_each_other(server: Server, connection: Any) -> None:
    other = await server.driver().connect()

    async def total(connection: Any) -> int:
        chunks = streamed(connection, NUMBERS.format(1000), 0)
        return sum([sum(row[0] for row in chunk) async for chunk in chunks])

    assert await asyncio.gather(total(connection), total(other)) == [500_500, 500_500]
    await other.close()
