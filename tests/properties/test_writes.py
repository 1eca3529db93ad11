"""Updates and deletes reach exactly the rows that the same question finds, on every store."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ommi import ArithmeticOverflow, NotNullViolation, OmmiError
from profiles import examples
from properties.questions import COLUMNS, THING, Question, calculation, questions, seeded
from properties.stores import Stores
from properties.things import POOLS, Thing, things

ROWS = things(30, 25, 40)
DIGITS = {"price": (12, 3), "amount": (28, 10), "most": (18, 0)}
_BY_NAME = {column.steps[0]: column for column in COLUMNS}


def _new_values(name: str) -> st.SearchStrategy[tuple[str, Any]]:
    kind = name.removeprefix("maybe_")
    values = st.sampled_from(POOLS[kind])
    if name != kind:
        values = st.none() | values
    return st.tuples(st.just(name), values)


_targets = st.sampled_from(
    [
        ("small", "small"),
        ("maybe_small", "small"),
        ("maybe_whole", "small"),
        ("maybe_weight", "weight"),
        ("weight", "weight"),
        ("maybe_price", "price"),
        ("price", "price"),
        ("maybe_amount", "price"),
        ("most", "price"),
    ]
)
_calculated = st.tuples(_targets, seeded).map(
    lambda drawn: (drawn[0][0], calculation(drawn[1], drawn[0][1]))
)  # fmt: skip
_copied = st.sampled_from(
    [(name, other) for name in _BY_NAME for other in (f"maybe_{name}",) if other in _BY_NAME]
).flatmap(
    lambda pair: st.sampled_from([(pair[0], _BY_NAME[pair[1]]), (pair[1], _BY_NAME[pair[0]])])
)
_change = st.sampled_from(list(_BY_NAME)).flatmap(_new_values) | _calculated | _copied
changes = st.lists(_change, min_size=1, max_size=3).map(dict)


def _value(said: Any, row: Thing) -> Any:
    return said.read(row) if hasattr(said, "read") else said


def _error(name: str, value: Any) -> type[OmmiError] | None:
    """Say which error a calculated or copied value must give."""
    kind = name.removeprefix("maybe_")
    if value is None:
        return NotNullViolation if name == kind else None
    if kind in DIGITS and isinstance(value, Decimal):
        precision, scale = DIGITS[kind]
        scaled = value * 10**scale
        fits = scaled == scaled.to_integral_value() and abs(scaled) < 10**precision
        return None if fits else ArithmeticOverflow
    return None


async def _updated(database: Any, question: Question, values: dict[str, Any]) -> Any:
    said = {
        name: value.reference if hasattr(value, "reference") else value
        for name, value in values.items()
    }
    try:
        return await database.query(Thing).where(question.predicate()).update(**said)
    except OmmiError as error:
        return type(error)


@settings(max_examples=examples(150, 5_000))
@given(question=questions(4), values=changes)
def test_an_update_changes_what_the_question_finds_and_nothing_else(
    stores: Stores, question: Question, values: dict[str, Any]
) -> None:
    stores.load(deepcopy(ROWS))
    matched = [row.key for row in ROWS if question.holds(row)]
    new = {row.key: {n: _value(v, row) for n, v in values.items()} for row in ROWS}
    errors = {_error(name, value) for key in matched for name, value in new[key].items()} - {None}
    expected = [
        replace(row, **new[row.key]) if row.key in matched and not errors else row
        for row in sorted(ROWS, key=lambda row: row.key)
    ]

    for name, database in stores.databases.items():
        outcome = stores.run(_updated(database, question, values))
        assert (name, outcome) in {(name, each) for each in errors or {len(matched)}}
        assert stores.run(database.query(Thing).order_by("key").fetch_all()) == expected


@settings(max_examples=examples(75, 3_000))
@given(question=questions(4))
def test_a_delete_takes_what_the_question_finds_and_leaves_the_rest(
    stores: Stores, question: Question
) -> None:
    stores.load(deepcopy(ROWS))
    left = sorted(row.key for row in ROWS if not question.holds(row))

    for database in stores.databases.values():
        gone = stores.run(database.query(Thing).where(question.predicate()).delete())
        assert gone == len(ROWS) - len(left)
        rest = stores.run(database.query(Thing).order_by("key").fetch_all())
        assert [row.key for row in rest] == left


def test_a_calculation_that_overflows_changes_no_row(stores: Stores) -> None:
    stores.load([replace(ROWS[0], key="1", whole=1), replace(ROWS[0], key="2", whole=2**63 - 1)])

    for database in stores.databases.values():
        with pytest.raises(ArithmeticOverflow):
            stores.run(database.query(Thing).update(whole=THING.whole + 1))
        found = stores.run(database.query(Thing).order_by("key").fetch_all())
        assert [row.whole for row in found] == [1, 2**63 - 1]
