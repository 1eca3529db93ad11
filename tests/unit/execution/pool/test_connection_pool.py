from __future__ import annotations

import asyncio
import gc
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Coroutine, Generator
from itertools import chain, repeat
from typing import Any

import pytest

from concurrency.clock import clocked, turns
from concurrency.scripted import Act, Bug, ScriptedConnection, Store, capacity_is_whole
from ommi import (
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    ConnectionPool,
    ConnectionPoolExhausted,
    ForkedPool,
    PoolDeadlock,
    StaleLease,
    WrongLoop,
)
from ommi.execution.pool import connection_pool as pool_module
from ommi.execution.pool.lease import Lease
from ommi.execution.pool.state import LONGEST_PAUSE

Pool = ConnectionPool[Any]


def now() -> float:
    return asyncio.get_running_loop().time()


def begin(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(work)


async def all_of(pool: Pool, count: int) -> list[Lease[Any]]:
    return [await pool.acquire() for _ in range(count)]


@clocked
async def test_opening_a_pool_opens_one_connection() -> None:
    store = Store()

    async with store.pool(5) as pool:
        assert len(store.attempts) == 1
        assert pool.stats.idle == 1


@clocked
async def test_opening_a_pool_fails_at_once_when_the_store_refuses() -> None:
    store = Store()
    store.connecting = Act.BADLY

    with pytest.raises(ConnectionFailed, match="as the script says"):
        await store.pool().open()

    assert len(store.attempts) == 1


@clocked
async def test_opening_a_pool_on_a_store_that_never_answers_fails_in_time() -> None:
    store = Store()
    store.connecting = Act.NEVER
    begun = now()

    with pytest.raises(ConnectionFailed, match="within 2 s"):
        await store.pool(connection_timeout=2).open()

    assert now() == begun + 2


@clocked
async def test_a_pool_that_is_closed_while_it_opens_leaves_no_connection() -> None:
    store = Store()
    pool = store.pool()
    opening = begin(pool.open())
    await turns(1)
    await pool.close()

    with pytest.raises(ConnectionLost):
        await opening

    assert not store.alive


@clocked
async def test_a_pool_without_a_way_to_connect_says_so() -> None:
    pool: Pool = ConnectionPool(min_connections=5, max_connections=20)

    with pytest.raises(ConfigurationError, match="connect="):
        await pool.get_connection()


@clocked
async def test_connections_are_opened_only_when_they_are_wanted() -> None:
    store = Store()
    pool = store.pool(5)
    for _ in range(9):
        pool.give_back(await pool.acquire())

    assert len(store.attempts) == 1
    await pool.close()


@clocked
async def test_no_more_connections_than_allowed_are_opened_at_any_time() -> None:
    store = Store()
    store.connecting = Act.SLOWLY
    pool = store.pool(3)
    begun = [begin(pool.acquire()) for _ in range(9)]
    await asyncio.sleep(5)

    assert sum(task.done() for task in begun) == 3
    assert store.most == 3
    await pool.close()
    await asyncio.gather(*begun, return_exceptions=True)


@clocked
async def test_a_connection_that_is_open_already_can_be_adopted() -> None:
    store = Store()
    pool = store.pool()
    pool.adopt(await store.connect())

    lease = pool.take()

    assert lease is not None
    assert lease.connection is store.alive[0]
    await pool.close()


@clocked
async def test_the_connection_that_was_used_last_is_lent_first() -> None:
    pool = Store().pool(3)
    first, second, third = await all_of(pool, 3)
    last = second.connection
    for lease in (first, third, second):
        pool.give_back(lease)

    assert (await pool.acquire()).connection is last
    await pool.close()


@clocked
async def test_those_who_wait_are_served_in_order() -> None:
    pool = Store().pool(1)
    lease = await pool.acquire()
    served = []

    async def wait(number: int) -> None:
        mine = await pool.acquire()
        served.append(number)
        await turns(number % 3)
        pool.give_back(mine)

    begun = [begin(wait(number)) for number in range(20)]
    await turns(1)
    pool.give_back(lease)
    await asyncio.gather(*begun)

    assert served == list(range(20))
    await pool.close()


@clocked
async def test_nobody_overtakes_those_who_wait() -> None:
    pool = Store().pool(1)
    lease = await pool.acquire()
    waiting = begin(pool.acquire())
    await turns(1)
    pool.give_back(lease)

    assert pool.take() is None
    assert await waiting
    await pool.close()


@clocked
async def test_who_waits_is_woken_once() -> None:
    pool = Store().pool(1)
    wakes = []

    class Counted:
        def __await__(self) -> Generator[Any, None, None]:
            waiting = pool.acquire().__await__()
            for future in waiting:
                yield future
                wakes.append(future)

    async def wait() -> None:
        await Counted()

    lease = await pool.acquire()
    begun = [begin(wait()) for _ in range(3)]
    await turns(1)
    pool.give_back(lease)
    await turns(5)

    assert len(wakes) == 1
    await pool.close()
    await asyncio.gather(*begun, return_exceptions=True)


@clocked
async def test_a_connection_at_hand_is_lent_outside_a_task_too() -> None:
    pool = await Store().pool().open()
    taken: list[Lease[Any] | None] = []
    asyncio.get_running_loop().call_soon(lambda: taken.append(pool.take()))
    await turns(2)

    [lease] = taken
    assert lease is not None
    assert lease.holder(now()) == "outside any task, for 0.0 s"
    await pool.close()


@clocked
async def test_a_connection_that_was_given_back_refuses_to_work() -> None:
    pool = Store().pool()
    lease = await pool.get_connection()
    await pool.return_connection(lease)

    with pytest.raises(StaleLease, match="given back"):
        await lease.connection.fetch("", (), list)
    with pytest.raises(StaleLease):
        pool.give_back(lease)
    assert pool.stats.idle == 1
    await pool.close()


@clocked
async def test_a_connection_cannot_be_given_to_another_pool() -> None:
    pool, other = Store().pool(), Store().pool()
    lease = await pool.acquire()

    with pytest.raises(StaleLease):
        other.give_back(lease)

    assert await lease.connection.fetch("a", (), list) == [("a",)]
    assert other.stats.size == 0
    await pool.close()


@clocked
async def test_what_cannot_be_used_is_not_lent_again() -> None:
    store = Store()
    pool = store.pool(1)
    lease = await pool.acquire()
    broken = lease.connection
    broken.is_unread = True
    pool.give_back(lease)

    assert broken not in store.alive
    assert (await pool.acquire()).connection is not broken
    await pool.close()


@clocked
async def test_a_changed_session_is_reset_before_it_is_lent_again() -> None:
    pool = Store().pool(1)
    lease = await pool.acquire()
    connection = lease.connection
    connection.is_changed = True
    pool.give_back(lease)

    again = await pool.acquire()

    assert again.connection is connection
    assert connection.resets == 1
    assert not connection.is_changed
    await pool.close()


@pytest.mark.parametrize("resetting", [Act.BADLY, Act.NEVER, Act.WRONGLY])
@clocked
async def test_a_session_that_cannot_be_reset_is_not_lent_again(resetting: Act) -> None:
    store = Store()
    store.resetting = resetting
    pool = store.pool(1)
    lease = await pool.acquire()
    connection = lease.connection
    connection.is_changed = True
    pool.give_back(lease)

    assert (await pool.acquire()).connection is not connection
    assert connection not in store.alive
    await pool.close()


@clocked
async def test_a_session_that_is_still_changed_after_its_reset_is_not_lent_again() -> None:
    class Unwilling(ScriptedConnection):
        async def reset(self) -> None: ...

    store = Store()
    pool = store.pool(1)
    pool.adopt(connection := Unwilling(store))
    lease = await pool.acquire()
    connection.is_changed = True
    pool.give_back(lease)

    assert (await pool.acquire()).connection is not connection
    await pool.close()


@clocked
async def test_a_connection_is_checked_only_after_it_was_idle_for_long() -> None:
    pool = Store().pool(check_after=30)
    pool.give_back(await pool.acquire())

    await asyncio.sleep(29)
    pool.give_back(lease := await pool.acquire())
    await asyncio.sleep(31)
    assert pool.take() is None
    lease = await pool.acquire()

    assert lease.connection.pings == 1
    await pool.close()


@pytest.mark.parametrize("pinging", [Act.BADLY, Act.NEVER, Act.WRONGLY])
@clocked
async def test_when_one_check_fails_all_that_would_be_checked_are_replaced(pinging: Act) -> None:
    store = Store()
    pool = store.pool(5)
    for lease in await all_of(pool, 5):
        pool.give_back(lease)
    await asyncio.sleep(31)
    store.pinging = pinging

    begun = now()
    lease = await pool.acquire()

    assert now() - begun <= 5
    assert store.alive == [lease.connection]
    await pool.close()


@clocked
async def test_a_connection_that_the_store_closed_is_replaced_unasked() -> None:
    store = Store()
    pool = await store.pool().open()
    store.alive[0].abort()

    lease = await pool.acquire()

    assert lease.connection.is_usable
    assert lease.connection.pings == 0
    await pool.close()


@clocked
async def test_idle_connections_are_closed_down_to_the_minimum() -> None:
    store = Store()
    pool = store.pool(10, min_connections=3, idle_timeout=100)
    for lease in await all_of(pool, 10):
        pool.give_back(lease)

    await asyncio.sleep(74)
    assert len(store.alive) == 10
    await asyncio.sleep(52)

    assert len(store.alive) == 3
    assert store.politely_closed == 7
    await pool.close()


@clocked
async def test_connections_end_over_a_tenth_of_their_life_at_least() -> None:
    store = Store()
    pool = store.pool(20, min_connections=20, max_lifetime=1000)
    for lease in await all_of(pool, 20):
        pool.give_back(lease)
    begun = now()
    ends = []
    while store.alive:
        before = len(store.alive)
        await asyncio.sleep(1)
        ends += [now() - begun] * (before - len(store.alive))

    assert max(ends) <= 1002
    assert max(ends) - min(ends) >= 100
    await pool.close()


@clocked
async def test_a_connection_that_is_too_old_is_not_lent_again() -> None:
    store = Store()
    pool = store.pool(1, max_lifetime=100)
    lease = await pool.acquire()
    old = lease.connection
    await asyncio.sleep(101)
    pool.give_back(lease)

    assert (await pool.acquire()).connection is not old
    assert store.politely_closed == 1
    await pool.close()


@clocked
async def test_a_connection_that_the_store_closed_is_let_go_when_its_time_comes() -> None:
    store = Store()
    pool = store.pool(3, min_connections=0, idle_timeout=10)
    pool.give_back(await pool.acquire())
    store.alive[0].abort()

    await asyncio.sleep(11)

    assert pool.stats.size == 0
    assert pool.stats.closed == 1
    await pool.close()


@clocked
async def test_a_connection_that_will_not_close_is_closed_by_force() -> None:
    store = Store()
    store.closing = Act.NEVER
    pool = store.pool(3, min_connections=0, idle_timeout=10)
    pool.give_back(await pool.acquire())

    await asyncio.sleep(16)

    assert not store.alive
    assert pool.stats.size == 0
    await pool.close()


@clocked
async def test_a_pool_can_become_smaller_and_larger() -> None:
    store = Store()
    pool = store.pool(4)
    leases = await all_of(pool, 4)
    pool.give_back(leases.pop())
    pool.resize(0, 2)
    await turns(5)
    assert len(store.alive) == 3

    for lease in leases:
        pool.give_back(lease)
    await turns(5)
    assert len(store.alive) == 2

    pool.resize(0, 4)
    await capacity_is_whole(pool, store, 4)
    await pool.close()


@pytest.mark.parametrize("connecting", [Act.BADLY, Act.NEVER])
@clocked
async def test_who_waits_for_a_store_that_is_down_gets_an_error_in_time(connecting: Act) -> None:
    store = Store()
    store.connecting = connecting
    pool = store.pool(2, connection_timeout=0.2)
    begun = now()

    async def fail() -> float:
        with pytest.raises(ConnectionFailed):
            await pool.acquire()
        return now() - begun

    waits = await asyncio.gather(*(fail() for _ in range(20)))

    assert max(waits) <= 0.2001
    assert pool.stats.timed_out == 20
    await asyncio.sleep(2)
    await capacity_is_whole(pool, store, 2)
    await pool.close()


@clocked
async def test_a_connection_that_comes_back_at_the_deadline_is_lent() -> None:
    pool = Store().pool(1, connection_timeout=5)
    lease = await pool.acquire()
    # Within what the loop takes for the same time, and before it.
    asyncio.get_running_loop().call_at(now() + 5 - 1e-10, pool.give_back, lease)

    assert await begin(pool.acquire())
    assert pool.stats.timed_out == 0
    await pool.close()


@clocked
async def test_the_error_tells_why_the_store_could_not_be_reached() -> None:
    store = Store()
    store.connecting = Act.BADLY
    pool = store.pool()

    with pytest.raises(ConnectionFailed, match="within 30 s: as the script says") as caught:
        await pool.acquire()

    assert isinstance(caught.value.__cause__, ConnectionLost)
    await pool.close()


@clocked
async def test_who_waits_in_vain_learns_who_has_the_connections() -> None:
    pool = Store().pool(3, connection_timeout=5)

    async def hold() -> None:
        await pool.acquire()
        await asyncio.sleep(100)

    async def forget() -> None:
        await pool.acquire()

    holder = asyncio.get_running_loop().create_task(hold(), name="the holder")
    asyncio.get_running_loop().create_task(forget(), name="the forgetful")
    await asyncio.sleep(1)
    lease = await pool.acquire()
    lease.task = None

    async def want() -> None:
        await pool.acquire()

    with pytest.raises(ConnectionPoolExhausted) as caught:
        await begin(want())

    one, other, third = sorted(caught.value.holders)
    assert third.startswith("the holder in ")
    assert third.endswith("for 6.0 s")
    assert "sleep" in third
    assert other == "the forgetful, which ended without giving it back, for 6.0 s"
    assert one == "outside any task, for 5.0 s"
    assert all(holder in str(caught.value) for holder in caught.value.holders)
    assert "within 5 s" in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).holders == caught.value.holders
    holder.cancel()
    await pool.close()


