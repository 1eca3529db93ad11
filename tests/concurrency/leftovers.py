"""What must hold when nobody uses a database any more, and when it is closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from concurrency.things import find_three
from ommi import Ommi
from ommi.execution.pool import ConnectionPool, PooledConnection
from services.stores import View, becomes


def pool_of(db: Ommi) -> ConnectionPool[Any] | None:
    connection = db._executor.connection
    return connection.pool if isinstance(connection, PooledConnection) else None


def cut_off(db: Ommi) -> None:
    """Close the connection that would be lent next, where there is a pool."""
    pool = pool_of(db)
    lease = None if pool is None else pool.take()
    if pool is not None and lease is not None:
        lease.connection.abort()
        pool.give_back(lease)


async def unchanged(db: Ommi, view: View, *, limit: int) -> None:
    """Check a database that nobody uses: its pool, its sessions, its next answer."""
    await becomes([], view.busy, within=1.0)
    pool = pool_of(db)
    if pool is not None:

        async def held() -> int:
            # Gets that were gathered are asked to the end, though nobody waits for them any more.
            return pool.stats.leased + pool.stats.waiting

        await becomes(0, held, within=1.0)
        stats = pool.stats
        assert stats.size == stats.idle + stats.opening + stats.preparing + stats.closing <= limit

        async def too_many() -> int:
            return await view.sessions() - pool.stats.size

        await becomes(0, too_many)
    await find_three(db, 10)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@asynccontextmanager
async def nothing_left(view: View) -> AsyncIterator[None]:
    """Check that threads, descriptors, tasks and sessions are those of before."""

    async def left() -> dict[str, int]:
        return {
            "threads": threading.active_count(),
            "descriptors": descriptors(),
            "tasks": len(asyncio.all_tasks()),
            "sessions": await view.sessions(),
        }

    before = await left()
    yield
    await becomes(before, left)
