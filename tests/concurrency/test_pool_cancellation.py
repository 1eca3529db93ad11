"""A cancellation, wherever it comes, is delivered and costs the pool nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import pytest

from concurrency.clock import clocked, turns
from concurrency.scripted import Act, SchemaConnection, Store, capacity_is_whole
from ommi import ConnectionLost, DatabaseError
from ommi.execution.pool.connection_pool import ConnectionPool
from ommi.execution.pool.pooled import PooledConnection

Pool = ConnectionPool[Any]
Operation = Callable[[Pool], Awaitable[None]]
LIMIT = 2
MOST = 60


async def use(pool: Pool) -> None:
    lease = await pool.acquire()
    try:
        await lease.connection.fetch("", (), list)
    finally:
        pool.give_back(lease)


async def use_and_change(pool: Pool) -> None:
    lease = await pool.acquire()
    lease.connection.is_changed = True
    await pool.return_connection(lease)
    await use(pool)


async def fetch(pool: Pool) -> None:
    assert await PooledConnection(pool).fetch("a", (), list) == [("a",)]


async def stream(pool: Pool) -> None:
    async for _ in PooledConnection(pool).stream("a", (), 1, list):
        pass


async def nothing_before(pool: Pool, store: Store) -> None: ...


async def one_idle(pool: Pool, store: Store) -> None:
    await use(pool)


async def one_idle_for_long(pool: Pool, store: Store) -> None:
    await use(pool)
    await asyncio.sleep(31)


async def one_that_no_longer_answers(pool: Pool, store: Store) -> None:
    await one_idle_for_long(pool, store)
    store.pinging = Act.BADLY


async def all_lent(pool: Pool, store: Store) -> None:
    """Somebody has each, and somebody else comes first in the queue."""
    for _ in range(LIMIT + 1):
        asyncio.get_running_loop().create_task(use_and_change(pool))
    await turns(12)


async def a_store_that_is_down(pool: Pool, store: Store) -> None:
    store.connecting = [Act.BADLY, Act.BADLY, *[Act.WELL] * 100]


async def a_connection_that_cannot_be_reset(pool: Pool, store: Store) -> None:
    store.resetting = Act.BADLY


SITUATIONS = [
    nothing_before,
    one_idle,
    one_idle_for_long,
    one_that_no_longer_answers,
    all_lent,
    a_store_that_is_down,
    a_connection_that_cannot_be_reset,
]


async def others() -> None:
    me = asyncio.current_task()
    await asyncio.gather(*(t for t in asyncio.all_tasks() if t is not me), return_exceptions=True)


@asynccontextmanager
async def cancelled(
    store: Store,
    situation: Callable[[Pool, Store], Awaitable[None]],
    operation: Operation,
    *at: int,
    pace: float = 0.0,
) -> AsyncIterator[tuple[Pool, asyncio.Task[None]]]:
    """Cancel an operation after so many turns, then again after so many more."""
    pool = store.pool(LIMIT)
    await situation(pool, store)

    async def operate() -> None:
        await operation(pool)

    task = asyncio.get_running_loop().create_task(operate())
    was_cancelled = False
    for after in at:
        for _ in range(after):
            await asyncio.sleep(pace)
        was_cancelled |= task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled() == was_cancelled
    yield pool, task
    await pool.close()
    await others()
    assert not store.alive
    assert store.in_flight == 0
    assert pool.stats.size == 0


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("operation", [use, use_and_change, fetch, stream])
@clocked
async def test_a_cancelled_use_costs_no_capacity(
    situation: Callable[[Pool, Store], Awaitable[None]], operation: Operation
) -> None:
    # What waits for the store goes on by turns, what waits to try again goes on by the clock.
    pace = 0.02 if situation is a_store_that_is_down else 0.0
    for after in range(MOST):
        store = Store()
        async with cancelled(store, situation, operation, after, pace=pace) as (pool, task):
            await others()
            await capacity_is_whole(pool, store, LIMIT)
        if not task.cancelled():
            break
    else:
        pytest.fail("it never came to its end")


@pytest.mark.parametrize("situation", SITUATIONS)
@clocked
async def test_a_second_cancellation_during_the_first_costs_no_capacity(
    situation: Callable[[Pool, Store], Awaitable[None]],
) -> None:
    for first in range(20):
        for second in range(3):
            store = Store()
            async with cancelled(store, situation, use_and_change, first, second) as (pool, _):
                await others()
                await capacity_is_whole(pool, store, LIMIT)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("seconds", [None, 0, 20])
@clocked
async def test_a_cancelled_end_still_closes_every_socket(
    situation: Callable[[Pool, Store], Awaitable[None]], seconds: float | None
) -> None:
    async def close(pool: Pool) -> None:
        await (pool.close() if seconds is None else pool.drain(seconds))

    for first in range(15):
        for second in range(3):
            store = Store()
            store.closing = Act.SLOWLY
            async with cancelled(store, situation, close, first, second) as (pool, task):
                if task.cancelled() and first == 0:
                    continue  # it had not begun
                await turns(3)
                assert not store.alive
                with pytest.raises(ConnectionLost):
                    await pool.acquire()


@pytest.mark.parametrize("situation", SITUATIONS)
@clocked
async def test_a_cancelled_task_of_the_pool_costs_no_capacity(
    situation: Callable[[Pool, Store], Awaitable[None]],
) -> None:
    for after in range(30):
        store = Store()
        pool = store.pool(LIMIT)
        await situation(pool, store)
        task = asyncio.get_running_loop().create_task(use_and_change(pool))
        await turns(after)
        jobs = pool._stock.jobs
        for job in (*jobs.opening, *jobs.preparing, *jobs.closing):
            job.cancel()

        await task
        await others()
        await capacity_is_whole(pool, store, LIMIT)
        await pool.close()
        assert not store.alive


@clocked
async def test_a_cancelled_opening_leaves_nothing_behind() -> None:
    for after in count():
        store = Store()
        pool = store.pool()
        task = asyncio.get_running_loop().create_task(pool.open())
        await turns(after)
        if not task.cancel():
            break
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not store.alive
        assert pool.stats.size == 0
    await pool.close()


@clocked
async def test_a_cancelled_fetch_leaves_no_answer_to_the_next() -> None:
    store = Store()
    pool = store.pool(1)
    pooled = PooledConnection(pool)
    for after in range(1, 8):
        task = asyncio.get_running_loop().create_task(pooled.fetch("mine", (), list))
        await turns(after)
        task.cancel()

        assert await pooled.fetch("yours", (), list) == [("yours",)]
    await pool.close()


@pytest.mark.parametrize(
    "name", ["tables", "create_tables", "drop_tables", "explain", "run_batch"]
)
@clocked
async def test_every_cancelled_call_gives_its_connection_back(name: str) -> None:
    class SchemaStore(Store):
        async def connect(self) -> SchemaConnection:
            self.alive.append(connection := SchemaConnection(self))
            return connection

    arguments = ("", ()) if name == "explain" else ([],)
    for after in range(8):
        store = SchemaStore()
        pool = store.pool(1)
        task = asyncio.ensure_future(getattr(PooledConnection(pool), name)(*arguments))
        await turns(after)
        was_cancelled = task.cancel()
        with suppress(asyncio.CancelledError, DatabaseError):
            await task
        assert task.cancelled() == was_cancelled
        await capacity_is_whole(pool, store, 1)
        await pool.close()
