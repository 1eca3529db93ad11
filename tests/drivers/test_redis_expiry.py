"""Redis: rows that have expired are never seen, and leave nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

import pytest

from ommi import (
    Auto,
    Aware,
    ConflictError,
    Expires,
    ForeignKeyViolation,
    Index,
    IsolationLevel,
    Key,
    Lazy,
    ModelCollection,
    ModelError,
    NotFound,
    Ommi,
    QueryCache,
    ReferenceTo,
    SchemaMismatch,
    TooManyRows,
    TransactionOptions,
    Unique,
    UniqueViolation,
    ommi_model,
)
from services.redis import Server, database, peer, server
from services.redis_indexes import disagreements
from services.stores import becomes

__all__ = ["database", "peer", "server"]
pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()
PAST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@ommi_model(collection=COLLECTION)
@dataclass
class Owner:
    name: str
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION)
@dataclass
class Ticket:
    token: Annotated[str, Unique]
    ends: Annotated[datetime | None, Aware | Expires] = FUTURE
    kind: Annotated[str, Index] = "a"
    uses: Annotated[int, Index] = 0
    owner_id: Annotated[int | None, ReferenceTo(Owner.id)] = None
    id: Annotated[int | None, Key | Auto] = None
    owner: ClassVar[Lazy[Owner]]


@ommi_model(collection=COLLECTION)
@dataclass
class Pass:
    code: Annotated[str, Key]
    ends: Annotated[datetime, Aware | Expires] = field(default=FUTURE)


@pytest.fixture
async def db(server: Server, database: int) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver()) as opened:
        await opened.use_models(COLLECTION)
        yield opened


def soon(milliseconds: int = 150) -> datetime:
    return datetime.now(UTC) + timedelta(milliseconds=milliseconds)


async def is_gone(db: Ommi, where: Any) -> None:
    """Look until a row has expired; others than the transaction of the caller see it."""

    async def count() -> int:
        with db.outside():
            return await db.query(Ticket).where(where).count()

    await becomes(0, count)


QUESTIONS = {
    "key": lambda row: Ticket.id == row.id,
    "keys": lambda row: Ticket.id.in_([row.id, 99]),
    "unique": lambda _: Ticket.token == "old",
    "index": lambda _: Ticket.kind == "a",
    "range": lambda _: Ticket.uses < 5,
    "scan": lambda _: Ticket.uses + 0 == 0,
}


@pytest.mark.parametrize("where", QUESTIONS.values(), ids=QUESTIONS)
async def test_no_question_finds_a_row_that_has_expired(db: Ommi, where: Any) -> None:
    old = await db.add(Ticket("old", PAST)).or_raise()
    lasting = [
        await db.add(Ticket("new", FUTURE, "b", 7)).or_raise(),
        await db.add(Ticket("ever", None, "b", 7)).or_raise(),
    ]
    question = where(old)

    assert await db.find(question).fetch.all() == []
    assert isinstance((await db.find(question).one).error, NotFound)
    assert await db.query(Ticket).where(question).count() == 0
    assert [row async for row in db.query(Ticket).where(question).stream()] == []
    assert await db.query(Ticket).order_by("id").fetch_all() == lasting
    assert await db.query(Ticket).count() == 2
    async with db.transaction():
        assert await db.find(question).fetch.all() == []
        assert await db.query(Ticket).count() == 2
    assert await db.find(question).update(uses=1).or_raise() == 0
    assert await db.find(question).delete().or_raise() == 0
    assert await db.query(Ticket).order_by("id").fetch_all() == lasting


async def test_a_row_is_there_until_it_expires(db: Ommi, peer: Any) -> None:
    ticket = await db.add(Ticket("a", soon())).or_raise()
    assert await db.find(Ticket.id == ticket.id).one.value == ticket

    await is_gone(db, Ticket.id == ticket.id)

    await db.add(Ticket("b")).or_raise()
    assert await peer.hlen("ommi:rows:Ticket") == 1
    assert await disagreements(peer) == []


async def test_what_an_expired_row_had_is_free_and_nothing_is_left_of_it(
    db: Ommi, peer: Any
) -> None:
    await db.add(Ticket("a", PAST), Pass("x", PAST)).or_raise()
    assert await disagreements(peer) == []

    again = await db.add(Ticket("a")).or_raise()
    await db.add(Pass("x")).or_raise()

    assert await db.query(Ticket).fetch_all() == [again]
    assert await db.query(Pass).fetch_all() == [Pass("x")]
    assert await peer.hgetall("ommi:unique:Ticket_token_unique") == {b'"a"': b"2"}
    assert await disagreements(peer) == []
    assert isinstance((await db.add(Ticket("a"))).error, UniqueViolation)
    assert isinstance((await db.add(Pass("x"))).error, UniqueViolation)


async def test_many_expired_rows_go_at_once(db: Ommi, peer: Any) -> None:
    await db.add_all([Ticket(f"{n}", PAST) for n in range(2_500)]).or_raise()

    async with db.transaction():
        await db.add(Ticket("1"))

    assert await peer.hlen("ommi:rows:Ticket") == 1
    assert await disagreements(peer) == []


async def test_a_row_can_be_made_to_last_and_to_end(db: Ommi, peer: Any) -> None:
    ticket = await db.add(Ticket("a", FUTURE)).or_raise()
    ticket.ends = None
    await db.save(ticket).or_raise()
    assert await db.query(Ticket).one() == ticket

    await db.find(Ticket.id == ticket.id).update(ends=PAST).or_raise()

    assert await db.query(Ticket).count() == 0
    assert await disagreements(peer) == []
    ticket.uses = 1
    assert isinstance((await db.save(ticket)).error, NotFound)


async def test_what_a_transaction_lets_expire_it_does_not_see_itself(db: Ommi) -> None:
    await db.add(Ticket("a")).or_raise()
    async with db.transaction():
        await db.find(Ticket.token == "a").update(ends=PAST)
        await db.add(Ticket("b", PAST))
        assert await db.query(Ticket).count() == 0
        assert await db.find(Ticket.uses + 0 == 0).fetch.all() == []

    assert await db.query(Ticket).count() == 0


@pytest.mark.parametrize("level", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
async def test_a_row_that_expires_under_a_transaction_is_a_conflict(
    db: Ommi, level: IsolationLevel
) -> None:
    await db.add(Ticket("a", soon())).or_raise()
    where = Ticket.token == "a"
    with pytest.raises(ConflictError):
        async with db.transaction(TransactionOptions(isolation_level=level)):
            assert await db.find(where).count.value == 1
            await is_gone(db, where)
            await db.find(where).update(ends=FUTURE)

    assert await db.query(Ticket).count() == 0


async def test_a_row_that_was_not_meant_may_expire_under_a_transaction(db: Ommi) -> None:
    await db.add(Ticket("a", soon(), uses=1), Ticket("b")).or_raise()
    async with db.transaction():
        assert await db.find(Ticket.uses + 0 == 0).update(uses=5).value == 1
        await is_gone(db, Ticket.token == "a")
        await db.add(Ticket("c"))

    assert sorted(row.token for row in await db.query(Ticket).fetch_all()) == ["b", "c"]


@pytest.mark.parametrize("level", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
async def test_rows_that_expired_before_are_in_no_transactions_way(
    db: Ommi, level: IsolationLevel
) -> None:
    await db.add_all([Ticket(f"{n}", PAST) for n in range(3)]).or_raise()
    async with db.transaction(TransactionOptions(isolation_level=level)):
        for question in QUESTIONS.values():
            assert await db.query(Ticket).where(question(Ticket("", id=1))).count() == 0
        await db.add(Ticket("0"))
        assert await db.query(Ticket).where(Ticket.token == "0").count() == 1

    assert await db.query(Ticket).count() == 1


async def test_an_expired_row_keeps_nobody_from_being_deleted(db: Ommi, peer: Any) -> None:
    ann, ben = await db.add(Owner("Ann"), Owner("Ben")).or_raise()
    await db.add(Ticket("a", PAST, owner_id=ann.id), Ticket("b", owner_id=ben.id)).or_raise()

    assert await db.find(Owner.id == ann.id).delete().or_raise() == 1
    assert isinstance((await db.find(Owner.id == ben.id).delete()).error, ForeignKeyViolation)

    assert await disagreements(peer) == []


async def test_an_expired_row_is_related_to_nobody(db: Ommi) -> None:
    ann, ben = await db.add(Owner("Ann"), Owner("Ben")).or_raise()
    await db.add(Ticket("a", PAST, owner_id=ann.id), Ticket("b", owner_id=ben.id)).or_raise()

    owners = await db.query(Owner).where(Ticket.kind == "a").fetch_all()

    assert owners == [ben]
    assert [row.token for row in await db.query(Ticket).where(Owner.name != "").fetch_all()] == [
        "b"
    ]


async def test_expired_rows_count_for_no_limit(server: Server, database: int) -> None:
    async with Ommi(server.driver(scan_limit=10)) as db:
        await db.use_models(COLLECTION)
        await db.add_all(Ticket(f"{n}", PAST) for n in range(20)).or_raise()
        assert await db.query(Ticket).where(Ticket.uses + 0 == 0).count() == 0
        plan = (await db.query(Ticket).where(Ticket.uses + 0 == 0).explain()).plan
        assert plan[0].startswith("every row of Ticket: 0 rows are read")

        await db.add_all(Ticket(f"new {n}") for n in range(11)).or_raise()
        with pytest.raises(TooManyRows) as caught:
            await db.query(Ticket).where(Ticket.uses + 0 == 0).count()
        assert caught.value.rows == 11


async def test_no_answer_is_kept_of_rows_that_expire(server: Server, database: int) -> None:
    async with Ommi(server.driver(), cache=QueryCache(), cache_all=[Ticket, Owner]) as db:
        await db.use_models(COLLECTION)
        await db.add(Ticket("a", soon())).or_raise()
        await db.add(Owner("Ann")).or_raise()
        for _ in range(2):
            await db.query(Ticket).cached().fetch_all()
            await db.query(Owner).where(Ticket.kind == "a").cached().fetch_all()

        assert db.cache is not None
        assert db.cache.stats.size == 0
        assert "expire" in str(await db.query(Ticket).cached().explain())
        await is_gone(db, Ticket.token == "a")
        assert await db.query(Ticket).cached().fetch_all() == []


async def test_removed_tables_leave_nothing(db: Ommi, peer: Any) -> None:
    await db.add(Ticket("a"), Pass("b", PAST)).or_raise()
    await db.remove_models(COLLECTION)

    assert {key async for key in peer.scan_iter("*")} == {b"ommi:changes", b"ommi:clock"}


async def test_a_table_whose_rows_stay_is_none_whose_rows_expire(server: Server, db: Ommi) -> None:
    lasting = ModelCollection()

    @ommi_model(collection=lasting, table="Kept")
    @dataclass
    class Kept:
        ends: Annotated[datetime, Aware]
        id: int

    await db.use_models(lasting)
    ending = ModelCollection()

    @ommi_model(collection=ending, table="Kept")
    @dataclass
    class Ending:
        ends: Annotated[datetime, Aware | Expires]
        id: int

    with pytest.raises(SchemaMismatch, match="do not expire, wanted to expire by ends"):
        await db.use_models(ending)


async def test_nothing_may_refer_to_a_row_that_expires(db: Ommi) -> None:
    others = ModelCollection()

    @ommi_model(collection=others)
    @dataclass
    class Stamp:
        ticket_id: Annotated[int, ReferenceTo(Ticket.id)]
        id: int

    with pytest.raises(ModelError, match="whose rows expire"):
        await db.use_models(others)
