# What it says, it prints.
# ruff: noqa: T201
"""Kill a migration at its moments, one after the other, and finish it each time.

    python crashing.py URL up|down FIRST STEP

prints the moments that there are and were tried, the longest resumption in seconds, or what
differed.
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


async def prepare(url: str, direction: str) -> None:
    """Make the store as it is before the run that is killed."""
    async with Ommi(url) as db:
        await start(db)
        if direction == "down":
            await Migrator(db, MIGRATIONS).apply()


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


def main(url: str, direction: str, first: str, step: str) -> None:
    """Try every so many moments."""
    run(prepare(url, direction))
    _, moments = run_killed(url, direction, 0)
    wanted = run(look(url))
    tried, worst = 0, 0.0
    for fatal in range(int(first), moments + 1, int(step)):
        run(prepare(url, direction))
        was_killed, _ = run_killed(url, direction, fatal)
        if not was_killed:
            raise SystemExit(f"nothing happened at moment {fatal} of {moments}")
        begun = perf_counter()
        run(migrate(url, direction))
        worst = max(worst, perf_counter() - begun)
        found = run(look(url))
        if found != wanted:
            differing = {k: (wanted.get(k), found.get(k)) for k in {*wanted, *found}}
            lines = [f"{k}: {w}\n  {f}" for k, (w, f) in differing.items() if w != f]
            raise SystemExit(f"killed at moment {fatal} of {moments}:\n" + "\n".join(lines))
        tried += 1
    print(f"{direction}: {moments} moments, {tried} tried, resumed within {worst:.1f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
