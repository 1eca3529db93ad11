from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from ommi.database import Ommi
from ommi.drivers.protocol import Outcome
from ommi.errors import (
    ConflictError,
    QueryError,
    TransactionClosed,
    TransactionTimeout,
    UniqueViolation,
)
from ommi.execution.transaction.policy import TransactionOptions
from ommi.planning.capabilities import Capability
from ommi.query.fields import col
from ommi.testing.compliance.models import Account, Draft, Note
from ommi.testing.compliance.transactions import Stop, texts
from ommi.testing.requirements import requires
from ommi.transactions import Transaction

NUMBER = col(Note.number)


@pytest.mark.anyio
@requires(Capability.TRANSACTIONS)
class TestTasksInTransactions:
    async def test_five_finds_at_once_share_the_connection(self, db: Ommi) -> None:
        async with db.transaction():
            await db.add(Note("a"))
            found = await asyncio.gather(*(db.find(Note).fetch.all() for _ in range(5)))

        assert [[note.text for note in notes] for notes in found] == [["a"]] * 5

    async def test_tasks_of_a_block_write_into_it(self, db: Ommi) -> None:
        with pytest.raises(Stop):
            async with db.transaction():
                async with asyncio.TaskGroup() as group:
                    for number in range(5):
                        group.create_task(db.add(Note(str(number))).or_raise())
                assert len(await texts(db)) == 5
                raise Stop

        assert await texts(db) == []

    async def test_a_task_that_outlives_the_block_is_refused(self, db: Ommi) -> None:
        ended = asyncio.Event()

        async def straggle() -> None:
            await ended.wait()
            await db.add(Note("late")).or_raise()

        async with db.transaction():
            await db.add(Note("a"))
            straggler = asyncio.create_task(straggle())
        ended.set()

        with pytest.raises(TransactionClosed):
            await straggler
        assert await texts(db) == ["a"]

    async def test_outside_opts_out(self, db: Ommi) -> None:
        ended = asyncio.Event()

        async def straggle() -> None:
            await ended.wait()
            async with db.outside():
                await db.add(Note("late")).or_raise()

        async with db.transaction():
            straggler = asyncio.create_task(straggle())
        ended.set()
        await straggler

        assert await texts(db) == ["late"]

    @requires(Capability.SAVEPOINTS)
    async def test_a_nested_block_of_one_task_makes_the_others_wait(self, db: Ommi) -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()
        order: list[str] = []

        async def nested() -> None:
            async with db.transaction():
                inside.set()
                await go_on.wait()
                await db.add(Note("nested"))
                order.append("nested")

        async def sibling() -> None:
            await inside.wait()
            go_on.set()
            await db.add(Note("sibling"))
            order.append("sibling")

        async with db.transaction(), asyncio.TaskGroup() as group:
            group.create_task(nested())
            group.create_task(sibling())

        assert order == ["nested", "sibling"]
        assert await texts(db) == ["nested", "sibling"]

    @requires(Capability.SAVEPOINTS)
    async def test_a_nested_block_that_outlives_the_outer_one_is_closed(self, db: Ommi) -> None:
        inside, ended = asyncio.Event(), asyncio.Event()

        async def nested() -> None:
            async with db.transaction():
                await db.add(Note("nested"))
                inside.set()
                await ended.wait()
                await db.add(Note("late"))

        tasks: list[asyncio.Task[None]] = []
        with pytest.raises(Stop):
            async with db.transaction():
                tasks.append(asyncio.create_task(nested()))
                await inside.wait()
                raise Stop
        ended.set()

        with pytest.raises(TransactionClosed):
            await tasks[0]
        assert await texts(db) == []

    async def test_transactions_of_many_tasks_do_not_mix(self, db: Ommi) -> None:
        async def run(number: int) -> None:
            async with db.transaction():
                await db.add(Note(str(number), number))
                await asyncio.sleep(0)
                assert await db.query(Note, lambda note: note.number == number).count() == 1
                if number % 2:
                    raise Stop

        answers = await asyncio.gather(*map(run, range(8)), return_exceptions=True)

        assert [type(answer) for answer in answers] == [type(None), Stop] * 4
        assert await texts(db) == ["0", "2", "4", "6"]

    async def test_a_write_beside_a_transaction_outlasts_its_rollback(self, db: Ommi) -> None:
        await db.add(Note("a", 1)).or_raise()

        async def undone() -> None:
            with suppress(Stop):
                async with db.transaction():
                    await db.add(Note("b", 2)).or_raise()
                    raise Stop

        # Asked for before the transaction begins, and run when it has.
        _, matched = await asyncio.gather(undone(), db.query(Note).update(number=7))

        assert matched == 1
        assert [note.number for note in await db.query(Note).fetch_all()] == [7]

    async def test_a_cancelled_block_is_rolled_back(self, db: Ommi) -> None:
        inside = asyncio.Event()
        txs: list[Transaction] = []

        async def run() -> None:
            async with db.transaction() as tx:
                txs.append(tx)
                await db.add(Note("a"))
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(run())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert txs[0].outcome is Outcome.ROLLED_BACK
        assert await texts(db) == []

    async def test_a_timeout_interrupts_and_rolls_back(self, db: Ommi) -> None:
        tx = db.transaction(TransactionOptions(timeout=0.05))
        with pytest.raises(TransactionTimeout):
            async with tx:
                await db.add(Note("a"))
                await asyncio.Event().wait()

        assert tx.outcome is Outcome.ROLLED_BACK
        assert await texts(db) == []

    async def test_a_block_that_swallows_its_timeout_is_rolled_back_too(self, db: Ommi) -> None:
        with pytest.raises(TransactionTimeout):
            async with db.transaction(TransactionOptions(timeout=0.05)):
                await db.add(Note("a"))
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        assert await texts(db) == []

    async def test_two_databases_nest_without_touching_each_other(self, db: Ommi) -> None:
        async with Ommi("memory://") as other:
            await other.use_models(Note)
            with pytest.raises(Stop):
                async with db.transaction():
                    await db.add(Note("here"))
                    async with other.transaction():
                        await db.add(Note("here too"))
                        await other.add(Note("there"))
                    raise Stop

            assert await texts(db) == []
            assert await texts(other) == ["there"]


