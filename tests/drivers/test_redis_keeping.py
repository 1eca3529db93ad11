"""Values by name and messages: what a cache may ask of a connection."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any, cast

import pytest

from ommi import ConnectionLost, QueryError
from ommi.drivers.protocol import KeyValue, Notifying
from ommi.drivers.redis.driver import RedisConnection
from services.redis import Server, connection, database, peer, server

__all__ = ["connection", "database", "peer", "server"]
pytestmark = pytest.mark.anyio

NAMES = ["a", "*", "a:b", "a%3Ab", "\r\nFLUSHALL\r\n", ""]


async def test_a_connection_has_both_parts(connection: RedisConnection) -> None:
    assert isinstance(connection, KeyValue)
    assert isinstance(connection, Notifying)


async def test_values_are_kept_by_name_as_they_are(connection: RedisConnection) -> None:
    for number, name in enumerate(NAMES):
        await connection.set_value(name, bytes([number, 0, 13, 10, 255]))

    found = [await connection.get_value(name) for name in NAMES]

    assert found == [bytes([number, 0, 13, 10, 255]) for number in range(len(NAMES))]
    assert await connection.remove_values(["a", "*", "other"]) == 2
    assert await connection.get_value("a") is None
    assert await connection.remove_values([]) == 0


async def test_a_value_may_have_an_end(connection: RedisConnection, peer: Any) -> None:
    await connection.set_value("a", b"1", seconds=30)
    await connection.set_value("b", b"1")

    assert 0 < await peer.pttl("ommi:value:a") <= 30_000
    assert await peer.pttl("ommi:value:b") == -1
    with pytest.raises(QueryError, match="more than 0"):
        await connection.set_value("a", b"1", seconds=0)


async def test_who_listens_hears_what_is_told_from_then_on(
    server: Server, connection: RedisConnection
) -> None:
    listening = await server.driver().connect()
    await connection.notify("news", b"too early")
    heard = cast("Any", await listening.listen(["news", "other:*"]))
    async with aclosing(heard):
        await connection.notify("news", b"\r\n\0")
        await connection.notify("elsewhere", b"no")
        await connection.notify("other:*", b"2")

        assert await anext(heard) == ("news", b"\r\n\0")
        assert await anext(heard) == ("other:*", b"2")
        assert not listening.is_usable
    with pytest.raises(ConnectionLost):
        await listening.ping()


async def test_who_listens_is_told_that_the_server_is_gone(
    server: Server, database: int, peer: Any
) -> None:
    listening = await server.driver().connect()
    heard = cast("Any", await listening.listen(["news"]))
    waiting = asyncio.ensure_future(anext(heard))
    [client] = [each for each in await peer.client_list() if each["name"] == "ommi"]
    await peer.client_kill_filter(_id=client["id"])

    with pytest.raises(ConnectionLost):
        await waiting
