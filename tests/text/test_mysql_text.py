"""The exact SQL of MariaDB for everything that can be asked, beside the rows that it gives."""

# ruff: noqa: F811 - fixtures are imported, and asked for by their names

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest

from ommi import (
    ArithmeticOverflow,
    Auto,
    Aware,
    Digits,
    Index,
    Key,
    Length,
    ModelCollection,
    Ommi,
    Query,
    ReferenceTo,
    Unique,
    fields,
    ommi_model,
)
from ommi.drivers.mysql.ddl import create_table
from ommi.drivers.mysql.dialect import MariaDBDialect, MySQLDialect
from ommi.metadata.model import metadata_of
from ommi.query.statements import Select, Update
from ommi.query.transform import Lifter
from ommi.schema.snapshot import table_of
from ommi.sql.compiler import SqlCompiler
from services.mariadb import Server, database, server  # noqa: F401

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


@ommi_model(collection=ModelCollection(), table="shelves")
@dataclass
class Shelf:
    id: Annotated[int | None, Key | Auto]
    code: Annotated[str, Unique]
    label: Annotated[str | None, Length(40)]
    story: str
    digest: Annotated[bytes, Index]
    is_open: bool
    weight: float
    price: Annotated[Decimal, Digits(9, 2)]
    made: datetime
    seen: Annotated[datetime | None, Aware]
    day: date
    hour: time
    age: timedelta
    serial: UUID
    tags: list[str]
    above: Annotated[int | None, ReferenceTo("Shelf.id", on_delete="set_null")]


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
    "@id FROM `people`"
)
LONG = [*"abcdefghijklmnop", "bob"]


@pytest.fixture
async def db(server: Server, database: str) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(database)) as db:
        await db.use_models(COLLECTION)
        await db.add_all(PEOPLE).or_raise()
        yield db


def full(text: str) -> str:
    """Write out the columns: `@name` is `people`.`name`, with its quotes."""
    return re.sub(r"@(\w+)", r"`people`.`\1`", text)


