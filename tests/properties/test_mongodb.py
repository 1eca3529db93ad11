"""What is sent to MongoDB gives, by its documented meaning, the rows that Python gives."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from ommi import ModelCollection, Ommi, QueryError, UnsupportedOperation, fields
from profiles import examples
from properties import people, things
from properties.pages import Page, page
from properties.people import MODELS, World, rows
from properties.questions import Question, drawn, question, simplest
from properties.related import Scene, asked_of, holds
from properties.related_pages import answer as related_answer
from properties.related_pages import key_of, load
from properties.related_pages import page as related_page
from properties.stores import Stores, answer
from services.mongodb.server import serving

QUESTIONS = examples(200, 20_000)
DATA_SETS = max(1, QUESTIONS // 250)
RELATED = examples(60, 5_000)
RELATED_SETS = max(1, RELATED // 100)

REFUSED = ("compare bytes by their order", "calculate a decimal")
"""What MongoDB would answer otherwise, and what is therefore never sent."""


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with serving() as server:
        yield server.url


def opened(url: str, collection: ModelCollection) -> Iterator[Stores]:
    with asyncio.Runner() as runner:
        database = Ommi(url)
        runner.run(database.open())
        runner.run(database.use_models(collection))
        yield Stores(runner, {"MongoDB": database})
        runner.run(database.close())


@pytest.fixture(scope="module")
def store(served: str) -> Iterator[Stores]:
    yield from opened(served, things.COLLECTION)


@pytest.fixture(scope="module")
def related(served: str) -> Iterator[Stores]:
    yield from opened(served, people.COLLECTION)


@pytest.mark.parametrize("seed", range(DATA_SETS))
def test_a_question_has_the_rows_that_python_gives(store: Stores, seed: int) -> None:
    store.load(things.things(seed))
    database = store.databases["MongoDB"]
    refused: Counter[str] = Counter()

    def is_wrong(asks: Question, part: Page) -> bool:
        expected = [row.key for row in part.of([r for r in store.rows if asks.holds(r)])]
        found = store.run(answer(database, asks, part))
        return found != (expected, len(expected))

    def refusal(asks: Question, part: Page) -> str | None:
        try:
            wrong = is_wrong(asks, part)
        except UnsupportedOperation as error:
            return error.operation
        if wrong:
            wrong_part = simplest(asks, lambda each: is_wrong(each, part))
            pytest.fail(f"MongoDB gives other rows than Python: {wrong_part}, {part}")
        return None

    answered = 0
    for rng in drawn(f"answers {seed}", 2 * QUESTIONS // DATA_SETS):
        told = refusal(question(rng), page(rng))
        if told is None:
            answered += 1
        else:
            refused[next((word for word in REFUSED if told.startswith(word)), told)] += 1
        if answered == QUESTIONS // DATA_SETS:
            break

    assert set(refused) <= set(REFUSED)
    assert answered == QUESTIONS // DATA_SETS


@pytest.mark.parametrize("seed", range(RELATED_SETS))
def test_a_question_about_related_rows_has_the_rows_that_python_gives(
    related: Stores, seed: int
) -> None:
    known, database = rows(seed), related.databases["MongoDB"]
    world = World(known)
    related.run(load(database, known))

    for rng in drawn(f"related {seed}", RELATED // RELATED_SETS):
        model = rng.choice(MODELS)
        asks, part = asked_of(rng, model), related_page(rng, model)
        met = [row for row in known[model] if holds(asks, Scene(world, (row,)))]
        expected = [key_of(row) for row in part.of(met, world)]
        predicate = asks.predicate((fields(model),))
        try:
            query = part.put(database.query(model).where(predicate), model)
        except QueryError:
            continue  # It nests more than five levels deep.
        found = related.run(related_answer(query))
        assert found == (expected, len(expected), expected), (model, asks, part)


def test_every_row_comes_back_as_it_was(store: Stores) -> None:
    for seed in range(3):
        made = things.things(seed)
        store.load(made)

        found = store.run(
            store.databases["MongoDB"].query(things.Thing).order_by("key").fetch_all()
        )

        assert found == sorted(made, key=lambda row: row.key)
        for row, other in zip(sorted(made, key=lambda r: r.key), found, strict=True):
            assert list(map(type, vars(row).values())) == list(map(type, vars(other).values()))
