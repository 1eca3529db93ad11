# What it says, it prints.
# ruff: noqa: T201
"""Kill a migration at its moments, one after the other, and finish it each time.

    python crashing.py URL FIRST STEP

kills it on its way up, and once that was finished, on its way down. Prints the moments that there
are and were tried, the longest resumption in seconds, or what differed.
It forks, so it is a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from migrations.killing import WATCHES, Moments
from migrations.twelve import MIGRATIONS, everything, start
from ommi import Ommi
from ommi.migrations import Migrator

DIRECTIONS = ("up", "down")


async def prepare(url: str) -> None:
    """Make the store as it is before the runs that are killed."""
    async with Ommi(url) as db:
        await start(db)


async def migrate(url: str, direction: str) -> None:
    """Run all of it, or what is left."""
    async with Ommi(url) as db:
        migrator = Migrator(db, MIGRATIONS)
        await (migrator.apply() if direction == "up" else migrator.rollback("0001"))


async def look(url: str) -> dict[str, object]:
    """Give all that is there."""
    async with Ommi(url) as db:
        return await everything(db)


def run_killed(url: str, direction: str, fatal: int) -> tuple[bool, int]:
    """Migrate in a child that ends itself; tell whether it did, and the moments it had if not."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        moments = Moments(fatal)
        WATCHES[url.partition(":")[0]](moments)
        code = 1
        try:
            asyncio.run(migrate(url, direction))
            os.write(writing, str(moments.passed).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True, 0
    if status:
        raise SystemExit(f"the child failed by itself at moment {fatal}")
    return False, int(told)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run in an event loop that is gone before the next fork."""
    return asyncio.run(work)


def main(url: str, first: str, step: str) -> None:
    """Try every so many moments."""
    run(prepare(url))
    moments, wanted = {}, {}
    for direction in DIRECTIONS:
        _, moments[direction] = run_killed(url, direction, 0)
        wanted[direction] = run(look(url))
    tried, worst = dict.fromkeys(DIRECTIONS, 0), 0.0
    for fatal in range(int(first), max(moments.values()) + 1, int(step)):
        run(prepare(url))
        for direction in DIRECTIONS:
            is_tried = fatal <= moments[direction]
            if is_tried and not run_killed(url, direction, fatal)[0]:
                raise SystemExit(f"nothing happened at {direction} {fatal} of {moments}")
            begun = perf_counter()
            run(migrate(url, direction))
            if is_tried:
                worst = max(worst, perf_counter() - begun)
                refuse_other(run(look(url)), wanted[direction], f"{direction} {fatal}")
                tried[direction] += 1
    for direction in DIRECTIONS:
        print(f"{direction}: {moments[direction]} moments, {tried[direction]} tried")
    print(f"resumed within {worst:.1f} s")


def refuse_other(found: dict[str, object], wanted: dict[str, object], where: str) -> None:
    """End the program where what is there is not what should be."""
    if found != wanted:
        differing = {k: (wanted.get(k), found.get(k)) for k in {*wanted, *found}}
        lines = [f"{k}: {w}\n  {f}" for k, (w, f) in differing.items() if w != f]
        raise SystemExit(f"killed at {where}:\n" + "\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
