"""Every store gives the answer that plain Python gives."""

from __future__ import annotations

from collections import Counter

import pytest

from ommi import ArithmeticOverflow, Query, UnsupportedOperation
from profiles import examples
from properties.pages import Page, page
from properties.questions import Question, drawn, question, simplest
from properties.stores import Stores, answer, asked
from properties.things import Thing, things

PREDICATES = examples(1_000, 50_000)
DATA_SETS = max(1, PREDICATES // 250)


@pytest.mark.parametrize("seed", range(DATA_SETS))
def test_every_store_gives_the_rows_that_python_gives(stores: Stores, seed: int) -> None:
    stores.load(things(seed))
    refused: Counter[str] = Counter()

    def expected(asks: Question, part: Page) -> tuple[list[str], int]:
        rows = [row.key for row in part.of([r for r in stores.rows if asks.holds(r)])]
        return rows, len(rows)

    def is_wrong(name: str, asks: Question, part: Page, right: tuple[list[str], int]) -> bool:
        try:
            return stores.run(answer(stores.databases[name], asks, part)) != right
        except ArithmeticOverflow:
            # Decimals have 65 digits on MariaDB and MySQL; a product of more is refused, never
            # rounded.
            refused[name] += 1
            return name not in {"MariaDB", "MySQL"}
        except UnsupportedOperation as error:
            # MySQL's have 30 of them behind the point at most.
            refused[name] += 1
            return name != "MySQL" or "digits behind the point" not in str(error)

    for rng in drawn(f"answers {seed}", PREDICATES // DATA_SETS):
        asks, part = question(rng), page(rng)
        right = expected(asks, part)
        for name in stores.databases:
            if is_wrong(name, asks, part, right):
                wrong = simplest(
                    asks, lambda each, n=name, p=part: is_wrong(n, each, p, expected(each, p))
                )
                pytest.fail(f"{name} gives other rows than Python: {wrong}, {part}")
    assert all(number <= PREDICATES // DATA_SETS // 50 for number in refused.values()), refused


@pytest.mark.parametrize("seed", range(DATA_SETS))
def test_every_store_gives_every_row_back_as_it_was(stores: Stores, seed: int) -> None:
    rows = things(seed)

    stores.load(rows)

    for database in stores.databases.values():
        found = stores.run(database.query(Thing).order_by("key").fetch_all())
        assert found == sorted(rows, key=lambda row: row.key)


def test_a_stream_gives_what_a_fetch_gives(stores: Stores) -> None:
    stores.load(things(60, 80, 80))

    async def streamed(query: Query[Thing]) -> list[str]:
        return [thing.key async for thing in query.stream()]

    for rng in drawn("streams", examples(50, 2_000)):
        asks, part = question(rng), page(rng)
        for database in stores.databases.values():
            query = asked(database, asks, part)
            fetched = [thing.key for thing in stores.run(query.fetch_all())]
            assert stores.run(streamed(query)) == fetched, (asks, part)
