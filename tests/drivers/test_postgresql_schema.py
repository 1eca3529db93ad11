"""Tables made, read back from the catalogue, and removed."""

# Fixtures are imported, and asked for by their names.
# ruff: noqa: F811

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest

from ommi import Auto, Aware, DatabaseError, Digits, Index, Key, Length, ReferenceTo, Unique
from ommi.decorator import ommi_model
from ommi.drivers.postgresql.driver import PostgreSQLConnection
from ommi.metadata.collection import ModelCollection
from ommi.metadata.model import metadata_of
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.diff import differences
from ommi.schema.snapshot import Column, ForeignKey, Table, table_of
from ommi.schema.snapshot import Index as TableIndex
from services.postgresql import Server, connection, database, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION, table="owners")
@dataclass
class Owner:
    first: Annotated[str, Key]
    second: Annotated[int, Key]


@ommi_model(collection=COLLECTION, table="Every thing")
@dataclass
class Everything:
    truth: bool
    whole: Annotated[int, Index]
    real: float
    text: Annotated[str | None, Unique]
    short: Annotated[str, Length(9)]
    blob: bytes
    price: Annotated[Decimal, Digits(9, 2)]
    amount: Decimal | None
    moment: datetime
    instant: Annotated[datetime, Aware]
    day: date
    clock: time
    span: timedelta
    maybe_span: timedelta | None
    uid: Annotated[UUID, Unique]
    tags: list[str] = field(default_factory=list)
    parent: Annotated[int | None, ReferenceTo("Everything.id", on_delete="cascade")] = None
    uncle: Annotated[int | None, ReferenceTo("Everything.id", on_delete="set_null")] = None
    id: Annotated[int | None, Key | Auto] = None


EVERYTHING = table_of(metadata_of(Everything))
OWNERS = table_of(metadata_of(Owner))
INT = StorageType(Kind.INT)
KEY = Column("id", INT, is_generated=True)


def table(name: str, *columns: str, refers_to: str | None = None) -> Table:
    keys = () if refers_to is None else (ForeignKey((columns[0],), refers_to, ("id",)),)
    others = tuple(Column(column, INT, is_nullable=True) for column in columns)
    return Table(name, (KEY, *others), ("id",), foreign_keys=keys)


async def names(peer: Any) -> set[str]:
    rows = await peer.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row[0] for row in rows}


async def test_tables_are_read_back_as_they_were_wanted(connection: PostgreSQLConnection) -> None:
    wanted = [OWNERS, EVERYTHING]

    await connection.create_tables(wanted)
    found = {table.name: table for table in await connection.tables(["owners", "Every thing"])}

    for each in wanted:
        read = found[each.name]
        assert differences(each, read) == ()
        columns = tuple(replace(column, declared="") for column in read.columns)
        assert replace(read, columns=columns, indexes=()) == replace(each, indexes=())
        assert set(read.indexes) == set(each.indexes)
    assert connection.is_usable


async def test_tables_that_are_not_there_are_not_told(connection: PostgreSQLConnection) -> None:
    assert await connection.tables(["owners"]) == []


