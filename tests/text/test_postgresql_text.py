"""The exact SQL of PostgreSQL for everything that can be asked, beside the rows that it gives."""

# ruff: noqa: F811 - fixtures are imported, and asked for by their names

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

import pytest

from ommi import (
    ArithmeticOverflow,
    Auto,
    Digits,
    Key,
    ModelCollection,
    Ommi,
    Query,
    fields,
    ommi_model,
)
from services.postgresql import Server, database, server  # noqa: F401

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


@dataclass
class Home:
    city: str
    rooms: int | None = None
    size: float = 0.0


@ommi_model(collection=COLLECTION, table="people")
@dataclass
class Person:
    name: str
    nick: str | None = None
    age: int = 0
    height: float | None = None
    active: bool = False
    photo: bytes = b""
    price: Annotated[Decimal, Digits(9, 2)] = Decimal(0)
    worth: Decimal = Decimal(0)
    tags: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    home: Home | None = None
    id: Annotated[int | None, Key | Auto] = None


PEOPLE = (
    Person("Ann", None, 30, 1.5, True, b"\0a", Decimal("1.50"), Decimal(10), ["a", "b"], {"k": 1}),
    Person("bob", "Bo%b", 40, None, False, b"", Decimal(2), Decimal(9), [], {"k": True},
           Home("A", 1)),
    Person("Ännchen", "ann", 30, -0.5, True, b"a", Decimal(-1), Decimal("0.1"), ["ab"], {}),
    Person("", "", -1, 2.0, False, b"\xff", Decimal(0), Decimal(-5), ["a"], {"k": "1", "d": [5]},
           Home("", None, 1.5)),
)  # fmt: skip
P: Any = fields(Person)
SELECT = (
    "SELECT @name, @nick, @age, @height, @active, @photo, @price, @worth, @tags, @extra, @home, "
    '@id FROM "people"'
)
LONG = [*"abcdefghijklmnop", "bob"]


@pytest.fixture
async def db(server: Server, database: str) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(database)) as db:
        await db.use_models(COLLECTION)
        await db.add_all(PEOPLE).or_raise()
        yield db


def full(text: str) -> str:
    """Write out the columns: `@name` is `"people"."name"`."""
    return re.sub(r"@(\w+)", r'"people"."\1"', text)