@clocked
async def test_a_holder_is_shown_where_it_calls_the_pool() -> None:
    pool = Store().pool(1)

    async def user() -> None:
        await pool.acquire()
        await pool.acquire()

    with pytest.raises(PoolDeadlock) as caught:
        await begin(user())

    [holder] = caught.value.holders
    assert f"{user.__qualname__} ({__file__}:" in holder
    await pool.close()


@clocked
async def test_everybody_holding_one_and_wanting_another_is_an_error_at_once() -> None:
    pool = Store().pool(2)
    begun = now()

    async def hold_and_want() -> str:
        lease = await pool.acquire()
        await turns(20)
        try:
            pool.give_back(await pool.acquire())
        except PoolDeadlock:
            return "deadlock"
        finally:
            pool.give_back(lease)
        return "served"

    ends = await asyncio.gather(hold_and_want(), hold_and_want())

    assert sorted(ends) == ["deadlock", "served"]
    assert now() == begun
    await pool.close()


@clocked
async def test_it_is_no_deadlock_while_somebody_can_give_back() -> None:
    pool = Store().pool(2)

    async def hold() -> None:
        lease = await pool.acquire()
        await asyncio.sleep(10)
        pool.give_back(lease)

    holder = begin(hold())
    await turns(20)
    mine = await pool.acquire()

    assert await pool.acquire() is not mine
    await holder
    await pool.close()


