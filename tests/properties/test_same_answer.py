"""Every store gives the answer that plain Python gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from ommi import Query
from profiles import examples
from properties.questions import Page, Question, pages, questions, simplest
from properties.stores import Stores, answer, asked
from properties.things import Thing, things

PREDICATES = examples(1_000, 50_000)
DATA_SETS = max(1, PREDICATES // 250)


@pytest.mark.parametrize("seed", range(DATA_SETS))
def test_every_store_gives_the_rows_that_python_gives(stores: Stores, seed: int) -> None:
    stores.load(things(seed))

    def is_right(name: str, question: Question, page: Page) -> bool:
        expected = [row.key for row in page.of([r for r in stores.rows if question.holds(r)])]
        found = stores.run(answer(stores.databases[name], question, page))
        return found == (expected, len(expected))

    @settings(max_examples=PREDICATES // DATA_SETS)
    @given(questions(), pages)
    def check(question: Question, page: Page) -> None:
        for name in stores.databases:
            if not is_right(name, question, page):
                wrong = simplest(question, lambda part, n=name: not is_right(n, part, page))
                pytest.fail(f"{name} gives other rows than Python: {wrong}")

    check()


@pytest.mark.parametrize("seed", range(DATA_SETS))
def test_every_store_gives_every_row_back_as_it_was(stores: Stores, seed: int) -> None:
    rows = things(seed)

    stores.load(rows)

    for database in stores.databases.values():
        found = stores.run(database.query(Thing).order_by("key").fetch_all())
        assert found == sorted(rows, key=lambda row: row.key)


@settings(max_examples=examples(100, 2_000))
@given(question=questions(), page=pages)
def test_a_stream_gives_what_a_fetch_gives(stores: Stores, question: Question, page: Page) -> None:
    if not stores.rows:
        stores.load(things(0))

    async def streamed(query: Query[Thing]) -> list[str]:
        return [thing.key async for thing in query.stream()]

    for database in stores.databases.values():
        query = asked(database, question, page)
        fetched = [thing.key for thing in stores.run(query.fetch_all())]
        assert stores.run(streamed(query)) == fetched