Case = tuple[Callable[[], Any], str, list[int]]
CONDITIONS: dict[str, Case] = {
    "eq": (lambda: P.name == "bob", '@name COLLATE "C" = $1', [2]),
    "not eq": (
        lambda: ~(P.nick == "ann"),
        '(@nick COLLATE "C" <> $1 OR @nick IS NULL)',
        [1, 2, 4],
    ),
    "ne": (lambda: P.nick != "ann", '(@nick COLLATE "C" <> $1 OR @nick IS NULL)', [1, 2, 4]),
    "not ne": (lambda: ~(P.nick != "ann"), '@nick COLLATE "C" = $1', [3]),
    "eq none": (lambda: P.nick == None, "@nick IS NULL", [1]),  # noqa: E711
    "ne none": (lambda: P.nick != None, "@nick IS NOT NULL", [2, 3, 4]),  # noqa: E711
    "is_null": (lambda: P.nick.is_null(), "@nick IS NULL", [1]),
    "not is_null": (lambda: ~P.nick.is_null(), "@nick IS NOT NULL", [2, 3, 4]),
    "lt": (lambda: P.height < 1.5, "@height < $1", [3]),
    "not lt": (lambda: ~(P.height < 1.5), "(@height >= $1 OR @height IS NULL)", [1, 2, 4]),
    "le": (lambda: P.height <= 1.5, "@height <= $1", [1, 3]),
    "not le": (lambda: ~(P.height <= 1.5), "(@height > $1 OR @height IS NULL)", [2, 4]),
    "gt": (lambda: P.age > 30, "@age > $1", [2]),
    "not gt": (lambda: ~(P.age > 30), "(@age <= $1 OR @age IS NULL)", [1, 3, 4]),
    "ge": (lambda: P.age >= 30, "@age >= $1", [1, 2, 3]),
    "not ge": (lambda: ~(P.age >= 30), "(@age < $1 OR @age IS NULL)", [4]),
    "between": (lambda: P.age.between(0, 30), "(@age >= $1 AND @age <= $2)", [1, 3]),
    "bare bool": (lambda: P.active & (P.age > 0), "(@active = $1 AND @age > $2)", [1, 3]),
    "not bool": (
        lambda: ~P.active & (P.age > 0),
        "((@active <> $1 OR @active IS NULL) AND @age > $2)",
        [2],
    ),
    "in 0": (lambda: P.age.in_([]), "@age IN (SELECT unnest($1::bigint[]))", []),
    "not in 0": (
        lambda: P.age.not_in([]),
        "((@age IN (SELECT unnest($1::bigint[]))) IS NOT TRUE)",
        [1, 2, 3, 4],
    ),
    "in 1": (lambda: P.age.in_([40]), "@age IN ($1)", [2]),
    "in 3": (lambda: P.age.in_([40, 1, 30]), "@age IN ($1, $2, $3, $4)", [1, 2, 3]),
    "in 17": (
        lambda: P.name.in_(LONG),
        '@name COLLATE "C" IN (SELECT unnest($1::text[]))',
        [2],
    ),
    "in many": (
        lambda: P.height.in_([n / 2 for n in range(50_000)]),
        "@height IN (SELECT unnest($1::double precision[]))",
        [1, 4],
    ),
    "in bytes": (
        lambda: P.photo.in_([bytes([n]) for n in range(256)]),
        "@photo IN (SELECT unnest($1::bytea[]))",
        [3, 4],
    ),
    "in none": (
        lambda: P.nick.in_(["ann", None]),
        '(@nick COLLATE "C" IN ($1) OR @nick IS NULL)',
        [1, 3],
    ),
    "not in": (
        lambda: P.nick.not_in(["ann"]),
        '((@nick COLLATE "C" IN ($1)) IS NOT TRUE)',
        [1, 2, 4],
    ),
    "not in none": (
        lambda: P.nick.not_in(["ann", None]),
        '(((@nick COLLATE "C" IN ($1)) IS NOT TRUE) AND @nick IS NOT NULL)',
        [2, 4],
    ),
    "contains": (lambda: P.nick.contains("%"), 'position($1 IN (@nick COLLATE "C")) > 0', [2]),
    "not contains": (
        lambda: ~P.nick.contains("n"),
        '((position($1 IN (@nick COLLATE "C")) > 0) IS NOT TRUE)',
        [1, 2, 4],
    ),
    "not_contains": (
        lambda: P.nick.not_contains("n"),
        '((position($1 IN (@nick COLLATE "C")) > 0) IS NOT TRUE)',
        [1, 2, 4],
    ),
    "contains bytes": (lambda: P.photo.contains(b"a"), "position($1 IN (@photo)) > 0", [1, 3]),
    "contains element": (
        lambda: P.tags.contains("a"),
        (
            "EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(@tags) = "
            "'array' THEN @tags END) AS element WHERE element = $1)"
        ),
        [1, 4],
    ),
    "not contains element": (
        lambda: ~P.tags.contains("a"),
        (
            "((EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(@tags) = "
            "'array' THEN @tags END) AS element WHERE element = $1)) IS NOT TRUE)"
        ),
        [2, 3],
    ),
    "starts_with": (
        lambda: P.name.starts_with("An"),
        '@name COLLATE "C" LIKE $1',
        [1],
    ),
    "not starts_with": (
        lambda: ~P.name.starts_with("An"),
        '((@name COLLATE "C" LIKE $1) IS NOT TRUE)',
        [2, 3, 4],
    ),
    "ends_with": (
        lambda: P.name.ends_with("n"),
        '@name COLLATE "C" LIKE $1',
        [1, 3],
    ),
    "ends with nothing": (
        lambda: P.nick.ends_with(""),
        '@nick COLLATE "C" LIKE $1',
        [2, 3, 4],
    ),
    "regex": (lambda: P.name.regex("^.n+"), '@name COLLATE "C" ~ $1', [1, 3]),
    "not regex": (
        lambda: ~P.name.regex("^.n+"),
        '((@name COLLATE "C" ~ $1) IS NOT TRUE)',
        [2, 4],
    ),
    "ilike": (lambda: P.name.ilike("ä%"), '@name COLLATE "C" ~ $1', [3]),
    "icontains": (lambda: P.nick.icontains("BO%"), '@nick COLLATE "C" ~ $1', [2]),
    "and, or": (
        lambda: (P.age > 0) & (P.age < 35) | (P.id == 4),
        "((@age > $1 AND @age < $2) OR @id = $3)",
        [1, 3, 4],
    ),
    "not and": (
        lambda: ~((P.age > 0) & (P.age < 35)),
        "((@age <= $1 OR @age IS NULL) OR (@age >= $2 OR @age IS NULL))",
        [2, 4],
    ),
    "two fields": (
        lambda: P.name == P.nick,
        '(@name COLLATE "C" IS NOT DISTINCT FROM @nick COLLATE "C")',
        [4],
    ),
    "not two fields": (
        lambda: P.name != P.nick,
        '(NOT (@name COLLATE "C" IS NOT DISTINCT FROM @nick COLLATE "C"))',
        [1, 2, 3],
    ),
    "two fields in order": (
        lambda: P.name < P.nick,
        '(@name COLLATE "C" < @nick COLLATE "C")',
        [],
    ),
    "not two fields in order": (
        lambda: ~(P.name > P.nick),
        '((@name COLLATE "C" > @nick COLLATE "C") IS NOT TRUE)',
        [1, 4],
    ),
    "sum": (lambda: P.age + P.id >= 33, "(@age + @id) >= $1", [2, 3]),
    "product of floats": (
        lambda: P.height * 1e-200 < 0.0,
        (
            "(SELECT CASE WHEN abs(a) < 1 AND abs(b) < 1 AND a <> 0 AND b <> 0 AND "
            "least(abs(a), abs(b)) < 1e-160 AND least(abs(a), abs(b)) * 2::float8 ^ 537 * "
            "2::float8 ^ 537 * greatest(abs(a), abs(b)) <= 0.5 THEN 0::float8 * a * b ELSE a * b "
            "END FROM (SELECT (@height)::float8 AS a, ($1)::float8 AS b) AS product) < $2"
        ),
        [3],
    ),
    "difference": (
        lambda: 10 - P.age * 2 > 0,
        "($1 - (@age * $2)) > $3",
        [4],
    ),
    "scaled decimal": (lambda: P.price > Decimal(1), "@price > $1", [1, 2]),
    "decimal": (lambda: P.worth > Decimal(9), "@worth > $1", [1]),
    "sum of decimals": (
        lambda: P.price + P.worth > Decimal("10.5"),
        ("(@price + @worth) > $1"),
        [1, 2],
    ),
    "document": (lambda: P.extra == {"k": 1.0}, "@extra = $1", [1]),
    "not document": (
        lambda: P.home != Home("A", 1),
        "(@home <> $1 OR @home IS NULL)",
        [1, 3, 4],
    ),
    "path of an int": (
        lambda: P.extra["k"] == 1,
        (
            "(jsonb_typeof(@extra -> 'k') = 'number' AND (CASE WHEN jsonb_typeof(@extra "
            "-> 'k') = 'number' THEN (@extra -> 'k')::numeric END) = $1)"
        ),
        [1],
    ),
    "path of a bool": (
        lambda: P.extra["k"] == True,  # noqa: E712
        (
            "(jsonb_typeof(@extra -> 'k') = 'boolean' AND (CASE WHEN jsonb_typeof(@extra "
            "-> 'k') = 'boolean' THEN (@extra -> 'k')::boolean END) = $1)"
        ),
        [2],
    ),
    "not path of a text": (
        lambda: P.extra["k"] != "1",
        (
            "(((jsonb_typeof(@extra -> 'k') = 'string' AND (@extra -> 'k' #>> '{}') "
            'COLLATE "C" = $1)) IS NOT TRUE)'
        ),
        [1, 2, 3],
    ),
    "path that is null": (
        lambda: P.extra["d"][0].is_null(),
        (
            "(jsonb_path_query_first(@extra -> 'd', 'strict $[0]', silent => true) #>> "
            "'{}') IS NULL"
        ),
        [1, 2, 3],
    ),
    "path with a quote": (
        lambda: P.extra["it's"].is_not_null(),
        "(@extra -> 'it''s' #>> '{}') IS NOT NULL",
        [],
    ),
    "path of a float": (
        lambda: P.home.size > 1.0,
        (
            "(jsonb_typeof(@home -> 'size') = 'number' AND (CASE WHEN jsonb_typeof(@home "
            "-> 'size') = 'number' THEN (@home -> 'size')::numeric END) > $1)"
        ),
        [4],
    ),
}


