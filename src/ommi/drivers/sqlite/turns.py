"""Who has a connection's thread for longer than a job: writers by turns, readers one each."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextvars import Context
from typing import Protocol, TypeVar

from ommi.drivers.sqlite.errors import STORE
from ommi.drivers.sqlite.worker import Worker
from ommi.errors import ConflictError, ConnectionLost

T = TypeVar("T")


class Loans(Protocol):
    """Lends a thread to one caller at a time."""

    patience: float

    async def take(self) -> Worker:
        """Have a thread for oneself."""
        ...

    async def give_back(self, worker: Worker) -> None:
        """Let others have it."""
        ...


class Turns:
    """The writer's thread, which a transaction may have to itself from job to job.

    `patience` is how long to wait for another writer, of this process or not, in seconds.
    """

    def __init__(self, writer: Worker, patience: float) -> None:
        self.patience = patience
        self._writer = writer
        self._lock = asyncio.Lock()

    async def run(
        self, job: Callable[[sqlite3.Connection], T], context: Context | None = None
    ) -> T:
        """Run a job, outside every transaction of this process."""
        # Looked at when this is awaited, which may be long after the call: only what is posted at
        # once stays in front of a transaction that begins meanwhile.
        if self._lock.locked():
            return await self._run_in_turn(job, context)
        return await self._writer.run(job, context, self.patience)

    async def _run_in_turn(
        self, job: Callable[[sqlite3.Connection], T], context: Context | None
    ) -> T:
        writer = await self.take()
        try:
            return await writer.run(job, context, self.patience)
        finally:
            self._lock.release()

    async def take(self) -> Worker:
        """Have the thread for oneself; raises `ConflictError` where that takes too long."""
        if self._lock.locked():
            await self._wait()
        else:
            await self._lock.acquire()
        return self._writer

    async def give_back(self, worker: Worker) -> None:
        """Let the next one have it."""
        del worker  # There is only one.
        self._lock.release()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self.patience):
                await self._lock.acquire()
        except TimeoutError as error:
            raise ConflictError(
                f"another transaction has been writing for {self.patience:g} s; try again",
                store=STORE,
            ) from error


class LentReaders:
    """Readers for streams and for transactions that only read; one is kept for the next."""

    def __init__(self, make: Callable[[], Worker], patience: float) -> None:
        self.patience = patience
        self._make = make
        self._kept: Worker | None = None
        self._is_closed = False

    async def take(self) -> Worker:
        """Have a reader for oneself; raises `ConnectionLost` where the database was closed."""
        if self._is_closed:
            raise ConnectionLost("the database was closed", store=STORE)
        worker, self._kept = self._kept, None
        if worker is None:
            worker = self._make()
            await worker.start()
        return worker

    async def give_back(self, worker: Worker) -> None:
        """Keep it for the next one, or close it."""
        if self._is_closed or self._kept is not None:
            await worker.close()
        else:
            self._kept = worker

    def close(self) -> list[Worker]:
        """Lend no more; give those that are to be closed."""
        self._is_closed = True
        kept, self._kept = self._kept, None
        return [] if kept is None else [kept]