@pytest.mark.anyio
@requires(Capability.TRANSACTIONS, Capability.STREAMING)
class TestStreamsInTransactions:
    async def test_a_stream_sees_the_rows_of_its_start(self, db: Ommi) -> None:
        async with db.transaction():
            await db.add_all([Note(str(number), number) for number in range(3)])
            seen = []
            async for note in db.find(Note).order_by(NUMBER):
                seen.append(note.number)
                await db.add(Note("new", 10 + len(seen)))
                note.text = "changed"
                await db.save(note)
            count = await db.find(Note).count.value

        assert (seen, count) == ([0, 1, 2], 6)

    async def test_a_stream_that_is_left_early_harms_nothing(self, db: Ommi) -> None:
        async with db.transaction():
            await db.add_all([Note(str(number), number) for number in range(2500)])
            stream = db.query(Note).order_by(NUMBER).stream()
            assert (await anext(stream)).number == 0
            await stream.aclose()
            await db.find(Note, NUMBER > 0).delete()

        assert await texts(db) == ["0"]


@pytest.mark.anyio
@requires(Capability.TRANSACTIONS, Capability.UNIQUE)
class TestRunningAgain:
    async def test_code_runs_once_where_there_is_no_conflict(self, db: Ommi) -> None:
        numbers = []
        async for tx in db.attempts():
            async with tx:
                numbers.append(tx.attempts)
                await db.add(Note("a"))

        assert numbers == [1]
        assert await texts(db) == ["a"]

    async def test_code_is_run_again_after_a_conflict(self, db: Ommi) -> None:
        async for tx in db.attempts():
            async with tx:
                await db.add(Note(str(tx.attempts)))
                if tx.attempts < 3:
                    raise ConflictError("forced")

        assert await texts(db) == ["3"]

    async def test_the_last_conflict_is_raised(self, db: Ommi) -> None:
        runs = 0
        with pytest.raises(ConflictError):
            async for tx in db.attempts(TransactionOptions(max_retries=3)):
                async with tx:
                    runs += 1
                    raise ConflictError("forced")

        assert runs == 4

    async def test_the_time_is_for_all_attempts_together(self, db: Ommi) -> None:
        with pytest.raises(TransactionTimeout):
            async for tx in db.attempts(TransactionOptions(timeout=0.1, max_retries=10_000)):
                async with tx:
                    raise ConflictError("forced")

    async def test_another_error_ends_it(self, db: Ommi) -> None:
        await db.add(Account("a@b.c")).or_raise()
        runs = 0
        with pytest.raises(UniqueViolation):
            async for tx in db.attempts():
                async with tx:
                    runs += 1
                    await db.add(Account("a@b.c"))

        assert runs == 1

    async def test_transactions_of_attempts_have_to_be_entered(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match="async with tx"):
            async for _ in db.attempts():
                pass

    async def test_a_function_is_run_in_a_transaction(self, db: Ommi) -> None:
        async def work(tx: Transaction) -> int:
            await tx.add(Note(str(tx.attempts)))
            if tx.attempts == 1:
                raise ConflictError("forced")
            return tx.attempts

        assert await db.run_transaction(work) == 2
        assert await texts(db) == ["2"]

    async def test_a_decorated_function_is_run_in_a_transaction(self, db: Ommi) -> None:
        runs: list[str] = []

        @db.transactional(TransactionOptions(max_retries=1))
        async def work(text: str, *, fails: bool) -> str:
            runs.append(text)
            await db.add(Note(text))
            if fails:
                raise ConflictError("forced")
            return text

        assert await work("a", fails=False) == "a"
        with pytest.raises(ConflictError):
            await work("b", fails=True)
        assert runs == ["a", "b", "b"]
        assert await texts(db) == ["a"]

    @requires(Capability.SAVEPOINTS)
    async def test_inside_a_transaction_they_are_savepoints_run_once(self, db: Ommi) -> None:
        runs = 0

        async def work(tx: Transaction) -> None:
            nonlocal runs
            runs += 1
            raise ConflictError("forced")

        async with db.transaction():
            await db.add(Note("a"))
            with pytest.raises(ConflictError):
                await db.run_transaction(work)

        assert runs == 1
        assert await texts(db) == ["a"]

    async def test_a_version_that_moved_on_is_met_again_as_it_is(self, db: Ommi) -> None:
        await db.add(Draft("a")).or_raise()
        attempts = 0
        async for tx in db.attempts():
            async with tx:
                attempts = tx.attempts
                [draft] = await db.query(Draft).fetch_all()
                if tx.attempts == 1:
                    # As somebody else would have, behind this one's back.
                    await db.find(Draft).update(text="b")
                draft.text = f"{draft.text}!"
                await db.save(draft)

        [draft] = await db.query(Draft).fetch_all()
        assert (draft.text, attempts) == ("a!", 2)

    async def test_code_that_swallows_a_conflict_is_run_again(self, db: Ommi) -> None:
        async for tx in db.attempts():
            async with tx:
                await db.add(Note(str(tx.attempts)))
                if tx.attempts == 1:
                    # As a store would have it: the statement failed, and nobody cared.
                    block = tx._begun()  # noqa: SLF001
                    block.core.failure = ConflictError("forced")

        assert await texts(db) == ["2"]


