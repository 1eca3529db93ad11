"""On real stores, a cancel at any suspension of a transaction leaves it done or undone, whole."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from concurrency.leftovers import nothing_left, unchanged
from concurrency.suspensions import Moment, Suspensions
from concurrency.things import Thing, find_three
from ommi import ConnectionLost, Ommi, Outcome, Transaction, TransactionOptions, TransactionTimeout
from profiles import PROFILE, SOAK
from services.stores import Place, View

pytestmark = pytest.mark.anyio

Block = Callable[[Ommi, list[Transaction]], Coroutine[Any, Any, None]]
MOST = 400


class Stop(Exception):
    pass


async def kept(db: Ommi, seen: list[Transaction]) -> None:
    async with db.transaction() as tx:
        seen.append(tx)
        await db.add(Thing(5001, "new"))
        await tx.savepoint("s")
        await db.add(Thing(5002, "undone"))
        await tx.rollback_to_savepoint("s")
        async with db.transaction():
            await db.add_all([Thing(5003, "new"), Thing(5004, "new")])
        assert await db.find(Thing.id > 5000).count.value == 3


async def undone(db: Ommi, seen: list[Transaction]) -> None:
    with pytest.raises(Stop):
        async with db.transaction() as tx:
            seen.append(tx)
            await db.add(Thing(5001, "new"))
            with pytest.raises(Stop):
                async with db.transaction():
                    await db.add(Thing(5002, "new"))
                    raise Stop
            raise Stop


async def retried(db: Ommi, seen: list[Transaction]) -> None:
    async with db.transaction(TransactionOptions(retry_on_conflict=True)) as tx:
        seen.append(tx)
        async for thing in db.find(Thing.id <= 3):
            await db.add(Thing(5000 + thing.id, "new"))


BLOCKS = [kept, undone, retried]


async def as_it_was(db: Ommi, view: View, seen: list[Transaction]) -> None:
    await unchanged(db, view, limit=1)
    there = await db.find(Thing.id > 5000).delete().or_raise()
    assert there in {0, 3}, "a part of a transaction was committed"
    if not seen:
        return
    outcome = seen.pop().outcome
    assert outcome is not Outcome.OPEN
    if outcome is not Outcome.UNKNOWN:
        assert (there == 3) is (outcome is Outcome.COMMITTED)


@pytest.mark.parametrize("moment", Moment, ids=lambda m: m.name.lower())
@pytest.mark.parametrize("block", BLOCKS, ids=operator.attrgetter("__name__"))
async def test_a_cancel_at_any_suspension_leaves_all_or_nothing(
    place: Place, view: View, block: Block, moment: Moment
) -> None:
    async with nothing_left(view), place.database(max_connections=1) as db:
        for at in range(1, MOST):
            seen: list[Transaction] = []
            run = Suspensions([at], moment)
            await run.run(block(db, seen))
            await as_it_was(db, view, seen)
            if not run.was_cancelled:
                return
    pytest.fail("it never came to its end")


@pytest.mark.parametrize("block", BLOCKS, ids=operator.attrgetter("__name__"))
async def test_a_second_cancel_leaves_all_or_nothing_too(
    place: Place, view: View, block: Block
) -> None:
    furthest = MOST if PROFILE == SOAK else 3
    async with nothing_left(view), place.database(max_connections=1) as db:
        for first in range(1, MOST):
            for second in range(first + 1, first + furthest):
                seen: list[Transaction] = []
                run = Suspensions([first, second])
                await run.run(block(db, seen))
                await as_it_was(db, view, seen)
                if run.count < second:
                    break
            if run.count < first:
                return
    pytest.fail("it never came to its end")


async def test_a_timeout_ends_what_runs(place: Place, view: View) -> None:
    async with nothing_left(view), place.database(max_connections=1) as db:
        with pytest.raises(TransactionTimeout):
            async with asyncio.timeout(5), db.transaction(TransactionOptions(timeout=0.3)) as tx:
                await db.add(Thing(5001, "new"))
                await ask_within(tx, place.slow)

        assert tx.outcome is Outcome.ROLLED_BACK
        await as_it_was(db, view, [])


async def ask_within(tx: Transaction, text: str) -> None:
    """Run a text of the store's own language in a transaction."""
    unit = tx._begun().core.unit
    client: Any = unit._on  # type: ignore[attr-defined]
    if hasattr(client, "worker"):
        await client.worker.run(lambda connection: connection.execute(text).fetchall())
    elif hasattr(client, "guarded"):
        await client.guarded(client.client.fetch(text))
    elif hasattr(client, "session"):
        await client.session.ask(*text.encode().split())
    else:
        await unit._session.ask(text)  # type: ignore[attr-defined]


async def test_the_error_of_the_body_comes_out_although_the_connection_is_gone(
    place: Place, view: View
) -> None:
    async with place.database(max_connections=1) as db:
        with pytest.raises(Stop):
            async with db.transaction() as tx:
                await db.add(Thing(5001, "new"))
                await tx.savepoint("s")
                if place.name != "SQLite":
                    await view.kill()
                raise Stop

        await find_three(db, 10)
        await as_it_was(db, view, [tx])


async def test_what_is_lost_in_the_middle_is_told_and_not_written(
    place: Place, view: View
) -> None:
    if place.name == "SQLite":
        pytest.skip("a file loses no connection")
    async with place.database(max_connections=1) as db:
        with pytest.raises(ConnectionLost):
            async with db.transaction() as tx:
                await db.add(Thing(5001, "new"))
                await view.kill()
                await db.add(Thing(5002, "new"))

        assert tx.outcome is Outcome.ROLLED_BACK
        await as_it_was(db, view, [tx])
