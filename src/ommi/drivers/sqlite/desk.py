"""What an event loop and the thread of a connection share: jobs one way, answers the other."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import warnings
import weakref
from asyncio import AbstractEventLoop, CancelledError, Future
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from time import monotonic
from typing import Any

from ommi.drivers.sqlite.bell import EventBell, LoopBell, bell
from ommi.drivers.sqlite.inbox import Inbox
from ommi.errors import ConflictError, ConnectionLost

# Jobs of every result type share one queue, so their types end here.
Entry = tuple["Future[Any]", Callable[[sqlite3.Connection], Any], Context | None, float]
_Outcome = tuple["Future[Any]", object, BaseException | None]

# SQLite forgets an interrupt that comes between two statements of a job, so it is said again.
_INTERRUPT_AGAIN = 0.005
# The longest a finished job waits, in seconds, while jobs behind it still run.
_DELIVER_WITHIN = 0.005


class Desk:
    """What the loop and the thread share. It does not know the Worker, which can so be collected.

    The thread writes `running`, `connection` and `done`; the loop writes the rest. `lock` guards
    `running`, `leaver` and `given_up`: an interrupt meets the job it is meant for, or none.
    """

    connection: sqlite3.Connection
    bell: EventBell | LoopBell
    forgotten: weakref.finalize[[Inbox[Entry | None], str], Any]

    def __init__(
        self, loop: AbstractEventLoop, name: str, connect: Callable[[], sqlite3.Connection]
    ) -> None:
        self.loop = loop
        self.connect = connect
        self.open_to: AbstractEventLoop | None = loop
        self.jobs: Inbox[Entry | None] = Inbox()
        self.done: deque[_Outcome] = deque()
        self.opened: Future[None] = loop.create_future()
        self.ended: Future[None] = loop.create_future()
        self.lock: threading.Lock = threading.Lock()
        self.running: Future[Any] | None = None
        self.leaver: Future[None] | None = None
        self.given_up: bool = False
        self.held: bool = False
        self.unanswered: int = 0
        self.gathering: bool = False
        self.ticking: bool = False
        self.waking: bool = False
        self.thread: threading.Thread = threading.Thread(
            target=_serve, args=(self,), name=name, daemon=True
        )

    # In the loop.

    def begin(self) -> None:
        self.bell = bell(self.loop, self.answered)
        try:
            self.thread.start()
        except BaseException:
            self.bell.close()
            self.jobs.close()
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
        self.jobs.close()
        self.forgotten.detach()
        self.ended.set_result(None)

    def refuse(self) -> None:
        waiting = self.jobs.waiting
        with suppress(IndexError):
            while True:
                entry = waiting.popleft()
                if entry is not None:
                    self.done.append((entry[0], None, lost("it was closed before this could run")))
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

    def post_with_others(self, entry: Entry) -> None:
        """Post a job while others are on their way, with all that come in this turn of the loop.

        Each wake-up alone would be a switch to the thread and back.
        """
        self.jobs.waiting.append(entry)
        if not self.gathering:
            self.gathering = True
            self.loop.call_soon(self.gathered)
        if not self.ticking:
            self.tick()

    def gathered(self) -> None:
        self.gathering = False
        self.jobs.wake()

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
            told = lost("it was closed while this ran")
        else:
            return error
        told.__cause__ = error
        return told


def _serve(desk: Desk) -> None:
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


def _work(desk: Desk, connection: sqlite3.Connection) -> None:
    """Run jobs in order until told to stop, or until the connection cannot be trusted."""
    lock, next_entry, waiting = desk.lock, desk.jobs.take, desk.jobs.waiting
    answer = desk.done.append
    sound = True
    while sound and (entry := next_entry()) is not None:
        future, job, context, _ = entry
        value = error = leaver = None
        with lock:
            desk.given_up = False
            desk.running = None if future.cancelled() else future
        if desk.running is not None:
            try:
                value = job(connection) if context is None else context.run(job, connection)
            except BaseException as raised:  # noqa: BLE001 - it is raised in the loop
                value, error = _again(desk, entry, connection, raised)
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
        if not (desk.waking or waiting):
            if desk.loop.is_closed():
                return
            desk.waking = True
            desk.bell.ring()


def _again(
    desk: Desk, entry: Entry, connection: sqlite3.Connection, error: BaseException
) -> tuple[object, BaseException | None]:
    """Give what comes of a job that raised `error`, once another connection's lock is gone.

    Here rather than by SQLite's own timeout, which no cancellation can interrupt.
    """
    _, job, context, patience = entry
    deadline = monotonic() + patience
    while isinstance(error, ConflictError) and monotonic() < deadline and not desk.given_up:
        if desk.open_to is None:
            return None, lost("it was closed while this waited for another connection's lock")
        try:
            value = job(connection) if context is None else context.run(job, connection)
        except BaseException as raised:  # noqa: BLE001 - it is raised in the loop
            error = raised
        else:
            return value, None
    return None, desk.explain(error)


def _open(opened: Future[None], error: BaseException | None) -> None:
    if opened.done():
        return
    if error is None:
        opened.set_result(None)
    else:
        opened.set_exception(error)


def lost(reason: str) -> ConnectionLost:
    return ConnectionLost(reason, store="SQLite")


def forget(jobs: Inbox[Entry | None], name: str) -> None:
    """Warn about a Worker that is gone, or that the program ends with, and end its thread."""
    jobs.put(None)
    message = f"<Worker {name}> was never closed; await close()"
    warnings.warn(message, ResourceWarning, stacklevel=1)
