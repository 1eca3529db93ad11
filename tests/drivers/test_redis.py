"""What is particular to Redis: names and values that look like commands, refusals, limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest

from ommi import (
    Auto,
    Aware,
    ConfigurationError,
    ConflictError,
    ConnectionFailed,
    ConnectionLost,
    DatabaseError,
    Index,
    IsolationLevel,
    Key,
    ModelCollection,
    Ommi,
    SchemaManager,
    StoreAs,
    TooManyRows,
    TransactionOptions,
    Unique,
    UniqueViolation,
    UnsupportedOperation,
    ommi_model,
)
from services.redis import Server, database, peer, server
from services.redis_indexes import disagreements

__all__ = ["database", "peer", "server"]
pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()
HOSTILE = [
    "a\r\nFLUSHALL\r\n",
    "*",
    "?",
    "[a-z]",
    "ommi:*",
    ":",
    "%3A",
    "\x01",
    "\u00ff",
    '"',
    "\\",
]


@ommi_model(collection=COLLECTION, table="odd:*?[\r\n table")
@dataclass
class Odd:
    name: Annotated[str, Key | StoreAs("na:me\r\n")]
    text: Annotated[str, Index]
    data: Annotated[bytes | None, Unique] = None


@ommi_model(collection=COLLECTION)
@dataclass
class Exact:
    amount: Annotated[Decimal, Index] = Decimal("1.50")
    at: Annotated[datetime, Aware, Index] = datetime(2020, 1, 1, tzinfo=UTC)
    number: Annotated[int, Index] = 0
    rate: Annotated[float, Unique] = 0.0
    id: Annotated[int | None, Key | Auto] = None


@pytest.fixture
async def db(server: Server, database: int) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver()) as opened:
        await opened.use_models(COLLECTION)
        yield opened


async def test_a_violation_in_a_block_names_the_model_once(db: Ommi) -> None:
    await db.add(Exact(rate=1.0)).or_raise()

    with pytest.raises(UniqueViolation) as caught:
        async with db.transaction():
            await db.add(Exact(rate=1.0))

    assert caught.value.reason == "Exact (rate): another row already has this value"


async def test_migrations_are_refused_with_what_there_is_instead(db: Ommi) -> None:
    with pytest.raises(UnsupportedOperation, match=r"migrate; use_models\(\) makes the tables"):
        await SchemaManager(db).migrate_up()


async def test_hostile_names_and_values_are_only_names_and_values(db: Ommi, peer: Any) -> None:
    await peer.set("bystander", "1")
    rows = [Odd(each, each, each.encode() + b"\0\xff") for each in HOSTILE]
    await db.add_all(rows).or_raise()
    for row in rows:
        assert await db.find(Odd.name == row.name).one.value == row
        assert await db.find(Odd.text == row.text).fetch.all() == [row]
        assert await db.find(Odd.data == row.data).fetch.all() == [row]
        assert row in await db.find(Odd.text.starts_with(row.text)).fetch.all()
        assert row in await db.find(Odd.text.between(row.text, row.text)).fetch.all()
    assert await disagreements(peer) == []

    await db.find(Odd).delete().or_raise()

    assert await disagreements(peer) == []
    assert await peer.get("bystander") == b"1"
    await db.remove_models(COLLECTION)
    assert {key async for key in peer.scan_iter("*")} == {
        b"bystander",
        b"ommi:changes",
        b"ommi:clock",
    }


@pytest.mark.parametrize("number", [2**53, 2**53 + 1, 2**63 - 1, -(2**63)])
async def test_numbers_that_no_double_holds_stay_what_they_are(db: Ommi, number: int) -> None:
    one = await db.add(Exact(number=number)).or_raise()
    await db.add(Exact(number=number - 1 if number > 0 else number + 1, rate=1.0)).or_raise()

    assert await db.find(Exact.number == number).fetch.all() == [one]
    assert await db.find(Exact.number.between(number, number)).fetch.all() == [one]


async def test_generated_keys_are_exact_where_doubles_are_not(db: Ommi, peer: Any) -> None:
    await db.add(Exact(id=2**53)).or_raise()

    assert [(await db.add(Exact(rate=n)).or_raise()).id for n in (1.0, 2.0)] == [
        2**53 + 1,
        2**53 + 2,
    ]
    await db.add(Exact(rate=3.0, id=2**63 - 1)).or_raise()
    failure = await db.add(Exact(rate=4.0))
    assert isinstance(failure.error, DatabaseError)
    assert "no free key" in str(failure.error)
    assert await disagreements(peer) == []


async def test_equal_values_are_one_value_to_an_index(db: Ommi) -> None:
    row = await db.add(Exact(Decimal("1.50"), rate=-0.0)).or_raise()

    assert (await db.find(Exact.amount == Decimal("1.5")).one.value).id == row.id
    assert (await db.find(Exact.rate == 0.0).one.value).id == row.id
    assert (await db.add(Exact(rate=0.0))).error is not None


async def test_a_question_beyond_the_limit_is_refused_and_one_by_index_is_not(
    server: Server, database: int
) -> None:
    async with Ommi(server.driver(scan_limit=10)) as db:
        await db.use_models(COLLECTION)
        await db.add_all(Exact(number=n, rate=float(n)) for n in range(11)).or_raise()

        with pytest.raises(TooManyRows, match="scan_limit") as caught:
            await db.query(Exact).where(Exact.number + 1 == 5).fetch_all()

        assert (caught.value.table, caught.value.rows, caught.value.limit) == ("Exact", 11, 10)
        assert await db.query(Exact).where(Exact.number == 5).count() == 1
        assert await db.query(Exact).where(Exact.number < 5).count() == 5
        assert await db.query(Exact).count() == 11
        with pytest.raises(TooManyRows):
            await db.query(Exact).where(Exact.number >= 0).count()


async def test_a_question_by_many_values_reads_no_more_than_one_row_beyond_the_limit(
    server: Server, database: int
) -> None:
    async with Ommi(server.driver(scan_limit=10)) as db:
        await db.use_models(COLLECTION)
        await db.add_all(Exact(number=n % 3, rate=float(n)) for n in range(24)).or_raise()

        with pytest.raises(TooManyRows) as caught:
            await db.query(Exact).where(Exact.number.in_([0, 1, 2])).fetch_all()

        assert caught.value.rows == 11
        assert await db.query(Exact).where(Exact.number.in_([0, 7])).count() == 8


async def test_a_server_that_forgot_the_scripts_is_told_them_again(db: Ommi, peer: Any) -> None:
    await db.add(Exact()).or_raise()
    await peer.script_flush()

    await db.add(Exact(rate=1.0)).or_raise()

    assert await db.query(Exact).where(Exact.rate >= 0).count() == 2


async def test_tables_that_others_make_and_remove_are_noticed(server: Server, db: Ommi) -> None:
    async with Ommi(server.driver()) as other:
        await other.remove_models(COLLECTION)
        assert isinstance((await db.add(Exact())).error, DatabaseError)
        assert isinstance((await db.find(Exact.id == 1).one).error, DatabaseError)
        await other.use_models(COLLECTION)
        await db.add(Exact()).or_raise()

        assert await other.query(Exact).count() == 1


@pytest.mark.parametrize(
    ("level", "is_conflict"),
    [(IsolationLevel.REPEATABLE_READ, False), (IsolationLevel.SERIALIZABLE, True)],
)
async def test_a_row_that_others_add_is_a_conflict_only_where_that_was_asked_for(
    db: Ommi, level: IsolationLevel, *, is_conflict: bool
) -> None:
    await db.add(Exact()).or_raise()
    caught: ConflictError | None = None
    try:
        async with db.transaction(TransactionOptions(isolation_level=level)):
            many = await db.query(Exact).where(Exact.number + 0 == 0).count()
            with db.outside():
                await db.add(Exact(rate=1.0)).or_raise()
            await db.add(Exact(number=many, rate=2.0))
    except ConflictError as error:
        caught = error

    assert (caught is not None) is is_conflict
    assert await db.query(Exact).count() == (2 if is_conflict else 3)


async def test_a_lost_update_is_a_conflict(db: Ommi) -> None:
    row = await db.add(Exact()).or_raise()
    with pytest.raises(ConflictError):
        async with db.transaction():
            seen = await db.query(Exact).where(Exact.id == row.id).one()
            with db.outside():
                await db.find(Exact.id == row.id).update(number=5).or_raise()
            await db.find(Exact.id == row.id).update(number=seen.number + 1)

    assert (await db.query(Exact).one()).number == 5


async def test_statements_side_by_side_lose_nothing(db: Ommi) -> None:
    row = await db.add(Exact()).or_raise()

    await asyncio.gather(
        *(db.find(Exact.id == row.id).update(number=Exact.number + 1).or_raise() for _ in "x" * 30)
    )

    assert (await db.query(Exact).one()).number == 30


async def test_an_explanation_tells_the_way_and_the_cost(db: Ommi) -> None:
    await db.add_all(Exact(number=n, rate=float(n)) for n in range(7)).or_raise()

    async def told(condition: object) -> str:
        return (await db.query(Exact).where(condition).explain()).plan[0]

    assert (await told(Exact.id == 3)).startswith("rows by key: 1 row is")
    assert (await told(Exact.rate == 3.0)).startswith("rows by the unique rate: 1 row is")
    assert (await told(Exact.number.in_([1, 2]))).startswith("rows by the indexed number: 2 rows")
    assert (await told(Exact.number < 2)).startswith("rows by the range of number: 3 rows")
    assert (await told(Exact.number + 1 == 2)).startswith("every row of Exact: 7 rows")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"database": 99}, "no database of this number"),
        ({"password": "secret-word"}, "no password"),
        ({"port": 1}, "no Redis server answers"),
    ],
)
async def test_what_cannot_be_opened_says_why_and_shows_no_password(
    server: Server, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConnectionFailed, match=reason) as caught:
        await Ommi(server.driver(**options)).open()

    assert "secret-word" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_wrong_password_is_refused_and_a_right_one_taken(
    server: Server, database: int, peer: Any
) -> None:
    await peer.acl_setuser(
        "guarded", enabled=True, passwords=["+right"], keys=["*"], commands=["+@all"]
    )
    url = f"redis://guarded:%s@127.0.0.1:{server.port}/0"
    with pytest.raises(ConnectionFailed, match="does not take this user and password") as caught:
        await Ommi(url % "wrong-word").open()
    assert "wrong-word" not in f"{caught.value!r} {caught.value.__cause__!r}"

    async with Ommi(url % "right") as db:
        await db.use_models(COLLECTION)
    await peer.acl_deluser("guarded")


@pytest.mark.parametrize(
    "url", ["redis://h/name", "redis://h/0?scan_limit=none", "redis://h/0?scan=1", "redis://h:x/0"]
)
def test_a_url_that_means_nothing_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Ommi(url)


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [("maxmemory", "1", "maxmemory"), ("min-replicas-to-write", "3", "replicas")],
)
async def test_a_server_that_takes_no_writes_is_a_typed_error(
    db: Ommi, peer: Any, setting: str, value: str, reason: str
) -> None:
    await db.add(Exact()).or_raise()
    await peer.config_set(setting, value)
    try:
        failure = await db.add(Exact(rate=1.0))
    finally:
        await peer.config_set(setting, "0")

    assert isinstance(failure.error, DatabaseError)
    assert reason in str(failure.error)
    assert await db.query(Exact).count() == 1


async def test_a_replica_takes_no_writes(db: Ommi, peer: Any) -> None:
    await db.add(Exact()).or_raise()
    await peer.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        failure = await db.add(Exact(rate=1.0))
    finally:
        await peer.execute_command("REPLICAOF", "NO", "ONE")

    assert "replica" in str(failure.error)


async def test_a_key_of_somebody_else_is_told(db: Ommi, peer: Any) -> None:
    await peer.set("ommi:rows:Exact", "text")

    failure = await db.add(Exact())

    assert "prefix" in str(failure.error)


async def test_a_connection_whose_reply_was_not_read_is_never_used_again(
    server: Server, db: Ommi
) -> None:
    connection = await server.driver().connect()
    waiting = asyncio.create_task(connection.session.ask(b"BLPOP", b"nothing", b"5"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert not connection.is_usable
    with pytest.raises(ConnectionLost):
        await connection.ping()
