"""What a kept answer costs beside the question itself: `python -m benchmarks.cache_hits`.

The least of many short rounds, all by turns, in microseconds; the bar of a hit is 5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

from ommi import Auto, Key, Ommi, QueryCache, ommi_model

ROUNDS = 200
CALLS = 100
BAR = 5.0


@ommi_model
@dataclass
class Person:
    name: str
    age: int
    email: str | None = None
    city: str = ""
    is_active: bool = True
    score: float = 0.0
    id: Annotated[int | None, Key | Auto] = None


@dataclass(frozen=True, slots=True)
class HitCost:
    """Microseconds of a question whose answer is kept, and of the same asked of SQLite."""

    title: str
    kept: float
    asked: float


Asking = Callable[[int], Awaitable[None]]
"""Asks so many times; written out, since a call around a hit would be part of what it costs."""


def askings(db: Ommi, *, is_kept: bool) -> Mapping[str, Asking]:  # noqa: C901 - loops
    """Give ways to ask for a row of seven."""
    held = db.query(Person).where(Person.id == 1)
    if is_kept:
        held = held.cached()

    async def one(calls: int) -> None:
        for _ in range(calls):
            await held.one()

    async def count(calls: int) -> None:
        for _ in range(calls):
            await held.count()

    async def query_kept(calls: int) -> None:
        for _ in range(calls):
            await db.query(Person, Person.id == 1).cached().one()

    async def query_asked(calls: int) -> None:
        for _ in range(calls):
            await db.query(Person, Person.id == 1).one()

    async def find_kept(calls: int) -> None:
        for _ in range(calls):
            await db.find(Person.id == 1).cached().one

    async def find_asked(calls: int) -> None:
        for _ in range(calls):
            await db.find(Person.id == 1).one

    async def raising_kept(calls: int) -> None:
        for _ in range(calls):
            await db.find(Person.id == 1).cached().one.or_raise()

    async def raising_asked(calls: int) -> None:
        for _ in range(calls):
            await db.find(Person.id == 1).one.or_raise()

    return {
        "held ready: `await user.one()`": one,
        "held ready: `await users.count()`": count,
        "`await db.query(User, User.id == 1).cached().one()`": (
            query_kept if is_kept else query_asked
        ),
        "`await db.find(User.id == 1).cached().one`": find_kept if is_kept else find_asked,
        "`await db.find(User.id == 1).cached().one.or_raise()`": (
            raising_kept if is_kept else raising_asked
        ),
    }


async def cost(ask: Asking, calls: int) -> float:
    """Give the microseconds of a call."""
    start = perf_counter()
    await ask(calls)
    return (perf_counter() - start) / calls * 1e6


async def costs(rounds: int) -> list[HitCost]:
    """Measure by turns, so that a slow moment of the machine hits all alike."""
    with TemporaryDirectory() as folder:
        async with Ommi(f"sqlite:///{folder}/people.db", cache=QueryCache()) as db:
            await db.use_models(Person)
            await db.add_all(Person(f"p{n}", n) for n in range(100)).or_raise()
            kept, asked = askings(db, is_kept=True), askings(db, is_kept=False)
            least = {title: (float("inf"), float("inf")) for title in kept}
            for _ in range(rounds):
                for title, (hit, miss) in least.items():
                    took = await cost(kept[title], CALLS), await cost(asked[title], CALLS // 10)
                    least[title] = min(hit, took[0]), min(miss, took[1])
            return [HitCost(title, *pair) for title, pair in least.items()]


def measured(rounds: int = ROUNDS) -> list[HitCost]:
    """Give what hits cost."""
    return asyncio.run(costs(rounds))


if __name__ == "__main__":
    for each in measured():
        print(f"{each.title:56} {each.kept:6.2f} µs; asked of SQLite {each.asked:6.1f} µs")