@pytest.mark.anyio
@requires(Capability.ATOMIC_BATCHES, Capability.UNIQUE)
class TestBatches:
    async def test_writes_happen_together_and_added_models_come_back(self, db: Ommi) -> None:
        await db.add(Note("old", 1), Note("gone", 2)).or_raise()

        given = await db.batch(
            db.find(Note, NUMBER == 1).update(text="new"),
            db.add(Note("one")),
            db.find(Note, NUMBER == 2).delete(),
            db.add_all([Note("two"), Note("three")]),
        ).or_raise()

        updated, one, deleted, [two, three] = given
        assert (updated, deleted) == (None, None)
        assert len({one.id, two.id, three.id}) == 3
        assert await texts(db) == ["new", "one", "three", "two"]

    async def test_one_that_fails_undoes_them_all(self, db: Ommi) -> None:
        failure = await db.batch(
            db.add(Note("a")), db.add(Account("a@b.c")), db.add(Account("a@b.c"))
        )

        assert isinstance(failure.error, UniqueViolation)
        assert await texts(db) == []
        assert await db.query(Account).count() == 0

    async def test_it_takes_writes_of_this_database_only(self, db: Ommi) -> None:
        note = await db.add(Note("a")).or_raise()
        for operation in (db.find(Note).count, db.delete(note)):
            with pytest.raises(QueryError, match=r"batch\(\) takes"):
                db.batch(operation)
            operation.close()

    @requires(Capability.TRANSACTIONS)
    async def test_it_belongs_to_the_transaction_around_it(self, db: Ommi) -> None:
        with pytest.raises(Stop):
            async with db.transaction():
                await db.batch(db.add(Note("a")), db.add(Note("b")))
                raise Stop

        assert await texts(db) == []


@pytest.mark.anyio
@requires(Capability.TRANSACTIONS, Capability.PERSISTENCE)
class TestCommitMarkers:
    async def test_the_store_tells_what_became_of_a_transaction(self, db: Ommi) -> None:
        marked = TransactionOptions(commit_marker=True)
        async with db.transaction(marked) as kept:
            await db.add(Note("a"))
        lost = db.transaction(marked)
        with pytest.raises(Stop):
            async with lost:
                await db.add(Note("b"))
                raise Stop

        assert kept.token is not None
        assert lost.token is not None
        assert await db.resolve(kept.token) is Outcome.COMMITTED
        assert await db.resolve(lost.token) is Outcome.ROLLED_BACK
        assert await db.resolve(lost.token) is Outcome.ROLLED_BACK
