"""The connection pool: lends each connection to one caller at a time.

What it decides is in `state.py`, what it has in `stock.py`. Whoever wants a connection
waits for one future, and everything else that takes time runs in tasks of the pool's own
(`jobs.py`): who is cancelled loses nothing but its place in the queue.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from asyncio import AbstractEventLoop, Future, Task, get_running_loop
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from threading import get_ident
from time import monotonic
from types import TracebackType
from typing import Any, Generic, Never, Self, assert_never
from weakref import WeakSet

from ommi.errors import (
    ConfigurationError,
    ConnectionPoolExhausted,
    DatabaseError,
    PoolDeadlock,
)
from ommi.execution.pool.jobs import within
from ommi.execution.pool.lease import GIVEN_BACK, OF_PARENT, C, Lease
from ommi.execution.pool.refusals import ended, forked, not_lent, unreachable, wrong_loop
from ommi.execution.pool.state import ConnectionStats, Limits, Phase, Step, is_deadlock, next_step
from ommi.execution.pool.stock import PATIENCE, Stock
from ommi.execution.tasks import current_task


async def _nowhere() -> Never:
    raise ConfigurationError("this pool was not told how to connect; give it connect=")


class ConnectionPool(Generic[C]):
    """Connections to one store, opened when they are wanted and lent to one caller at a time.

    At most `max_connections` exist at any time, those that are being opened included; what is idle
    for `idle_timeout` is closed, down to `min_connections`. Times are in seconds.
    """

    def __init__(
        self,
        min_connections: int = 5,
        max_connections: int = 20,
        connection_timeout: float = 30.0,
        idle_timeout: float = 300.0,
        *,
        max_lifetime: float = 1800.0,
        check_after: float = 30.0,
        connect: Callable[[], Awaitable[C]] = _nowhere,
        store: str = "the store",
    ) -> None:
        limits = Limits(
            min_connections,
            max_connections,
            connection_timeout,
            idle_timeout,
            max_lifetime,
            check_after,
        )
        self.store = store
        self._connect = connect
        self._check_after = check_after
        self._loop: AbstractEventLoop | None = None
        self._time = monotonic
        self._thread = 0
        self._waiters: OrderedDict[Future[Lease[C]], Task[Any] | None] = OrderedDict()
        self._waited = self._timed_out = 0
        self._settled: Future[None] | None = None
        self._fill(Stock(connect, limits, self._advance))

    def _fill(self, stock: Stock[C]) -> None:
        self._stock = stock
        self._idle = stock.idle
        self._leased = stock.leased
        self._is_calm = True

    def __repr__(self) -> str:
        return (
            f"<ConnectionPool of {self.store}: {len(self._stock)} of "
            f"{self._stock.limits.max_connections} connections, {len(self._leased)} lent>"
        )

    @property
    def stats(self) -> ConnectionStats:
        """What the pool holds now, and what it has done since it was made."""
        stock = self._stock
        return ConnectionStats(
            size=len(stock),
            idle=len(stock.idle),
            leased=len(stock.leased),
            opening=len(stock.jobs.opening),
            preparing=len(stock.jobs.preparing),
            closing=len(stock.jobs.closing),
            waiting=sum(not waiter.done() for waiter in self._waiters),
            opened=stock.opened,
            closed=stock.closed,
            failed=stock.failed,
            waited=self._waited,
            timed_out=self._timed_out,
        )

    async def open(self) -> Self:
        """Open one connection and try it, once; raises `ConnectionFailed`.

        Without it the first `acquire` opens one, and tries until its time is over.
        """
        self._check_home()
        seconds = self._stock.limits.connection_timeout
        try:
            connection = await within(seconds, self._connect)
        except TimeoutError as error:
            raise unreachable(seconds, error, self.store) from error
        try:
            self.adopt(connection)
        except DatabaseError:
            connection.abort()
            raise
        return self

    def adopt(self, connection: C) -> None:
        """Take over a connection that is open already."""
        self._stock.add(connection, self._check_home().time())
        self._advance()

    def take(self) -> Lease[C] | None:
        """Lend a connection that is at hand, without waiting and without overtaking anybody."""
        if self._waiters or not self._idle:
            return None
        task = current_task(self._loop)
        # Asking which loop runs is a system call on 3.11; task and thread tell it nearly always.
        if (task is None or get_ident() != self._thread) and get_running_loop() is not self._loop:
            raise wrong_loop(self.store)
        entry = self._idle[-1]
        connection = entry.connection
        now = self._time()
        if (
            now - entry.idle_since >= self._check_after
            or now >= entry.expires_at
            or not connection.is_usable
        ):
            return None
        self._idle.pop()
        lease: Lease[C] = _new(Lease)
        lease.connection = connection
        lease.task = task
        lease.since = now
        self._leased[lease] = entry
        return lease

    async def acquire(self) -> Lease[C]:
        """Lend a connection, waiting at most `connection_timeout` seconds for it.

        Those who wait are served in order. Raises `ConnectionPoolExhausted`, `PoolDeadlock`, or
        `ConnectionFailed` where the store cannot be reached.
        """
        return self.take() or await self._wait()

    def give_back(self, lease: Lease[C]) -> None:
        """Take a connection back; waits for nothing. Raises `StaleLease` for one not lent here."""
        entry = self._leased.pop(lease, None)
        if entry is None:
            raise self._not_lent()
        connection = lease.connection
        lease.connection = GIVEN_BACK
        lease.task = None
        now = self._time()
        if (
            not self._is_calm
            or self._waiters
            or now >= entry.expires_at
            or connection.is_changed
            or not connection.is_usable
        ):
            self._stock.take_back(entry, now)
            self._advance()
            return
        entry.idle_since = now
        self._idle.append(entry)

    async def get_connection(self) -> Lease[C]:
        """Lend a connection, as `acquire` does."""
        return await self.acquire()

    async def return_connection(self, connection: Lease[C]) -> None:
        """Take a connection back, as `give_back` does."""
        self.give_back(connection)

    def is_held_by_current_task(self) -> bool:
        """Tell whether the running task has a connection; raises where it may have none."""
        task = current_task(self._check_home())
        return any(lease.task is task for lease in self._leased)

    def resize(self, min_connections: int, max_connections: int) -> None:
        """Hold more or fewer connections; those over the maximum go when they are given back."""
        self._check_home()
        self._stock.resize(min_connections, max_connections)
        self._advance()

    async def drain(self, seconds: float | None = None) -> None:
        """Lend to nobody new, wait for who has or awaits a connection, then close.

        After `seconds`, or when it is cancelled, close all the same.
        """
        home = self._check_home()
        self._settled = self._settled or home.create_future()
        self._stock.phase = Phase.DRAINING
        self._advance()
        try:
            await asyncio.wait([self._settled], timeout=seconds)
        finally:
            await self.close()

    async def close(self) -> None:
        """Refuse who waits, break off what is running, and close every connection.

        Takes no longer than the connections need to say goodbye, and five seconds at most.
        """
        if self._stock.phase is Phase.FORKED:
            return
        if not self._is_home(get_running_loop()):
            raise wrong_loop(self.store)
        self._stock.shut()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(ended(self.store))
        self._advance()
        await self._stock.jobs.end(PATIENCE)

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        stock: Stock[C] | None = getattr(self, "_stock", None)
        if stock is None or stock.phase in {Phase.CLOSED, Phase.FORKED} or not stock:
            return
        message = f"{self!r} was never closed"
        stock.abandon()
        warnings.warn(message, ResourceWarning, stacklevel=1, source=self)

    async def _wait(self) -> Lease[C]:
        loop = self._check_home()
        if self._stock.phase is Phase.DRAINING:
            raise ended(self.store)
        deadline = loop.time() + self._stock.limits.connection_timeout
        waiter = self._queued(loop)
        timer = loop.call_at(deadline, self._give_up, waiter)
        try:
            return await waiter
        except BaseException:
            # Cancelled after it was served: the connection must not leave with it.
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.give_back(waiter.result())
            raise
        finally:
            timer.cancel()
            self._waiters.pop(waiter, None)
            self._advance()

    def _queued(self, loop: AbstractEventLoop) -> Future[Lease[C]]:
        task = current_task(loop)
        holders = [lease.task for lease in self._leased]
        if task in holders:
            waiting = {task for waiter, task in self._waiters.items() if not waiter.done()}
            if is_deadlock(holders, {*waiting, task}, self._stock.limits.max_connections):
                raise PoolDeadlock(self._holders(), store=self.store)
        waiter: Future[Lease[C]] = loop.create_future()
        self._waiters[waiter] = task
        self._waited += 1
        self._advance()
        return waiter

    def _give_up(self, waiter: Future[Lease[C]]) -> None:
        if not waiter.done():
            self._timed_out += 1
            waiter.set_exception(self._too_late())

    def _advance(self, refusal: BaseException | None = None) -> None:
        """Do all that can be done now; `refusal` is for whoever is first in the queue."""
        first = self._first()
        if refusal is not None and first is not None:
            first.set_exception(refusal)
        while self._do_next():
            pass
        stock = self._stock
        self._is_calm = stock.phase is Phase.OPEN and stock.staying <= stock.limits.max_connections
        if self._settled is not None and not (self._leased or self._waiters):
            # To say so, however often, without asking whether it was said.
            self._settled.cancel()

    def _do_next(self) -> bool:
        """Take one step; tell whether there may be another."""
        self._first()
        stock = self._stock
        now = self._time()
        match next_step(stock.state(len(self._waiters), now)):
            case Step.LEND:
                self._lend(now)
            case Step.CHECK:
                stock.check(stock.idle.pop())
            case Step.RETIRE:
                stock.retire(stock.idle.pop())
            case Step.OPEN:
                stock.open_one()
            case Step.BACK_OFF:
                stock.wait_to_retry()
                return False
            case Step.REST:
                return False
            case unknown:
                assert_never(unknown)
        return True

    def _lend(self, now: float) -> None:
        entry = self._idle.pop()
        waiter, task = self._waiters.popitem(last=False)
        lease = Lease(entry.connection, task, now)
        self._leased[lease] = entry
        waiter.set_result(lease)

    def _first(self) -> Future[Lease[C]] | None:
        """Give the first who waits; who was cancelled or answered already is passed over."""
        while self._waiters:
            waiter = next(iter(self._waiters))
            if not waiter.done():
                return waiter
            self._waiters.popitem(last=False)
        return None

    def _check_home(self) -> AbstractEventLoop:
        """Give the running loop; raises where the pool is closed or belongs elsewhere."""
        if self._stock.phase is Phase.FORKED:
            raise forked(self.store)
        if self._stock.phase is Phase.CLOSED:
            raise ended(self.store)
        loop = get_running_loop()
        if loop is self._loop:
            return loop
        if not self._is_home(loop):
            raise wrong_loop(self.store)
        self._stock.stop_timers()
        self._loop = loop
        # The usual loops' own clock, without their method around it.
        self._time = monotonic if type(loop).time is asyncio.BaseEventLoop.time else loop.time
        self._thread = get_ident()
        _POOLS.add(self)
        return loop

    def _is_home(self, loop: AbstractEventLoop) -> bool:
        # A pool that holds nothing belongs to no loop.
        return loop is self._loop or not (self._stock or self._first())

    def _leave_to_parent(self) -> None:
        """Forget what belongs to the parent process, without closing it."""
        # Kept for good: to collect a connection may be to close it, and that is the parent's.
        _OF_PARENT.append((self._stock, self._waiters))
        for lease in self._leased:
            lease.connection = OF_PARENT
        self._waiters = OrderedDict()
        self._fill(Stock(self._connect, self._stock.limits, self._advance))
        self._stock.phase = Phase.FORKED

    def _too_late(self) -> DatabaseError:
        limits = self._stock.limits
        if len(self._leased) < limits.max_connections:
            return unreachable(limits.connection_timeout, self._stock.last_failure, self.store)
        return ConnectionPoolExhausted(
            limits.connection_timeout, self._holders(), store=self.store
        )

    def _holders(self) -> list[str]:
        now = self._time()
        return [lease.holder(now) for lease in self._leased]

    def _not_lent(self) -> DatabaseError:
        if self._stock.phase is Phase.FORKED:
            return forked(self.store)
        return not_lent(self.store)


_new = object.__new__  # Calling the class costs a frame more.
_POOLS: WeakSet[ConnectionPool[Any]] = WeakSet()
_OF_PARENT: list[object] = []


def _after_fork() -> None:
    for pool in _POOLS:
        pool._leave_to_parent()  # noqa: SLF001 - of the class above


if hasattr(os, "register_at_fork"):  # pragma: no branch - everywhere but on Windows
    os.register_at_fork(after_in_child=_after_fork)
