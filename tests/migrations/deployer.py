"""A deployer: migrates, and says what it ran.

    python deployer.py URL [hold]

With `hold` it takes the lock, says so, and waits to be killed.
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


async def main(url: str, *words: str) -> None:
    """Migrate, or hold the lock for ever."""
    async with Ommi(url) as db:
        if "hold" in words:
            async with session_of(db) as session, locked(session, 60):
                print("held", flush=True)
                await asyncio.Event().wait()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        plan = await Migrator(db, MIGRATIONS).apply()
    print("ran", *(planned.migration.version for planned in plan.migrations), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
