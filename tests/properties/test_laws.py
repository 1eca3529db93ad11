"""Questions that mean the same give the same rows: logic has two values on every store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from profiles import examples
from properties.pages import page
from properties.questions import COLUMNS, drawn, question
from properties.stores import Stores, asked, keys
from properties.things import Thing, things

STORES = ("memory", "SQLite in memory")


@pytest.fixture(scope="module", autouse=True)
def _rows(stores: Stores) -> None:
    stores.load(things(20, 80, 80))


def found(stores: Stores, name: str, predicate: Any) -> set[str]:
    return set(stores.run(keys(stores.databases[name].query(Thing).where(predicate))))


LAWS: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "not not p is p": lambda p, q: (~~p, p),
    "not (p and q) is not p or not q": lambda p, q: (~(p & q), ~p | ~q),
    "not (p or q) is not p and not q": lambda p, q: (~(p | q), ~p & ~q),
    "p and q is q and p": lambda p, q: (p & q, q & p),
    "p or q is q or p": lambda p, q: (p | q, q | p),
    "p and (p or q) is p": lambda p, q: (p & (p | q), p),
    "p or (q and not q) is p": lambda p, q: (p | (q & ~q), p),
}


@pytest.mark.parametrize("law", LAWS)
def test_a_law_of_logic_holds(stores: Stores, law: str) -> None:
    for rng in drawn(law, examples(60, 3_000)):
        one, other = question(rng, 4), question(rng, 4)
        left, right = LAWS[law](one.predicate(), other.predicate())
        for name in STORES:
            same = found(stores, name, left) == found(stores, name, right)
            assert same, (name, one, other)


def test_a_question_and_its_complement_share_out_all_rows(stores: Stores) -> None:
    everything = {row.key for row in stores.rows}

    for rng in drawn("complements", examples(250, 20_000)):
        asks = question(rng)
        for name in STORES:
            inside = found(stores, name, asks.predicate())
            outside = found(stores, name, ~asks.predicate())
            assert inside | outside == everything, (name, asks)
            assert not inside & outside, (name, asks)


def test_a_count_is_the_number_of_rows(stores: Stores) -> None:
    for rng in drawn("counts", examples(100, 10_000)):
        asks, part = question(rng), page(rng)
        for name in STORES:
            query = asked(stores.databases[name], asks, part)
            assert stores.run(query.count()) == len(stores.run(keys(query))), (asks, part)


def _equal_pairs(field: Any, one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    yield field.in_([one]), field == one
    yield field.in_([one, other, one, None]), (field == one) | (field == other) | field.is_null()
    yield field.not_in([one, None]), (field != one) & field.is_not_null()
    yield field.not_in([]), ~field.in_([])
    yield field != one, ~(field == one)
    yield field.between(one, other), (field >= one) & (field <= other)
    yield field == None, field.is_null()  # noqa: E711
    yield field > one, ~(field <= one) & field.is_not_null()


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_operators_that_say_the_same_find_the_same(stores: Stores, column: Any) -> None:
    for rng in drawn(str(column), examples(2, 100)):
        one, other = rng.choice(column.pool), rng.choice(column.pool)
        for left, right in _equal_pairs(column.reference, one, other):
            for name in STORES:
                same = found(stores, name, left) == found(stores, name, right)
                assert same, (name, left, one, other)


def test_pages_together_are_the_whole_in_order(stores: Stores) -> None:
    for rng in drawn("pages", examples(60, 5_000)):
        asks, part, size = question(rng, 3), replace(page(rng), limit=None, offset=0), 7
        for name in STORES:
            query = asked(stores.databases[name], asks, part)
            whole = stores.run(keys(query))
            starts = range(0, len(whole) + 1, size)
            parts = [stores.run(keys(query.limit(size).offset(start))) for start in starts]
            assert [key for each in parts for key in each] == whole, (name, asks, part)
