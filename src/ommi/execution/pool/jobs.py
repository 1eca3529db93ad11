"""What a pool has going on: connections being opened, checked, reset or closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import Any, Generic, TypeVar

from ommi.execution.pool.lease import C, Entry

T = TypeVar("T")


class PoolJobs(Generic[C]):
    """Tasks that belong to the pool and to no caller, so that no caller's end can break them.

    Each reports when it ends, however it ends, also when it was cancelled before it began.
    """

    def __init__(self) -> None:
        self.opening: dict[asyncio.Task[C], None] = {}  # a set that keeps its order
        self.preparing: dict[asyncio.Task[None], Entry[C]] = {}
        self.closing: dict[asyncio.Task[None], Entry[C]] = {}

    def __len__(self) -> int:
        return len(self.opening) + len(self.preparing) + len(self.closing)

    def open(
        self,
        connect: Callable[[], Awaitable[C]],
        seconds: float,
        report: Callable[[asyncio.Task[C]], None],
    ) -> None:
        """Open a connection; `report` gets the task."""

        def ended(job: asyncio.Task[C]) -> None:
            del self.opening[job]
            report(job)

        job = _started(within(seconds, connect))
        self.opening[job] = None
        job.add_done_callback(ended)

    def prepare(
        self,
        entry: Entry[C],
        act: Callable[[], Awaitable[None]],
        seconds: float,
        report: Callable[[Entry[C], bool], None],
    ) -> None:
        """Check or reset a connection; `report` is told whether it can be lent again."""

        def ended(job: asyncio.Task[None]) -> None:
            connection = self.preparing.pop(job).connection
            is_well = not job.cancelled() and job.exception() is None
            report(entry, is_well and connection.is_usable and not connection.is_changed)

        job = _started(within(seconds, act))
        self.preparing[job] = entry
        job.add_done_callback(ended)

    def close(self, entry: Entry[C], seconds: float, report: Callable[[], None]) -> None:
        """Close a connection, by force where it takes too long."""

        def ended(job: asyncio.Task[None]) -> None:
            # Asked for, or its failure would be reported as one that nobody looked at.
            if job.cancelled() or job.exception() is not None:
                entry.connection.abort()
            del self.closing[job]
            report()

        job = _started(within(seconds, entry.connection.close))
        self.closing[job] = entry
        job.add_done_callback(ended)

    def stop(self) -> None:
        """Break off what is being opened, checked or reset."""
        for job in (*self.opening, *self.preparing):
            job.cancel()

    async def end(self, seconds: float) -> None:
        """Wait for every job; whatever is left after `seconds`, or on cancellation, is forced."""
        try:
            if self:
                jobs = (*self.opening, *self.preparing, *self.closing)
                await asyncio.wait(jobs, timeout=seconds)
        finally:
            self.stop()
            for entry in self.entries():
                entry.connection.abort()

    def entries(self) -> list[Entry[C]]:
        """Give the connections that are there and in work."""
        return [*self.preparing.values(), *self.closing.values()]


async def within(seconds: float, act: Callable[[], Awaitable[T]]) -> T:
    """Await something for so long at most; raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        return await act()


def _started(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    # A context of its own: who happened to be waiting has nothing to do with it.
    return asyncio.get_running_loop().create_task(work, name="Ommi's pool", context=Context())
