"""A network that is slow, silent or down holds nobody for longer than was said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from concurrency.leftovers import nothing_left, pool_of, unchanged
from concurrency.things import ask, find_one, find_three
from ommi import ConnectionFailed, ConnectionPoolExhausted, Ommi
from profiles import examples
from services.proxy import Proxy, before
from services.stores import ServerPlace, View, becomes

pytestmark = pytest.mark.anyio

DEADLINE = 0.2
MARGIN = 1.0
"""For a machine that has much else to do; the promise itself is a twentieth of it."""


@pytest.fixture
async def proxy(server: ServerPlace) -> AsyncIterator[Proxy]:
    async with before(server.port) as proxy:
        yield proxy


async def test_a_cancel_while_the_reply_is_on_its_way_leaves_it_to_nobody(
    server: ServerPlace, view: View
) -> None:
    number = 0
    async with (
        nothing_left(view),
        before(server.port) as proxy,
        server.database(port=proxy.port, max_connections=1) as db,
    ):
        for _ in range(examples(1, 20)):
            for delay in (0.001, 0.002, 0.005, 0.01, 0.02):
                for phase in range(6):
                    number += 1
                    proxy.latency = delay
                    task = asyncio.create_task(find_one(db, number))
                    await asyncio.wait([task], timeout=delay * phase / 4)
                    was_cancelled = task.cancel()
                    await asyncio.wait([task])
                    assert task.cancelled() == was_cancelled
                    proxy.latency = 0.0

                    await find_one(db, number + 1)
        await unchanged(db, view, limit=1)


async def test_a_server_that_says_nothing_more_cannot_hold_a_cancel(
    server: ServerPlace, proxy: Proxy, view: View
) -> None:
    async with server.database(port=proxy.port, max_connections=20) as db:
        for _ in range(examples(1, 10)):
            asking = [asyncio.create_task(ask(db, server.slow)) for _ in range(20)]

            async def running() -> int:
                return len(await view.busy())

            await becomes(20, running)
            proxy.be_silent()
            for task in asking:
                task.cancel()

            async with asyncio.timeout(5):
                await asyncio.wait(asking)

            assert all(task.cancelled() for task in asking)
            proxy.speak()
            await find_three(db)
            await view.kill()
            await becomes([], view.busy)


async def give_up(db: Ommi, kind: type[Exception]) -> None:
    """Want a connection in vain; fails unless that ends by the deadline."""
    pool = pool_of(db)
    assert pool is not None
    async with asyncio.timeout(DEADLINE + MARGIN):
        with pytest.raises(kind):
            await pool.acquire()


async def refuse(proxy: Proxy) -> None:
    await proxy.refuse()


async def be_silent(proxy: Proxy) -> None:
    proxy.be_silent()
    proxy.reset()


@pytest.mark.parametrize("fail", [refuse, be_silent])
async def test_whoever_wants_a_server_that_is_gone_hears_by_the_deadline(
    server: ServerPlace, proxy: Proxy, fail: Any
) -> None:
    async with server.database(
        port=proxy.port, max_connections=4, connection_timeout=DEADLINE
    ) as db:
        await find_three(db)
        await fail(proxy)
        pool = pool_of(db)
        assert pool is not None

        async def is_usable() -> bool:
            return all(entry.connection.is_usable for entry in pool._idle)

        await becomes(False, is_usable)

        await asyncio.gather(*(give_up(db, ConnectionFailed) for _ in range(40)))

        assert pool.stats.size <= 4
        if fail is refuse:
            await proxy.listen()
        proxy.speak()
        async with asyncio.timeout(5):
            while not await find_three_or_fail(db):
                pass


async def find_three_or_fail(db: Ommi) -> bool:
    try:
        await find_three(db)
    except ConnectionFailed:
        return False
    return True


async def test_whoever_wants_a_connection_when_all_are_lent_hears_by_the_deadline(
    server: ServerPlace, view: View
) -> None:
    async with (
        nothing_left(view),
        server.database(max_connections=2, connection_timeout=DEADLINE) as db,
    ):
        holders = [asyncio.create_task(ask(db, server.slow)) for _ in range(2)]
        await asyncio.gather(*(give_up(db, ConnectionPoolExhausted) for _ in range(40)))
        for holder in holders:
            holder.cancel()
        await asyncio.wait(holders)

        await unchanged(db, view, limit=2)
