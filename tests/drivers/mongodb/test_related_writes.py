"""MongoDB: writes about related rows reach what the condition means when they are written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from ommi import ConflictError, Key, ModelCollection, Ommi, ReferenceTo, ommi_model
from ommi.drivers.mongodb.driver import ATTEMPTS
from services.mongodb.server import Fault, Server, serving

COLLECTION = ModelCollection()
pytestmark = pytest.mark.anyio


@ommi_model(collection=COLLECTION)
@dataclass
class Owner:
    name: str
    id: Annotated[int, Key]


@ommi_model(collection=COLLECTION)
@dataclass
class Pet:
    owner_id: Annotated[int, ReferenceTo(Owner.id)]
    size: int
    id: Annotated[int, Key]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def lone() -> Iterator[Server]:
    with serving(Server(is_replica_set=False)) as server:
        yield server


@pytest.fixture
def replicated() -> Iterator[Server]:
    with serving() as server:
        yield server


@asynccontextmanager
async def pets(server: Server) -> AsyncIterator[Ommi]:
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        await db.add(Owner("Ann", 1)).or_raise()
        await db.add(Owner("Bob", 2)).or_raise()
        for number in (1, 2, 3):
            await db.add(Pet(1, 0, number)).or_raise()
        yield db


async def sizes(db: Ommi) -> list[int]:
    return [pet.size for pet in await db.query(Pet).order_by("id").fetch_all()]


def anns_small(db: Ommi) -> Any:
    return db.find(Pet, Owner.name == "Ann", Pet.size == 0)


async def while_the_keys_are_known(server: Server, write: Any, meanwhile: Any) -> Any:
    """Do something when a write has read its keys, and not yet written."""
    server.faults.append(Fault("aggregate", "silence"))
    writing = asyncio.create_task(write)
    await asyncio.to_thread(server.silenced.wait)
    await meanwhile
    server.speak()
    return await writing


async def test_a_write_about_related_rows_is_one_snapshot(replicated: Server) -> None:
    async with pets(replicated) as db:
        before = len(replicated.commands)
        assert await anns_small(db).update(size=5).or_raise() == 3
        assert await sizes(db) == [5, 5, 5]

    aggregate, update, commit, *_ = replicated.commands[before:]
    names = [next(iter(command)) for command in (aggregate, update, commit)]
    assert names == ["aggregate", "update", "commitTransaction"]
    assert aggregate["readConcern"]["level"] == "snapshot"
    assert aggregate["txnNumber"] == update["txnNumber"] == commit["txnNumber"]


@pytest.mark.parametrize("is_batch", [False, True])
async def test_a_write_that_another_was_in_the_way_of_is_done_again(
    replicated: Server, *, is_batch: bool
) -> None:
    async with pets(replicated) as db:
        update = anns_small(db).update(size=5)
        written = await while_the_keys_are_known(
            replicated,
            (db.batch(update) if is_batch else update).or_raise(),
            db.find(Pet.id == 2).update(size=1).or_raise(),
        )

        assert written == ([None] if is_batch else 2)
        assert await sizes(db) == [5, 1, 5]


async def test_a_write_that_others_are_always_in_the_way_of_is_a_conflict(
    replicated: Server,
) -> None:
    async with pets(replicated) as db:
        labels = {"errorLabels": ["TransientTransactionError"]}
        reply = {"ok": 0.0, "code": 112, "codeName": "WriteConflict", "errmsg": "", **labels}
        replicated.faults.append(Fault("update", "error", reply, times=1_000))

        failure = await anns_small(db).update(size=5)

        assert isinstance(failure.error, ConflictError)
        assert await sizes(db) == [0, 0, 0]
    assert len(replicated.sent("abortTransaction")) == ATTEMPTS
    assert replicated.sent("commitTransaction") == []


async def test_without_transactions_a_row_that_is_no_longer_meant_is_left(lone: Server) -> None:
    async with pets(lone) as db:
        written = await while_the_keys_are_known(
            lone,
            anns_small(db).update(size=5).or_raise(),
            db.find(Pet.id == 2).update(size=1).or_raise(),
        )

        assert written == 2
        assert await sizes(db) == [5, 1, 5]


async def test_without_transactions_a_row_that_is_no_longer_meant_stays(lone: Server) -> None:
    async with pets(lone) as db:
        gone = await while_the_keys_are_known(
            lone,
            anns_small(db).delete().or_raise(),
            db.find(Pet.id == 2).update(size=1).or_raise(),
        )

        assert gone == 2
        assert await sizes(db) == [1]