@clocked
async def test_many_who_wait_make_few_attempts() -> None:
    store = Store()
    store.connecting = Act.BADLY
    pool = store.pool(20)
    begun = now()
    tasks = [begin(pool.acquire()) for _ in range(200)]
    await asyncio.sleep(10)
    attempts = len(store.attempts)
    store.connecting = Act.WELL
    served, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    assert attempts <= 25
    assert store.most_in_flight <= 20
    assert now() - begun <= 12, "it takes too long to see that the store is up again"
    assert served
    await pool.close()
    await asyncio.gather(*tasks, return_exceptions=True)


@clocked
async def test_attempts_are_made_ever_less_often_and_at_different_times() -> None:
    pauses = []
    for _ in range(5):
        store = Store()
        store.connecting = Act.BADLY
        pool = store.pool(1)
        with pytest.raises(ConnectionFailed):
            await pool.acquire()
        pauses.append([b - a for a, b in zip(store.attempts, store.attempts[1:], strict=False)])
        await pool.close()

    assert all(run[0] < 0.11 and run[-1] >= LONGEST_PAUSE / 2 for run in pauses)
    assert len({run[-1] for run in pauses}) == 5


@clocked
async def test_an_error_that_no_attempt_can_mend_goes_to_each_at_once() -> None:
    store = Store()
    store.connecting = Act.WRONGLY
    pool = store.pool(2)
    begun = now()

    ends = await asyncio.gather(*(pool.acquire() for _ in range(9)), return_exceptions=True)

    assert all(isinstance(end, Bug) for end in ends)
    assert len({*map(id, ends)}) == 9
    assert now() == begun
    await pool.close()


