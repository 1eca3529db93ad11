from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import random
import sqlite3
import subprocess
import sys
import textwrap
import threading
import traceback
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ommi.drivers.sqlite.desk import Desk, _work
from ommi.drivers.sqlite.worker import Worker
from ommi.errors import ConnectionLost, WrongLoop

pytestmark = pytest.mark.anyio

Job = Callable[[sqlite3.Connection], object]

ENDLESS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n
"""
ENDLESS_ONCE_BEGUN = ENDLESS.replace("SELECT 1", "SELECT begun()")
TICKS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT i FROM n"


@pytest.fixture(autouse=True, params=["eventfd", "loop"])
def bell(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "loop":
        monkeypatch.delattr(os, "eventfd", raising=False)
    elif not hasattr(os, "eventfd"):
        pytest.skip("only Linux has eventfd")


class Signal:
    """Something that happened in the thread, awaited in the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def give(self) -> int:
        self._loop.call_soon_threadsafe(self._event.set)
        return 1

    async def wait(self) -> None:
        await self._event.wait()


class Blocker:
    """A job that says when it has begun and runs until `gate` opens, then does `then`."""

    def __init__(self, then: Job = lambda connection: "blocker") -> None:
        self.begun = Signal()
        self.gate = threading.Event()
        self._then = then

    def __call__(self, connection: sqlite3.Connection) -> object:
        self.begun.give()
        self.gate.wait()
        return self._then(connection)


def memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


@asynccontextmanager
async def serving(connect: Callable[[], sqlite3.Connection] = memory) -> AsyncIterator[Worker]:
    """Give an open worker; a test that hangs is cancelled."""
    async with asyncio.timeout(60):
        worker = Worker(connect, name="test worker")
        await worker.start()
        try:
            yield worker
        finally:
            await worker.close()


def one(connection: sqlite3.Connection) -> object:
    return connection.execute("SELECT 1").fetchone()[0]


def endless(begun: Signal) -> Job:
    def job(connection: sqlite3.Connection) -> object:
        connection.create_function("begun", 0, begun.give)
        return connection.execute(ENDLESS_ONCE_BEGUN).fetchone()

    return job


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "test worker"]


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def turns(count: int = 3) -> None:
    """Let every task that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)


async def cancelled(task: asyncio.Task[object]) -> None:
    """Cancel `task` and require that it ends so."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


class TestRun:
    async def test_gives_what_the_job_returned(self) -> None:
        async with serving() as worker:
            assert await worker.run(one) == 1

    async def test_runs_every_job_in_the_one_named_thread(self) -> None:
        async with serving() as worker:
            idents = {await worker.run(lambda _: threading.get_ident()) for _ in range(3)}

            assert idents == {thread.ident for thread in threads()}

    async def test_runs_jobs_in_the_order_they_came(self) -> None:
        order: list[int] = []

        def note(number: int) -> Job:
            return lambda _: order.append(number)

        async with serving() as worker:
            await asyncio.gather(*(worker.run(note(number)) for number in range(50)))

        assert order == list(range(50))

    async def test_runs_the_job_in_the_context_given(self) -> None:
        name = contextvars.ContextVar("name", default="outside")
        context = contextvars.copy_context()
        context.run(name.set, "inside")
        async with serving() as worker:
            assert await worker.run(lambda _: name.get(), context) == "inside"
            assert await worker.run(lambda _: name.get()) == "outside"

    async def test_raises_what_the_job_raised_with_its_traceback(self) -> None:
        def job_that_fails(_: sqlite3.Connection) -> None:
            raise LookupError("here")

        async with serving() as worker:
            with pytest.raises(LookupError, match="here") as caught:
                await worker.run(job_that_fails)

        assert "job_that_fails" in [frame.name for frame in traceback.extract_tb(caught.tb)]

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, BaseException])
    async def test_survives_a_job_that_raises(self, kind: type[BaseException]) -> None:
        def job(_: sqlite3.Connection) -> None:
            raise kind

        async with serving() as worker:
            with pytest.raises(kind):
                await worker.run(job)

            assert await worker.run(one) == 1

    async def test_turns_a_stop_iteration_into_a_runtime_error(self) -> None:
        async with serving() as worker:
            with pytest.raises(RuntimeError, match="StopIteration") as caught:
                await worker.run(lambda _: next(iter(())))

        assert isinstance(caught.value.__cause__, StopIteration)

    async def test_keeps_nothing_of_the_last_job_alive(self) -> None:
        class Result:
            pass

        async with serving() as worker:
            result = weakref.ref(await worker.run(lambda _: Result()))
            await turns()  # asyncio itself keeps it for one
            gc.collect()

            assert result() is None

    async def test_counts_the_jobs_that_wait(self) -> None:
        async with serving() as worker:
            assert worker.waiting() == 0
            blocker = Blocker()
            jobs = [asyncio.create_task(worker.run(job)) for job in (blocker, one, one)]
            await blocker.begun.wait()

            assert worker.waiting() == 3
            assert repr(worker) == "<Worker 'test worker', open, 3 waiting>"

            blocker.gate.set()
            await asyncio.gather(*jobs)
            assert worker.waiting() == 0


