"""Where the time of one row by key goes on PostgreSQL: `python -m benchmarks.layers`.

Every step from asyncpg's own wire protocol to `db.find(...).one` is run by itself, each with all
those before it. They take turns in one process, pinned with the server to one core: processes
differ from each other by half, so a layer is only told by what runs in the same one.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import Any, cast

from benchmarks.libraries.asyncpg import SQL
from benchmarks.libraries.asyncpg import Prepared as ByHand
from benchmarks.libraries.ommi import OmmiLibrary, User, fill
from benchmarks.measuring import pin
from benchmarks.models import User as Plain
from benchmarks.stores.postgresql import PostgreSQL
from ommi.planning.plan import Rows
from ommi.relations import Batch

USERS = 10_000
ROUNDS = 40
TIMES = 400

Get = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Layer:
    """Median seconds of one row by key up to here, and its part of hand-written code's."""

    title: str
    seconds: float
    used: float
    ratio: float
    used_ratio: float

    def __str__(self) -> str:
        return (
            f"{self.title:44} {self.seconds * 1e6:6.1f} µs {self.ratio:5.2f}   "
            f"CPU {self.used * 1e6:6.1f} µs {self.used_ratio:5.2f}"
        )


async def measured(server: str) -> list[Layer]:
    """Measure every layer beside hand-written code, which comes first."""
    store = PostgreSQL()
    url = await store.create(server, "layers")
    await fill(url, USERS, with_posts=False)
    await store.settle(url)
    ommi, by_hand = OmmiLibrary(), ByHand()
    await ommi.open(url)
    await by_hand.open(url)
    try:
        gets = {"by hand, a prepared statement of asyncpg": by_hand.get, **await _layers(ommi)}
        return _compared(await _timed(gets))
    finally:
        await ommi.close()
        await by_hand.close()


async def _layers(library: OmmiLibrary) -> dict[str, Get]:
    await library.get(1)
    db = library.db
    question = db.find(User.id == 1)
    executor, select = question._executor, question._select.any_of_them(2)  # noqa: SLF001
    plan, _ = executor.planner.plan(select)
    command, hydrate = plan.command, cast("Callable[[Rows, object], list[object]]", plan.hydrate)
    pooled = cast("Any", executor.home)
    session = pooled.pool.take()
    run = session.connection._ready[cast("Any", command).text].run  # noqa: SLF001
    connection = session.connection
    pooled.pool.give_back(session)

    def build(rows: Rows) -> list[object]:
        return hydrate(rows, Batch(db))

    async def protocol(key: int) -> object:
        rows, _, _ = await run((key,), "", 0, True, None)  # noqa: FBT003
        return Plain(*rows[0])

    async def planned(key: int) -> object:
        return await executor.select(db.find(User.id == key)._select, 2)  # noqa: SLF001

    async def made(key: int) -> object:
        db.find(User.id == key)
        return await pooled.fetch(command, (key,), build)

    async def operation(key: int) -> object:
        return await db.find(User.id == key).one.or_raise()

    by_key = db.prepare(lambda key: db.find(User.id == key))

    async def prepared(key: int) -> object:
        return await by_key(key).one.or_raise()

    return {
        "asyncpg's wire protocol alone": protocol,
        "+ session: kept statements, errors, models": lambda key: connection.fetch(
            command, (key,), build
        ),
        "+ pool": lambda key: pooled.fetch(command, (key,), build),
        "+ question: User.id == key, find": made,
        "+ plan": planned,
        "+ operation: .one.or_raise()": operation,
        "all of it, the question prepared": prepared,
    }


async def _timed(gets: Mapping[str, Get]) -> dict[str, list[tuple[float, float]]]:
    timed: dict[str, list[tuple[float, float]]] = {title: [] for title in gets}
    for number in range(ROUNDS + 1):
        for title, get in gets.items():
            gc.collect()
            started, used = perf_counter(), process_time()
            for key in range(1, TIMES + 1):
                await get(key)
            took = (perf_counter() - started) / TIMES, (process_time() - used) / TIMES
            if number:  # The first one only fills the caches.
                timed[title].append(took)
    return timed


def _compared(timed: Mapping[str, list[tuple[float, float]]]) -> list[Layer]:
    base = next(iter(timed.values()))
    return [
        Layer(
            title,
            median(seconds for seconds, _ in times),
            median(used for _, used in times),
            median(own[0] / bare[0] for own, bare in zip(times, base, strict=True)),
            median(own[1] / bare[1] for own, bare in zip(times, base, strict=True)),
        )
        for title, times in timed.items()
    ]


def main() -> None:
    """Start a server, measure, and print."""
    pin()
    with PostgreSQL().serve() as server:
        print(f"PostgreSQL: {SQL.get}")
        print(*asyncio.run(measured(server)), sep="\n")


if __name__ == "__main__":
    main()
