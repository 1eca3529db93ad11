"""Real conflicts on real servers: a block goes on after them, or says why it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import pytest

from ommi import (
    Auto,
    ConflictError,
    IsolationLevel,
    Key,
    LazyList,
    ModelCollection,
    Ommi,
    ReferenceTo,
    Transaction,
    TransactionClosed,
    TransactionOptions,
    Unique,
    ommi_model,
    transaction,
)
from ommi.drivers.postgresql import PostgreSQLDriver
from profiles import examples
from services.stores import MariaDBView, ServerPlace, View, becomes

pytestmark = pytest.mark.anyio

collection = ModelCollection()
REPEATABLE = TransactionOptions(isolation_level=IsolationLevel.REPEATABLE_READ)
RETRY = TransactionOptions(
    isolation_level=IsolationLevel.REPEATABLE_READ, retry_on_conflict=True, max_retries=3
)


@ommi_model(collection=collection, table="conflict_users")
@dataclass
class User:
    name: Annotated[str, Unique]
    id: Annotated[int | None, Key | Auto] = None
    posts: ClassVar[LazyList[Post]]


@ommi_model(collection=collection, table="conflict_posts")
@dataclass
class Post:
    title: Annotated[str, Unique]
    author_id: Annotated[int | None, ReferenceTo(User.id)] = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=collection, table="conflict_counters")
@dataclass
class Counter:
    id: Annotated[int, Key] = 1
    number: int = 0


@pytest.fixture
async def db(server: ServerPlace) -> AsyncGenerator[Ommi, None]:
    async with server.database(max_connections=8) as made:
        await made.remove_models(collection)
        await made.use_models(collection)
        await made.add_all(Counter(n) for n in range(1, 61)).or_raise()
        yield made
        await made.remove_models(collection)


@pytest.fixture
async def other(server: ServerPlace, db: Ommi) -> AsyncGenerator[Ommi, None]:
    """Somebody else."""
    async with server.database(max_connections=2) as made:
        yield made


async def example(db: Ommi) -> tuple[User, Transaction]:
    """The reference document's."""
    async with transaction(
        db,
        TransactionOptions(
            isolation_level=IsolationLevel.SERIALIZABLE, retry_on_conflict=True, max_retries=3
        ),
    ) as tx:
        user = User(name="Alice")
        await db.add(user)

        # Nested savepoint
        await tx.savepoint("before_posts")
        try:
            post = Post(title="Hello", author_id=user.id)
            await db.add(post)
        except Exception:  # noqa: BLE001 - as written there
            await tx.rollback_to_savepoint("before_posts")
    return user, tx


async def test_a_block_goes_on_after_a_serialization_failure(db: Ommi, other: Ommi) -> None:
    runs = 0
    async with db.transaction(RETRY) as tx:
        runs += 1
        user = await db.add(User("Alice")).or_raise()
        assert await db.find(User).count.value == 1
        await tx.savepoint("before_posts")
        await db.add(Post("Hello", user.id))
        await other.find(Counter, Counter.id == 1).update(number=5).or_raise()
        await db.find(Counter, Counter.id == 1).update(number=Counter.number + 1)

    assert (runs, tx.attempts) == (1, 2)
    assert (await db.query(Counter, Counter.id == 1).one()).number == 6
    assert (await db.query(User).one()).id == user.id
    assert (await db.query(Post).one()).author_id == user.id


async def test_a_graph_is_added_again_with_the_keys_that_it_had(db: Ommi, other: Ommi) -> None:
    user, one, two = User("Alice"), Post("one"), Post("two")
    user.posts.add(one, two)

    async with db.transaction(RETRY) as tx:
        await db.add(user)
        assert await db.find(Post).count.value == 2
        await other.find(Counter, Counter.id == 1).update(number=5).or_raise()
        await db.find(Counter, Counter.id == 1).update(number=Counter.number + 1)

    assert tx.attempts == 2
    assert await db.query(User).fetch_all() == [user]
    assert await db.query(Post).order_by("id").fetch_all() == [one, two]
    assert one.author_id == two.author_id == user.id


async def test_a_block_goes_on_after_a_deadlock(
    db: Ommi, other: Ommi, server: ServerPlace, view: View
) -> None:
    held, asked = asyncio.Event(), asyncio.Event()

    async def somebody_else() -> None:
        # Heavier, and so not the one that MariaDB ends; PostgreSQL ends who waits last.
        async with other.transaction():
            await other.find(Counter, Counter.id > 2).update(number=1)
            await other.find(Counter, Counter.id == 2).update(number=1)
            held.set()
            await asked.wait()
            await other.find(Counter, Counter.id == 1).update(number=1)

    runs = 0
    task = asyncio.create_task(somebody_else())
    options = TransactionOptions(retry_on_conflict=True)
    async with impatient(server) as mine, mine.transaction(options) as tx:
        runs += 1
        user = await mine.add(User("Alice")).or_raise()
        await held.wait()
        await mine.find(Counter, Counter.id == 1).update(number=Counter.number + 10)
        asked.set()
        await becomes(True, partial(somebody_waits, view))
        await mine.find(Counter, Counter.id == 2).update(number=Counter.number + 10)
    await task

    assert (runs, tx.attempts) == (1, 2)
    assert (await db.query(User).one()).id == user.id
    first, second = await db.query(Counter, Counter.id <= 2).order_by("id").fetch_all()
    assert (first.number, second.number) == (11, 11)


