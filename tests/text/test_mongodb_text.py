"""What is sent to MongoDB, in words, for questions of every kind."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ommi import Ommi, UnsupportedOperation, fields
from properties.people import Club, House, Person
from text.people import P
from text.people import Person as Row

PERSON: Any = fields(Person)
HOUSE: Any = fields(House)

FILTERS: dict[str, tuple[Callable[[], Any], str]] = {
    "equal": (lambda: P.name == "a", "{name: {$eq: ?}}"),
    "unlike": (lambda: P.name != "a", "{name: {$ne: ?}}"),
    "null": (lambda: P.nick == None, "{nick: {$eq: null}}"),  # noqa: E711
    "not null": (lambda: P.nick.is_not_null(), "{nick: {$ne: null}}"),
    "key": (lambda: P.id == 1, "{_id: {$eq: ?}}"),
    "not greater": (lambda: ~(P.age > 1), "{age: {$not: {$gt: ?}}}"),
    "among": (lambda: P.age.in_([1, 2]), "{age: {$in: ?}}"),
    "not among": (lambda: P.age.not_in([1]), "{age: {$nin: ?}}"),
    "contains": (lambda: P.name.contains("."), "{name: {$regex: ?}}"),
    "not starting": (lambda: ~P.name.starts_with("$"), "{name: {$not: {$regex: ?}}}"),
    "regex": (
        lambda: P.name.regex("^a"),
        '{$expr: {$regexMatch: {input: "$name", regex: {$literal: ?}}}}',
    ),
    "two fields": (
        lambda: P.name == P.nick,
        '{$expr: {$eq: ["$name", {$ifNull: ["$nick", null]}]}}',
    ),
    "element": (
        lambda: P.tags.contains("a"),
        (
            '{$expr: {$cond: [{$isArray: ["$tags"]}, {$and: [{$gt: [{$literal: ?}, null]}, '
            '{$in: [{$literal: ?}, "$tags"]}]}, false]}}'
        ),
    ),
    "path": (
        lambda: P.extra["$where"]["a.b"] == 1,
        (
            '{$expr: {$eq: [{$ifNull: [{$getField: {field: "a%2Eb", input: {$getField: {field: '
            '"%24where", input: "$extra"}}}}, null]}, {$literal: ?}]}}'
        ),
    ),
    "both": (
        lambda: (P.age > 1) & P.active,
        "{$and: [{age: {$gt: ?}}, {active: {$eq: ?}}]}",
    ),
    "sum": (
        lambda: P.age + 1 > 2,
        (
            "{$expr: {$and: [{$gt: [{$literal: ?}, null]}, {$gt: [{$let: {vars: {r: {$add: "
            '["$age", {$literal: ?}]}}, in: {$switch: {branches: [{case: {$lte: ["$$r", null]}, '
            'then: "$$r"}, {case: {$in: [{$type: "$$r"}, ["int", "long"]]}, then: "$$r"}]}}}}, '
            "{$literal: ?}]}]}}"
        ),
    ),
}


@pytest.fixture
def db() -> Ommi:
    return Ommi("mongodb://localhost/app")


@pytest.mark.parametrize("case", FILTERS)
def test_a_condition_is_this_filter(db: Ommi, case: str) -> None:
    asks, text = FILTERS[case]

    found = db.query(Row).where(asks()).sql()

    assert found == f"find people {{filter: {text}}}"


def test_an_order_and_a_page(db: Ommi) -> None:
    query = db.query(Row).order_by("-age").limit(2).offset(1)

    assert query.sql() == ("find people {filter: {}, sort: {age: -1, _id: 1}, skip: ?, limit: 2}")


def test_a_key_of_two_fields_is_asked_for_as_a_whole(db: Ommi) -> None:
    query = db.query(House).where((HOUSE.number == 1) & (HOUSE.street == "a"))

    assert query.sql() == "find House {filter: {_id: {$eq: {street: ?, number: ?}}}}"


def test_related_rows_are_looked_up(db: Ommi) -> None:
    query = db.query(Person).where(HOUSE.name == "a")

    text = query.sql()

    assert text.startswith('aggregate Person {pipeline: [{$lookup: {from: "House"')
    assert '{$eq: ["$_id", {street: "$$n0", number: "$$n1"}]}' in text


def test_a_count_of_related_rows(db: Ommi) -> None:
    text = db.query(Club).where(fields(Club).members.count() > 1).sql()

    assert '{$count: "n"}' in text


def test_questions_in_each_other_go_as_deep_as_they_may(db: Ommi) -> None:
    asks: Any = fields(Club).members.any(PERSON.age > 1)
    for _ in range(2):
        asks = fields(Club).members.any(PERSON.clubs.any(asks))

    text = db.query(Club).where(asks).sql()

    assert text.count("$lookup") == 10
    assert '"%jx1"' in text


@pytest.mark.parametrize(
    "asks",
    [
        lambda: P.photo < b"a",
        lambda: P.photo.contains(b"a"),
    ],
)
def test_what_mongodb_orders_otherwise_is_refused(db: Ommi, asks: Callable[[], Any]) -> None:
    with pytest.raises(UnsupportedOperation, match="bytes"):
        db.query(Row).where(asks()).sql()


def test_no_value_is_shown(db: Ommi) -> None:
    query = db.query(Row).where((P.name == "sesame") & (P.price > Decimal("123.45")))

    assert "sesame" not in query.sql()
    assert "123" not in query.sql()
