"""Clients that are killed in the middle of writing leave rows and indexes in agreement."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Annotated

import pytest

from ommi import (
    Auto,
    Aware,
    ConflictError,
    ConnectionFailed,
    Expires,
    ForeignKeyViolation,
    Index,
    Key,
    ModelCollection,
    NotFound,
    Ommi,
    ReferenceTo,
    Unique,
    UniqueViolation,
    ommi_model,
)
from ommi.errors import CommitOutcomeUnknown
from profiles import examples
from services.redis import Server, database, server
from services.redis_indexes import disagreements
from services.stores import RedisView, becomes

pytestmark = pytest.mark.anyio

__all__ = ["database", "server"]

USERS = 8
COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION)
@dataclass
class Owner:
    name: Annotated[str, Unique]
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION)
@dataclass
class Pet:
    owner_id: Annotated[int, ReferenceTo(Owner.id, on_delete="cascade")]
    kind: Annotated[str, Index]
    age: Annotated[int, Index]
    tag: Annotated[str | None, Unique] = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION)
@dataclass
class Ticket:
    name: Annotated[str, Unique]
    ends: Annotated[datetime, Aware | Expires]
    owner_id: Annotated[int | None, ReferenceTo(Owner.id, on_delete="set_null")] = None
    id: Annotated[int | None, Key | Auto] = None


class Keeper:
    """Somebody who writes all the time, by statements, batches and transactions."""

    def __init__(self, db: Ommi, number: int) -> None:
        self._db = db
        self._random = Random(number)
        self._numbers = count()
        self._number = number

    def _name(self) -> str:
        return f"{self._number} {next(self._numbers)}"

    async def act(self) -> None:
        db, some = self._db, self._random
        match some.randrange(8):
            case 0:
                await db.add(Owner(self._name())).or_raise()
            case 1:
                async with db.transaction():
                    owner = await db.add(Owner(self._name())).or_raise()
                    await db.add_all(self._pets(owner.id or 0, 3)).or_raise()
            case 2:
                await db.add_all(self._pets(some.randint(1, 20), 2)).or_raise()
            case 3:
                old = Pet.age < some.randrange(10)
                await db.find(old).update(age=Pet.age + 1, kind=some.choice("abc")).or_raise()
            case 4:
                await db.find(Owner.id == some.randint(1, 20)).delete().or_raise()
            case 5:
                await db.add_all(self._tickets(3)).or_raise()
            case 6:
                ends = datetime.now(UTC) + timedelta(milliseconds=some.randint(-5, 50))
                await db.find(Ticket.owner_id == some.randint(1, 20)).update(ends=ends).or_raise()
            case _:
                await db.find(Pet.kind == some.choice("abc")).delete().or_raise()

    def _tickets(self, many: int) -> list[Ticket]:
        some, now = self._random, datetime.now(UTC)
        return [
            Ticket(self._name(), now + timedelta(milliseconds=some.randint(-20, 100)), owner)
            for owner in (some.choice((None, 1, 2, 3)) for _ in range(many))
        ]

    def _pets(self, owner: int, many: int) -> list[Pet]:
        some = self._random
        return [
            Pet(owner, some.choice("abc"), some.randrange(10), self._name()) for _ in range(many)
        ]


@pytest.fixture
async def view(server: Server) -> AsyncIterator[RedisView]:
    view = await RedisView(server.client()).opened()
    yield view
    await view.close()


async def test_indexes_agree_with_rows_whoever_is_killed(
    server: Server, database: int, view: RedisView
) -> None:
    done: Counter[int] = Counter()
    lost = kills = 0

    async def keep(number: int) -> None:
        nonlocal lost
        keeper = Keeper(db, number)
        while True:
            try:
                await keeper.act()
            except (ConnectionFailed, CommitOutcomeUnknown):
                lost += 1
            except (ConflictError, ForeignKeyViolation, NotFound, UniqueViolation):
                pass
            done[number] += 1
            await asyncio.sleep(0)

    async def waiting() -> int:
        return sum(done[number] == before[number] for number in range(USERS))

    async with Ommi(server.driver(), max_connections=USERS) as db:
        await db.use_models(COLLECTION)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(keep(number)) for number in range(USERS)]
            while kills < examples(100, 1_000):
                kills += await view.kill()
                before = done.copy()
                await becomes(0, waiting)
            for task in tasks:
                task.cancel()
        # Whoever came last may have deleted all there was.
        owner = await db.add(Owner("who stays")).or_raise()
        await db.add(Pet(owner.id or 0, "a", 1)).or_raise()

    assert lost > 0
    async with server.client() as client:
        assert await client.hlen("ommi:rows:Pet") > 0
        assert await disagreements(client) == []


@pytest.mark.parametrize(
    "command",
    [
        ("ZADD", "ommi:equal:Pet_kind_index", "0", b'"a"\x0099'),
        ("ZREM", "ommi:range:Pet_age_index", "1"),
        ("HDEL", "ommi:rows:Pet", "1"),
        ("HSET", "ommi:unique:Pet_tag_unique", '"other"', "1"),
        ("SET", "ommi:left", "over"),
    ],
)
async def test_what_does_not_agree_is_told(
    server: Server, database: int, command: tuple[str | bytes, ...]
) -> None:
    async with Ommi(server.driver()) as db, server.client() as client:
        await db.use_models(COLLECTION)
        owner = await db.add(Owner("a")).or_raise()
        await db.add(Pet(owner.id or 0, "a", 1, "tag")).or_raise()
        assert await disagreements(client) == []

        assert await client.execute_command(*command)

        assert len(await disagreements(client)) > 0
