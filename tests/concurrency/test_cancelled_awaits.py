"""On real stores, a cancel at any suspension is delivered, and nothing stays behind."""

from __future__ import annotations

import asyncio
import gc
import operator
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from concurrency.leftovers import cut_off, nothing_left, pool_of, unchanged
from concurrency.suspensions import Moment, Suspensions
from concurrency.things import Thing, ask, find_three, stream_some, update_one
from ommi import Ommi
from profiles import PROFILE, SOAK
from services.stores import Place, View

pytestmark = pytest.mark.anyio

Operation = Callable[[Ommi], Coroutine[Any, Any, None]]
MOST = 400
NAMES = operator.attrgetter("__name__")
MOMENTS = pytest.mark.parametrize("moment", Moment, ids=lambda m: m.name.lower())


async def fetch(db: Ommi) -> None:
    await find_three(db)


async def execute(db: Ommi) -> None:
    await update_one(db, 4)


async def stream(db: Ommi) -> None:
    await stream_some(db, count=1000)


async def add_some(db: Ommi) -> None:
    await db.add_all(Thing(n, "new", n) for n in range(5001, 5005)).or_raise()


async def add_many(db: Ommi) -> None:
    await db.add_all(Thing(n, "new", n) for n in range(5001, 5301)).or_raise()


async def acquire(db: Ommi) -> None:
    pool = pool_of(db)
    if pool is not None:
        pool.give_back(await pool.acquire())


async def release(db: Ommi) -> None:
    """Give back a session that must be reset, and wait for it."""
    pool = pool_of(db)
    if pool is not None:
        lease = await pool.acquire()
        changed = getattr(lease.connection, "_session", lease.connection)
        changed.is_changed = True
        await pool.return_connection(lease)
        pool.give_back(await pool.acquire())


OPERATIONS = [fetch, execute, stream, add_some, add_many, acquire, release]


async def as_it_was(db: Ommi, view: View) -> None:
    await unchanged(db, view, limit=1)
    assert await forget_added(db) in {0, 4, 300}, "a part of what belongs together was written"


async def forget_added(db: Ommi) -> int:
    return await db.find(Thing.id > 5000).delete().or_raise()


async def prepare(db: Ommi, operation: Operation, *, is_warm: bool) -> None:
    await operation(db)
    await forget_added(db)
    if not is_warm:
        cut_off(db)


@MOMENTS
@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "cold"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
async def test_a_cancel_at_any_suspension_costs_nothing(
    place: Place, view: View, operation: Operation, moment: Moment, *, is_warm: bool
) -> None:
    async with nothing_left(view), place.database(max_connections=1) as db:
        for at in range(1, MOST):
            await prepare(db, operation, is_warm=is_warm)
            run = Suspensions([at], moment)
            await run.run(operation(db))
            await as_it_was(db, view)
            if not run.was_cancelled:
                return
    pytest.fail("it never came to its end")


@MOMENTS
@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
async def test_a_second_cancel_while_the_first_is_dealt_with_costs_nothing(
    place: Place, view: View, operation: Operation, moment: Moment
) -> None:
    furthest = MOST if PROFILE == SOAK else 3
    async with nothing_left(view), place.database(max_connections=1) as db:
        for first in range(1, MOST):
            for second in range(first, first + furthest):
                await prepare(db, operation, is_warm=False)
                run = Suspensions({first, second}, moment)
                await run.run(operation(db))
                await as_it_was(db, view)
                if run.count < second:
                    break
            if run.count < first:
                return
    pytest.fail("it never came to its end")


@MOMENTS
async def test_a_cancel_while_it_opens_leaves_nothing(
    place: Place, view: View, moment: Moment
) -> None:
    # asyncpg leaves a future with an error that nobody awaits, where TLS was being agreed on.
    asyncio.get_running_loop().set_exception_handler(None)
    furthest = MOST if PROFILE == SOAK else 3
    for first in range(1, MOST):
        for second in range(first, first + furthest):
            async with nothing_left(view):
                db = place.database()
                run = Suspensions({first, second}, moment)
                await run.run(opened(db))
                assert db.is_open is not run.was_cancelled
                await db.close()
            if run.count < second:
                break
        if run.count < first:
            gc.collect()
            return
    pytest.fail("it never came to its end")


async def opened(db: Ommi) -> None:
    await db.open()


@MOMENTS
async def test_a_cancel_while_it_closes_still_closes_everything(
    place: Place, view: View, moment: Moment
) -> None:
    furthest = MOST if PROFILE == SOAK else 3
    for first in range(1, MOST):
        for second in range(first, first + furthest):
            async with nothing_left(view):
                db = await place.database(max_connections=3).open()
                await asyncio.gather(*(find_three(db, n) for n in (1, 20, 40)))
                run = Suspensions({first, second}, moment)
                await run.run(db.close())
                assert not db.is_open
            if run.count < second:
                break
        if run.count < first:
            return
    pytest.fail("it never came to its end")


@MOMENTS
@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "cold"])
async def test_what_is_cancelled_ends_in_the_store_within_a_second(
    place: Place, view: View, moment: Moment, *, is_warm: bool
) -> None:
    async with nothing_left(view), place.database(max_connections=1) as db:
        for at in range(1, MOST):
            quick, slow = Suspensions(), Suspensions([at])
            await prepare(db, fetch, is_warm=is_warm)
            await quick.run(ask(db, place.quick))
            if at > quick.count:
                return
            await prepare(db, fetch, is_warm=is_warm)
            await slow.run(ask(db, place.slow))
            assert slow.was_cancelled
            await as_it_was(db, view)
    pytest.fail("it never came to its end")


async def test_what_runs_when_it_is_cancelled_ends_in_the_store_within_a_second(
    place: Place, view: View
) -> None:
    async with nothing_left(view), place.database(max_connections=1) as db:
        for cancels in range(1, 5):
            task = asyncio.create_task(ask(db, place.slow))
            await asyncio.wait([task], timeout=0.05)
            for _ in range(cancels):
                task.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await task
            await as_it_was(db, view)
