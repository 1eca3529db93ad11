"""Questions about related rows have one answer on every store: that of plain Python."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from ommi import Ommi, Query, QueryError, fields
from profiles import examples
from properties.meaning import ordered
from properties.people import COLLECTION, MODELS, ROUTES, Rows, World, rows
from properties.questions import drawn
from properties.related import Scene, Stage, asked_of, holds, number, text
from properties.stores import Stores, opened

QUESTIONS = examples(1_000, 20_000)
DATA_SETS = max(1, QUESTIONS // 100)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("people"), COLLECTION) as found:
        yield found


async def load(database: Ommi, known: Rows) -> None:
    await database.query(MODELS[1]).update(boss_id=None)
    for model in reversed(MODELS):
        await database.query(model).delete()
    for model in MODELS:
        await database.add_all(known[model]).or_raise()


def key_of(row: Any) -> tuple[Any, ...]:
    return (row.street, row.number) if hasattr(row, "street") else (row.id,)


@dataclass(frozen=True)
class Key:
    """One thing to order by: of the row, of one that it refers to, or a count."""

    subject: Any
    is_descending: bool
    has_nulls_last: bool | None

    def ordering(self, model: type) -> Any:
        subject = self.subject.written((fields(model),))
        ordering = subject.desc if self.is_descending else subject.asc
        if self.has_nulls_last is None:
            return ordering
        return ordering.nulls_last() if self.has_nulls_last else ordering.nulls_first()


@dataclass(frozen=True)
class Page:
    keys: tuple[Key, ...]
    limit: int | None
    offset: int | None

    def of(self, found: Sequence[Any], world: World) -> list[Any]:
        def reading(subject: Any) -> Any:
            return lambda row: subject.read(Scene(world, (row,)))

        order = [(reading(k.subject), k.is_descending, k.has_nulls_last) for k in self.keys]
        start = self.offset or 0
        stop = None if self.limit is None else start + self.limit
        return ordered(found, [*order, (key_of, False, None)])[start:stop]

    def put(self, query: Query[Any], model: type) -> Query[Any]:
        query = query.order_by(*(key.ordering(model) for key in self.keys))
        query = query if self.limit is None else query.limit(self.limit)
        query = query if self.offset is None else query.offset(self.offset)
        names = ("street", "number") if model is MODELS[0] else ("id",)
        return query.order_by(*names)


def page(rng: random.Random, model: type) -> Page:
    """Give an order, through references too, and the part of the rows that is wanted."""
    stage = OwnStage((model,), (False,))
    keys = tuple(
        Key(
            rng.choice((number, number, text) if model is not MODELS[4] else (number,))(
                rng, stage
            ),
            rng.random() < 0.5,
            rng.choice((None, True, False)),
        )
        for _ in range(rng.randrange(3))
    )
    limit, offset = (rng.choice((None, None, rng.randrange(6))) for _ in range(2))
    return Page(keys, limit, offset)


class OwnStage(Stage):
    """Only the row asked for is at hand: others have no order."""

    def places(self) -> list[tuple[Any, type]]:
        return super().places()[:1]


async def answer(query: Query[Any]) -> tuple[list[Any], int, list[Any]]:
    found = [key_of(row) for row in await query.fetch_all()]
    streamed = [key_of(row) async for row in query.stream()]
    return found, await query.count(), streamed


@pytest.mark.parametrize("seed", range(DATA_SETS))
def test_every_store_gives_the_rows_that_python_gives(stores: Stores, seed: int) -> None:
    known = rows(seed)
    world = World(known)
    for database in stores.databases.values():
        stores.run(load(database, known))
    refused = []

    for rng in drawn(f"related {seed}", QUESTIONS // DATA_SETS):
        model = rng.choice(MODELS)
        asks, part = asked_of(rng, model), page(rng, model)
        expected = [
            key_of(row)
            for row in part.of([r for r in known[model] if holds(asks, Scene(world, (r,)))], world)
        ]
        predicate = asks.predicate((fields(model),))
        for name, database in stores.databases.items():
            try:
                query = part.put(database.query(model).where(predicate), model)
            except QueryError as error:
                assert "levels deep" in str(error)
                refused.append(asks)
                break
            found = stores.run(answer(query))
            assert found == (expected, len(expected), expected), (name, model, asks, part)
    assert len(refused) <= QUESTIONS // DATA_SETS // 20


def test_a_question_and_its_complement_share_out_all_rows(stores: Stores) -> None:
    known = rows(1_000)
    for database in stores.databases.values():
        stores.run(load(database, known))

    for rng in drawn("related complements", examples(100, 5_000)):
        model = rng.choice(MODELS)
        predicate = asked_of(rng, model, 2).predicate((fields(model),))
        for name, database in stores.databases.items():
            inside = stores.run(database.query(model).where(predicate).count())
            outside = stores.run(database.query(model).where(~predicate).count())
            assert inside + outside == len(known[model]), (name, predicate)


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_write_reaches_exactly_the_rows_that_the_question_finds(
    stores: Stores, verb: str
) -> None:
    for number_of_rows, rng in enumerate(drawn(f"related {verb}", examples(60, 2_000))):
        known = rows(number_of_rows)
        model = rng.choice(WRITABLE[verb])
        asks = asked_of(rng, model, 2)
        world = World(known)
        met = {key_of(row) for row in known[model] if holds(asks, Scene(world, (row,)))}
        for name, database in stores.databases.items():
            stores.run(load(database, known))
            query = database.query(model).where(asks.predicate((fields(model),)))
            done = query.delete() if verb == "delete" else query.update(name="written")
            assert stores.run(done) == len(met), (name, model, asks)
            left = {key_of(row): row for row in stores.run(database.query(model).fetch_all())}
            expected = {key_of(row): row for row in known[model]}
            if verb == "delete":
                assert left.keys() == expected.keys() - met, (name, model, asks)
            else:
                changed = {key for key, row in left.items() if row.name == "written"}
                assert changed == met, (name, model, asks)
                assert left.keys() == expected.keys(), (name, model, asks)


WRITABLE = {"update": MODELS[:4], "delete": (MODELS[2], MODELS[4])}
"""What has a name, and what nothing refers to."""


def test_every_model_is_reached_from_every_other() -> None:
    assert all(len(way) == len(MODELS) - 1 for way in ROUTES.values())