@clocked
async def test_an_error_that_nobody_waits_for_any_more_changes_nothing() -> None:
    store = Store()
    store.connecting = Act.WRONGLY
    pool = store.pool(2)
    waiting = begin(pool.acquire())
    await turns(1)
    waiting.cancel()
    await turns(9)

    await capacity_is_whole(pool, store, 2)
    await pool.close()


@clocked
async def test_a_pool_recovers_when_the_store_does() -> None:
    store = Store()
    store.connecting = chain(repeat(Act.BADLY, 3), repeat(Act.WELL))
    pool = store.pool(2)

    pool.give_back(await pool.acquire())

    assert pool.stats.failed >= 3
    await capacity_is_whole(pool, store, 2)
    await pool.close()


@clocked
async def test_closing_refuses_who_waits_and_breaks_off_what_runs() -> None:
    store = Store()
    store.fetching = Act.NEVER
    pool = store.pool(1)
    lease = await pool.acquire()
    waiting = begin(pool.acquire())
    await turns(1)
    await pool.close()

    with pytest.raises(ConnectionLost, match="closed"):
        await waiting
    with pytest.raises(ConnectionLost):
        await lease.connection.fetch("", (), list)
    pool.give_back(lease)
    with pytest.raises(ConnectionLost):
        await pool.acquire()
    with pytest.raises(ConnectionLost):
        await pool.open()
    assert not store.alive
    assert pool.stats.size == 0


