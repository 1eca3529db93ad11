"""The connections that a pool has: idle, lent and in work; how they come and how they go."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, Task
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from random import random
from typing import Generic, assert_never
from weakref import WeakMethod

from ommi.errors import ConnectionFailed
from ommi.execution.pool.jobs import PoolJobs
from ommi.execution.pool.lease import C, Entry, Lease
from ommi.execution.pool.state import (
    Fate,
    Limits,
    Phase,
    PoolState,
    Top,
    fate,
    pause_after,
    share_of_life,
    top,
)

PATIENCE = 5.0
"""How long a check, a reset or a polite close may take, in seconds."""

Report = Callable[[BaseException | None], None]


class Stock(Generic[C]):
    """Every connection of a pool is here exactly once: idle, lent, or in work.

    `report` is called when something ended that the pool may wait for, with the error of an
    attempt to connect that no further attempt can mend. It is held weakly, timers included, so
    that a pool which nobody holds can go.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[C]], limits: Limits, report: Report
    ) -> None:
        self.limits: Limits = limits
        self.phase: Phase = Phase.OPEN
        self.idle: list[Entry[C]] = []
        self.leased: dict[Lease[C], Entry[C]] = {}
        self.jobs: PoolJobs[C] = PoolJobs()
        self.opened: int = 0
        self.closed: int = 0
        self.failed: int = 0
        self.last_failure: BaseException | None = None
        self._connect = connect
        self._report = WeakMethod(report)
        self._failures = 0
        self._retry_at = 0.0
        self._retrier: asyncio.TimerHandle | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self.idle) + len(self.leased) + len(self.jobs)

    @property
    def staying(self) -> int:
        """How many there are without those that are being closed."""
        return len(self) - len(self.jobs.closing)

    def state(self, waiting: int, now: float) -> PoolState:
        """Describe what there is, for the decision what to do next."""
        return PoolState(
            limit=self.limits.max_connections,
            top=self._top(now),
            waiting=waiting,
            size=len(self),
            opening=len(self.jobs.opening),
            preparing=len(self.jobs.preparing),
            closing=len(self.jobs.closing),
            failures=self._failures,
            pause=self._retry_at - now,
            is_ending=self.phase is not Phase.OPEN,
        )

    def _top(self, now: float) -> Top:
        if not self.idle:
            return Top.NONE
        entry = self.idle[-1]
        return top(
            is_usable=entry.connection.is_usable and now < entry.expires_at,
            is_sure=now - entry.idle_since < self.limits.check_after,
        )

    def add(self, connection: C, now: float) -> None:
        """Take in a connection that was just opened."""
        share = share_of_life(random())  # noqa: S311 - it spreads load and guards nothing
        patience = self.limits.idle_timeout * share
        expires_at = now + self.limits.max_lifetime * share
        self.opened += 1
        self._failures = 0
        self.last_failure = None
        # There may be one to spare now, so that others end sooner.
        self._stop_sweeper()
        self.rest(Entry(connection, expires_at, patience), now)

    def rest(self, entry: Entry[C], now: float) -> None:
        """Lay a connection aside until somebody wants it."""
        entry.idle_since = now
        self.idle.append(entry)
        self._start_sweeper()

    def take_back(self, entry: Entry[C], now: float) -> None:
        """Do with a connection that was lent what has to be done."""
        connection = entry.connection
        match fate(
            is_usable=connection.is_usable,
            is_changed=connection.is_changed,
            is_wanted=now < entry.expires_at and self.staying < self.limits.max_connections,
        ):
            case Fate.KEEP:
                self.rest(entry, now)
            case Fate.RESET:
                self.jobs.prepare(entry, connection.reset, PATIENCE, self._prepared)
            case Fate.RETIRE:
                self.retire(entry)
            case Fate.DISCARD:
                self.discard(entry)
            case unknown:
                assert_never(unknown)

    def check(self, entry: Entry[C]) -> None:
        """Ask a connection for a sign of life."""
        self.jobs.prepare(entry, entry.connection.ping, PATIENCE, self._prepared)

    def retire(self, entry: Entry[C]) -> None:
        """Close a connection politely, if it can still be spoken to."""
        if not entry.connection.is_usable:
            self.discard(entry)
            return
        self.closed += 1
        self.jobs.close(entry, PATIENCE, self._changed)

    def discard(self, entry: Entry[C]) -> None:
        """Close a connection at once."""
        self.closed += 1
        entry.connection.abort()

    def open_one(self) -> None:
        """Begin to open a connection."""
        self.jobs.open(self._connect, self.limits.connection_timeout, self._opened)

    def _opened(self, job: Task[C]) -> None:
        error = None if job.cancelled() else job.exception()
        if error is not None:
            self._missed(error, job.get_loop())
        elif not job.cancelled():
            self._arrived(job.result(), job.get_loop())
        self._changed(None if isinstance(error, ConnectionFailed | OSError) else error)

    def _arrived(self, connection: C, loop: AbstractEventLoop) -> None:
        if self.phase is Phase.CLOSED:
            connection.abort()
        else:
            self.add(connection, loop.time())

    def _missed(self, error: BaseException, loop: AbstractEventLoop) -> None:
        self.failed += 1
        if not isinstance(error, ConnectionFailed | OSError):
            return
        self._failures += 1
        self.last_failure = error
        pause = pause_after(self._failures, random())  # noqa: S311 - it spreads load
        self._retry_at = loop.time() + pause

    def _prepared(self, entry: Entry[C], is_well: bool) -> None:  # noqa: FBT001
        now = asyncio.get_running_loop().time()
        if is_well:
            self.rest(entry, now)
        else:
            self.discard(entry)
            self._discard_unsure(now)
        self._changed()

    def _discard_unsure(self, now: float) -> None:
        """Let go of what would have to be checked; one after the other could take too long."""
        while self._top(now) is Top.UNSURE:
            self.discard(self.idle.pop())

    def wait_to_retry(self) -> None:
        """Report when the next attempt to connect may be made."""
        if self._retrier is None:
            self._retrier = self._call_at(self._retry_at, self._retry)

    def _retry(self) -> None:
        self._retrier = None
        self._changed()

    def _start_sweeper(self) -> None:
        """See to it that what nobody wants is closed in time."""
        now = asyncio.get_running_loop().time()
        if self._sweeper is None and (ends := list(self._ends(now))):
            self._sweeper = self._call_at(min(ends), self._sweep)

    def _ends(self, now: float) -> Iterator[float]:
        """Give when each connection has to end, or may have to if it is laid aside from now on."""
        is_spare = self._has_spare()
        for entry in self.idle:
            yield entry.ends_at(entry.idle_since, is_spare=is_spare)
        for entry in (*self.leased.values(), *self.jobs.preparing.values()):
            if now < entry.expires_at:
                yield entry.ends_at(now, is_spare=is_spare)

    def _sweep(self) -> None:
        self._sweeper = None
        now = asyncio.get_running_loop().time()
        # The one that has been idle the longest comes first.
        for entry in tuple(self.idle):
            if now >= entry.ends_at(entry.idle_since, is_spare=self._has_spare()):
                self.idle.remove(entry)
                self.retire(entry)
        self._start_sweeper()

    def _has_spare(self) -> bool:
        return self.staying - len(self.jobs.opening) > self.limits.floor

    def resize(self, min_connections: int, max_connections: int) -> None:
        """Change how many there may be."""
        self.limits = self.limits.resized(min_connections, max_connections)
        self._stop_sweeper()
        self._start_sweeper()

    def shut(self) -> None:
        """Close everything, what is lent included; wait for nothing."""
        self.phase = Phase.CLOSED
        self.stop_timers()
        self.jobs.stop()
        for entry in self.leased.values():
            entry.connection.abort()
        while self.idle:
            self.retire(self.idle.pop())

    def abandon(self) -> None:
        """Close every socket at once, though the loop may be closed and nobody can be told."""
        self.phase = Phase.CLOSED
        self.stop_timers()
        for entry in (*self.idle, *self.leased.values(), *self.jobs.entries()):
            with suppress(Exception):
                entry.connection.abort()

    def stop_timers(self) -> None:
        """Let nothing happen later; what is left of an older loop is forgotten."""
        self._stop_sweeper()
        if self._retrier is not None:
            self._retrier.cancel()
            self._retrier = None
        self._retry_at = 0.0

    def _stop_sweeper(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    def _changed(self, error: BaseException | None = None) -> None:
        report = self._report()
        if report is not None:
            report(error)

    def _call_at(self, when: float, act: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_at(when, _if_alive, WeakMethod(act))


def _if_alive(method: WeakMethod[Callable[[], None]]) -> None:
    act = method()
    if act is not None:
        act()
