from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from concurrency.clock import clocked, turns
from concurrency.scripted import Act, ScriptedConnection, Store
from ommi import ConnectionLost, PoolDeadlock
from ommi.execution.pool.gathering import MOST_GATHERED
from ommi.execution.pool.pooled import PooledConnection
from ommi.planning.plan import ByKeys

TOGETHER = "with any of these keys"
BY_KEYS = ByKeys(TOGETHER, lambda values: values, place=1)


@dataclass(frozen=True)
class Get:
    """Asks for the row with a key."""

    by_keys: ByKeys = BY_KEYS


GET = Get()


@dataclass
class KeyedStore(Store):
    """Has a row for every key but 13, and notes what it was asked; what it refuses fails."""

    asked: list[object] = field(default_factory=list)
    refused: object = None

    def __post_init__(self) -> None:
        super().__init__()

    async def connect(self) -> KeyedConnection:
        connection = KeyedConnection(self)
        self.alive.append(connection)
        return connection


class KeyedConnection(ScriptedConnection):
    store: KeyedStore

    async def fetch(
        self, command: object, parameters: Any, build: Any, context: Any = None
    ) -> Any:
        await self.ask(self.store.fetching)
        self.store.asked.append((command, list(parameters)))
        if command == self.store.refused:
            raise ConnectionLost("refused")
        keys = parameters[0] if command == TOGETHER else parameters
        return build([("row", key) for key in reversed(keys) if key != 13])


@pytest.fixture
def store() -> KeyedStore:
    return KeyedStore()


async def get(db: PooledConnection, key: int, command: object = GET) -> Sequence[object]:
    return await db.fetch(command, (key,), list)


async def opened(store: KeyedStore, connections: int = 2) -> PooledConnection:
    """Give a pool all of whose connections are open."""
    db = PooledConnection(store.pool(connections))
    leases = [await db.pool.acquire() for _ in range(connections)]
    for lease in leases:
        db.pool.give_back(lease)
    return db


@clocked
async def test_those_who_wait_share_a_statement(store: KeyedStore) -> None:
    db = await opened(store)

    found = await asyncio.gather(*(get(db, key) for key in range(20)))

    assert found == [[("row", key)] if key != 13 else [] for key in range(20)]
    assert store.asked == [(GET, [0]), (GET, [1]), (TOGETHER, [[*range(2, 20)]])]
    await db.close()


@clocked
async def test_each_builds_what_it_is_given_by_itself(store: KeyedStore) -> None:
    db = await opened(store, 1)

    first, *found = await asyncio.gather(*(get(db, 5) for _ in range(3)))

    assert store.asked[1:] == [(TOGETHER, [[5]])]
    assert found[0] == found[1] == first
    assert found[0] is not found[1]
    await db.close()


@clocked
async def test_nobody_waits_where_a_connection_is_free(store: KeyedStore) -> None:
    db = await opened(store)

    await asyncio.gather(get(db, 1), get(db, 2))

    assert store.asked == [(GET, [1]), (GET, [2])]
    await db.close()


@clocked
async def test_only_questions_alike_are_asked_together(store: KeyedStore) -> None:
    db = await opened(store, 1)
    other = Get(ByKeys(TOGETHER, lambda values: values, place=1))

    await asyncio.gather(
        get(db, 0), get(db, 1), get(db, 2, other), get(db, 3), get(db, 4, "another question")
    )

    first, *others = store.asked
    assert first == (GET, [0])
    assert (TOGETHER, [[1, 3]]) in others
    assert (TOGETHER, [[2]]) in others
    assert ("another question", [4]) in others
    assert len(others) == 3
    await db.close()


@clocked
async def test_so_many_share_one_and_the_others_the_next(store: KeyedStore) -> None:
    db = await opened(store, 1)
    count = 1 + 2 * MOST_GATHERED + 7

    found = await asyncio.gather(*(get(db, 100 + n) for n in range(count)))

    assert found == [[("row", 100 + n)] for n in range(count)]
    assert [len(keys[0]) for _, keys in store.asked[1:]] == [MOST_GATHERED, MOST_GATHERED, 7]
    await db.close()


@clocked
async def test_who_is_cancelled_leaves_the_others(store: KeyedStore) -> None:
    db = await opened(store, 1)
    tasks = [asyncio.ensure_future(get(db, key)) for key in range(5)]
    await turns(1)

    tasks[1].cancel()
    tasks[3].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(each) for each in found].count(asyncio.CancelledError) == 2
    assert (found[2], found[4]) == ([("row", 2)], [("row", 4)])
    assert store.asked[1:] == [(TOGETHER, [[2, 4]])]
    await db.close()


@clocked
async def test_where_all_are_cancelled_nothing_is_asked(store: KeyedStore) -> None:
    db = await opened(store, 1)
    lease = await db.pool.acquire()
    tasks = [asyncio.ensure_future(get(db, key)) for key in range(5)]
    await turns(1)

    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await turns(1)

    assert db.pool.stats.waiting == 0
    db.pool.give_back(lease)
    assert await get(db, 1) == [("row", 1)]
    assert store.asked == [(GET, [1])]
    await db.close()


@clocked
async def test_who_comes_while_they_are_asked_waits_for_the_next(store: KeyedStore) -> None:
    db = await opened(store, 1)
    store.fetching = Act.SLOWLY
    early = asyncio.gather(*(get(db, key) for key in range(3)))
    await asyncio.sleep(1.5)

    late = asyncio.gather(*(get(db, key) for key in range(3, 6)))

    assert await early == [[("row", key)] for key in range(3)]
    assert await late == [[("row", key)] for key in range(3, 6)]
    assert store.asked[1:] == [(TOGETHER, [[1, 2]]), (TOGETHER, [[3, 4, 5]])]
    await db.close()


@clocked
async def test_a_failure_is_followed_by_one_question_each(store: KeyedStore) -> None:
    db = await opened(store, 1)
    store.refused = TOGETHER

    found = await asyncio.gather(*(get(db, key) for key in range(4)))

    assert found == [[("row", key)] for key in range(4)]
    assert store.asked[2:] == [(GET, [1]), (GET, [2]), (GET, [3])]
    await db.close()


@clocked
async def test_each_gets_an_error_of_its_own(store: KeyedStore) -> None:
    db = await opened(store, 1)
    lease = await db.pool.acquire()
    tasks = [asyncio.ensure_future(get(db, key)) for key in range(3)]
    await turns(1)

    await db.close()
    found = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(error) for error in found] == [ConnectionLost] * 3
    assert len({*map(id, found)}) == 3
    db.pool.give_back(lease)


@clocked
async def test_who_holds_a_connection_is_seen_to_wait_for_itself(store: KeyedStore) -> None:
    db = await opened(store, 1)
    lease = await db.pool.acquire()

    with pytest.raises(PoolDeadlock):
        await get(db, 1)

    db.pool.give_back(lease)
    await db.close()
