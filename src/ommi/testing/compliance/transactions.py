from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from ommi.database import Ommi
from ommi.drivers.protocol import IsolationLevel, Outcome
from ommi.errors import (
    NotFound,
    QueryError,
    TransactionClosed,
    TransactionFailed,
    TransactionTimeout,
    UniqueViolation,
    UnsupportedOperation,
)
from ommi.execution.transaction.policy import TransactionOptions
from ommi.planning.capabilities import Capability
from ommi.query.fields import fields
from ommi.results import Failure, Success
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.models import Account, Note
from ommi.testing.requirements import requires
from ommi.transactions import Transaction, transaction

TEXT = fields(Note).text
HOSTILE = 'x"; DROP TABLE ommi_compliance_note; --'


async def texts(db: Ommi) -> list[str]:
    notes: list[Note] = await db.query(Note).fetch_all()
    return sorted(note.text for note in notes)


class Stop(Exception):
    pass


@pytest.mark.anyio
@requires(Capability.TRANSACTIONS)
class TestTransactions:
    async def test_leaving_the_block_commits(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            await db.add(Note("a"))
            await tx.add(Note("b"))

        assert tx.outcome is Outcome.COMMITTED
        assert await texts(db) == ["a", "b"]

    async def test_an_exception_rolls_back_and_comes_out_itself(self, db: Ommi) -> None:
        stop, tx = Stop(), transaction(db)
        with pytest.raises(Stop) as caught:
            async with tx:
                await db.add(Note("a"))
                await db.add_all([Note("b"), Note("c")])
                raise stop

        assert caught.value is stop
        assert tx.outcome is Outcome.ROLLED_BACK
        assert await texts(db) == []

    async def test_a_block_sees_what_it_wrote_and_others_do_not(self, db: Ommi) -> None:
        reading = {Capability.PERSISTENCE, Capability.CONCURRENT_WRITERS}
        async with db.transaction():
            await db.add(Note("a"))

            assert await texts(db) == ["a"]
            if reading & set(db.driver.capabilities):
                with db.outside():
                    assert await texts(db) == []

    async def test_every_operation_belongs_to_the_block(self, db: Ommi) -> None:
        kept, changed, gone = await db.add(Note("kept"), Note("old"), Note("gone")).or_raise()
        with pytest.raises(Stop):
            async with db.transaction():
                changed.text = "new"
                await db.save(changed)
                await db.delete(gone)
                await db.find(Note, TEXT == "kept").update(text="lost")
                await db.reload(kept)
                assert kept.text == "lost"
                assert await db.find(Note).count.value == 2
                raise Stop

        assert await texts(db) == ["gone", "kept", "old"]

    async def test_an_empty_block_commits_nothing(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            pass

        assert tx.outcome is Outcome.COMMITTED

    async def test_the_level_is_told_and_at_least_what_was_asked_for(self, db: Ommi) -> None:
        for level in IsolationLevel:
            async with db.transaction(TransactionOptions(isolation_level=level)) as tx:
                await db.find(Note).count.value
                assert tx.isolation_level.includes(level)
        async with db.transaction() as tx:
            assert tx.isolation_level in IsolationLevel

    async def test_begin_and_commit_without_a_block(self, db: Ommi) -> None:
        tx = await Transaction(db, TransactionOptions()).begin()
        await tx.add(Note("a"))
        await db.add(Note("b"))
        await tx.commit()
        other = await Transaction(db).begin()
        await other.add(Note("c"))
        await other.rollback()

        assert await texts(db) == ["a", "b"]
        assert (tx.outcome, other.outcome) == (Outcome.COMMITTED, Outcome.ROLLED_BACK)

    async def test_after_an_explicit_end_writes_are_refused_and_reads_go_on(
        self, db: Ommi
    ) -> None:
        async with db.transaction() as tx:
            await db.add(Note("a"))
            await tx.commit()
            with pytest.raises(TransactionClosed, match="committed"):
                await db.add(Note("b"))
            assert await texts(db) == ["a"]
            with pytest.raises(TransactionClosed):
                await tx.commit()
        async with db.transaction() as tx:
            await db.add(Note("c"))
            await tx.rollback()
            with pytest.raises(TransactionClosed, match="rolled back"):
                await tx.add(Note("d"))

        assert await texts(db) == ["a"]

    async def test_a_write_that_is_awaited_after_an_explicit_end_is_refused(
        self, db: Ommi
    ) -> None:
        async with db.transaction() as tx:
            await db.add(Note("a")).or_raise()
            late = tx.query(Note).update(text="b")
            await tx.commit()
            with pytest.raises(TransactionClosed, match="committed"):
                await late

        assert await texts(db) == ["a"]

    async def test_after_its_end_a_transaction_refuses_everything(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            await db.add(Note("a"))

        with pytest.raises(TransactionClosed):
            await tx.query(Note).count()
        with pytest.raises(TransactionClosed):
            await tx.add(Note("b")).or_raise()
        with pytest.raises(TransactionClosed):
            await tx.commit()
        with pytest.raises(TransactionClosed):
            async with tx:
                pass
        assert await texts(db) == ["a"]

    async def test_before_its_beginning_it_refuses_too(self, db: Ommi) -> None:
        with pytest.raises(TransactionClosed, match="not begun"):
            await db.transaction().query(Note).count()

    async def test_a_read_only_block_refuses_writes_before_they_are_sent(self, db: Ommi) -> None:
        await db.add(Note("a")).or_raise()
        async with db.transaction(TransactionOptions(read_only=True)):
            for write in (
                db.add(Note("b")),
                db.add(Note("b"), Note("c")),
                db.find(Note).update(text="b"),
                db.find(Note).delete(),
            ):
                with pytest.raises(UnsupportedOperation, match="write in a read-only"):
                    await write
            assert await texts(db) == ["a"]

        assert await texts(db) == ["a"]

    @requires(Capability.TRANSACTIONAL_DDL)
    async def test_tables_made_in_a_block_go_with_it(self, database: Ommi) -> None:
        await database.remove_models(Note)
        with pytest.raises(Stop):
            async with database.transaction():
                await database.use_models(Note)
                await database.add(Note("a"))
                raise Stop
        async with tables(database, Note):
            assert await texts(database) == []

    async def test_where_making_tables_commits_it_has_to_be_allowed(self, db: Ommi) -> None:
        if Capability.TRANSACTIONAL_DDL in db.driver.capabilities:
            pytest.skip(f"{db.driver.name} makes tables inside a transaction")
        async with db.transaction():
            await db.add(Note("a"))
            with pytest.raises(UnsupportedOperation, match="allow_implicit_commit"):
                await db.remove_models(Account)
        with pytest.raises(Stop):
            async with db.transaction(TransactionOptions(allow_implicit_commit=True)) as tx:
                await tx.savepoint("before")
                await db.add(Note("b"))
                await db.remove_models(Account)
                await db.add(Note("c"))
                with pytest.raises(QueryError, match="gone"):
                    await tx.rollback_to_savepoint("before")
                raise Stop

        assert await texts(db) == ["a", "b"]

    async def test_the_innermost_database_is_that_of_the_block(self, db: Ommi) -> None:
        note = Note("a")
        async with db.transaction():
            await db.add(note)
            note.text = "b"
            await note.save()  # type: ignore[attr-defined]

        assert await texts(db) == ["b"]

    async def test_the_next_transaction_has_the_default_level_again(self, db: Ommi) -> None:
        async with db.transaction() as first:
            pass
        strict = TransactionOptions(isolation_level=IsolationLevel.SERIALIZABLE)
        async with db.transaction(strict):
            await db.find(Note).count.value
        async with db.transaction() as last:
            await db.find(Note).count.value

        assert last.isolation_level is first.isolation_level


@pytest.mark.anyio
@requires(Capability.TRANSACTIONS, Capability.UNIQUE)
class TestFailuresInTransactions:
    async def test_a_plain_await_raises_what_the_store_refused(self, db: Ommi) -> None:
        await db.add(Account("a@b.c")).or_raise()
        with pytest.raises(UniqueViolation):
            async with db.transaction():
                await db.add(Account("new@b.c"))
                await db.add(Account("a@b.c"))

        assert await db.query(Account).count() == 1

    async def test_not_found_is_an_answer(self, db: Ommi) -> None:
        async with db.transaction():
            answer = await db.find(Note, TEXT == "a").one
            assert isinstance(answer.error, NotFound)
            await db.add(Note("a"))

        assert await texts(db) == ["a"]

    async def test_what_the_store_refused_poisons_the_block(self, db: Ommi) -> None:
        await db.add(Account("a@b.c")).or_raise()
        tx, refused = db.transaction(), None
        with pytest.raises(TransactionFailed) as caught:
            async with tx:
                await db.add(Note("a"))
                refused = await db.add(Account("a@b.c")).error
                with pytest.raises(TransactionFailed):
                    await db.find(Note).count.value
                with pytest.raises(TransactionFailed):
                    await tx.savepoint("late")

        assert caught.value.__cause__ is refused
        assert tx.outcome is Outcome.ROLLED_BACK
        assert await texts(db) == []

    async def test_what_was_refused_before_it_was_sent_does_not(self, db: Ommi) -> None:
        async with db.transaction():
            refused = await db.add(Note(3)).error  # type: ignore[arg-type]
            assert isinstance(refused, ValueError)
            await db.add(Note("a"))

        assert await texts(db) == ["a"]

    async def test_an_explicit_commit_of_a_poisoned_block_raises(self, db: Ommi) -> None:
        await db.add(Account("a@b.c")).or_raise()
        async with db.transaction() as tx:
            await db.add(Note("a"))
            assert await db.add(Account("a@b.c")).value_or(None) is None
            with pytest.raises(TransactionFailed):
                await tx.commit()

        assert tx.outcome is Outcome.ROLLED_BACK
        assert await texts(db) == []

    @requires(Capability.SAVEPOINTS)
    async def test_returned_failures_leave_the_block_sound(self, db: Ommi) -> None:
        await db.add(Account("a@b.c")).or_raise()
        async with db.transaction(TransactionOptions(on_failure="return")):
            assert isinstance(await db.add(Note("a")), Success)
            failure = await db.add(Account("a@b.c"))
            assert isinstance(failure.error, UniqueViolation)
            await db.add(Note("b"))

        assert await texts(db) == ["a", "b"]

    @requires(Capability.SAVEPOINTS)
    async def test_a_returned_failure_that_nobody_looked_at_is_raised(self, db: Ommi) -> None:
        await db.add(Account("a@b.c")).or_raise()
        failure: object = None
        with pytest.raises(TransactionFailed, match="nobody looked"):
            async with db.transaction(TransactionOptions(on_failure="return")):
                await db.add(Note("a"))
                failure = await db.add(Account("a@b.c"))

        assert isinstance(failure, Failure)
        assert await texts(db) == []


@pytest.mark.anyio
@requires(Capability.TRANSACTIONS, Capability.UNIQUE, Capability.SAVEPOINTS)
class TestSavepoints:
    async def test_what_came_after_a_savepoint_is_undone(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            await db.add(Note("a"))
            await tx.savepoint("here")
            await db.add(Note("b"))
            await tx.rollback_to_savepoint("here")
            await db.add(Note("c"))
            await tx.rollback_to_savepoint("here")
            await db.add(Note("d"))

        assert await texts(db) == ["a", "d"]

    async def test_a_savepoint_cures_a_poisoned_block(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            await db.add(Account("a@b.c"))
            await tx.savepoint(HOSTILE)
            with pytest.raises(UniqueViolation):
                await db.add(Account("a@b.c"))
            await tx.rollback_to_savepoint(HOSTILE)
            await db.add(Note("a"))

        assert await texts(db) == ["a"]

    async def test_of_two_savepoints_of_one_name_the_last_counts(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            async with tx.savepoint("s"):
                await db.add(Note("a"))
                async with tx.savepoint("s"):
                    await db.add(Note("b"))
                    await tx.rollback_to_savepoint("s")
                await db.add(Note("c"))
                await tx.rollback_to_savepoint("s")
            await db.add(Note("d"))

        assert await texts(db) == ["d"]

    async def test_a_savepoint_block_undoes_itself_on_an_error(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            await db.add(Note("a"))
            with pytest.raises(Stop):
                async with tx.savepoint("s"):
                    await db.add(Note("b"))
                    raise Stop
            with pytest.raises(QueryError, match="no savepoint 's'"):
                await tx.rollback_to_savepoint("s")

        assert await texts(db) == ["a"]

    async def test_a_savepoint_block_that_swallows_a_failure_raises(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            await db.add(Account("a@b.c"))
            with pytest.raises(TransactionFailed):
                async with tx.savepoint("s"):
                    await db.add(Note("a"))
                    assert await db.add(Account("a@b.c")).value_or(None) is None
            await db.add(Note("b"))

        assert await texts(db) == ["b"]

    async def test_a_name_that_is_not_there_is_refused_and_nothing_lost(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            await db.add(Note("a"))
            await tx.savepoint("first")
            with pytest.raises(QueryError, match=r"'second'.*'first'"):
                await tx.rollback_to_savepoint("second")
            with pytest.raises(QueryError, match="str"):
                tx.savepoint(3)  # type: ignore[arg-type]

        assert await texts(db) == ["a"]


@pytest.mark.anyio
@requires(Capability.TRANSACTIONS, Capability.SAVEPOINTS)
class TestNestedTransactions:
    async def test_three_deep_only_the_one_that_fails_is_undone(self, db: Ommi) -> None:
        async with db.transaction() as outer:
            await db.add(Note("1"))
            async with db.transaction() as middle:
                await db.add(Note("2"))
                inner = db.transaction()
                with pytest.raises(Stop):
                    async with inner:
                        await inner.add(Note("3"))
                        raise Stop
                await middle.add(Note("4"))

        outcomes = [tx.outcome.value for tx in (outer, middle, inner)]
        assert outcomes == ["committed", "committed", "rolled_back"]
        assert await texts(db) == ["1", "2", "4"]

    async def test_the_outer_one_undoes_the_inner_ones(self, db: Ommi) -> None:
        with pytest.raises(Stop):
            async with db.transaction():
                async with db.transaction():
                    await db.add(Note("a"))
                raise Stop

        assert await texts(db) == []

    async def test_what_is_asked_of_the_outer_one_must_be_there(self, db: Ommi) -> None:
        async with db.transaction() as outer:
            for level in IsolationLevel:
                options = TransactionOptions(isolation_level=level)
                if outer.isolation_level.includes(level):
                    async with db.transaction(options):
                        await db.add(Note(level.value))
                    continue
                with pytest.raises(UnsupportedOperation, match="nested transaction at"):
                    async with db.transaction(options):
                        pass
            with pytest.raises(QueryError, match="outermost"):
                async with db.transaction(TransactionOptions(commit_marker=True)):
                    pass
            await db.add(Note("still here"))

        assert "still here" in await texts(db)

    async def test_inside_the_nested_block_the_outer_one_is_not_waited_for(self, db: Ommi) -> None:
        async with db.transaction() as outer, db.transaction():
            with pytest.raises(QueryError, match="nested block"):
                await outer.add(Note("a")).or_raise()
            await db.add(Note("b"))

        assert await texts(db) == ["b"]

    async def test_a_nested_read_only_block_refuses_writes(self, db: Ommi) -> None:
        async with db.transaction():
            async with db.transaction(TransactionOptions(read_only=True)):
                with pytest.raises(UnsupportedOperation):
                    await db.add(Note("a"))
            await db.add(Note("b"))

        assert await texts(db) == ["b"]

    async def test_a_nested_timeout_undoes_the_nested_block(self, db: Ommi) -> None:
        async with db.transaction():
            await db.add(Note("a"))
            with pytest.raises(TransactionTimeout):
                async with db.transaction(TransactionOptions(timeout=0.5)):
                    await db.add(Note("b"))
                    await asyncio.Event().wait()
            await db.add(Note("c"))

        assert await texts(db) == ["a", "c"]


CONTEXT: ContextVar[str] = ContextVar("context", default="outside")


@pytest.mark.anyio
@requires(Capability.TRANSACTIONS)
class TestAfterCommit:
    @requires(Capability.SAVEPOINTS)
    async def test_hooks_run_in_order_after_the_outermost_commit(self, db: Ommi) -> None:
        seen: list[object] = []

        async def later() -> None:
            seen.append((await texts(db), CONTEXT.get()))

        async with db.transaction() as tx:
            CONTEXT.set("inside")
            tx.on_commit(lambda: seen.append("first"))
            async with db.transaction() as inner:
                inner.on_commit(later)
                await db.add(Note("a"))
            assert seen == []

        assert seen == ["first", (["a"], "outside")]

    @requires(Capability.SAVEPOINTS)
    async def test_hooks_of_what_was_undone_do_not_run(self, db: Ommi) -> None:
        seen: list[str] = []
        async with db.transaction() as tx:
            with pytest.raises(Stop):
                async with db.transaction() as inner:
                    inner.on_commit(lambda: seen.append("inner"))
                    raise Stop
            await tx.savepoint("s")
            tx.on_commit(lambda: seen.append("savepoint"))
            await tx.rollback_to_savepoint("s")
            tx.on_commit(lambda: seen.append("kept"))
        with pytest.raises(Stop):
            async with db.transaction() as tx:
                tx.on_commit(lambda: seen.append("rolled back"))
                raise Stop

        assert seen == ["kept"]

    async def test_a_failing_hook_is_reported_and_stops_no_other(self, db: Ommi) -> None:
        reported: list[dict[str, object]] = []
        seen: list[str] = []
        stop = Stop()

        def fail() -> None:
            raise stop

        loop = asyncio.get_running_loop()
        before = loop.get_exception_handler()
        loop.set_exception_handler(lambda _, context: reported.append(context))
        try:
            async with db.transaction() as tx:
                await db.add(Note("a"))
                tx.on_commit(fail)
                tx.on_commit(lambda: seen.append("second"))
        finally:
            loop.set_exception_handler(before)

        assert [context["exception"] for context in reported] == [stop]
        assert seen == ["second"]
        assert await texts(db) == ["a"]
