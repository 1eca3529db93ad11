"""Updates and deletes reach exactly the rows that the same question finds, on every store."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ommi import ArithmeticOverflow, NotNullViolation, OmmiError
from profiles import examples
from properties.meaning import EXACT
from properties.questions import COLUMNS, THING, Question, calculation, drawn, question
from properties.stores import Stores, keys
from properties.things import Thing, things, value_of

ROWS = sorted(things(30, 25, 40), key=lambda row: row.key)
DIGITS = {"price": (12, 3), "amount": (28, 10), "most": (18, 0)}
_BY_NAME = {column.steps[0]: column for column in COLUMNS}


CALCULATED = (
    ("small", "small"), ("maybe_small", "small"), ("maybe_whole", "small"),
    ("maybe_weight", "weight"), ("weight", "weight"), ("maybe_price", "price"),
    ("price", "price"), ("maybe_amount", "price"), ("most", "price"),
)  # fmt: skip
COPIED = tuple(
    pair
    for name in _BY_NAME
    if f"maybe_{name}" in _BY_NAME
    for pair in ((name, f"maybe_{name}"), (f"maybe_{name}", name))
)


def changes(rng: random.Random) -> dict[str, Any]:
    """Give new values for one to three fields: plain ones, other fields, and calculations."""
    return dict(rng.choice((_given, _given, _copy, _calculation))(rng) for _ in range(3))


def _given(rng: random.Random) -> tuple[str, Any]:
    name = rng.choice(list(_BY_NAME))
    return name, value_of(name, rng)


def _copy(rng: random.Random) -> tuple[str, Any]:
    name, other = rng.choice(COPIED)
    return name, _BY_NAME[other]


def _calculation(rng: random.Random) -> tuple[str, Any]:
    name, kind = rng.choice(CALCULATED)
    return name, calculation(rng, kind)


def _value(said: Any, row: Thing) -> Any:
    return said.read(row) if hasattr(said, "read") else said


def _error(name: str, value: Any) -> type[OmmiError] | None:
    """Say which error a calculated or copied value must give."""
    kind = name.removeprefix("maybe_")
    if value is None:
        return NotNullViolation if name == kind else None
    if kind in DIGITS and isinstance(value, Decimal):
        precision, scale = DIGITS[kind]
        scaled = value.scaleb(scale, EXACT)
        fits = scaled == scaled.to_integral_value() and abs(scaled) < 10**precision
        return None if fits else ArithmeticOverflow
    return None


async def _updated(database: Any, asks: Question, values: dict[str, Any]) -> Any:
    said = {
        name: value.reference if hasattr(value, "reference") else value
        for name, value in values.items()
    }
    try:
        return await database.query(Thing).where(asks.predicate()).update(**said)
    except OmmiError as error:
        return type(error)


def test_an_update_changes_what_the_question_finds_and_nothing_else(stores: Stores) -> None:
    for rng in drawn("updates", examples(100, 5_000)):
        asks, values = question(rng, 4), changes(rng)
        stores.load(deepcopy(ROWS))
        matched = {row.key for row in ROWS if asks.holds(row)}
        new = {row.key: {n: _value(v, row) for n, v in values.items()} for row in ROWS}
        wrong = {_error(*item) for key in matched for item in new[key].items()} - {None}
        done = set() if wrong else matched
        expected = [replace(row, **new[row.key]) if row.key in done else row for row in ROWS]

        for name, database in stores.databases.items():
            outcome = stores.run(_updated(database, asks, values))
            assert outcome in (wrong or {len(matched)}), (name, asks, values)
            rows = stores.run(database.query(Thing).order_by("key").fetch_all())
            assert rows == expected, (name, asks, values)


def test_a_delete_takes_what_the_question_finds_and_leaves_the_rest(stores: Stores) -> None:
    for rng in drawn("deletes", examples(50, 3_000)):
        asks = question(rng, 4)
        stores.load(deepcopy(ROWS))
        left = [row.key for row in ROWS if not asks.holds(row)]

        for name, database in stores.databases.items():
            gone = stores.run(database.query(Thing).where(asks.predicate()).delete())
            rest = stores.run(keys(database.query(Thing).order_by("key")))
            assert (gone, rest) == (len(ROWS) - len(left), left), (name, asks)


def test_a_calculation_that_overflows_changes_no_row(stores: Stores) -> None:
    stores.load([replace(ROWS[0], key="1", whole=1), replace(ROWS[0], key="2", whole=2**63 - 1)])

    for database in stores.databases.values():
        with pytest.raises(ArithmeticOverflow):
            stores.run(database.query(Thing).update(whole=THING.whole + 1))
        found = stores.run(database.query(Thing).order_by("key").fetch_all())
        assert [row.whole for row in found] == [1, 2**63 - 1]
