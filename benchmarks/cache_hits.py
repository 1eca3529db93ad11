"""What a kept answer costs beside the question itself: `python -m benchmarks.cache_hits`.

The least of many rounds, in microseconds; the bar of a hit is 5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

from ommi import Auto, Key, Ommi, QueryCache, ommi_model

ROUNDS = 200
CALLS = 200


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


async def cost(run: Callable[[int], Awaitable[None]], calls: int = CALLS) -> float:
    """Give the microseconds of a call."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = perf_counter()
        await run(calls)
        best = min(best, (perf_counter() - start) / calls)
    return best * 1e6


async def main() -> None:
    """Measure, and print."""
    with TemporaryDirectory() as folder:
        async with Ommi(f"sqlite:///{folder}/people.db", cache=QueryCache()) as db:
            await db.use_models(Person)
            await db.add_all(Person(f"p{n}", n) for n in range(100)).or_raise()
            plain = db.query(Person).where(Person.age == 50)
            kept = plain.cached()
            await kept.fetch_all()
            cache = db.cache
            assert cache is not None
            key = next(iter(cache._entries))  # noqa: SLF001

            async def alone(calls: int) -> None:
                for _ in range(calls):
                    cache.find(key)

            async def hit(calls: int) -> None:
                for _ in range(calls):
                    await kept.fetch_all()

            async def asked(calls: int) -> None:
                for _ in range(calls):
                    await plain.fetch_all()

            print(f"the look-up alone         {await cost(alone):8.2f} µs")
            print(f"a hit, of a row of seven  {await cost(hit):8.2f} µs")
            print(f"the same asked of SQLite  {await cost(asked, 20):8.2f} µs")


if __name__ == "__main__":
    asyncio.run(main())
