"""Questions about related rows have one answer on every store: that of plain Python."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest

from ommi import Ommi, QueryError, fields
from profiles import examples
from properties.faults import JOIN_FAULTS
from properties.people import COLLECTION, MODELS, ROUTES, World, rows
from properties.questions import drawn
from properties.related import Scene, asked_of, holds
from properties.related_pages import Page, answer, key_of, load, page
from properties.stores import Stores, opened

QUESTIONS = examples(1_000, 20_000)
DATA_SETS = max(1, QUESTIONS // 100)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("people"), COLLECTION) as found:
        yield found


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
            except QueryError:
                # It nests more than five levels deep; of the questions drawn, one in a hundred.
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
    refused = []
    for number_of_rows, rng in enumerate(drawn(f"related {verb}", examples(60, 2_000))):
        known = rows(number_of_rows)
        model = rng.choice(WRITABLE[verb])
        asks = asked_of(rng, model, 2)
        world = World(known)
        met = {key_of(row) for row in known[model] if holds(asks, Scene(world, (row,)))}
        for name, database in stores.databases.items():
            stores.run(load(database, known))
            try:
                query = database.query(model).where(asks.predicate((fields(model),)))
            except QueryError:
                # It nests more than five levels deep.
                refused.append(asks)
                break
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
    assert len(refused) <= examples(60, 2_000) // 20


WRITABLE = {"update": MODELS[:4], "delete": (MODELS[2], MODELS[4])}
"""What has a name, and what nothing refers to."""


def test_every_model_is_reached_from_every_other() -> None:
    assert all(len(way) == len(MODELS) - 1 for way in ROUTES.values())


class Asked(NamedTuple):
    model: type
    question: Any
    page: Page
    expected: list[Any]


@cache
def exam() -> list[Asked]:
    """Give the same questions each time, with their answers."""
    world, found = World(known := rows(7, 14)), []
    for rng in drawn("related exam", 2_000):
        model = rng.choice(MODELS)
        # Small questions, so that what only a plan for another would answer wrongly comes up.
        asks = asked_of(rng, model, rng.choice((0, 0, 1, 1, 3)))
        part = page(rng, model) if rng.random() < 0.3 else Page((), None, None)
        met = [row for row in known[model] if holds(asks, Scene(world, (row,)))]
        found.append(Asked(model, asks, part, [key_of(row) for row in part.of(met, world)]))
    return found


async def first_wrong() -> int | None:
    """Give the number of the first question that a new SQLite store answers wrongly."""
    async with Ommi("sqlite://") as database:
        await database.use_models(COLLECTION)
        await load(database, rows(7, 14))
        for number, asked in enumerate(exam(), 1):
            query = database.query(asked.model)
            query = query.where(asked.question.predicate((fields(asked.model),)))
            found = await asked.page.put(query, asked.model).fetch_all()
            if [key_of(row) for row in found] != asked.expected:
                return number
    return None


def test_without_a_fault_no_answer_is_wrong() -> None:
    assert asyncio.run(first_wrong()) is None


@pytest.mark.parametrize("fault", JOIN_FAULTS)
def test_a_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exam()

    JOIN_FAULTS[fault](monkeypatch)

    assert asyncio.run(first_wrong()) is not None
