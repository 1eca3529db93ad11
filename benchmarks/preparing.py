"""What preparing a question saves: `python -m benchmarks.preparing`, or with a URL behind it.

Processor time of the client. Without a URL the store is scripted, so that nothing but Ommi's own
work is measured; with one, rows are read from a database, whose tables it makes and drops. The
ordinary question and the prepared one take turns.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time

from benchmarks.libraries.ommi import Post, User
from benchmarks.models import rows
from benchmarks.scripted import ScriptedDriver
from ommi import Ommi, Query

ROUNDS = 21
TIMES = 1000
KEYS = 100

Ask = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class PreparedCost:
    """Seconds of a question, asked as usual and prepared; `ratio` is the median over rounds."""

    title: str
    ordinary: float
    prepared: float
    ratio: float

    def __str__(self) -> str:
        return (
            f"{self.title}: {self.ordinary * 1e6:.1f} µs, prepared {self.prepared * 1e6:.1f} µs "
            f"({self.ratio:.2f})"
        )


def measured() -> list[PreparedCost]:
    """Measure Ommi's own work for one row by key, and for a page of one row."""
    return asyncio.run(_on(Ommi(ScriptedDriver(list(rows(1))))))


async def _on(db: Ommi) -> list[PreparedCost]:
    async with db:
        by_key = db.prepare(lambda key: db.query(User, User.id == key))

        @db.prepare
        def page(age: int, name: str) -> Query[User]:
            return (
                db.query(User)
                .where(User.age >= age, User.name > name)
                .order_by(User.name)
                .limit(1)
            )

        def ordinary_page(age: int) -> Awaitable[list[User]]:
            asked = db.query(User).where(User.age >= age, User.name > "a")
            return asked.order_by(User.name).limit(1).fetch_all()

        return [
            await _compared(
                "one row by key",
                lambda key: db.query(User, User.id == key).one(),
                lambda key: by_key(key).one(),
            ),
            await _compared(
                "a page by two conditions, in order",
                ordinary_page,
                lambda age: page(age, "a").fetch_all(),
            ),
        ]


async def _compared(title: str, ordinary: Ask, prepared: Ask) -> PreparedCost:
    for ask in (ordinary, prepared):
        await _seconds(ask)
    pairs = [(await _seconds(ordinary), await _seconds(prepared)) for _ in range(ROUNDS)]
    usual, better = zip(*pairs, strict=True)
    return PreparedCost(title, median(usual), median(better), median(b / a for a, b in pairs))


async def _seconds(ask: Ask) -> float:
    start = process_time()
    for number in range(TIMES):
        await ask(number % KEYS + 1)
    return (process_time() - start) / TIMES


async def _on_store(url: str) -> list[PreparedCost]:
    async with Ommi(url) as db:
        await db.use_models(User, Post)
        try:
            await db.add_all(User(*row) for row in rows(KEYS)).or_raise()
            return await _on(Ommi(url))
        finally:
            await db.remove_models(User, Post)


def main(said: Sequence[str]) -> None:
    """Print what was measured."""
    print(*(asyncio.run(_on_store(said[0])) if said else measured()), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