class TestDelivery:
    async def test_jobs_that_waited_together_are_delivered_by_one_wake_up(self) -> None:
        loop = asyncio.get_running_loop()
        desk = Desk(loop, "test worker", memory)
        rings: list[int] = []

        class Bell:
            def ring(self) -> None:
                rings.append(len(desk.done))
                desk.jobs.put(None)

        desk.bell = Bell()  # type: ignore[assignment]
        futures = [loop.create_future() for _ in range(5)]
        for future in futures:
            desk.jobs.put((future, one, None, 0.0))
        connection = memory()
        _work(desk, connection)
        connection.close()
        desk.answered()

        assert rings == [5]
        assert [future.result() for future in futures] == [1] * 5

    async def test_a_quick_result_does_not_wait_for_the_slow_job_behind_it(self) -> None:
        async with serving() as worker:
            slow, slower = Blocker(), Blocker()
            first = asyncio.create_task(worker.run(one))
            second = asyncio.create_task(worker.run(slow))
            third = asyncio.create_task(worker.run(slower))

            assert await first == 1
            assert not second.done()
            slow.gate.set()
            assert await second == "blocker"
            assert not third.done()
            slower.gate.set()
            assert await third == "blocker"

    async def test_a_job_alone_is_delivered_while_the_next_one_runs(self) -> None:
        async with serving() as worker:
            first, second = Blocker(), Blocker()
            tasks = [asyncio.create_task(worker.run(first))]
            await first.begun.wait()
            tasks.append(asyncio.create_task(worker.run(second)))
            await turns()
            first.gate.set()

            assert await tasks[0] == "blocker"
            second.gate.set()
            assert await tasks[1] == "blocker"


