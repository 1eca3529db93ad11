"""The rows that every real store has, and questions whose answers tell whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ommi import Key, ModelCollection, Ommi, ommi_model
from ommi.drivers.redis.compiler import RedisCommand
from ommi.drivers.redis.work import Work
from ommi.metadata.model import metadata_of
from ommi.sql.dialect import SqlCommand

COLLECTION = ModelCollection()
ROWS = 1000


@ommi_model(collection=COLLECTION, table="things")
@dataclass
class Thing:
    id: Annotated[int, Key]
    name: str
    count: int = 0


def name_of(number: int) -> str:
    """Give the name that the row with this key has."""
    return f"thing {number}"


async def fill(db: Ommi) -> None:
    await db.use_models(COLLECTION)
    await db.query(Thing).delete()
    await db.add_all(Thing(n, name_of(n)) for n in range(1, ROWS + 1)).or_raise()


async def find_one(db: Ommi, number: int) -> None:
    """Ask for one row; fails where another one comes."""
    thing = await db.find(Thing.id == number).one.or_raise()
    assert (thing.id, thing.name) == (number, name_of(number))


async def find_three(db: Ommi, first: int = 1) -> None:
    numbers = [first, first + 1, first + 2]
    things = await db.query(Thing).where(Thing.id.in_(numbers)).order_by("id").fetch_all()
    assert [(t.id, t.name) for t in things] == [(n, name_of(n)) for n in numbers]


async def stream_some(db: Ommi, first: int = 1, count: int = 20) -> None:
    found = [t.id async for t in db.find(Thing.id.between(first, first + count - 1))]
    assert sorted(found) == list(range(first, first + count))


async def update_one(db: Ommi, number: int) -> None:
    matched = await db.find(Thing.id == number).update(name=name_of(number)).or_raise()
    assert matched == 1


async def ask(db: Ommi, text: str) -> None:
    """Ask what no model can say."""
    await db._executor.connection.fetch(said(db, text), (), list)


def said(db: Ommi, text: str) -> object:
    """Give the command for a text of the store's own language."""
    if db.driver.name != "Redis":
        return SqlCommand(text, "Thing", "things", {})

    async def run(work: Work, values: object) -> list[list[object]]:
        return [[await work.session.ask(*text.encode().split())]]

    return RedisCommand(text, metadata_of(Thing), run)
