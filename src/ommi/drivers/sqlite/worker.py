"""One SQLite connection in a thread of its own, at the cost of one hop a job.

The loop puts a job in a queue, the thread runs it, and what is done comes back in batches: the
thread wakes the loop when it has nothing left to do, not after each job.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import warnings
import weakref
from asyncio import AbstractEventLoop, CancelledError, Future, get_running_loop
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from ommi.drivers.sqlite.bell import bell
from ommi.errors import ConnectionLost, WrongLoop

__all__ = ["Worker"]

T = TypeVar("T")

# Jobs of every result type share one queue, so their types end here.
_Entry = tuple["Future[Any]", Callable[[sqlite3.Connection], Any], Context | None]
_Outcome = tuple["Future[Any]", object, BaseException | None]

# SQLite forgets an interrupt that comes between two statements of a job, so it is said again.
_INTERRUPT_AGAIN = 0.005
# The longest a finished job waits, in seconds, while jobs behind it still run.
_DELIVER_WITHIN = 0.005


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
        self._desk: _Desk | None = None
        self._held = False

    async def start(self) -> None:
        """Open the connection in the thread; raise what `connect` raised.

        Cancelled or failed, it returns when the thread is gone; a worker starts once.
        """
        if self._desk is not None:
            raise RuntimeError(f"{self!r} was started before")
        desk = _Desk(get_running_loop(), self.name, self._connect)
        desk.held = self._held
        desk.begin()
        desk.forgotten = weakref.finalize(self, _forget, desk.jobs, repr(self.name))
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
        self, job: Callable[[sqlite3.Connection], T], context: Context | None = None
    ) -> T:
        """Run `job` in the thread, inside `context` if one is given, and return its result.

        Cancelled, a job that has not begun never does; one that runs is interrupted, and the
        `CancelledError` comes when the thread has left it. Raise what the job raised, or
        `ConnectionLost` if the worker is or gets closed; `WrongLoop` in another event loop.
        """
        loop = get_running_loop()
        desk = self._desk
        if desk is None or desk.open_to is not loop:
            raise self._refusal()
        if desk.unanswered and not desk.ticking:
            desk.tick()
        desk.unanswered += 1
        future: Future[T] = Future(loop=loop)
        desk.jobs.put((future, job, context))
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
        return _lost(f"{self!r} is closed") if self._desk.open_to is None else self._wrong_loop()

    def _wrong_loop(self) -> WrongLoop:
        return WrongLoop(
            f"{self!r} belongs to the event loop that started it, not to this one; open a "
            "database in each loop, and close it there"
        )


class _Desk:
    """What the loop and the thread share. It does not know the Worker, which can so be collected.

    The thread writes `running`, `connection` and `done`; the loop writes the rest. `lock` guards
    `running`, `leaver` and `given_up`: an interrupt meets the job it is meant for, or none.
    """

    connection: sqlite3.Connection
    forgotten: weakref.finalize[[SimpleQueue[_Entry | None], str], Worker]

    def __init__(
        self, loop: AbstractEventLoop, name: str, connect: Callable[[], sqlite3.Connection]
    ) -> None:
        self.loop = loop
        self.connect = connect
        self.open_to: AbstractEventLoop | None = loop
        self.jobs: SimpleQueue[_Entry | None] = SimpleQueue()
        self.done: deque[_Outcome] = deque()
        self.opened: Future[None] = loop.create_future()
        self.ended: Future[None] = loop.create_future()
        self.lock = threading.Lock()
        self.running: Future[Any] | None = None
        self.leaver: Future[None] | None = None
        self.given_up = False
        self.held = False
        self.unanswered = 0
        self.ticking = False
        self.waking = False
        self.thread = threading.Thread(target=_serve, args=(self,), name=name, daemon=True)

    # In the loop.

    def begin(self) -> None:
        self.bell = bell(self.loop, self.answered)
        try:
            self.thread.start()
        except BaseException:
            self.bell.close()
            raise

    def stop(self) -> None:
        """Take no more jobs, refuse those that wait, and let the thread end after its job."""
        self.open_to = None
        self.refuse()
        self.jobs.put(None)

    def retire(self) -> None:
        """Clear up when the thread has done its last work; called by it through the loop."""
        self.open_to = None
        self.refuse()
        self.bell.close()
        self.thread.join()
        self.forgotten.detach()
        self.ended.set_result(None)

    def refuse(self) -> None:
        with suppress(Empty):
            while True:
                entry = self.jobs.get_nowait()
                if entry is not None:
                    self.done.append(
                        (entry[0], None, _lost("it was closed before this could run"))
                    )
        self.deliver()

    def answered(self) -> None:
        # Before the first look at `done`: what is added after the last look must ring again.
        self.waking = False
        self.deliver()

    def deliver(self) -> None:
        done, take = self.done, self.done.popleft
        while done:
            future, value, error = take()
            self.unanswered -= 1
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

    def tick(self) -> None:
        """Deliver soon, whether or not the thread rings: a slow job may follow a quick one."""
        self.ticking = True
        self.loop.call_later(_DELIVER_WITHIN, self.ticked)

    def ticked(self) -> None:
        self.ticking = False
        self.deliver()
        if self.unanswered > 1:
            self.tick()

    async def abandon(self, job: Future[Any]) -> None:
        """Interrupt `job` if it runs and wait until the thread has left it."""
        left: Future[None] = self.loop.create_future()
        with self.lock:
            if self.running is not job:
                return
            self.leaver = left
        await self.outlast(left, job)

    async def outlast(
        self, end: Future[None], job: Future[Any] | None = None, *, is_urgent: bool = False
    ) -> CancelledError | None:
        """Wait for `end` however often cancelled, and return the last cancel.

        Interrupt `job` until then; without one, whatever runs, from the first cancel on or, where
        it is urgent, from the start.
        """
        cancelled = None
        while not end.done():
            pressing = is_urgent or job is not None or cancelled is not None
            if pressing:
                self.interrupt(job)
            try:
                await asyncio.wait([end], timeout=_INTERRUPT_AGAIN if pressing else None)
            except CancelledError as error:
                cancelled = error
        return cancelled

    def interrupt(self, job: Future[Any] | None) -> None:
        with self.lock:
            if self.running is None or (job is not None and self.running is not job):
                return
            self.given_up = True
            with suppress(sqlite3.Error):  # The job may have closed the connection.
                self.connection.interrupt()

    # In the thread.

    def tell(self, news: Callable[..., None], *facts: object) -> None:
        with suppress(RuntimeError):  # A closed loop has nobody left to be told.
            self.loop.call_soon_threadsafe(news, *facts)

    def explain(self, error: BaseException) -> BaseException:
        """Return what the awaiter of a job that raised `error` is told."""
        told: Exception
        if isinstance(error, StopIteration):  # A future cannot carry it.
            told = RuntimeError("the job raised StopIteration")
        elif self.given_up:
            told = _lost("it was closed while this ran")
        else:
            return error
        told.__cause__ = error
        return told


def _serve(desk: _Desk) -> None:
    """Be the thread: open, work, close."""
    # `connect` may know the Worker: the thread lets go of it at once.
    connect = desk.connect
    del desk.connect
    try:
        connection = desk.connection = connect()
    except BaseException as error:  # noqa: BLE001 - it is raised in the loop
        desk.tell(_open, desk.opened, error)
    else:
        del connect
        desk.tell(_open, desk.opened, None)
        _work(desk, connection)
        with suppress(sqlite3.Error):
            connection.close()
    desk.tell(desk.retire)


def _work(desk: _Desk, connection: sqlite3.Connection) -> None:
    """Run jobs in order until told to stop, or until the connection cannot be trusted."""
    lock, next_entry, idle, answer = desk.lock, desk.jobs.get, desk.jobs.empty, desk.done.append
    sound = True
    while sound and (entry := next_entry()) is not None:
        future, job, context = entry
        value = error = leaver = None
        with lock:
            desk.given_up = False
            desk.running = None if future.cancelled() else future
        if desk.running is not None:
            try:
                value = job(connection) if context is None else context.run(job, connection)
            except BaseException as raised:  # noqa: BLE001 - it is raised in the loop
                error = desk.explain(raised)
            with lock:
                desk.running = None
                leaver, desk.leaver = desk.leaver, None
        if leaver is not None:
            # Cursors in the frames of the error would keep the interrupt alive.
            future, value, error = leaver, None, None
        try:
            if connection.in_transaction and not desk.held:
                if error is None and leaver is None:
                    error = RuntimeError("the job left a transaction open; it was rolled back")
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            sound = False
        answer((future, value, error))
        # An idle thread keeps nothing of the last job alive.
        del entry, future, job, context, value, error, leaver
        if not desk.waking and idle():
            if desk.loop.is_closed():
                return
            desk.waking = True
            desk.bell.ring()


def _open(opened: Future[None], error: BaseException | None) -> None:
    if opened.done():
        return
    if error is None:
        opened.set_result(None)
    else:
        opened.set_exception(error)


def _lost(reason: str) -> ConnectionLost:
    return ConnectionLost(reason, store="SQLite")


def _forget(jobs: SimpleQueue[_Entry | None], name: str) -> None:
    """Warn about a Worker that is gone, or that the program ends with, and end its thread."""
    jobs.put(None)
    message = f"<Worker {name}> was never closed; await close()"
    warnings.warn(message, ResourceWarning, stacklevel=1)