class TestCancel:
    async def test_a_job_still_queued_never_runs(self) -> None:
        ran: list[object] = []
        async with serving() as worker:
            blocker = Blocker()
            first = asyncio.create_task(worker.run(blocker))
            second = asyncio.create_task(worker.run(ran.append))
            await blocker.begun.wait()
            await cancelled(second)
            blocker.gate.set()
            await first
            await worker.run(one)

        assert ran == []

    async def test_a_running_statement_is_interrupted(self) -> None:
        async with serving() as worker:
            begun = Signal()
            task = asyncio.create_task(worker.run(endless(begun)))
            await begun.wait()
            await cancelled(task)

            assert await worker.run(one) == 1

    async def test_a_cancel_between_two_statements_stops_the_second(self) -> None:
        async with serving() as worker:
            blocker = Blocker(lambda connection: connection.execute(ENDLESS).fetchone())
            task = asyncio.create_task(worker.run(blocker))
            await blocker.begun.wait()
            task.cancel()
            await turns()
            blocker.gate.set()

            with pytest.raises(asyncio.CancelledError):
                await task
            assert await worker.run(one) == 1

    async def test_waits_until_the_thread_has_left_the_job_and_loses_no_cancel(self) -> None:
        async with serving() as worker:
            blocker = Blocker()
            task = asyncio.create_task(worker.run(blocker))
            await blocker.begun.wait()
            for _ in range(4):
                task.cancel()
                await turns()

            assert not task.done()
            blocker.gate.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
            assert task.cancelling() == 4

    async def test_a_timeout_around_a_job_is_a_timeout(self) -> None:
        async with serving() as worker:
            begun = Signal()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(None) as limit:
                    task = asyncio.ensure_future(worker.run(endless(begun)))
                    await begun.wait()
                    limit.reschedule(asyncio.get_running_loop().time())
                    await task

            assert task.cancelled()
            assert await worker.run(one) == 1

    async def test_an_error_after_the_cancel_does_not_replace_it(self) -> None:
        def fail(_: sqlite3.Connection) -> object:
            raise LookupError

        async with serving() as worker:
            blocker = Blocker(fail)
            task = asyncio.create_task(worker.run(blocker))
            await blocker.begun.wait()
            task.cancel()
            await turns()
            blocker.gate.set()

            with pytest.raises(asyncio.CancelledError):
                await task

    async def test_a_job_that_has_just_finished_is_cancelled_without_harm(self) -> None:
        async with serving() as worker:
            gate, second_began = threading.Event(), threading.Event()

            def first(_: sqlite3.Connection) -> None:
                gate.wait()

            def second(_: sqlite3.Connection) -> str:
                second_began.set()
                return "second"

            tasks = [asyncio.create_task(worker.run(job)) for job in (first, second)]
            await turns()
            gate.set()
            second_began.wait()
            await cancelled(tasks[0])

            assert await tasks[1] == "second"

    async def test_a_job_that_closed_the_connection_is_cancelled_all_the_same(self) -> None:
        def close_and_block(connection: sqlite3.Connection) -> object:
            connection.close()
            return blocker(connection)

        async with serving() as worker:
            blocker = Blocker()
            task = asyncio.create_task(worker.run(close_and_block))
            await blocker.begun.wait()
            task.cancel()
            await turns()
            blocker.gate.set()

            with pytest.raises(asyncio.CancelledError):
                await task

    async def test_a_job_in_python_is_told_that_it_was_abandoned(self) -> None:
        async with serving() as worker:
            begun = Signal()

            def job(_: sqlite3.Connection) -> None:
                begun.give()
                while not worker.abandoned():
                    pass

            task = asyncio.create_task(worker.run(job))
            await begun.wait()
            await cancelled(task)

            assert await worker.run(lambda _: worker.abandoned()) is False

    async def test_two_hundred_random_cancels_give_nobody_a_foreign_result(self) -> None:
        chance = random.Random(7)
        results: list[tuple[object, object]] = []

        async with serving() as worker:

            async def ask(nonce: int) -> None:
                def job(connection: sqlite3.Connection) -> object:
                    connection.execute(TICKS).fetchall()
                    return connection.execute("SELECT ?", (nonce,)).fetchone()[0]

                results.append((nonce, await worker.run(job)))

            cancels = 0
            while cancels < 200:
                tasks = [asyncio.create_task(ask(chance.getrandbits(60))) for _ in range(8)]
                await turns(chance.randrange(1, 12))
                victims = [task for task in chance.sample(tasks, 4) if task.cancel()]
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(task.cancelled() for task in victims)
                assert all(
                    outcome is None
                    for task, outcome in zip(tasks, outcomes, strict=True)
                    if task not in victims
                )
                cancels += len(victims)

            assert all(nonce == result for nonce, result in results)
            assert not await worker.run(lambda connection: connection.in_transaction)

    async def test_an_interrupt_meant_for_another_job_is_not_sent(self) -> None:
        async with serving() as worker:
            blocker = Blocker()
            task = asyncio.create_task(worker.run(blocker))
            await blocker.begun.wait()
            assert worker._desk is not None
            worker._desk.interrupt(asyncio.get_running_loop().create_future())

            assert not worker.abandoned()
            blocker.gate.set()
            assert await task == "blocker"

    async def test_an_interrupt_never_hits_the_next_job(self) -> None:
        def ticks(connection: sqlite3.Connection) -> int:
            return len(connection.execute(TICKS).fetchall())

        chance = random.Random(11)
        async with serving() as worker:
            for _ in range(300):
                first = asyncio.create_task(worker.run(ticks))
                second = asyncio.create_task(worker.run(ticks))
                await turns(chance.randrange(1, 6))
                first.cancel()

                assert await second == 500
                await asyncio.wait([first])


