"""One deployer at a time, in this process and among processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from weakref import WeakKeyDictionary

from ommi.drivers.protocol import Driver
from ommi.errors import ConnectionFailed, MigrationError
from ommi.migrations.session import SessionDatabase

WAIT_SECONDS = 600.0
"""How long to wait for another deployer, unless somebody says otherwise."""

_IN_PROCESS: WeakKeyDictionary[Driver, asyncio.Lock] = WeakKeyDictionary()


@asynccontextmanager
async def locked(db: SessionDatabase, wait_seconds: float) -> AsyncGenerator[None, None]:
    """Keep every other deployer of the store out; raises `MigrationError` after that time."""
    deadline = monotonic() + wait_seconds
    here = _IN_PROCESS.setdefault(db.driver, asyncio.Lock())
    try:
        async with asyncio.timeout(wait_seconds):
            await here.acquire()
    except TimeoutError as error:
        raise _busy(wait_seconds) from error
    try:
        if not await db.changing.lock_migrations(max(0.0, deadline - monotonic())):
            raise _busy(wait_seconds)
        try:
            yield
        finally:
            # A session that broke holds no lock any more.
            with suppress(ConnectionFailed):
                await db.changing.unlock_migrations()
    finally:
        here.release()


def _busy(seconds: float) -> MigrationError:
    return MigrationError(
        f"somebody else has been migrating this store for {seconds:g} s; wait for that to end, or "
        "say wait_seconds="
    )
