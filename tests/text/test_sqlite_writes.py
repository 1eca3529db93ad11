"""The exact SQL of SQLite's writes and tables; values are never in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import pytest

from ommi import (
    Auto,
    Aware,
    Default,
    Digits,
    Index,
    IndexTogether,
    Key,
    Length,
    ModelCollection,
    Ommi,
    ReferenceTo,
    Unique,
    UniqueTogether,
    UnknownField,
    fields,
    ommi_model,
)
from ommi.drivers.protocol import Step
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.metadata.model import metadata_of
from ommi.schema.snapshot import table_of
from ommi.sql.ddl import create_table, drop_tables

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


class Size(Enum):
    SMALL = 1
    LARGE = 2


@ommi_model(collection=COLLECTION, table="owner")
@dataclass
class Owner:
    name: str
    age: int = 0
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(
    UniqueTogether("text", "whole"),
    IndexTogether("day", "clock"),
    collection=COLLECTION,
    table='all "types"',
)
@dataclass
class Everything:
    truth: bool
    whole: Annotated[int, Index]
    real: float
    text: str
    short: Annotated[str | None, Length(5), Unique]
    blob: bytes
    scaled: Annotated[Decimal, Digits(9, 2)]
    exact: Decimal
    moment: datetime
    instant: Annotated[datetime, Aware]
    day: date
    clock: time
    span: timedelta
    uid: UUID
    size: Size
    tags: list[str]
    owner: Annotated[int | None, ReferenceTo(Owner.id, on_delete="set_null")]
    made: Annotated[int | None, Default(sql="1 + 1")] = None
    key: Annotated[str, Key] = ""


@ommi_model(collection=COLLECTION, table="pair")
@dataclass
class Pair:
    left: Annotated[int, Key]
    right: Annotated[str, Key]
    note: str | None = None


EVERYTHING = '''\
CREATE TABLE IF NOT EXISTS "all ""types""" (
  "truth" INTEGER NOT NULL CONSTRAINT "ommi_bool_truth" CHECK ("truth" IN (0, 1)),
  "whole" INTEGER NOT NULL,
  "real" REAL NOT NULL,
  "text" TEXT NOT NULL,
  "short" TEXT CONSTRAINT "ommi_text_5_short" CHECK (length("short") <= 5),
  "blob" BLOB NOT NULL,
  "scaled" INTEGER NOT NULL CONSTRAINT "ommi_decimal_9_2_scaled" CHECK (abs("scaled") < 1000000000),
  "exact" TEXT COLLATE ommi_decimal NOT NULL CONSTRAINT "ommi_decimal_28_10_exact" CHECK (length("exact") <= 31),
  "moment" TEXT NOT NULL CONSTRAINT "ommi_datetime_moment" CHECK (length("moment") = 26),
  "instant" TEXT NOT NULL CONSTRAINT "ommi_instant_instant" CHECK (length("instant") = 26),
  "day" TEXT NOT NULL CONSTRAINT "ommi_date_day" CHECK (length("day") = 10),
  "clock" TEXT NOT NULL CONSTRAINT "ommi_time_clock" CHECK (length("clock") = 15),
  "span" INTEGER NOT NULL CONSTRAINT "ommi_duration_span" CHECK (typeof("span") <> 'text'),
  "uid" TEXT NOT NULL CONSTRAINT "ommi_uuid_uid" CHECK (length("uid") = 36),
  "size" INTEGER NOT NULL,
  "tags" TEXT NOT NULL CONSTRAINT "ommi_json_tags" CHECK ("tags" IS NULL OR json_valid("tags")),
  "owner" INTEGER,
  "made" INTEGER DEFAULT (1 + 1),
  "key" TEXT PRIMARY KEY,
  FOREIGN KEY ("owner") REFERENCES "owner" ("id") ON DELETE SET NULL
) STRICT'''  # noqa: E501
INDEXES = [
    'CREATE INDEX IF NOT EXISTS "all ""types""_whole_index" ON "all ""types""" ("whole")',
    'CREATE UNIQUE INDEX IF NOT EXISTS "all ""types""_short_unique" ON "all ""types""" ("short")',
    (
        'CREATE UNIQUE INDEX IF NOT EXISTS "all ""types""_text_whole_unique" '
        'ON "all ""types""" ("text", "whole")'
    ),
    (
        'CREATE INDEX IF NOT EXISTS "all ""types""_day_clock_index" '
        'ON "all ""types""" ("day", "clock")'
    ),
]
PAIR = """\
CREATE TABLE IF NOT EXISTS "pair" (
  "left" INTEGER NOT NULL,
  "right" TEXT NOT NULL,
  "note" TEXT,
  PRIMARY KEY ("left", "right")
) STRICT"""


class Watched:
    """A connection that lists what goes through it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.sent: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def fetch(self, command: Any, parameters: Any, *rest: Any) -> Any:
        self.sent.append((command.text, list(parameters)))
        return await self._inner.fetch(command, parameters, *rest)

    async def execute(self, command: Any, parameters: Any) -> int:
        self.sent.append((command.text, list(parameters)))
        return await self._inner.execute(command, parameters)

    async def run_batch(self, steps: list[Step]) -> Any:
        self.sent.extend(
            (step.command.text_with_key or step.command.text, list(parameters))
            for step in steps
            for parameters in step.parameters
        )
        return await self._inner.run_batch(steps)


@contextmanager
def watching(database: Ommi) -> Iterator[list[tuple[str, Any]]]:
    executor = database._executor
    before = executor.home
    watched = Watched(before)
    executor.home = watched
    try:
        yield watched.sent
    finally:
        executor.home = before


@pytest.fixture
async def db() -> AsyncIterator[Ommi]:
    async with Ommi("sqlite://") as database:
        await database.use_models(COLLECTION)
        yield database


def test_a_table_of_every_type_is_made_by_these_statements() -> None:
    assert list(create_table(table_of(metadata_of(Everything)), DIALECT)) == [
        EVERYTHING,
        *INDEXES,
    ]


def test_a_key_of_two_fields_is_a_line_of_its_own() -> None:
    assert list(create_table(table_of(metadata_of(Pair)), DIALECT)) == [PAIR]


def test_tables_are_dropped_only_where_they_are() -> None:
    tables = [table_of(metadata_of(Everything))]

    assert list(drop_tables(tables, DIALECT)) == ['DROP TABLE IF EXISTS "all ""types"""']


async def test_an_insert_leaves_the_generated_key_out(db: Ommi) -> None:
    with watching(db) as sent:
        owner = await db.add(Owner("a", 1)).or_raise()

    assert sent == [('INSERT INTO "owner" ("name", "age") VALUES (?, ?)', ["a", 1])]
    assert owner.id == 1


async def test_an_insert_names_a_key_that_is_given(db: Ommi) -> None:
    with watching(db) as sent:
        await db.add(Owner("a", 1, 7)).or_raise()

    text = 'INSERT INTO "owner" ("name", "age", "id") VALUES (?, ?, ?)'
    assert sent == [(text, ["a", 1, 7])]
    assert await db.query(Owner).fetch_all() == [Owner("a", 1, 7)]


async def test_an_insert_reads_back_what_the_store_filled_in(db: Ommi) -> None:
    plan = db._writer._insertion(everything()).plan

    assert plan.command.text.endswith(' RETURNING "made"')
    assert (await db.add(everything()).or_raise()).made == 2


def everything() -> Everything:
    moment = datetime(2024, 2, 29, 1, 2, 3, 4)  # noqa: DTZ001
    return Everything(
        truth=True, whole=1, real=0.5, text="t", short=None, blob=b"", scaled=Decimal("1.25"),
        exact=Decimal("0.1"), moment=moment,
        instant=datetime.fromisoformat("2024-02-29T01:00+02:00"),
        day=moment.date(), clock=moment.time(), span=timedelta(microseconds=5), uid=UUID(int=1),
        size=Size.LARGE, tags=["x"], owner=None, key="k",
    )  # fmt: skip


async def test_each_type_travels_in_its_form(db: Ommi) -> None:
    with watching(db) as sent:
        await db.add(everything()).or_raise()

    [(_, parameters)] = sent
    assert parameters == [
        True, 1, 0.5, "t", None, b"", 125, "0.1000000000", "2024-02-29T01:02:03.000004",
        "2024-02-28T23:00:00.000000", "2024-02-29", "01:02:03.000004", 5,
        "00000000-0000-0000-0000-000000000001", 2, '["x"]', None, "k",
    ]  # fmt: skip


async def test_an_update_sets_values_and_calculations(db: Ommi) -> None:
    await db.add_all([Owner("a", 1), Owner("b", 2)]).or_raise()
    owner: Any = fields(Owner)

    with watching(db) as sent:
        matched = await db.query(Owner, owner.name == "b").update(name="c", age=owner.age + 40)

    text = (
        'UPDATE "owner" SET "name" = ?, "age" = ommi_add("owner"."age", ?) '
        'WHERE "owner"."name" COLLATE BINARY = ?'
    )
    assert sent == [(text, ["c", 40, "b"])]
    assert matched == 1
    assert await db.query(Owner).fetch_all() == [Owner("a", 1, 1), Owner("c", 42, 2)]


async def test_a_delete_asks_as_a_select_does(db: Ommi) -> None:
    await db.add_all([Owner("a", 1), Owner("b", 2)]).or_raise()

    with watching(db) as sent:
        gone = await db.query(Owner, fields(Owner).age > 1).delete()

    assert sent == [('DELETE FROM "owner" WHERE "owner"."age" > ?', [1])]
    assert gone == 1
    assert await db.query(Owner).fetch_all() == [Owner("a", 1, 1)]


async def test_a_count_asks_for_nothing_else(db: Ommi) -> None:
    await db.add_all([Owner("a", 1), Owner("b", 2), Owner("c", 3)]).or_raise()
    query = db.query(Owner, fields(Owner).age > 1).order_by("name")

    with watching(db) as sent:
        counts = await query.count(), await query.limit(1).count()

    assert [text for text, _ in sent] == [
        'SELECT count(*) FROM "owner" WHERE "owner"."age" > ?',
        (
            'SELECT count(*) FROM (SELECT 1 FROM "owner" WHERE "owner"."age" > ? '
            'ORDER BY "owner"."name" COLLATE BINARY, "owner"."id" LIMIT 1) AS page'
        ),
    ]
    assert counts == (2, 1)


async def test_save_writes_only_what_changed(db: Ommi) -> None:
    owner = await db.add(Owner("a", 1)).or_raise()
    owner.age = 2

    with watching(db) as sent:
        await db.save(owner).or_raise()

    assert sent == [('UPDATE "owner" SET "age" = ? WHERE "owner"."id" = ?', [2, 1])]


PIECES = (
    "'", '"', "`", ";", "--", "/*", "*/", "\\", "%", "_", "?", "?1", ":name", "@name", "$name",
    "$1", "%s", "%(x)s", "{}", "{0}", "${x}", "$$", "NULL", "\x1a", "\x01", "\n", "\r\n", "\t",
    "\u2019", "\u02bc", "\uff07", "\u00bf", "'; DROP TABLE owner; --", "' OR '1'='1", '" OR ""="',
    "1; DELETE", '{"$gt": ""}', "x' UNION SELECT 1", "\U0001f600", "İ", "ß", "\u202e", "\ufeff",
    "a" * 100_000,
)  # fmt: skip
CORPUS = [*PIECES, *(a + b for a in PIECES[:20] for b in PIECES[:14])][:300]


async def test_no_value_changes_a_statement(db: Ommi) -> None:
    name: Any = fields(Owner).name
    asks = (
        lambda v: name == v,
        lambda v: ~name.in_([v, "x"]),
        lambda v: name.contains(v) & ~name.starts_with(v),
        lambda v: name.ends_with(v) | name.icontains(v[:1_000]),
        lambda v: name.in_([v] * 17),
    )
    assert len(CORPUS) == 300
    for ask in asks:
        assert len({db.query(Owner, ask(value)).limit(1).sql() for value in CORPUS}) == 1


async def test_every_value_of_a_hostile_corpus_arrives_and_comes_back(db: Ommi) -> None:
    with watching(db) as sent:
        added = await db.add_all([Owner(value) for value in CORPUS]).or_raise()
        for owner in added[:60]:
            found = await db.query(Owner, fields(Owner).name == owner.name).fetch_all()
            assert owner in found

    assert len({text for text, _ in sent}) == 2
    assert [parameters[0] for _, parameters in sent[:300]] == CORPUS
    assert await db.query(Owner).order_by("id").fetch_all() == added


async def test_nothing_but_fields_names_columns(db: Ommi) -> None:
    for value in (*CORPUS[:42], "name; DROP TABLE owner", "owner.name", "1"):
        with pytest.raises(UnknownField):
            db.query(Owner).order_by(value)