class TestTransactions:
    @staticmethod
    def begin_and_write(connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO notes VALUES (1)")

    @staticmethod
    def rows(connection: sqlite3.Connection) -> object:
        return connection.execute("SELECT count(*) FROM notes").fetchone()[0]

    @staticmethod
    def notes() -> sqlite3.Connection:
        connection = memory()
        connection.execute("CREATE TABLE notes (n)")
        return connection

    async def test_what_an_abandoned_job_began_is_rolled_back(self) -> None:
        async with serving(self.notes) as worker:
            begun = Signal()

            def job(connection: sqlite3.Connection) -> object:
                self.begin_and_write(connection)
                return endless(begun)(connection)

            task = asyncio.create_task(worker.run(job))
            await begun.wait()
            await cancelled(task)

            assert not await worker.run(lambda connection: connection.in_transaction)
            assert await worker.run(self.rows) == 0

    async def test_a_cancelled_begin_leaves_no_lock_behind(self, tmp_path: Path) -> None:
        def connect() -> sqlite3.Connection:
            return sqlite3.connect(tmp_path / "file.db", isolation_level=None, timeout=0)

        async with serving(connect) as worker:
            blocker = Blocker(lambda connection: connection.execute("BEGIN IMMEDIATE"))
            task = asyncio.create_task(worker.run(blocker))
            await blocker.begun.wait()
            task.cancel()
            await turns()
            blocker.gate.set()
            await asyncio.wait([task])
            other = connect()
            other.execute("BEGIN IMMEDIATE")

            assert other.in_transaction
            other.close()

    async def test_what_a_failed_job_began_is_rolled_back_and_its_error_raised(self) -> None:
        def job(connection: sqlite3.Connection) -> None:
            self.begin_and_write(connection)
            raise LookupError

        async with serving(self.notes) as worker:
            with pytest.raises(LookupError):
                await worker.run(job)

            assert await worker.run(self.rows) == 0

    async def test_a_job_that_forgot_to_commit_is_an_error(self) -> None:
        async with serving(self.notes) as worker:
            with pytest.raises(RuntimeError, match="left a transaction open"):
                await worker.run(self.begin_and_write)

            assert await worker.run(self.rows) == 0

    async def test_a_held_transaction_outlives_its_jobs_and_a_cancel(self) -> None:
        async with serving(self.notes) as worker:
            worker.held = True
            await worker.run(self.begin_and_write)
            begun = Signal()
            task = asyncio.create_task(worker.run(endless(begun)))
            await begun.wait()
            await cancelled(task)

            assert worker.held
            assert await worker.run(self.rows) == 1
            worker.held = False
            await worker.run(lambda connection: connection.execute("COMMIT"))
            assert await worker.run(self.rows) == 1

    async def test_held_may_be_set_before_the_start(self) -> None:
        worker = Worker(self.notes, name="test worker")
        worker.held = True
        await worker.start()
        await worker.run(self.begin_and_write)

        assert await worker.run(self.rows) == 1
        await worker.close()

    async def test_a_rollback_that_was_cancelled_in_the_queue_happens_all_the_same(self) -> None:
        async with serving(self.notes) as worker:
            worker.held = True
            await worker.run(self.begin_and_write)
            blocker = Blocker()
            first = asyncio.create_task(worker.run(blocker))
            rollback = asyncio.create_task(
                worker.run(lambda connection: connection.execute("ROLLBACK"))
            )
            await blocker.begun.wait()
            await cancelled(rollback)
            blocker.gate.set()
            await first
            worker.held = False
            with pytest.raises(RuntimeError, match="left a transaction open"):
                await worker.run(one)

            assert await worker.run(self.rows) == 0

    async def test_a_connection_that_cannot_roll_back_is_closed(self) -> None:
        kept: list[sqlite3.Cursor] = []
        async with serving(self.notes) as worker:
            begun = Signal()

            def job(connection: sqlite3.Connection) -> object:
                self.begin_and_write(connection)
                # While this cursor is open SQLite does not forget the interrupt.
                kept.append(connection.execute(TICKS))
                next(kept[0])
                return endless(begun)(connection)

            task = asyncio.create_task(worker.run(job))
            behind = asyncio.create_task(worker.run(one))
            await begun.wait()
            await cancelled(task)

            with pytest.raises(ConnectionLost):
                await behind
            with pytest.raises(ConnectionLost, match="is closed"):
                await worker.run(one)
            assert threads() == []

    async def test_a_job_that_closes_the_connection_closes_the_worker(self) -> None:
        async with serving() as worker:
            await worker.run(lambda connection: connection.close())
            with pytest.raises(ConnectionLost):
                await worker.run(one)


class TestStart:
    async def test_raises_what_connect_raised_and_leaves_no_thread(self) -> None:
        def connect() -> sqlite3.Connection:
            raise sqlite3.OperationalError("unable to open")

        before = descriptors()
        worker = Worker(connect, name="test worker")
        with pytest.raises(sqlite3.OperationalError, match="unable to open"):
            await worker.start()

        assert threads() == []
        assert descriptors() == before
        with pytest.raises(ConnectionLost):
            await worker.run(one)

    @pytest.mark.parametrize("fails", [False, True])
    async def test_cancelled_leaves_neither_thread_nor_connection(self, fails: bool) -> None:
        begun, gate = Signal(), threading.Event()
        made: list[sqlite3.Connection] = []

        def connect() -> sqlite3.Connection:
            begun.give()
            gate.wait()
            if fails:
                raise LookupError
            made.append(sqlite3.connect(":memory:", check_same_thread=False))
            return made[0]

        before = descriptors()
        task = asyncio.create_task(Worker(connect, name="test worker").start())
        await begun.wait()
        for _ in range(3):
            task.cancel()
            await turns()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert threads() == []
        assert descriptors() == before
        for connection in made:
            with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                connection.execute("SELECT 1")

    async def test_leaves_nothing_when_no_thread_can_be_had(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def start(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        before = descriptors()
        worker = Worker(memory, name="test worker")
        with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="new thread"):
            patch.setattr(threading.Thread, "start", start)
            await worker.start()

        assert descriptors() == before
        await worker.start()
        await worker.close()

    async def test_happens_once(self) -> None:
        async with serving() as worker:
            with pytest.raises(RuntimeError, match="started before"):
                await worker.start()

    async def test_must_come_before_run(self) -> None:
        worker = Worker(memory, name="test worker")
        with pytest.raises(RuntimeError, match="not started"):
            await worker.run(one)

        assert worker.waiting() == 0
        assert worker.abandoned() is False


class TestClose:
    async def test_finishes_what_runs_and_refuses_what_waits(self) -> None:
        ran: list[object] = []
        async with serving() as worker:
            blocker = Blocker()
            running = asyncio.create_task(worker.run(blocker))
            queued = [asyncio.create_task(worker.run(ran.append)) for _ in range(3)]
            await blocker.begun.wait()
            queued[0].cancel()
            closing = asyncio.create_task(worker.close())
            refused = await asyncio.gather(*queued[1:], return_exceptions=True)
            with pytest.raises(ConnectionLost, match="is closed"):
                await worker.run(one)

            assert [type(error) for error in refused] == [ConnectionLost] * 2
            assert not closing.done()
            blocker.gate.set()
            assert await running == "blocker"
            await closing
            assert ran == []

    async def test_twice_or_at_once_is_the_same_as_once(self) -> None:
        async with serving() as worker:
            await asyncio.gather(worker.close(), worker.close())
            await worker.close()

            assert repr(worker) == "<Worker 'test worker', closed, 0 waiting>"
            assert threads() == []

    async def test_before_the_start_does_nothing(self) -> None:
        worker = Worker(memory, name="test worker")
        await worker.close()

        assert repr(worker) == "<Worker 'test worker', not started, 0 waiting>"

    async def test_cancelled_interrupts_what_runs_and_ends_the_thread(self) -> None:
        async with serving() as worker:
            begun = Signal()
            running = asyncio.create_task(worker.run(endless(begun)))
            await begun.wait()
            closing = asyncio.create_task(worker.close())
            await turns()
            assert not closing.done()
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing

            assert threads() == []
            with pytest.raises(ConnectionLost, match="while this ran") as caught:
                await running
            assert isinstance(caught.value.__cause__, sqlite3.OperationalError)

    async def test_cancelled_while_nothing_runs_still_ends_the_thread(self) -> None:
        async with serving() as worker:
            closing = asyncio.create_task(worker.close())
            await asyncio.sleep(0)
            closing.cancel()
            await asyncio.wait([closing])

            assert closing.cancelled()
            assert threads() == []

    async def test_brings_threads_and_descriptors_back_to_where_they_were(
        self, tmp_path: Path
    ) -> None:
        before = descriptors()
        for _ in range(20):
            async with serving(
                lambda: sqlite3.connect(tmp_path / "file.db", isolation_level=None)
            ) as worker:
                await worker.run(one)

        assert descriptors() == before
        assert threads() == []


class TestLoops:
    def test_another_loop_is_refused(self) -> None:
        worker = Worker(memory, name="test worker")
        with asyncio.Runner() as first, asyncio.Runner() as second:
            first.run(worker.start())
            with pytest.raises(WrongLoop, match="belongs to the event loop that started it"):
                second.run(worker.run(one))
            with pytest.raises(WrongLoop, match="belongs to the event loop that started it"):
                second.run(worker.close())

            assert first.run(worker.run(one)) == 1
            first.run(worker.close())

    async def test_a_worker_thrown_away_warns_and_ends_its_thread(self) -> None:
        before = descriptors()
        worker = Worker(memory, name="test worker")
        await worker.start()
        await worker.run(one)
        assert worker._desk is not None
        ended = worker._desk.ended
        with pytest.warns(ResourceWarning, match="'test worker'.* was never closed") as warned:
            del worker
        await asyncio.wait([ended])

        assert len(warned) == 1
        assert threads() == []
        assert descriptors() == before

    async def test_a_worker_that_its_connect_knows_can_be_thrown_away(self) -> None:
        class Owner:
            def __init__(self) -> None:
                self.worker = Worker(self.connect, name="test worker")

            def connect(self) -> sqlite3.Connection:
                return memory()

        owner = Owner()
        await owner.worker.start()
        await owner.worker.run(one)
        (thread,) = threads()
        del owner
        with pytest.warns(ResourceWarning, match="never closed"):
            gc.collect()
        thread.join(60)

        assert not thread.is_alive()
        await turns()

    def test_a_loop_closed_while_a_job_runs_leaves_no_thread_for_ever(self) -> None:
        before = descriptors()
        begun, gate = threading.Event(), threading.Event()

        def job(_: sqlite3.Connection) -> None:
            begun.set()
            gate.wait()

        worker = Worker(memory, name="test worker")
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda loop, context: None)
        loop.run_until_complete(worker.start())
        pending = loop.create_task(worker.run(job))
        loop.run_until_complete(asyncio.sleep(0))
        begun.wait()
        (thread,) = threads()
        loop.close()
        gate.set()
        thread.join(60)
        assert not thread.is_alive()
        del worker, pending, loop

        with pytest.warns(ResourceWarning, match="never closed"):
            gc.collect()
        assert descriptors() == before

    @pytest.mark.parametrize("owner", ["local", "global"])
    @pytest.mark.parametrize("job", ["quick", "endless"])
    def test_a_program_that_forgets_to_close_ends_quietly(self, owner: str, job: str) -> None:
        program = f"""
            import asyncio, sqlite3, os
            from ommi.drivers.sqlite.worker import Worker
            if "{bell_of(os)}" == "loop":
                del os.eventfd
            kept = []

            async def main():
                worker = Worker(lambda: sqlite3.connect(":memory:"), name="forgotten")
                if "{owner}" == "global":
                    kept.append(worker)
                await worker.start()
                await worker.run(lambda connection: connection.execute("SELECT 1").fetchone())
                if "{job}" == "endless":
                    asyncio.create_task(
                        worker.run(lambda connection: connection.execute('''{ENDLESS.strip()}'''))
                    )
                    await asyncio.sleep(0)

            asyncio.run(main())
        """
        ended = subprocess.run(
            [sys.executable, "-X", "dev", "-c", textwrap.dedent(program)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert ended.returncode == 0
        assert ended.stderr.count("ResourceWarning: <Worker 'forgotten'") == 1
        assert "Event loop is closed" not in ended.stderr
        assert "Traceback" not in ended.stderr


def bell_of(module: object) -> str:
    return "eventfd" if hasattr(module, "eventfd") else "loop"
