"""Redis: what a change of a row must know of those that refer to it, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from ommi import (
    ForeignKeyViolation,
    Key,
    ModelCollection,
    Ommi,
    ReferenceTo,
    TooManyRows,
    Unique,
    ommi_model,
)
from services.redis import Server, database, peer, server
from services.redis_indexes import disagreements

__all__ = ["database", "peer", "server"]
pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION)
@dataclass
class Owner:
    id: Annotated[int, Key]
    code: Annotated[str, Unique]
    name: str = ""


@ommi_model(collection=COLLECTION)
@dataclass
class Pet:
    owner: Annotated[str, ReferenceTo(Owner.code)]
    id: int


@ommi_model(collection=COLLECTION)
@dataclass
class Toy:
    owner: Annotated[int, ReferenceTo(Owner.id, on_delete="cascade")]
    id: int


@pytest.fixture
async def db(server: Server, database: int) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(scan_limit=10)) as opened:
        await opened.use_models(COLLECTION)
        await opened.add(Owner(1, "a"), Owner(2, "b")).or_raise()
        yield opened


async def test_a_row_that_many_refer_to_is_changed_without_looking_at_them(
    db: Ommi, peer: Any
) -> None:
    await db.add_all(Pet("a", number) for number in range(20)).or_raise()

    assert await db.find(Owner.id == 1).update(name="Ann").or_raise() == 1
    assert isinstance((await db.find(Owner.id == 1).delete()).error, ForeignKeyViolation)
    with pytest.raises(TooManyRows) as caught:
        await db.find(Owner.id == 1).update(code="c").or_raise()

    assert (caught.value.table, caught.value.rows, caught.value.limit) == ("Pet", 11, 10)
    assert await disagreements(peer) == []


async def test_more_than_the_limit_is_not_deleted_with_a_row(db: Ommi, peer: Any) -> None:
    await db.add_all(Toy(1, number) for number in range(11)).or_raise()
    await db.add_all(Toy(2, number) for number in range(20, 30)).or_raise()

    with pytest.raises(TooManyRows):
        await db.find(Owner.id == 1).delete().or_raise()
    assert await db.find(Owner.id == 2).delete().or_raise() == 1

    assert await db.query(Toy).count() == 11
    assert await disagreements(peer) == []


async def test_a_value_that_is_referred_to_is_kept(db: Ommi) -> None:
    await db.add(Pet("a", 1)).or_raise()

    assert isinstance((await db.find(Owner.id == 1).update(code="c")).error, ForeignKeyViolation)
    assert await db.find(Owner.id == 2).update(code="c").or_raise() == 1
