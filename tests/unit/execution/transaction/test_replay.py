"""A block is run once, its statements as often as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated

import pytest

from ommi import (
    Auto,
    ConflictError,
    Key,
    ModelCollection,
    Ommi,
    Outcome,
    TransactionClosed,
    TransactionFailed,
    TransactionOptions,
    TransactionTimeout,
    Unique,
    UniqueViolation,
    ommi_model,
)
from ommi.execution.transaction import replay
from unit.execution.transaction.conflicts import ConflictingDriver

pytestmark = pytest.mark.anyio

collection = ModelCollection()
RETRY = TransactionOptions(retry_on_conflict=True)


@ommi_model(collection=collection)
@dataclass
class Item:
    name: Annotated[str, Unique]
    number: int = 0
    id: Annotated[int | None, Key | Auto] = None


@pytest.fixture
def driver() -> ConflictingDriver:
    return ConflictingDriver()


@pytest.fixture
async def db(driver: ConflictingDriver) -> AsyncGenerator[Ommi, None]:
    async with Ommi(driver) as made:
        await made.use_models(collection)
        await made.add(Item("old", 1)).or_raise()
        yield made


async def names(db: Ommi) -> list[str]:
    return [item.name for item in await db.query(Item).order_by("name").fetch_all()]


async def test_the_body_of_every_kind_of_call_runs_once_whichever_call_conflicts(
    driver: ConflictingDriver, db: Ommi
) -> None:
    number = 0
    while driver.calls >= number:
        number += 1
        driver.calls, driver.conflicts = 0, {number}
        runs = 0
        async with db.transaction(RETRY) as tx:
            runs += 1
            new = await db.add(Item("new")).or_raise()
            await db.find(Item, Item.name == "old").update(number=2)
            await tx.savepoint("s")
            with pytest.raises(UniqueViolation):
                await db.add(Item("old"))
            await tx.rollback_to_savepoint("s")
            many = await db.add_all([Item("x"), Item("y")]).or_raise()
            seen = [item.name async for item in db.find(Item).order_by("name")]
            async with db.transaction():
                await db.find(Item, Item.name == "x").delete()
            assert await db.find(Item).count.value == 3

        assert (runs, tx.attempts) == (1, 1 if driver.calls < number else 2)
        assert seen == ["new", "old", "x", "y"]
        found = await db.query(Item).order_by("name").fetch_all()
        assert [(item.name, item.id) for item in found] == [
            ("new", new.id),
            ("old", 1),
            ("y", many[1].id),
        ]
        await db.find(Item, Item.name != "old").delete().or_raise()

    assert number > 10


async def test_keys_are_those_that_were_handed_out(driver: ConflictingDriver, db: Ommi) -> None:
    async def meanwhile() -> None:
        async with Ommi(driver) as other:
            await other.add(Item("somebody else's", id=77)).or_raise()

    driver.conflicts, driver.meanwhile = {2}, meanwhile
    async with db.transaction(RETRY):
        item = await db.add(Item("new")).or_raise()
        await db.find(Item, Item.name == "old").update(number=2)

    assert item.id == 2
    assert (await db.find(Item, Item.id == 2).one.value).name == "new"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("taken", "failed with UniqueViolation"),
        ("more", "gave 3 rows, and 2 before"),
        ("other", "row 1 of the 2"),
        ("matched", "matched 0 rows, and 1 before"),
        ("cured", "went well, and failed with UniqueViolation before"),
    ],
)
async def test_another_answer_than_before_is_a_conflict_that_says_so(
    driver: ConflictingDriver, db: Ommi, change: str, told: str
) -> None:
    async def meanwhile() -> None:
        async with Ommi(driver) as other:
            match change:
                case "taken":
                    await other.add(Item("theirs", id=3)).or_raise()
                case "more":
                    await other.add(Item("theirs", id=88)).or_raise()
                case "other":
                    await other.find(Item, Item.name == "old").update(number=9).or_raise()
                case "matched":
                    await other.find(Item, Item.name == "second").update(name="2nd").or_raise()
                case _:
                    await other.find(Item, Item.name == "old").update(name="oldest").or_raise()

    await db.add(Item("second")).or_raise()
    driver.meanwhile = meanwhile
    with pytest.raises(ConflictError, match=told) as caught:
        async with db.transaction(RETRY) as tx:
            if change == "taken":
                await db.add(Item("new"))
            elif change in {"more", "other"}:
                await db.find(Item).order_by("id").fetch.all()
            elif change == "matched":
                await db.find(Item, Item.name == "second").update(number=5)
            else:
                await tx.savepoint("s")
                with pytest.raises(UniqueViolation):
                    await db.add(Item("old"))
                await tx.rollback_to_savepoint("s")
            driver.conflicts = {driver.calls + 1}
            await db.find(Item, Item.name == "nobody").update(number=3)

    assert caught.value.statement is not None
    assert "item" in caught.value.statement.lower()
    assert tx.outcome is Outcome.ROLLED_BACK
    assert "new" not in await names(db)


async def test_more_conflicts_than_retries_are_raised(driver: ConflictingDriver, db: Ommi) -> None:
    driver.conflicts = set(range(1, 100))
    with pytest.raises(ConflictError, match="forced"):
        async with db.transaction(TransactionOptions(retry_on_conflict=True, max_retries=3)) as tx:
            await db.add(Item("new"))

    assert (tx.attempts, driver.begun) == (4, 4)


async def test_without_being_asked_nothing_is_run_again(
    driver: ConflictingDriver, db: Ommi
) -> None:
    driver.conflicts = {2}
    with pytest.raises(ConflictError):
        async with db.transaction():
            await db.add(Item("new"))
            await db.find(Item).count.value

    assert driver.begun == 1
    assert await names(db) == ["old"]


async def test_a_swallowed_conflict_cannot_be_committed(
    driver: ConflictingDriver, db: Ommi
) -> None:
    driver.conflicts = {3}
    with pytest.raises(TransactionFailed) as caught:
        async with db.transaction() as tx:
            await tx.savepoint("s")
            await db.add(Item("new"))
            conflict = await db.find(Item).count.error
            with pytest.raises(TransactionFailed, match="rolled back"):
                await tx.rollback_to_savepoint("s")
            with pytest.raises(TransactionFailed):
                await db.add(Item("newer"))

    assert caught.value.__cause__ is conflict
    assert await names(db) == ["old"]


@pytest.mark.parametrize("reason", ["outside", "large", "rerun", "stream"])
async def test_where_it_cannot_be_run_again_the_conflict_is_raised(
    driver: ConflictingDriver, db: Ommi, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = 0

    async def body() -> None:
        nonlocal runs
        runs += 1
        await db.add(Item("new"))
        if reason == "outside":
            with db.outside():
                await db.find(Item).count.value
        elif reason == "large":
            await db.find(Item).fetch.all()
        driver.conflicts = {driver.calls + 1} if runs == 1 else set()
        if reason == "stream":
            async for _ in db.find(Item):
                driver.conflicts = {driver.calls + 1}
                await db.find(Item).count.value
        await db.find(Item).count.value

    if reason == "large":
        monkeypatch.setattr(replay, "MOST_ROWS", 2)
    if reason == "rerun":
        await db.run_transaction(lambda _: body(), RETRY)
        assert runs == 2
        return
    with pytest.raises(ConflictError) as caught:
        async with db.transaction(RETRY):
            await body()

    assert runs == 1
    assert len(caught.value.__notes__) == 1
    assert await names(db) == ["old"]


async def test_tasks_of_the_block_do_not_notice(driver: ConflictingDriver, db: Ommi) -> None:
    driver.conflicts = {4}
    async with db.transaction(RETRY) as tx, asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(db.add(Item(str(number))).or_raise())

    assert tx.attempts == 2
    assert await names(db) == ["0", "1", "2", "3", "4", "5", "old"]


async def test_the_time_is_for_the_retries_too(driver: ConflictingDriver, db: Ommi) -> None:
    driver.conflicts = set(range(1, 100_000))
    options = TransactionOptions(retry_on_conflict=True, max_retries=100_000, timeout=0.1)
    with pytest.raises(TransactionTimeout):
        async with db.transaction(options):
            await db.add(Item("new"))

    assert await names(db) == ["old"]


async def test_hooks_run_once(driver: ConflictingDriver, db: Ommi) -> None:
    seen: list[str] = []
    async with db.transaction(RETRY) as tx:
        tx.on_commit(lambda: seen.append("hook"))
        await db.add(Item("new"))
        driver.conflicts = {driver.calls + 1}

    assert (seen, tx.attempts) == (["hook"], 2)
    with pytest.raises(TransactionClosed):
        tx.on_commit(lambda: None)