@clocked
async def test_closing_breaks_off_what_is_being_opened_and_what_waits_to_try_again() -> None:
    for connecting in (Act.NEVER, Act.BADLY):
        store = Store()
        store.connecting = connecting
        pool = store.pool(1)
        waiting = begin(pool.acquire())
        await asyncio.sleep(0.01)
        await pool.close()

        with pytest.raises(ConnectionLost):
            await waiting
        attempts = len(store.attempts)
        await asyncio.sleep(10)
        assert len(store.attempts) == attempts
        assert store.in_flight == 0


@clocked
async def test_a_connection_that_opens_in_spite_of_the_end_is_closed() -> None:
    store = Store()

    async def connect() -> ScriptedConnection:
        try:
            await asyncio.sleep(3)
        except asyncio.CancelledError:
            return await store.connect()
        raise AssertionError

    pool = ConnectionPool(connect=connect)
    waiting = begin(pool.acquire())
    await turns(2)
    await pool.close()
    await turns(9)

    assert isinstance(waiting.exception(), ConnectionLost)
    assert not store.alive


@clocked
async def test_closing_leaves_a_cancellation_as_it_is() -> None:
    pool = Store().pool(1)
    lease = await pool.acquire()
    gone = begin(pool.acquire())
    waiting = begin(pool.acquire())
    await turns(1)
    gone.cancel()
    await pool.close()
    pool.give_back(lease)
    await turns(1)

    assert gone.cancelled()
    assert isinstance(waiting.exception(), ConnectionLost)


@clocked
async def test_closing_takes_five_seconds_at_most() -> None:
    store = Store()
    store.closing = Act.NEVER
    pool = store.pool(3)
    for lease in await all_of(pool, 3):
        pool.give_back(lease)
    begun = now()
    await asyncio.gather(pool.close(), pool.close())

    assert now() - begun <= 5
    assert not store.alive
    await pool.close()


@clocked
async def test_a_pool_that_was_never_used_can_be_closed() -> None:
    pool = Store().pool()
    await pool.close()

    assert "0 of 2 connections, 0 lent" in repr(pool)


