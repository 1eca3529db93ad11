"""Who writes when: one after the other, in this process and among processes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import Context
from time import monotonic
from typing import Any, TypeVar

from ommi.drivers.sqlite.errors import STORE
from ommi.drivers.sqlite.worker import Worker
from ommi.errors import ConflictError

T = TypeVar("T")


class Patient:
    """A connection's thread, and how long it tries while another connection holds the lock."""

    __slots__ = ("timeout", "worker")
    timeout: float
    worker: Worker

    def __init__(self, worker: Worker, timeout: float) -> None:
        self.worker = worker
        self.timeout = timeout

    async def run(
        self, job: Callable[[sqlite3.Connection], T], context: Context | None = None
    ) -> T:
        """Run a job; while another connection holds the lock, again, until the time is over.

        Here rather than by SQLite's own timeout, which no cancellation can interrupt.
        """
        deadline: float | None = None
        while True:
            try:
                return await self.worker.run(job, context)
            except ConflictError:
                now = monotonic()
                deadline = deadline or now + self.timeout
                if now >= deadline:
                    raise


class Turns:
    """The writer's thread, which a transaction may have to itself from job to job."""

    def __init__(self, writer: Patient) -> None:
        self._writer = writer
        self._lock = asyncio.Lock()

    def run(
        self, job: Callable[[sqlite3.Connection], T], context: Context | None = None
    ) -> Coroutine[Any, Any, T]:
        """Run a job, outside every transaction of this process."""
        if self._lock.locked():
            return self._run_in_turn(job, context)
        return self._writer.run(job, context)

    async def _run_in_turn(
        self, job: Callable[[sqlite3.Connection], T], context: Context | None
    ) -> T:
        async with self.taken() as writer:
            return await writer.run(job, context)

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[Patient, None]:
        """Have the thread for oneself; raises `ConflictError` where that takes too long."""
        if self._lock.locked():
            await self._wait()
        else:
            await self._lock.acquire()
        try:
            yield self._writer
        finally:
            self._lock.release()

    async def _wait(self) -> None:
        seconds = self._writer.timeout
        try:
            async with asyncio.timeout(seconds):
                await self._lock.acquire()
        except TimeoutError as error:
            raise ConflictError(
                f"another transaction has been writing for {seconds:g} s; try again", store=STORE
            ) from error
