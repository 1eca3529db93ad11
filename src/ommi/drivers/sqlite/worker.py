"""One SQLite connection in a thread of its own, at the cost of one hop a job.

The loop puts a job in a queue, the thread runs it, and what is done comes back in batches: the
thread wakes the loop when it has nothing left to do, not after each job.
"""

from __future__ import annotations

import sqlite3
import weakref
from asyncio import CancelledError, Future, get_running_loop
from collections.abc import Callable
from contextvars import Context
from typing import TypeVar

from ommi.drivers.sqlite.desk import Desk, forget, lost
from ommi.errors import WrongLoop

__all__ = ["Worker"]

T = TypeVar("T")


class Worker:
    """One SQLite connection in a thread of its own; jobs run there, in order.

    `connect` makes the connection, in the thread, with `isolation_level=None`. A transaction that
    a job leaves open is rolled back before the next job starts, unless `held` is set; a connection
    that cannot be rolled back is closed, and the worker with it. A cursor that is kept from one
    job to the next must be closed after a cancel, before any other statement: while it is open,
    SQLite interrupts them all.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, name: str) -> None:
        self.name = name
        self._connect = connect
        self._desk: Desk | None = None
        self._held = False

    async def start(self) -> None:
        """Open the connection in the thread; raise what `connect` raised.

        Cancelled or failed, it returns when the thread is gone; a worker starts once.
        """
        if self._desk is not None:
            raise RuntimeError(f"{self!r} was started before")
        desk = Desk(get_running_loop(), self.name, self._connect)
        desk.held = self._held
        desk.begin()
        desk.forgotten = weakref.finalize(self, forget, desk.jobs, repr(self.name))
        self._desk = desk
        try:
            await desk.opened
        except BaseException:
            desk.stop()
            cancelled = await desk.outlast(desk.ended)
            if cancelled is not None:
                raise cancelled from None
            raise

    async def run(
        self,
        job: Callable[[sqlite3.Connection], T],
        context: Context | None = None,
        patience: float = 0.0,
    ) -> T:
        """Run `job` in the thread, inside `context` if one is given, and return its result.

        For `patience` seconds it is run again where another connection holds SQLite's lock.
        Cancelled, a job that has not begun never does; one that runs is interrupted, and the
        `CancelledError` comes when the thread has left it. Raise what the job raised, or
        `ConnectionLost` if the worker is or gets closed; `WrongLoop` in another event loop.
        """
        loop = get_running_loop()
        desk = self._desk
        if desk is None or desk.open_to is not loop:
            raise self._refusal()
        future: Future[T] = Future(loop=loop)
        post = desk.post_with_others if desk.unanswered else desk.jobs.put
        desk.unanswered += 1
        post((future, job, context, patience))
        try:
            return await future
        except CancelledError:
            await desk.abandon(future)
            raise

    def stop(self) -> None:
        """Take no more jobs and refuse those that wait; after its job the thread ends."""
        desk = self._desk
        if desk is None or desk.ended.done():
            return
        if desk.loop is not get_running_loop():
            raise self._wrong_loop()
        desk.stop()

    async def close(self, *, is_urgent: bool = False) -> None:
        """Finish the job that runs, refuse those that wait, close the connection, end the thread.

        Urgent or cancelled, it interrupts the running job, and still returns when the thread is
        gone.
        """
        self.stop()
        desk = self._desk
        if desk is None:
            return
        cancelled = await desk.outlast(desk.ended, is_urgent=is_urgent)
        if cancelled is not None:
            raise cancelled

    def waiting(self) -> int:
        """Count the jobs that were posted and not yet answered, the running one included."""
        return 0 if self._desk is None else self._desk.unanswered

    def abandoned(self) -> bool:
        """Tell the running job, in its thread, that nobody waits for it any more.

        An interrupt ends a statement, not Python code nor a wait for SQLite's lock: a job that
        does either for long asks this now and then.
        """
        return self._desk is not None and self._desk.given_up

    @property
    def held(self) -> bool:
        """Say that an open transaction is owned across jobs, and by whom it will be ended.

        Set it before the job that begins; unset it before the job that commits or rolls back,
        which is then rolled back if it fails.
        """
        return self._held

    @held.setter
    def held(self, held: bool) -> None:
        self._held = held
        if self._desk is not None:
            self._desk.held = held

    def __repr__(self) -> str:
        return f"<Worker {self.name!r}, {self._state()}, {self.waiting()} waiting>"

    def _state(self) -> str:
        if self._desk is None:
            return "not started"
        return "closed" if self._desk.open_to is None else "open"

    def _refusal(self) -> Exception:
        if self._desk is None:
            return RuntimeError(f"{self!r} was not started; await start() first")
        return lost(f"{self!r} is closed") if self._desk.open_to is None else self._wrong_loop()

    def _wrong_loop(self) -> WrongLoop:
        return WrongLoop(
            f"{self!r} belongs to the event loop that started it, not to this one; open a "
            "database in each loop, and close it there"
        )