@pytest.mark.parametrize("case", CONDITIONS)
async def test_a_condition_has_this_text_and_these_rows(db: Ommi, case: str) -> None:
    asks, text, keys = CONDITIONS[case]

    query = db.query(Person).where(asks())

    assert query.sql() == full(f"{SELECT} WHERE {text}")
    assert [person.id for person in await query.order_by("id").fetch_all()] == keys
    assert await query.count() == len(keys)


Part = tuple[Callable[[Query[Person]], Query[Person]], str, list[int]]
PARTS: dict[str, Part] = {
    "nothing": (lambda q: q, "", [1, 2, 3, 4]),
    "ascending": (lambda q: q.order_by("age"), " ORDER BY @age", [4, 1, 3, 2]),
    "descending": (
        lambda q: q.order_by("-height", "id"),
        " ORDER BY @height DESC NULLS LAST, @id",
        [4, 1, 3, 2],
    ),
    "none first": (
        lambda q: q.order_by("nick"),
        ' ORDER BY @nick COLLATE "C" NULLS FIRST',
        [1, 4, 2, 3],
    ),
    "none last": (
        lambda q: q.order_by(P.nick.asc.nulls_last()),
        ' ORDER BY @nick COLLATE "C" NULLS LAST',
        [4, 2, 3, 1],
    ),
    "none first, descending": (
        lambda q: q.order_by(P.nick.desc.nulls_first()),
        ' ORDER BY @nick COLLATE "C" DESC NULLS FIRST',
        [1, 3, 2, 4],
    ),
    "by a path": (
        lambda q: q.order_by(P.home.size.desc, "id"),
        (
            " ORDER BY (CASE WHEN jsonb_typeof(@home -> 'size') = 'number' THEN (@home "
            "-> 'size')::numeric END) DESC NULLS LAST, @id"
        ),
        [4, 2, 1, 3],
    ),
    "by a calculation": (
        lambda q: q.order_by(P.age * -1, "id"),
        " ORDER BY (@age * $1) NULLS FIRST, @id",
        [2, 1, 3, 4],
    ),
    "limit": (lambda q: q.limit(2), " ORDER BY @id LIMIT $1", [1, 2]),
    "limit 0": (lambda q: q.limit(0), " ORDER BY @id LIMIT $1", []),
    "offset": (lambda q: q.offset(1), " ORDER BY @id OFFSET $1", [2, 3, 4]),
    "page": (
        lambda q: q.order_by("-age").limit(2).offset(1),
        " ORDER BY @age DESC, @id LIMIT $1 OFFSET $2",
        [1, 3],
    ),
}


@pytest.mark.parametrize("case", PARTS)
async def test_an_order_and_a_page_have_this_text_and_these_rows(db: Ommi, case: str) -> None:
    change, text, keys = PARTS[case]

    query = change(db.query(Person))

    assert query.sql() == full(f"{SELECT}{text}")
    assert [person.id for person in await query.fetch_all()] == keys
    assert await query.count() == len(keys)


async def test_a_calculated_decimal_is_kept_from_being_rounded(db: Ommi) -> None:
    query = db.find(P.id == 1)

    failed = await query.update(price=P.worth * Decimal("0.0001"))
    done = await query.update(price=P.worth * Decimal("0.01"))

    assert isinstance(failed.error, ArithmeticOverflow)
    assert "CASE WHEN value <> round(value, 2) THEN 1000000000 ELSE value END" in str(failed.error)
    assert done.value == 1
    assert (await query.one.or_raise()).price == Decimal("0.10")


async def test_one_row_is_written_by_these_texts(db: Ommi) -> None:
    written = await db.add(Person("Bob", id=4)).error

    assert str(written).endswith(
        'INSERT INTO "people" ("name", "nick", "age", "height", "active", "photo", "price", '
        '"worth", "tags", "extra", "home", "id") VALUES '
        "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    )
