# What it says, it prints.
# ruff: noqa: T201
"""A deployer: migrates whenever it is told to, and says what it ran.

    python deployer.py [hold URL]

Every line that it reads is the URL of a store. With `hold` it takes the lock of one, says so, and
waits to be killed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from migrations.counted import MIGRATIONS
from ommi import Ommi
from ommi.migrations import Migrator
from ommi.migrations.lock import locked
from ommi.migrations.session import session_of


async def hold(url: str) -> None:
    """Hold the lock for ever."""
    async with Ommi(url) as db, session_of(db) as session, locked(session, 60):
        print("held", flush=True)
        await asyncio.Event().wait()


async def main() -> None:
    """Migrate every store that is named."""
    print("ready", flush=True)
    while url := (await asyncio.to_thread(sys.stdin.readline)).strip():
        async with Ommi(url) as db:
            plan = await Migrator(db, MIGRATIONS).apply()
        print("ran", *(planned.migration.version for planned in plan.migrations), flush=True)


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[2]) if "hold" in sys.argv else main())