@clocked
async def test_draining_serves_who_waits_and_refuses_who_comes() -> None:
    store = Store()
    pool = store.pool(1)
    lease = await pool.acquire()

    async def wait() -> None:
        mine = await pool.acquire()
        await asyncio.sleep(1)
        pool.give_back(mine)

    waiting = begin(wait())
    await turns(1)
    draining = [begin(pool.drain()), begin(pool.drain(99))]
    await turns(1)
    with pytest.raises(ConnectionLost):
        await pool.acquire()
    pool.give_back(lease)
    await waiting
    await asyncio.gather(*draining)

    assert store.politely_closed == 1
    assert not store.alive
    with pytest.raises(ConnectionLost):
        await pool.drain()


@clocked
async def test_draining_ends_though_a_connection_is_never_given_back() -> None:
    store = Store()
    pool = store.pool(1)
    await pool.acquire()
    begun = now()
    await pool.drain(3)

    assert now() == begun + 3
    assert not store.alive


@clocked
async def test_draining_is_over_when_the_last_who_waits_gives_up() -> None:
    store = Store()
    store.connecting = Act.BADLY
    pool = store.pool(1, connection_timeout=2)
    waiting = begin(pool.acquire())
    await turns(1)
    begun = now()
    await pool.drain()

    assert now() <= begun + 2.001
    assert isinstance(waiting.exception(), ConnectionFailed)


def test_a_pool_belongs_to_the_loop_that_opened_it() -> None:
    pool = Store().pool()

    async def misuse() -> None:
        with pytest.raises(WrongLoop):
            pool.take()
        with pytest.raises(WrongLoop):
            await pool.close()

    async def misuse_when_none_is_idle() -> None:
        with pytest.raises(WrongLoop):
            await pool.acquire()

    async def in_a_thread() -> None:
        thread = threading.Thread(target=asyncio.run, args=(misuse(),))
        thread.start()
        thread.join()

    with asyncio.Runner() as runner:
        runner.run(_opened(pool))
        asyncio.run(misuse())
        runner.run(in_a_thread())
        lease = runner.run(pool.acquire())
        asyncio.run(misuse_when_none_is_idle())
        pool_is_well = runner.run(lease.connection.fetch("a", (), list))
        runner.run(pool.close())

    assert pool_is_well == [("a",)]


async def _opened(pool: Pool) -> None:
    await pool.open()


def test_a_pool_that_holds_nothing_belongs_to_no_loop() -> None:
    store = Store()
    pool = store.pool(connection_timeout=0.01)
    store.connecting = Act.BADLY
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            asyncio.run(_opened(pool))
    asyncio.run(Store().pool().close())
    store.connecting = Act.WELL

    async def use() -> None:
        async with pool:
            pool.give_back(await pool.acquire())

    asyncio.run(use())

    assert not store.alive


@pytest.mark.parametrize("is_lent", [True, False])
def test_a_pool_that_is_dropped_closes_its_sockets_and_warns_once(is_lent: bool) -> None:
    store = Store()

    async def drop() -> None:
        pool = await store.pool().open()
        if is_lent:
            pool.take()

    with pytest.warns(ResourceWarning, match="of scripted: 1 of 2 .* was never closed") as caught:
        _collected(drop())

    assert len(caught) == 1
    assert not store.alive


@pytest.mark.filterwarnings("ignore:.* was never closed:ResourceWarning")
@clocked
async def test_a_pool_that_is_dropped_while_it_connects_leaves_no_connection() -> None:
    store = Store()
    store.connecting = Act.SLOWLY
    pool = store.pool()
    waiting = begin(pool.acquire())
    await turns(3)
    waiting.cancel()
    await turns(2)
    del pool, waiting
    gc.collect()
    await asyncio.sleep(2)

    assert len(store.attempts) == 1
    assert not store.alive


@clocked
async def test_a_dropped_pool_no_longer_tries_to_connect() -> None:
    store = Store()
    store.connecting = Act.BADLY
    pool = store.pool(1)
    waiting = begin(pool.acquire())
    await asyncio.sleep(0.01)
    waiting.cancel()
    await turns(2)
    attempts = len(store.attempts)
    del pool, waiting
    gc.collect()
    await asyncio.sleep(9)

    assert len(store.attempts) == attempts


