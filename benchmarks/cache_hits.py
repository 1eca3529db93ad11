"""What a kept answer costs beside the question itself: `python -m benchmarks.cache_hits`.

The least of many short rounds, all by turns, in microseconds; the bar of a hit is 5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, cast

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


Question = Callable[[], Awaitable[object]]


def questions(db: Ommi) -> Mapping[str, tuple[Question, Question]]:
    """Give ways to ask for a row of seven, each with a kept answer, and without."""
    plain = db.query(Person).where(Person.id == 1)
    kept = plain.cached()
    return {
        "a selection held ready: `await adults.one()`": (kept.one, plain.one),
        "its count": (kept.count, plain.count),
        "written anew: `await db.query(User, User.id == 1).cached().one()`": (
            lambda: db.query(Person, Person.id == 1).cached().one(),
            lambda: db.query(Person, Person.id == 1).one(),
        ),
        "`await db.find(User.id == 1).cached().one.or_raise()`": (
            lambda: db.find(Person.id == 1).cached().one.or_raise(),  # noqa: PLW0108 - anew
            lambda: db.find(Person.id == 1).one.or_raise(),  # noqa: PLW0108
        ),
        "with a Result: `await db.find(User.id == 1).cached().one`": (
            lambda: db.find(Person.id == 1).cached().one,
            lambda: db.find(Person.id == 1).one,
        ),
    }


async def cost(ask: Question, calls: int) -> float:
    """Give the microseconds of a call."""
    start = perf_counter()
    for _ in range(calls):
        await ask()
    return (perf_counter() - start) / calls * 1e6


async def costs(rounds: int) -> list[HitCost]:
    """Measure by turns, so that a slow moment of the machine hits all alike."""
    with TemporaryDirectory() as folder:
        async with Ommi(f"sqlite:///{folder}/people.db", cache=QueryCache()) as db:
            await db.use_models(Person)
            await db.add_all(Person(f"p{n}", n) for n in range(100)).or_raise()
            every = questions(db)
            least = {title: [float("inf")] * 2 for title in every}
            for _ in range(rounds):
                for title, pair in every.items():
                    for place, calls in enumerate((CALLS, CALLS // 10)):
                        took = await cost(pair[place], calls)
                        least[title][place] = min(least[title][place], took)
            return [
                HitCost(title, *cast("tuple[float, float]", pair)) for title, pair in least.items()
            ]


def measured(rounds: int = ROUNDS) -> list[HitCost]:
    """Give what hits cost."""
    return asyncio.run(costs(rounds))


if __name__ == "__main__":
    for each in measured():
        print(f"{each.title:66} {each.kept:6.2f} µs; asked of SQLite {each.asked:6.1f} µs")