Case = tuple[Callable[[], Any], str, list[int]]
CONDITIONS: dict[str, Case] = {
    "eq": (
        lambda: P.name == "bob",
        "@name = ? COLLATE utf8mb4_nopad_bin",
        [2],
    ),
    "not eq": (
        lambda: ~(P.nick == "ann"),
        "(@nick <> ? COLLATE utf8mb4_nopad_bin OR @nick IS NULL)",
        [1, 2, 4],
    ),
    "ne": (
        lambda: P.nick != "ann",
        "(@nick <> ? COLLATE utf8mb4_nopad_bin OR @nick IS NULL)",
        [1, 2, 4],
    ),
    "not ne": (
        lambda: ~(P.nick != "ann"),
        "@nick = ? COLLATE utf8mb4_nopad_bin",
        [3],
    ),
    "eq none": (
        lambda: P.nick == None,  # noqa: E711
        "@nick IS NULL",
        [1],
    ),
    "ne none": (
        lambda: P.nick != None,  # noqa: E711
        "@nick IS NOT NULL",
        [2, 3, 4],
    ),
    "is_null": (
        lambda: P.nick.is_null(),
        "@nick IS NULL",
        [1],
    ),
    "not is_null": (
        lambda: ~P.nick.is_null(),
        "@nick IS NOT NULL",
        [2, 3, 4],
    ),
    "lt": (
        lambda: P.height < 1.5,
        "@height < ?",
        [3],
    ),
    "not lt": (
        lambda: ~(P.height < 1.5),
        "(@height >= ? OR @height IS NULL)",
        [1, 2, 4],
    ),
    "le": (
        lambda: P.height <= 1.5,
        "@height <= ?",
        [1, 3],
    ),
    "not le": (
        lambda: ~(P.height <= 1.5),
        "(@height > ? OR @height IS NULL)",
        [2, 4],
    ),
    "gt": (
        lambda: P.age > 30,
        "@age > ?",
        [2],
    ),
    "not gt": (
        lambda: ~(P.age > 30),
        "(@age <= ? OR @age IS NULL)",
        [1, 3, 4],
    ),
    "ge": (
        lambda: P.age >= 30,
        "@age >= ?",
        [1, 2, 3],
    ),
    "not ge": (
        lambda: ~(P.age >= 30),
        "(@age < ? OR @age IS NULL)",
        [4],
    ),
    "between": (
        lambda: P.age.between(0, 30),
        "(@age >= ? AND @age <= ?)",
        [1, 3],
    ),
    "bare bool": (
        lambda: P.active & (P.age > 0),
        "(@active = ? AND @age > ?)",
        [1, 3],
    ),
    "not bool": (
        lambda: ~P.active & (P.age > 0),
        "((@active <> ? OR @active IS NULL) AND @age > ?)",
        [2],
    ),
    "in 0": (
        lambda: P.age.in_([]),
        "@age IN (/* list */ ?)",
        [],
    ),
    "not in 0": (
        lambda: P.age.not_in([]),
        "((@age IN (/* list */ ?)) IS NOT TRUE)",
        [1, 2, 3, 4],
    ),
    "in 1": (
        lambda: P.age.in_([40]),
        "@age IN (?)",
        [2],
    ),
    "in 3": (
        lambda: P.age.in_([40, 1, 30]),
        "@age IN (?, ?, ?, ?)",
        [1, 2, 3],
    ),
    "in 17": (
        lambda: P.name.in_(LONG),
        "@name IN (/* list */ ? COLLATE utf8mb4_nopad_bin)",
        [2],
    ),
    "in many": (
        lambda: P.height.in_([n / 2 for n in range(50_000)]),
        "@height IN (/* list */ ?)",
        [1, 4],
    ),
    "in bytes": (
        lambda: P.photo.in_([bytes([n]) for n in range(256)]),
        "@photo IN (/* list */ ?)",
        [3, 4],
    ),
    "in none": (
        lambda: P.nick.in_(["ann", None]),
        "(@nick IN (? COLLATE utf8mb4_nopad_bin) OR @nick IS NULL)",
        [1, 3],
    ),
    "not in": (
        lambda: P.nick.not_in(["ann"]),
        "((@nick IN (? COLLATE utf8mb4_nopad_bin)) IS NOT TRUE)",
        [1, 2, 4],
    ),
    "not in none": (
        lambda: P.nick.not_in(["ann", None]),
        "(((@nick IN (? COLLATE utf8mb4_nopad_bin)) IS NOT TRUE) AND @nick IS NOT NULL)",
        [2, 4],
    ),
    "contains": (
        lambda: P.nick.contains("%"),
        "LOCATE(? COLLATE utf8mb4_nopad_bin, @nick) > 0",
        [2],
    ),
    "not contains": (
        lambda: ~P.nick.contains("n"),
        "((LOCATE(? COLLATE utf8mb4_nopad_bin, @nick) > 0) IS NOT TRUE)",
        [1, 2, 4],
    ),
    "not_contains": (
        lambda: P.nick.not_contains("n"),
        "((LOCATE(? COLLATE utf8mb4_nopad_bin, @nick) > 0) IS NOT TRUE)",
        [1, 2, 4],
    ),
    "contains bytes": (
        lambda: P.photo.contains(b"a"),
        "LOCATE(?, @photo) > 0",
        [1, 3],
    ),
    "contains element": (
        lambda: P.tags.contains("a"),
        (
            "(JSON_TYPE(@tags) = 'ARRAY' AND EXISTS (SELECT 1 FROM JSON_TABLE(@tags, '$[*]'"
            " COLUMNS (element JSON PATH '$')) AS elements WHERE JSON_NORMALIZE(CONCAT('[',"
            " elements.element, ']')) = JSON_NORMALIZE(?) COLLATE utf8mb4_nopad_bin))"
        ),
        [1, 4],
    ),
    "not contains element": (
        lambda: ~P.tags.contains("a"),
        (
            "(((JSON_TYPE(@tags) = 'ARRAY' AND EXISTS (SELECT 1 FROM JSON_TABLE(@tags, "
            "'$[*]' COLUMNS (element JSON PATH '$')) AS elements WHERE "
            "JSON_NORMALIZE(CONCAT('[', elements.element, ']')) = JSON_NORMALIZE(?) COLLATE"
            " utf8mb4_nopad_bin))) IS NOT TRUE)"
        ),
        [2, 3],
    ),
    "starts_with": (
        lambda: P.name.starts_with("An"),
        "@name LIKE ? COLLATE utf8mb4_nopad_bin ESCAPE '|'",
        [1],
    ),
    "not starts_with": (
        lambda: ~P.name.starts_with("An"),
        "((@name LIKE ? COLLATE utf8mb4_nopad_bin ESCAPE '|') IS NOT TRUE)",
        [2, 3, 4],
    ),
    "ends_with": (
        lambda: P.name.ends_with("n"),
        ("RIGHT(@name, CHAR_LENGTH(? COLLATE utf8mb4_nopad_bin)) = ? COLLATE utf8mb4_nopad_bin"),
        [1, 3],
    ),
    "ends with nothing": (
        lambda: P.nick.ends_with(""),
        ("RIGHT(@nick, CHAR_LENGTH(? COLLATE utf8mb4_nopad_bin)) = ? COLLATE utf8mb4_nopad_bin"),
        [2, 3, 4],
    ),
    "regex": (
        lambda: P.name.regex("^.n+"),
        "@name REGEXP ? COLLATE utf8mb4_nopad_bin",
        [1, 3],
    ),
    "not regex": (
        lambda: ~P.name.regex("^.n+"),
        "((@name REGEXP ? COLLATE utf8mb4_nopad_bin) IS NOT TRUE)",
        [2, 4],
    ),
    "ilike": (
        lambda: P.name.ilike("ä%"),
        "@name REGEXP ? COLLATE utf8mb4_nopad_bin",
        [3],
    ),
    "icontains": (
        lambda: P.nick.icontains("BO%"),
        "@nick REGEXP ? COLLATE utf8mb4_nopad_bin",
        [2],
    ),
    "and, or": (
        lambda: (P.age > 0) & (P.age < 35) | (P.id == 4),
        "((@age > ? AND @age < ?) OR @id = ?)",
        [1, 3, 4],
    ),
    "not and": (
        lambda: ~((P.age > 0) & (P.age < 35)),
        "((@age <= ? OR @age IS NULL) OR (@age >= ? OR @age IS NULL))",
        [2, 4],
    ),
    "two fields": (
        lambda: P.name == P.nick,
        "(@name COLLATE utf8mb4_nopad_bin <=> @nick COLLATE utf8mb4_nopad_bin)",
        [4],
    ),
    "not two fields": (
        lambda: P.name != P.nick,
        "(NOT (@name COLLATE utf8mb4_nopad_bin <=> @nick COLLATE utf8mb4_nopad_bin))",
        [1, 2, 3],
    ),
    "two fields in order": (
        lambda: P.name < P.nick,
        "(@name COLLATE utf8mb4_nopad_bin < @nick COLLATE utf8mb4_nopad_bin)",
        [],
    ),
    "not two fields in order": (
        lambda: ~(P.name > P.nick),
        ("((@name COLLATE utf8mb4_nopad_bin > @nick COLLATE utf8mb4_nopad_bin) IS NOT TRUE)"),
        [1, 4],
    ),
    "sum": (
        lambda: P.age + P.id >= 33,
        "(@age + @id) >= ?",
        [2, 3],
    ),
    "product of floats": (
        lambda: P.height * 1e-200 < 0.0,
        "(@height * ?) < ?",
        [3],
    ),
    "difference": (
        lambda: 10 - P.age * 2 > 0,
        "(? - (@age * ?)) > ?",
        [4],
    ),
    "scaled decimal": (
        lambda: P.price > Decimal(1),
        "@price > ?",
        [1, 2],
    ),
    "decimal": (
        lambda: P.worth > Decimal(9),
        "@worth > ?",
        [1],
    ),
    "sum of decimals": (
        lambda: P.price + P.worth > Decimal("10.5"),
        "(@price + @worth) > ?",
        [1, 2],
    ),
    "document": (
        lambda: P.extra == {"k": 1.0},
        "JSON_NORMALIZE(@extra) = JSON_NORMALIZE(?) COLLATE utf8mb4_nopad_bin",
        [1],
    ),
    "not document": (
        lambda: P.home != Home("A", 1),
        (
            "(JSON_NORMALIZE(@home) <> JSON_NORMALIZE(?) COLLATE utf8mb4_nopad_bin OR @home"
            " IS NULL)"
        ),
        [1, 3, 4],
    ),
    "path of an int": (
        lambda: P.extra["k"] == 1,
        (
            "(JSON_TYPE(JSON_EXTRACT(@extra, '$.\"k\"')) IN ('INTEGER', 'DOUBLE') AND CASE "
            "WHEN JSON_TYPE(JSON_EXTRACT(@extra, '$.\"k\"')) NOT IN ('INTEGER', 'DOUBLE') "
            "THEN NULL WHEN ABS(CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS DOUBLE)) >= 1e19 THEN"
            " SIGN(CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS DOUBLE)) * "
            "1000000000000000000000000 WHEN ABS(CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS "
            "DOUBLE)) < 1 THEN SIGN(CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS DOUBLE)) * 0.5 "
            "ELSE CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS DECIMAL(65, 30)) END = ?)"
        ),
        [1],
    ),
    "path of a bool": (
        lambda: P.extra["k"] == True,  # noqa: E712
        (
            "(JSON_TYPE(JSON_EXTRACT(@extra, '$.\"k\"')) IN ('BOOLEAN') AND "
            "(NULLIF(CONCAT(JSON_EXTRACT(@extra, '$.\"k\"')), 'null') = 'true') = ?)"
        ),
        [2],
    ),
    "not path of a text": (
        lambda: P.extra["k"] != "1",
        (
            "(((JSON_TYPE(JSON_EXTRACT(@extra, '$.\"k\"')) IN ('STRING') AND "
            "JSON_UNQUOTE(NULLIF(CONCAT(JSON_EXTRACT(@extra, '$.\"k\"')), 'null')) COLLATE "
            "utf8mb4_nopad_bin = ? COLLATE utf8mb4_nopad_bin)) IS NOT TRUE)"
        ),
        [1, 2, 3],
    ),
    "path that is null": (
        lambda: P.extra["d"][0].is_null(),
        (
            "NULLIF(CONCAT(IF(JSON_TYPE(JSON_EXTRACT(@extra, '$.\"d\"')) = 'ARRAY', "
            "JSON_EXTRACT(@extra, '$.\"d\"[0]'), NULL)), 'null') IS NULL"
        ),
        [1, 2, 3],
    ),
    "path with a quote": (
        lambda: P.extra["it's"].is_not_null(),
        "NULLIF(CONCAT(JSON_EXTRACT(@extra, '$.\"it''s\"')), 'null') IS NOT NULL",
        [],
    ),
    "path of a float": (
        lambda: P.home.size > 1.0,
        (
            "(JSON_TYPE(JSON_EXTRACT(@home, '$.\"size\"')) IN ('INTEGER', 'DOUBLE') AND CASE "
            "WHEN JSON_TYPE(JSON_EXTRACT(@home, '$.\"size\"')) IN ('INTEGER', 'DOUBLE') THEN "
            "CAST(JSON_EXTRACT(@home, '$.\"size\"') AS DOUBLE) END > ?)"
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
    "nothing": (
        lambda q: q,
        "",
        [1, 2, 3, 4],
    ),
    "ascending": (
        lambda q: q.order_by("age"),
        " ORDER BY @age",
        [4, 1, 3, 2],
    ),
    "descending": (
        lambda q: q.order_by("-height", "id"),
        " ORDER BY @height DESC, @id",
        [4, 1, 3, 2],
    ),
    "none first": (
        lambda q: q.order_by("nick"),
        (
            " ORDER BY IF(CHAR_LENGTH(@nick) > 5461, 9223372036854775807 + "
            "CHAR_LENGTH(@nick), @nick) COLLATE utf8mb4_nopad_bin"
        ),
        [1, 4, 2, 3],
    ),
    "none last": (
        lambda q: q.order_by(P.nick.asc.nulls_last()),
        (
            " ORDER BY @nick COLLATE utf8mb4_nopad_bin IS NULL, IF(CHAR_LENGTH(@nick) > "
            "5461, 9223372036854775807 + CHAR_LENGTH(@nick), @nick) COLLATE "
            "utf8mb4_nopad_bin"
        ),
        [4, 2, 3, 1],
    ),
    "none first, descending": (
        lambda q: q.order_by(P.nick.desc.nulls_first()),
        (
            " ORDER BY @nick COLLATE utf8mb4_nopad_bin IS NULL DESC, IF(CHAR_LENGTH(@nick) "
            "> 5461, 9223372036854775807 + CHAR_LENGTH(@nick), @nick) COLLATE "
            "utf8mb4_nopad_bin DESC"
        ),
        [1, 3, 2, 4],
    ),
    "by a path": (
        lambda q: q.order_by(P.home.size.desc, "id"),
        (
            " ORDER BY CASE WHEN JSON_TYPE(JSON_EXTRACT(@home, '$.\"size\"')) IN ('INTEGER', "
            "'DOUBLE') THEN CAST(JSON_EXTRACT(@home, '$.\"size\"') AS DOUBLE) END DESC, @id"
        ),
        [4, 2, 1, 3],
    ),
    "by a calculation": (
        lambda q: q.order_by(P.age * -1, "id"),
        " ORDER BY (@age * ?), @id",
        [2, 1, 3, 4],
    ),
    "limit": (
        lambda q: q.limit(2),
        " ORDER BY @id LIMIT ?",
        [1, 2],
    ),
    "limit 0": (
        lambda q: q.limit(0),
        " ORDER BY @id LIMIT ?",
        [],
    ),
    "offset": (
        lambda q: q.offset(1),
        " ORDER BY @id LIMIT 18446744073709551615 OFFSET ?",
        [2, 3, 4],
    ),
    "page": (
        lambda q: q.order_by("-age").limit(2).offset(1),
        " ORDER BY @age DESC, @id LIMIT ? OFFSET ?",
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
    assert full(
        "SET `price` = IF((@worth * ?) = CAST((@worth * ?) AS DECIMAL(9,2)), (@worth * ?), "
        "9223372036854775807 + IF((@worth * ?) IS NULL, NULL, 1)) WHERE @id = ?"
    ) in str(failed.error)
    assert done.value == 1
    assert (await query.one.or_raise()).price == Decimal("0.10")


async def test_one_row_is_written_by_this_text(db: Ommi) -> None:
    written = await db.add(Person("Bob", id=4)).error

    assert str(written).endswith(
        "INSERT INTO `people` (`name`, `nick`, `age`, `height`, `active`, `photo`, `price`, "
        "`worth`, `tags`, `extra`, `home`, `id`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )


async def test_a_table_is_made_by_this_text() -> None:
    made = create_table(table_of(metadata_of(Shelf)), MariaDBDialect())

    assert (
        made
        == """CREATE TABLE IF NOT EXISTS `shelves` (
  `id` BIGINT AUTO_INCREMENT NOT NULL,
  `code` VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
  `label` VARCHAR(40) COLLATE utf8mb4_nopad_bin NULL,
  `story` LONGTEXT COLLATE utf8mb4_nopad_bin NOT NULL,
  `digest` VARBINARY(255) NOT NULL,
  `is_open` TINYINT(1) NOT NULL,
  `weight` DOUBLE NOT NULL,
  `price` DECIMAL(9,2) NOT NULL,
  `made` DATETIME(6) NOT NULL,
  `seen` DATETIME(6) NULL,
  `day` DATE NOT NULL,
  `hour` TIME(6) NOT NULL,
  `age` BIGINT NOT NULL,
  `serial` CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `tags` LONGTEXT NOT NULL,
  `above` BIGINT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `shelves_code_unique` (`code`),
  KEY `shelves_digest_index` (`digest`),
  FOREIGN KEY (`above`) REFERENCES `shelves` (`id`) ON DELETE SET NULL,
  CONSTRAINT `ommi_bool_is_open` CHECK (`is_open` IN (0, 1)),
  CONSTRAINT `ommi_instant_seen` CHECK (YEAR(`seen`) > 0),
  CONSTRAINT `ommi_duration_age` CHECK (`age` = `age`),
  CONSTRAINT `ommi_json_tags` CHECK (JSON_VALID(`tags`))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin"""
    )


async def test_mysql_says_it_with_a_collation_and_functions_of_its_own() -> None:
    compiler = SqlCompiler(MySQLDialect())

    def text(condition: Any) -> str:
        select = Select(metadata_of(Person), condition)
        return compiler.text(compiler.compile(Lifter().statement(select)).command)

    assert text(P.name == "a").endswith("`people`.`name` = ? COLLATE utf8mb4_0900_bin")
    assert text(P.name.regex("a")).endswith(
        "REGEXP_LIKE(`people`.`name`, ? COLLATE utf8mb4_0900_bin, 'c')"
    )
    assert text(P.extra == {}).endswith("CAST(`people`.`extra` AS JSON) = CAST(? AS JSON)")
    assert text(P.tags.contains("a")).endswith(
        "(JSON_TYPE(`people`.`tags`) COLLATE utf8mb4_0900_bin = 'ARRAY' "
        "AND CAST(? AS JSON) MEMBER OF(`people`.`tags`))"
    )


async def test_mysql_makes_changes_that_read_others_when_it_has_read_all() -> None:
    compiler = SqlCompiler(MySQLDialect())
    age, key = (metadata_of(Person).field(name) for name in ("age", "id"))

    def text(*changes: Any) -> str:
        update = Update(metadata_of(Person), changes)
        return compiler.text(compiler.compile(Lifter().statement(update)).command)

    assert text((key, P.age), (age, P.age + 1)) == (
        "UPDATE `people` SET `id` = `people`.`age`, `age` = (`people`.`age` + ?)"
    )
    assert text((age, P.age + 1), (key, P.age)) == (
        "UPDATE `people` JOIN `people` AS `ommi_updated` "
        "ON `ommi_updated`.`id` = `people`.`id` "
        "SET `ommi_updated`.`age` = (`people`.`age` + ?), `ommi_updated`.`id` = `people`.`age`"
    )