def impatient(server: ServerPlace) -> Ommi:
    """Give a database whose sessions are the first to look for a deadlock."""
    if server.name == "MariaDB":
        return server.database()
    settings = {"deadlock_timeout": "10ms"}
    return Ommi(
        PostgreSQLDriver(
            host="127.0.0.1",
            port=server.port,
            user="postgres",
            database="test",
            server_settings=settings,
        )
    )


async def somebody_waits(view: View) -> bool:
    if isinstance(view, MariaDBView):
        # What the server tells of its transactions is a tenth of a second old, or older.
        return any(text.startswith("UPDATE") for text in await view.busy())
    count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return bool(await view._client.fetchval(count))  # type: ignore[attr-defined]


async def test_the_reference_example_ends_with_the_right_rows_among_many(db: Ommi) -> None:
    async def alice(number: int) -> None:
        async with transaction(db, RETRY) as tx:
            user = User(name=f"Alice {number}")
            await db.add(user)
            await tx.savepoint("before_posts")
            await db.add(Post(title=f"Hello {number}", author_id=user.id))
            await db.find(Counter, Counter.id == 1).update(number=Counter.number + 1)

    user, tx = await example(db)
    assert tx.outcome == "committed"
    assert (await db.query(Post).one()).author_id == user.id
    answers = await asyncio.gather(*map(alice, range(8)), return_exceptions=True)
    committed = answers.count(None)

    assert (await db.query(Counter, Counter.id == 1).one()).number == committed
    assert await db.query(User).count() == 1 + committed
    assert await db.query(Post).count() == 1 + committed


async def test_a_race_ends_as_a_conflict_and_is_won_when_the_code_runs_again(
    db: Ommi, other: Ommi
) -> None:
    async def add_one(tx: Transaction) -> None:
        counter = await tx.query(Counter, Counter.id == 1).one()
        if tx.attempts == 1:
            await other.find(Counter, Counter.id == 1).update(number=7).or_raise()
        await tx.query(Counter, Counter.id == 1).update(number=counter.number + 1)

    with pytest.raises(ConflictError, match="answered otherwise") as caught:
        async with db.transaction(RETRY) as tx:
            await add_one(tx)
    assert "conflict_counters" in str(caught.value.statement)
    await db.find(Counter, Counter.id == 1).update(number=0).or_raise()
    await db.run_transaction(add_one, REPEATABLE)

    assert (await db.query(Counter, Counter.id == 1).one()).number == 8


async def test_many_who_count_together_lose_nothing(db: Ommi) -> None:
    options = TransactionOptions(isolation_level=IsolationLevel.REPEATABLE_READ, max_retries=200)
    rounds = examples(3, 30)

    async def count_up(_: int) -> None:
        for _ in range(rounds):
            async for tx in db.attempts(options):
                async with tx:
                    counter = await db.query(Counter, Counter.id == 1).one()
                    await db.query(Counter, Counter.id == 1).update(number=counter.number + 1)

    await asyncio.gather(*map(count_up, range(8)))

    assert (await db.query(Counter, Counter.id == 1).one()).number == 8 * rounds


async def test_a_wait_for_a_lock_that_takes_too_long_rolls_everything_back(
    db: Ommi, other: Ommi, server: ServerPlace, view: View
) -> None:
    if server.name != "MariaDB":
        pytest.skip("only there does the statement end and the transaction go on")
    await view._peer.ask("SET GLOBAL innodb_lock_wait_timeout = 1")  # type: ignore[attr-defined]
    try:
        async with server.database() as impatient, other.transaction():
            await other.find(Counter, Counter.id == 1).update(number=1)
            with pytest.raises(ConflictError):
                async with impatient.transaction() as tx:
                    await impatient.add(User("Alice"))
                    await impatient.find(Counter, Counter.id == 1).update(number=2)
            assert tx.outcome == "rolled_back"
    finally:
        await view._peer.ask("SET GLOBAL innodb_lock_wait_timeout = 50")  # type: ignore[attr-defined]

    assert await db.query(User).count() == 0


async def test_what_a_task_still_asks_is_stopped_when_its_block_is_rolled_back(
    db: Ommi, other: Ommi, view: View
) -> None:
    tasks: list[asyncio.Task[int]] = []
    async with asyncio.timeout(20), other.transaction():
        await other.find(Counter, Counter.id == 1).update(number=1)
        with pytest.raises(LookupError):
            async with db.transaction():
                await db.add(User("Alice"))
                asked = db.find(Counter, Counter.id == 1).update(number=2)
                tasks.append(asyncio.create_task(asked.or_raise()))
                await becomes(True, partial(somebody_waits, view))
                raise LookupError
        with pytest.raises(TransactionClosed):
            await tasks[0]

    assert await db.query(User).count() == 0
