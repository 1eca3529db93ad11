"""What grows with how much is asked, and what does not; none of it by the clock."""

from __future__ import annotations

import asyncio
import gc
import operator
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, product
from typing import Annotated, Any

import pytest

from concurrency.clock import clocked
from concurrency.scripted import Store
from ommi import Auto, Key, ModelCollection, Ommi, fields, ommi_model
from ommi.execution.pool.pooled import PooledConnection
from ommi.planning.planner import MOST_PLANS
from ommi.query.nodes import Predicate
from profiles import examples

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION)
@dataclass
class Counted:
    a: int
    b: int
    c: int
    d: int
    id: Annotated[int | None, Key | Auto] = None


SIGNS = (operator.eq, operator.ne, operator.gt, operator.lt, operator.ge)


def questions() -> Iterator[list[Predicate]]:
    """Give conditions no two of which have the same shape, some hundred thousands."""
    F: Any = fields(Counted)
    each = [sign(field, 1) for field in (F.a, F.b, F.c, F.d) for sign in SIGNS]
    return (list(some) for some in product(each, repeat=4))


@pytest.mark.anyio
async def test_no_end_of_different_statements_is_kept() -> None:
    asked = examples(10_000, 100_000)
    warm = 2 * MOST_PLANS
    every = questions()
    async with Ommi("sqlite://") as db:
        await db.use_models(COLLECTION)

        async def ask(count: int) -> int:
            for conditions in islice(every, count):
                assert await db.query(Counted, *conditions).count() == 0
            gc.collect()
            return len(gc.get_objects())

        before = await ask(warm)
        after = await ask(asked - warm)

        assert len(db._executor.planner.cache) <= MOST_PLANS
    # They are of different sizes; each one that were kept would be some dozen objects.
    assert after - before < asked - warm


def calls(run: Callable[[], Awaitable[None]]) -> int:
    """Count the calls of functions, of Python's and of others."""
    number = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal number
        number += event in {"call", "c_call"}

    async def counted() -> None:
        sys.setprofile(note)
        try:
            await run()
        finally:
            sys.setprofile(None)

    clocked(counted)()
    return number


async def waiting(count: int) -> None:
    """Have so many tasks wait for two connections, and see that they are served in order."""
    db = PooledConnection(Store().pool(2, connection_timeout=1e6))
    served: list[int] = []

    async def ask(number: int) -> None:
        await db.fetch("a question", (number,), list)
        served.append(number)

    await asyncio.gather(*(ask(number) for number in range(count)))

    assert served == sorted(served)
    assert db.pool.stats.waiting == 0
    await db.close()


def test_many_waiting_tasks_take_a_call_for_each_and_not_for_each_other() -> None:
    most = examples(1_000, 10_000)

    few, many = calls(partial(waiting, most // 10)), calls(partial(waiting, most))

    assert many < 11 * few
