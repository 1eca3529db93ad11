"""Many tasks on a small pool, cancelled at any time: nobody gets what another one asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from random import Random
from typing import Any

import pytest

from concurrency.leftovers import nothing_left, pool_of, unchanged
from concurrency.things import (
    ROWS,
    Thing,
    find_one,
    find_three,
    name_of,
    stream_some,
    update_one,
)
from ommi import Ommi
from profiles import examples
from services.stores import Place, View

pytestmark = pytest.mark.anyio

TASKS = 16
CANCELS = examples(1_000, 20_000)
"""Of those that were served already; those that only waited come on top."""
ANSWERS = CANCELS // 20
"""That must come in between; on a slow machine nobody is cancelled until they have."""
LATEST = 0.02
"""Of the cancels, in seconds; most questions take one to ten thousandths."""
KEYS = count(ROWS + 1)


async def add_two(db: Ommi, number: int) -> None:
    pair = [Thing(next(KEYS), name_of(number)) for _ in range(2)]
    added = await db.add_all(pair).or_raise()
    assert [thing.name for thing in added] == [name_of(number)] * 2


ASKED: list[Callable[[Ommi, int], Coroutine[Any, Any, None]]] = [
    find_one,
    find_one,
    find_three,
    update_one,
    stream_some,
    add_two,
]


def is_served(db: Ommi, task: asyncio.Task[None]) -> bool:
    """Whether it is not only waiting for a connection."""
    pool = pool_of(db)
    return pool is None or any(lease.task is task for lease in pool._leased)


async def test_nobody_gets_what_another_one_asked_for(place: Place, view: View) -> None:
    random = Random(1)
    cancels = answers = 0

    async def user(db: Ommi) -> None:
        nonlocal cancels, answers
        while cancels < CANCELS or answers < ANSWERS:
            ask = random.choice(ASKED)(db, random.randint(1, ROWS - 20))
            task = asyncio.create_task(ask)
            patience = random.random() * LATEST if cancels < CANCELS else None
            await asyncio.wait([task], timeout=patience)
            served = is_served(db, task)
            was_cancelled = task.cancel()
            cancels += was_cancelled and served
            await asyncio.wait([task])
            assert task.cancelled() == was_cancelled, "a cancellation was lost"
            if not was_cancelled:
                answers += 1
                await task

    async with nothing_left(view), place.database(max_connections=4) as db:
        async with asyncio.TaskGroup() as users:
            for _ in range(TASKS):
                users.create_task(user(db))

        await unchanged(db, view, limit=4)
        rows = await db.query(Thing).where(Thing.id > ROWS).fetch_all()
        assert len({thing.id for thing in rows}) == len(rows)
        assert len(rows) % 2 == 0, "a part of what belongs together was written"
