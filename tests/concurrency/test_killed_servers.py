"""Killing servers and sessions costs errors of one class, and never a wrong answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from random import Random
from typing import Any

import pytest

from concurrency.leftovers import nothing_left, unchanged
from concurrency.things import (
    ROWS,
    Thing,
    ask,
    find_one,
    find_three,
    name_of,
    stream_some,
    update_one,
)
from ommi import ConnectionFailed, ConnectionLost, Ommi
from profiles import examples
from services.stores import ServerPlace, View, becomes

pytestmark = pytest.mark.anyio

USERS = 16
KEYS = count(ROWS + 1)


async def add_two(db: Ommi, number: int) -> None:
    await db.add_all(Thing(next(KEYS), name_of(number)) for _ in range(2)).or_raise()


ASKED: list[Callable[[Ommi, int], Coroutine[Any, Any, None]]] = [
    find_one,
    find_three,
    update_one,
    stream_some,
    add_two,
]


class Load:
    """Users who ask all the time; what goes wrong must be that there is no connection."""

    def __init__(self, db: Ommi) -> None:
        self.answers: Counter[int] = Counter()
        self.failures = 0
        self._db = db
        self._random = Random(1)

    async def use(self, user: int) -> None:
        while True:
            asked = self._random.choice(ASKED)
            try:
                await asked(self._db, self._random.randint(1, ROWS - 20))
            except ConnectionFailed:
                self.failures += 1
            else:
                self.answers[user] += 1
            # A pool whose connection is at hand never lets anybody else run.
            await asyncio.sleep(0)

    async def everybody_was_answered(self, *, within: float = 30.0) -> None:
        before = self.answers.copy()

        async def waiting() -> int:
            return sum(self.answers[user] == before[user] for user in range(USERS))

        await becomes(0, waiting, within=within)


@asynccontextmanager
async def load_on(db: Ommi) -> AsyncIterator[Load]:
    load = Load(db)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(load.use(user)) for user in range(USERS)]
        await load.everybody_was_answered()
        yield load
        for task in tasks:
            task.cancel()


async def nothing_was_halved(db: Ommi) -> None:
    rows = await db.query(Thing).where(Thing.id > ROWS).fetch_all()
    assert len(rows) % 2 == 0, "a part of what belongs together was written"


async def test_a_server_that_was_killed_serves_again_two_seconds_after_it_is_back(
    server: ServerPlace,
) -> None:
    try:
        async with (
            server.database(max_connections=4) as db,
            load_on(db) as load,
        ):
            for _ in range(examples(2, 20)):
                await asyncio.to_thread(server.do, "kill")
                await asyncio.to_thread(server.do, "start")
                await load.everybody_was_answered(within=2.0)
            await nothing_was_halved(db)
    finally:
        server.do("start")


async def test_sessions_that_are_killed_are_replaced(server: ServerPlace, view: View) -> None:
    kills = 0
    async with nothing_left(view), server.database(max_connections=4) as db:
        async with load_on(db) as load:
            while kills < examples(100, 1_000):
                kills += await view.kill()
                await load.everybody_was_answered(within=2.0)
        assert load.failures > 0
        await unchanged(db, view, limit=4)
        await nothing_was_halved(db)


async def test_what_runs_when_its_session_is_killed_is_lost(
    server: ServerPlace, view: View
) -> None:
    async def running() -> int:
        return len(await view.busy())

    async with server.database(max_connections=1) as db:
        asking = asyncio.create_task(ask(db, server.slow))
        await becomes(1, running)

        await view.kill()

        with pytest.raises(ConnectionLost):
            await asking
        await unchanged(db, view, limit=1)