def test_a_socket_that_cannot_be_closed_does_not_keep_the_others_open() -> None:
    store = Store()

    class Stubborn(ScriptedConnection):
        def abort(self) -> None:
            raise RuntimeError

    async def drop() -> None:
        pool = await store.pool().open()
        pool.adopt(Stubborn(store))
        pool.adopt(await store.connect())

    with pytest.warns(ResourceWarning, match="never closed"):
        _collected(drop())

    assert not store.alive


def test_a_pool_that_was_closed_or_could_not_be_made_is_dropped_in_silence() -> None:
    async def use() -> None:
        async with Store().pool() as pool:
            pool.take()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(use())
        with pytest.raises(ConfigurationError):
            Store().pool(0)
        gc.collect()


def test_loops_come_and_go_without_a_word() -> None:
    script = """
        import asyncio, gc, sys, warnings
        from concurrency.scripted import Store

        async def use(store, close):
            pool = await store.pool().open()
            await asyncio.gather(*(one(pool) for _ in range(5)))
            if close:
                await pool.close()

        async def one(pool):
            lease = await pool.acquire()
            await lease.connection.fetch("", (), list)
            pool.give_back(lease)

        for close in (True, False):
            for _ in range(100):
                store = Store()
                asyncio.run(use(store, close))
                gc.collect()
                assert not store.alive
    """
    done = _python(script, "-X", "dev", "-W", "always::ResourceWarning")

    assert done.returncode == 0, done.stderr
    assert done.stderr.count(": ResourceWarning: ") == 100
    assert done.stderr.count("was never closed") == 100
    assert "Error" not in done.stderr
    assert "Event loop is closed" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_in_a_forked_process_a_pool_refuses_and_the_parent_goes_on() -> None:
    script = """
        import asyncio, os
        from concurrency.scripted import Store
        from ommi import ForkedPool

        async def refused(pool, lease):
            for use in (pool.acquire, pool.open, lambda: pool.drain(0)):
                try:
                    await use()
                except ForkedPool:
                    continue
                return False
            try:
                lease.connection.fetch
            except ForkedPool:
                await pool.close()
                return pool.take() is None

        async def main():
            store = Store()
            pool = store.pool(3)
            lease, other = await pool.acquire(), await pool.acquire()
            pool.give_back(other)
            for _ in range(10):
                child = os.fork()
                if not child:
                    asyncio._set_running_loop(None)
                    is_refused = asyncio.run(refused(pool, lease))
                    os._exit(0 if is_refused and len(store.alive) == 2 else 1)
                assert os.waitpid(child, 0)[1] == 0
                assert await lease.connection.fetch("a", (), list) == [("a",)]
                for _ in range(20):
                    again = await pool.acquire()
                    assert await again.connection.fetch("b", (), list) == [("b",)]
                    pool.give_back(again)
            pool.give_back(lease)
            await pool.close()

        asyncio.run(main())
    """
    done = _python(script)

    assert done.returncode == 0, done.stderr


@clocked
async def test_what_a_forked_pool_held_is_neither_used_nor_closed() -> None:
    store = Store()
    pool = store.pool()
    lease, other = await all_of(pool, 2)
    pool.give_back(other)
    # What the system calls in the child; here it is called in a process that goes on.
    pool_module._after_fork()

    with pytest.raises(ForkedPool):
        await pool.acquire()
    with pytest.raises(ForkedPool):
        pool.give_back(lease)
    with pytest.raises(ForkedPool):
        await lease.connection.fetch("", (), list)
    await pool.close()
    del pool
    gc.collect()
    assert len(store.alive) == 2


def _collected(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)
    gc.collect()


def _python(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )


@clocked
async def test_the_numbers_tell_what_the_pool_does() -> None:
    store = Store()
    pool = store.pool(3)
    one, two = await all_of(pool, 2)
    pool.give_back(one)
    two.connection.is_changed = True
    pool.give_back(two)
    store.connecting = Act.SLOWLY
    await all_of(pool, 1)
    waiting = begin(pool.acquire())
    await turns(1)

    stats = pool.stats

    assert (stats.size, stats.leased, stats.preparing, stats.waiting) == (2, 1, 1, 1)
    assert (stats.opened, stats.waited, stats.failed, stats.timed_out) == (2, 3, 0, 0)
    assert repr(pool) == "<ConnectionPool of scripted: 2 of 3 connections, 1 lent>"
    await waiting
    await pool.close()
