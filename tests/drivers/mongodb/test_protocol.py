"""What goes over the wire: transactions, their labels, cursors, faults."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import pytest

from ommi import (
    Auto,
    CommitOutcomeUnknown,
    ConflictError,
    ConnectionFailed,
    ConnectionLost,
    DatabaseError,
    Key,
    ModelCollection,
    Ommi,
    StatementTimeout,
    TransactionOptions,
    Unique,
    UniqueViolation,
    UnsupportedOperation,
    fields,
    ommi_model,
)
from ommi.drivers.protocol import Outcome
from services.mongodb.server import Fault, Server, serving

COLLECTION = ModelCollection()
OTHERS = ModelCollection()
pytestmark = pytest.mark.anyio
SECRET = "sesame-open"


@ommi_model(collection=COLLECTION)
@dataclass
class Account:
    email: Annotated[str, Unique]
    size: int = 0
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=OTHERS)
@dataclass
class Other:
    id: int


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def failing(code: int, name: str, *labels: str) -> dict[str, object]:
    return {"ok": 0.0, "code": code, "codeName": name, "errmsg": SECRET, "errorLabels": [*labels]}


async def test_a_transaction_is_one_session_and_one_number(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        async with db.transaction() as tx:
            await db.add(Account("a")).or_raise()
            await db.find(Account).count.value

    assert tx.outcome is Outcome.COMMITTED
    inside = [command for command in server.commands if "autocommit" in command]
    names = [next(iter(command)) for command in inside]
    assert names == ["insert", "aggregate", "commitTransaction"]
    assert len({bytes(command["lsid"]["id"]) for command in inside}) == 1
    assert len({command["txnNumber"] for command in inside}) == 1
    assert [command.get("startTransaction") for command in inside] == [True, None, None]
    assert inside[0]["readConcern"]["level"] == "snapshot"
    assert inside[-1]["writeConcern"] == {"w": "majority"}


async def test_several_rows_are_added_in_one_transaction(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        failure = await db.add(Account("a"), Account("b"), Account("a"))

        assert isinstance(failure.error, UniqueViolation)
        assert (failure.error.model, failure.error.fields) == ("Account", ("email",))
        assert await db.query(Account).count() == 0
    assert len(server.sent("abortTransaction")) == 1


async def test_a_transient_error_is_a_conflict_and_is_not_retried(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        reply = failing(112, "WriteConflict", "TransientTransactionError")
        server.faults.append(Fault("insert", "error", reply))
        with pytest.raises(ConflictError) as caught:
            async with db.transaction():
                await db.add(Account("a"))

    assert caught.value.retryable
    assert len(server.sent("insert")) == 1
    assert len(server.sent("abortTransaction")) == 1
    assert SECRET not in f"{caught.value}{caught.value.__cause__}"


async def test_two_writers_of_one_row_conflict(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        await db.add(Account("a")).or_raise()
        with pytest.raises(ConflictError):
            async with db.transaction():
                await db.find(Account).count.value
                with db.outside():
                    await db.find(Account).update(size=1).or_raise()
                await db.find(Account).update(size=2)

        assert (await db.query(Account).one()).size == 1


async def test_a_lost_reply_to_a_commit_is_an_unknown_outcome(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        server.faults.append(Fault("commitTransaction", "cut", times=2))
        tx = db.transaction()
        with pytest.raises(CommitOutcomeUnknown):
            async with tx:
                await db.add(Account("a"))

    assert tx.outcome is Outcome.UNKNOWN
    # The client library asks once more under the same number, which commits nothing twice.
    assert len({command["txnNumber"] for command in server.sent("commitTransaction")}) == 1


async def test_a_lost_reply_to_the_commit_before_tables_go_is_an_unknown_outcome(
    server: Server,
) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        server.faults.append(Fault("commitTransaction", "cut", times=2))
        tx = db.transaction(TransactionOptions(allow_implicit_commit=True))
        with pytest.raises(CommitOutcomeUnknown):
            async with tx:
                await db.add(Account("a"))
                await db.remove_models(OTHERS)

        assert tx.outcome is Outcome.UNKNOWN
        assert await db.query(Account).count() == 1
    assert server.sent("dropCollection") == server.sent("abortTransaction") == []


async def test_a_conflict_in_the_commit_before_tables_go_is_a_rollback(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        reply = failing(112, "WriteConflict", "TransientTransactionError")
        server.faults.append(Fault("commitTransaction", "error", reply))
        tx = db.transaction(TransactionOptions(allow_implicit_commit=True))
        with pytest.raises(ConflictError):
            async with tx:
                await db.add(Account("a"))
                await db.remove_models(OTHERS)

    assert tx.outcome is Outcome.ROLLED_BACK


async def test_a_lost_reply_to_the_commit_of_a_batch_is_an_unknown_outcome(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        server.faults.append(Fault("commitTransaction", "cut", times=2))

        failure = await db.add(Account("a"), Account("b"))

        assert isinstance(failure.error, CommitOutcomeUnknown)
        assert await db.query(Account).count() == 2
    assert len({command["txnNumber"] for command in server.sent("commitTransaction")}) == 1


async def test_a_write_whose_reply_is_lost_is_done_once_and_told_as_lost(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        account = await db.add(Account("a")).or_raise()
        server.faults.append(Fault("update", "cut"))

        failure = await db.find(fields(Account).id == account.id).update(size=5)

        assert isinstance(failure.error, ConnectionLost)
        assert (await db.query(Account).one()).size == 5
    assert len([each for each in server.sent("update") if each["update"] == "Account"]) == 1


async def test_an_unknown_commit_by_its_label(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        reply = failing(50, "MaxTimeMSExpired", "UnknownTransactionCommitResult")
        server.faults.append(Fault("commitTransaction", "error", reply))
        with pytest.raises(CommitOutcomeUnknown):
            async with db.transaction():
                await db.add(Account("a"))

    assert len(server.sent("commitTransaction")) == 1


async def test_a_lone_server_has_no_transactions_and_is_sent_none() -> None:
    with serving(Server(is_replica_set=False)) as server:
        async with Ommi(server.url) as db:
            await db.use_models(COLLECTION)
            await db.add(Account("a")).or_raise()
            before = len(server.commands)
            failure = await db.add(Account("b"), Account("c"))
            assert isinstance(failure.error, UnsupportedOperation)
            with pytest.raises(UnsupportedOperation, match="replica set"):
                async with db.transaction():
                    pass
            assert len(server.commands) == before
            assert [account.email async for account in db.find(Account)] == ["a"]


async def test_savepoints_are_refused_before_anything_is_sent(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        before = len(server.commands)
        with pytest.raises(UnsupportedOperation, match="savepoints"):
            async with db.transaction(), db.transaction():
                pass
        assert len(server.commands) == before


@pytest.mark.parametrize(
    ("code", "name", "kind"),
    [
        (50, "MaxTimeMSExpired", StatementTimeout),
        (13, "Unauthorized", ConnectionFailed),
        (40066, "Location40066", DatabaseError),
        (9, "FailedToParse", DatabaseError),
    ],
)
async def test_an_error_of_the_server_has_its_kind_and_shows_no_value(
    server: Server, code: int, name: str, kind: type[Exception]
) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        server.faults.append(Fault("find", "error", failing(code, name)))

        failure = await db.find(Account, fields(Account).email == SECRET).fetch()

    assert isinstance(failure.error, kind)
    assert SECRET not in f"{failure.error}{failure.error.__cause__}"


async def test_a_broken_connection_is_lost_and_the_next_one_serves(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        await db.add(Account("a")).or_raise()
        server.faults.append(Fault("find", "close", times=2))

        failure = await db.find(Account).fetch()

        assert isinstance(failure.error, ConnectionLost)
        assert await db.query(Account).count() == 1


async def test_a_wrong_password_is_told_at_the_opening(server: Server) -> None:
    url = server.url.replace("//", f"//user:{SECRET}@")
    with pytest.raises(ConnectionFailed) as caught:
        await Ommi(url).open()

    assert SECRET not in f"{caught.value}{caught.value.__cause__}{Ommi(url)!r}"


async def test_what_is_cancelled_leaves_a_database_that_answers(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        await db.add(Account("a")).or_raise()
        server.faults.append(Fault("find", "silence"))
        asking = asyncio.create_task(db.query(Account).fetch_all())
        await asyncio.to_thread(server.silenced.wait)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

        assert [account.email for account in await db.query(Account).fetch_all()] == ["a"]


async def test_a_stream_reads_one_snapshot_and_ends_its_cursor(server: Server) -> None:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        await db.add_all(Account(f"{n}") for n in range(2_500)).or_raise()
        stream = db.query(Account).stream()
        first = await anext(stream)
        await stream.aclose()

    assert first.email == "0"
    *_, find = (command for command in server.sent("find") if command["find"] == "Account")
    assert find["readConcern"]["level"] == "snapshot"
    assert server.store.cursors == {}


@pytest.mark.parametrize("name", ["a.", ".a", "a..b", "a$b", "system.a"])
async def test_a_name_that_no_collection_has_is_refused(server: Server, name: str) -> None:
    @ommi_model(collection=ModelCollection(), table=name)
    @dataclass
    class Named:
        id: int

    async with Ommi(server.url) as db:
        with pytest.raises(UnsupportedOperation, match="collection"):
            await db.use_models(Named)
    assert server.sent("create") == []
