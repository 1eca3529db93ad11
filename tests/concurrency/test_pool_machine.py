"""Whatever happens in whatever order, a pool keeps its promises."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from concurrency.clock import ClockLoop, turns
from concurrency.scripted import Act, Store, capacity_is_whole
from ommi import ConnectionLost, DatabaseError, StaleLease
from ommi.execution.pool.lease import Lease
from ommi.execution.pool.state import Top
from profiles import PROFILE, SOAK, examples

TIMEOUT = 30.0
LATE = 0.001

numbers = st.integers(0, 50)
few = st.integers(0, 6)
acts = st.sampled_from([*[Act.WELL] * 4, Act.SLOWLY, Act.BADLY, Act.NEVER])
rarely = st.sampled_from([False, False, False, True])


class User:
    """Somebody who wants a connection, has it until told to end, and gives it back."""

    def __init__(self, machine: PoolMachine) -> None:
        self.machine = machine
        self.loop = machine.loop
        self.since = self.loop.time()
        self.lease: Lease[Any] | None = None
        self.has_waited = False
        self.was_cancelled = False
        self.end = self.loop.create_future()
        self.task = self.loop.create_task(self.live())

    @property
    def is_waiting(self) -> bool:
        # One that is cancelled before its first step never gets to say that it is over.
        return not self.has_waited and not self.task.done()

    async def live(self) -> None:
        try:
            self.lease = await self.machine.pool.acquire()
        finally:
            self.has_waited = True
            assert self.loop.time() <= self.since + TIMEOUT + LATE, "the deadline was missed"
        self.machine.served(self)
        assert not self.lease.connection.is_changed, "somebody else's session was lent"
        assert not self.lease.connection.is_unread, "somebody else's answer was lent"
        try:
            if not await self.end:
                await self.lease.connection.fetch("", (), list)
        except ConnectionLost:
            assert not self.lease.connection.is_usable
        finally:
            lease, self.lease = self.lease, None
            self.machine.pool.give_back(lease)


class PoolMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = ClockLoop()
        self.store = Store()
        self.limit = 3
        self.pool = self.store.pool(
            3,
            min_connections=1,
            connection_timeout=TIMEOUT,
            idle_timeout=60.0,
            max_lifetime=200.0,
            check_after=10.0,
        )
        self.users: list[User] = []
        self.size = 0
        self.is_closed = False

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def served(self, user: User) -> None:
        earlier = self.users[: self.users.index(user)]
        queue = {task for waiter, task in self.pool._waiters.items() if not waiter.done()}
        assert not queue.intersection(other.task for other in earlier), "somebody was overtaken"

    def holders(self) -> list[User]:
        return [user for user in self.users if user.lease is not None]

    def waiting(self) -> list[User]:
        return [user for user in self.users if user.is_waiting]

    @rule(count=st.integers(1, 5))
    def acquire(self, count: int) -> None:
        for _ in range(count):
            self.users.append(User(self))

    @rule(count=few)
    def let_things_happen(self, count: int) -> None:
        self.run(turns(count))

    @rule(seconds=st.sampled_from([0.05, 0.5, 1.0, 5.0, 12.0, 31.0, 70.0, 210.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @precondition(holders)
    @rule(which=numbers, is_changed=st.booleans(), is_broken=rarely)
    def give_back(self, which: int, *, is_changed: bool, is_broken: bool) -> None:
        user = self.holders()[which % len(self.holders())]
        assert user.lease is not None
        if user.end.done():
            return
        user.lease.connection.is_changed = is_changed
        if is_broken:
            user.lease.connection.abort()
        user.end.set_result(True)

    @precondition(holders)
    @rule(which=numbers)
    def fetch_and_give_back(self, which: int) -> None:
        user = self.holders()[which % len(self.holders())]
        if not user.end.done():
            user.end.set_result(False)

    @precondition(lambda self: self.users)
    @rule(which=numbers)
    def cancel(self, which: int) -> None:
        user = self.users[which % len(self.users)]
        user.was_cancelled |= user.task.cancel()

    @precondition(holders)
    @rule(which=numbers, whom=numbers, after=few)
    def give_back_and_cancel_another(self, which: int, whom: int, after: int) -> None:
        async def act() -> None:
            await turns(after)
            other.was_cancelled |= other.task.cancel()

        other = self.users[whom % len(self.users)]
        self.give_back(which, is_changed=False, is_broken=False)
        self.run(act())

    @rule(which=numbers)
    def cancel_a_task_of_the_pool(self, which: int) -> None:
        jobs = self.pool._stock.jobs
        every = [*jobs.opening, *jobs.preparing, *jobs.closing]
        if every:
            every[which % len(every)].cancel()

    @rule(connecting=acts, pinging=acts, resetting=acts, closing=acts)
    def change_the_script(self, **script: Act) -> None:
        vars(self.store).update(script)

    @rule(which=numbers)
    def the_store_closes_a_connection(self, which: int) -> None:
        if self.store.alive:
            self.store.alive[which % len(self.store.alive)].abort()

    @rule(minimum=st.integers(0, 2), maximum=st.integers(1, 5))
    def resize(self, minimum: int, maximum: int) -> None:
        async def resize() -> None:
            self.pool.resize(minimum, maximum)
            self.size = self.pool.stats.size

        if self.is_closed:
            with pytest.raises(ConnectionLost):
                self.run(resize())
            return
        self.run(resize())
        self.limit = maximum

    @rule()
    def give_back_twice_or_to_another_pool(self) -> None:
        async def misuse() -> None:
            lease = self.pool.take()
            if lease is None:
                return
            with pytest.raises(StaleLease):
                Store().pool().give_back(lease)
            self.pool.give_back(lease)
            with pytest.raises(StaleLease):
                self.pool.give_back(lease)
            with pytest.raises(StaleLease):
                await lease.connection.fetch("", (), list)

        self.run(misuse())

    @precondition(lambda self: not self.is_closed and len(self.users) > 30)
    @rule()
    def close(self) -> None:
        self.is_closed = True
        before = self.loop.time()
        self.run(self.pool.close())
        assert self.loop.time() <= before + 5 + LATE
        assert not self.store.alive

    @precondition(lambda self: not self.is_closed and len(self.users) > 30)
    @rule(seconds=st.sampled_from([0.0, 0.5, 20.0]))
    def drain(self, seconds: float) -> None:
        self.is_closed = True
        before = self.loop.time()
        self.run(self.pool.drain(seconds))
        assert self.loop.time() <= before + seconds + 5 + LATE
        assert not self.store.alive

    @invariant()
    def the_numbers_add_up(self) -> None:
        stats = self.pool.stats
        parts = stats.idle, stats.leased, stats.opening, stats.preparing, stats.closing
        assert stats.size == sum(parts)
        assert stats.size <= max(self.limit, self.size), "more connections than allowed"
        self.size = stats.size
        assert len(self.store.alive) + self.store.in_flight <= stats.size

    @invariant()
    def no_connection_is_lent_twice(self) -> None:
        lent = [user.lease.connection for user in self.holders() if user.lease is not None]
        assert len({*map(id, lent)}) == len(lent)
        idle = [entry.connection for entry in self.pool._stock.idle]
        assert not {*map(id, idle)} & {*map(id, lent)}

    @invariant()
    def nobody_waits_for_what_is_at_hand(self) -> None:
        is_at_hand = self.pool._stock._top(self.loop.time()) is Top.FRESH
        assert not (is_at_hand and self.pool.stats.waiting)

    @invariant()
    def nobody_waits_past_the_deadline(self) -> None:
        for user in self.waiting():
            assert self.loop.time() <= user.since + TIMEOUT + LATE

    @invariant()
    def what_is_idle_ends_in_time(self) -> None:
        stock = self.pool._stock
        if stock.idle:
            assert stock._sweeper is not None
            assert stock._sweeper.when() <= min(stock._ends(self.loop.time()))

    def teardown(self) -> None:
        try:
            self.run(self.end())
        finally:
            # After a failure, too, nothing may be left to warn of.
            self.pool._stock.abandon()
            self.loop.close()

    async def end(self) -> None:
        for user in self.users:
            if not user.end.done():
                user.end.set_result(True)
        tasks = [user.task for user in self.users]
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for user, end in zip(self.users, ends, strict=True):
            assert end is None or isinstance(end, DatabaseError | asyncio.CancelledError)
            assert user.task.cancelled() or not user.was_cancelled, "a cancellation was lost"
        if not self.is_closed:
            self.pool.resize(0, self.limit)
            await asyncio.sleep(TIMEOUT + 1)
            await capacity_is_whole(self.pool, self.store, self.limit)
            await self.pool.close()
        assert not self.store.alive
        assert self.store.in_flight == 0
        assert self.pool.stats.size == 0
        await turns(3)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left behind"


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(
    max_examples=examples(300, 5_000), stateful_step_count=100 if PROFILE == SOAK else 50
)
