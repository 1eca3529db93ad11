"""Questions that mean the same give the same rows: logic has two values on every store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import examples
from properties.questions import COLUMNS, Page, Question, pages, questions
from properties.stores import Stores, asked, keys
from properties.things import Thing, things


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
@settings(max_examples=examples(75, 3_000))
@given(one=questions(4), other=questions(4))
def test_a_law_of_logic_holds(stores: Stores, law: str, one: Question, other: Question) -> None:
    left, right = LAWS[law](one.predicate(), other.predicate())

    for name in stores.databases:
        assert found(stores, name, left) == found(stores, name, right)


@settings(max_examples=examples(500, 20_000))
@given(question=questions())
def test_a_question_and_its_complement_share_out_all_rows(
    stores: Stores, question: Question
) -> None:
    everything = {row.key for row in stores.rows}

    for name, database in stores.databases.items():
        asked_for = found(stores, name, question.predicate())
        rest = found(stores, name, ~question.predicate())
        assert asked_for | rest == everything
        assert not asked_for & rest
        counted = stores.run(database.query(Thing).where(~question.predicate()).count())
        assert counted == len(rest)


@settings(max_examples=examples(100, 5_000))
@given(column=st.sampled_from(COLUMNS), data=st.data())
def test_operators_that_say_the_same_find_the_same(
    stores: Stores, column: Any, data: st.DataObject
) -> None:
    one, other = data.draw(st.lists(st.sampled_from(column.pool), min_size=2, max_size=2))
    field = column.reference

    for name in stores.databases:
        equal = found(stores, name, field == one)
        assert found(stores, name, field.in_([one])) == equal
        assert found(stores, name, field.in_([one, one, None])) == equal | found(
            stores, name, field.is_null()
        )
        assert found(stores, name, field != one) == found(stores, name, ~(field == one))
        assert found(stores, name, field.not_in([one])) == found(stores, name, field != one)
        assert found(stores, name, field.between(one, other)) == found(
            stores, name, (field >= one) & (field <= other)
        )
        assert found(stores, name, field == None) == found(stores, name, field.is_null())  # noqa: E711


@settings(max_examples=examples(100, 5_000))
@given(question=questions(3), page=pages, size=st.integers(5, 60))
def test_pages_together_are_the_whole_in_order(
    stores: Stores, question: Question, page: Page, size: int
) -> None:
    for database in stores.databases.values():
        query = asked(database, question, Page(page.keys, None, 0))
        whole = stores.run(keys(query))
        starts = range(0, len(whole) + 1, size)
        parts = [stores.run(keys(query.limit(size).offset(start))) for start in starts]
        assert [key for part in parts for key in part] == whole