async def test_a_table_of_another_schema_is_another_table(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    await peer.execute("CREATE SCHEMA other; CREATE TABLE other.owners (id int)")

    assert await connection.tables(["owners"]) == []
    await connection.create_tables([OWNERS])

    assert len(await connection.tables(["owners"])) == 1
    await peer.execute("DROP SCHEMA other CASCADE")


FOREIGN = {
    "integer": None,
    "smallint": None,
    "real": None,
    "numeric": StorageType(Kind.DECIMAL),
    "numeric(5,5)": StorageType(Kind.DECIMAL, precision=5, scale=5),
    "varchar": StorageType(Kind.TEXT),
    "char(3)": None,
    "timestamp(3)": None,
    "timestamptz(6)": StorageType(Kind.INSTANT),
    "timetz": None,
    "json": None,
    "inet": None,
    "int[]": None,
    "bigint CONSTRAINT ommi_duration_c CHECK (c > 0)": StorageType(Kind.DURATION),
    "bigint CHECK (c > 0)": INT,
}


@pytest.mark.parametrize("declared", FOREIGN)
async def test_a_type_is_told_only_if_it_holds_every_value(
    connection: PostgreSQLConnection, peer: Any, declared: str
) -> None:
    await peer.execute(f"CREATE TABLE foreign_made (c {declared})")

    [found] = await connection.tables(["foreign_made"])

    assert found.columns[0].storage == FOREIGN[declared]
    assert found.columns[0].is_nullable
    assert found.key == ()


async def test_what_the_server_fills_in_is_told(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    await peer.execute(
        "CREATE TABLE filled (a bigserial PRIMARY KEY, b bigint DEFAULT 7, c bigint NOT NULL, "
        "d bigint GENERATED ALWAYS AS (b + 1) STORED, e bigint GENERATED ALWAYS AS IDENTITY)"
    )

    [found] = await connection.tables(["filled"])

    assert [column.is_generated for column in found.columns] == [True, False, False, True, True]
    assert found.columns[1].default == "7"
    assert [column.is_nullable for column in found.columns] == [False, True, False, True, False]


async def test_an_index_of_a_part_or_of_an_expression_is_none_of_the_columns(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    await peer.execute(
        "CREATE TABLE indexed (a bigint, b bigint); "
        "CREATE UNIQUE INDEX part ON indexed (a) WHERE b > 0; "
        "CREATE UNIQUE INDEX calculated ON indexed ((a + b)); "
        "CREATE UNIQUE INDEX more ON indexed (b, a) INCLUDE (b)"
    )

    [found] = await connection.tables(["indexed"])

    assert found.indexes == (TableIndex("more", ("b", "a"), is_unique=True),)


async def test_tables_that_refer_to_each_other_are_made_and_removed_together(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    circle = [table("one", "x", refers_to="two"), table("two", "y", refers_to="one")]

    await connection.create_tables(circle)
    await connection.create_tables(circle)
    found = await connection.tables(["one", "two"])
    assert [each.foreign_keys[0].table for each in found] == ["two", "one"]
    await connection.drop_tables(circle)

    assert await names(peer) == set()


async def test_of_tables_that_cannot_all_be_made_none_is(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    with pytest.raises(DatabaseError, match="nowhere"):
        await connection.create_tables([table("one"), table("two", "x", refers_to="nowhere")])

    assert await names(peer) == set()
    assert connection.is_usable


async def test_sessions_that_make_the_same_tables_at_once_make_them_once(
    server: Server, database: str, peer: Any
) -> None:
    several = [await server.driver(database).connect() for _ in range(6)]

    await asyncio.gather(*(each.create_tables([OWNERS, EVERYTHING]) for each in several))

    assert await names(peer) == {"owners", "Every thing"}
    await asyncio.gather(*(each.close() for each in several))


async def test_a_table_that_another_one_refers_to_is_not_removed(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    one, two = table("one"), table("two", "x", refers_to="one")
    await connection.create_tables([one, two])

    with pytest.raises(DatabaseError, match="two_x_fkey"):
        await connection.drop_tables([one])

    assert await names(peer) == {"one", "two"}
    await connection.drop_tables([two, one, table("never there")])
    await connection.drop_tables([])
    assert await names(peer) == set()


async def test_long_names_of_indexes_stay_apart(connection: PostgreSQLConnection) -> None:
    columns = ("a" * 60, "a" * 59 + "b")
    wanted = Table(
        "t" * 60,
        (KEY, *(Column(name, StorageType(Kind.DURATION)) for name in columns)),
        ("id",),
        tuple(
            TableIndex(f"{'t' * 60}_{name}_unique", (name,), is_unique=True) for name in columns
        ),
    )

    await connection.create_tables([wanted])
    [found] = await connection.tables([wanted.name])

    assert {index.columns for index in found.indexes} == {(name,) for name in columns}
    assert differences(wanted, found) == ()


async def test_an_index_serves_the_order_that_questions_ask_for(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    await connection.create_tables([EVERYTHING])
    await peer.execute("SET enable_seqscan = off; SET enable_sort = off")
    plan = await peer.fetch(
        'EXPLAIN SELECT id FROM "Every thing" ORDER BY text COLLATE "C" NULLS FIRST'
    )

    assert "text_unique" in plan[0][0]
