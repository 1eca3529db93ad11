"""What MariaDB and MySQL say in their own way, beside the questions that all are asked."""

# ruff: noqa: F811 - fixtures are imported, and asked for by their names

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
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
    ReferenceTo,
    Unique,
    ommi_model,
)
from ommi.drivers.mysql.ddl import create_table
from ommi.drivers.mysql.dialect import MariaDBDialect, MySQLDialect
from ommi.metadata.model import metadata_of
from ommi.query.statements import Select, Update
from ommi.query.transform import Lifter
from ommi.schema.snapshot import table_of
from ommi.sql.compiler import SqlCompiler
from services.mariadb import Server, database  # noqa: F401
from services.private import needed
from text.people import COLLECTION, PEOPLE, P, Person

pytestmark = pytest.mark.anyio


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


@pytest.fixture(scope="session")
def server() -> Server:
    return needed(Server)


@pytest.fixture
async def db(server: Server, database: str) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(database)) as db:
        await db.use_models(COLLECTION)
        await db.add_all(PEOPLE).or_raise()
        yield db


def full(text: str) -> str:
    """Write out the columns: `@name` is `people`.`name`, with its quotes."""
    return re.sub(r"@(\w+)", r"`people`.`\1`", text)


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
