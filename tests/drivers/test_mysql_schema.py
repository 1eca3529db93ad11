"""Tables of MariaDB: made, told of, and removed."""

# ruff: noqa: F811 - fixtures are imported, and asked for by their names

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
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
    SchemaMismatch,
    StoreAs,
    Unique,
    UniqueTogether,
    UnsupportedOperation,
    ommi_model,
)
from ommi.metadata.model import metadata_of
from ommi.schema.diff import differences
from ommi.schema.snapshot import table_of
from services.mariadb import Peer, Server, connection, database, on_mariadb, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


@ommi_model(
    UniqueTogether("name", "day"),
    IndexTogether("real", "clock"),
    collection=COLLECTION,
    table="every`kind",
)
@dataclass
class Everything:
    truth: bool
    whole: int | None
    real: float
    text: str | None
    name: str
    short: Annotated[str, Length(40)]
    long: Annotated[str | None, Length(5000)]
    code: Annotated[str, Unique, Length(255)]
    blob: bytes
    digest: Annotated[bytes, Index, Length(32)]
    heap: Annotated[bytes | None, Length(5000)]
    price: Annotated[Decimal, Digits(9, 2)]
    moment: datetime
    seen: Annotated[datetime | None, Aware]
    day: date
    clock: time
    span: timedelta
    serial: Annotated[UUID, Unique]
    data: dict[str, Any]
    level: Annotated[int | None, Default(sql="7")]
    parent: Annotated[int | None, ReferenceTo("Everything.id", on_delete="set_null")]
    first: Annotated[int | None, ReferenceTo("Left.id", on_delete="cascade")]
    id: Annotated[int | None, Key | Auto]


@ommi_model(collection=COLLECTION, table="lefts")
@dataclass
class Left:
    right: Annotated[int | None, ReferenceTo("Right.code")]
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION, table="rights")
@dataclass
class Right:
    left: Annotated[int, ReferenceTo("Left.id")]
    code: Annotated[int, Key]


@ommi_model(collection=COLLECTION, table="pairs")
@dataclass
class Pair:
    name: Annotated[str, Key]
    number: Annotated[int | None, Key | Auto] = None


MODELS = (Everything, Left, Right, Pair)


async def test_what_was_made_is_what_was_wanted(connection: Any) -> None:
    wanted = [table_of(metadata_of(model)) for model in MODELS]

    await connection.create_tables(wanted)

    found = {table.name: table for table in await connection.tables([t.name for t in wanted])}
    for table in wanted:
        there = found[table.name]
        assert differences(table, there) == ()
        assert [replace(c, default=None, declared="") for c in there.columns] == [
            replace(c, default=None, storage=_as_found(c.storage)) for c in table.columns
        ]
        assert there.key == table.key
        assert set(table.indexes) <= set(there.indexes)
        assert set(there.foreign_keys) == set(table.foreign_keys)


def _as_found(storage: Any) -> Any:
    # A bound of 255 is what a text of any length has in an index.
    return replace(storage, length=None) if storage.length == 255 else storage


async def test_making_them_again_does_nothing(connection: Any, peer: Peer) -> None:
    tables = [table_of(metadata_of(model)) for model in MODELS]
    await connection.create_tables(tables)
    await peer.ask("INSERT INTO pairs (name) VALUES ('a')")

    await connection.create_tables(tables)

    assert await peer.ask("SELECT name, number FROM pairs") == [("a", 1)]


async def test_several_processes_make_the_same_tables(server: Server, database: str) -> None:
    databases = [Ommi(server.driver(database)) for _ in range(4)]
    for each in databases:
        await each.open()

    await asyncio.gather(*(each.use_models(COLLECTION) for each in databases))

    for each in databases:
        await each.close()


async def test_a_failure_takes_back_what_was_made(connection: Any, peer: Peer) -> None:
    good = table_of(metadata_of(Pair))
    bad = replace(good, name="bad", key=("nothing",))

    with pytest.raises(Exception, match="nothing"):
        await connection.create_tables([good, bad])

    assert await peer.ask("SHOW TABLES") == []
    assert connection.is_usable
    assert not connection.is_changed


async def test_removed_tables_are_gone_whatever_refers_to_them(
    connection: Any, peer: Peer
) -> None:
    tables = [table_of(metadata_of(model)) for model in MODELS]
    await connection.create_tables(tables)

    await connection.drop_tables(tables)
    await connection.drop_tables(tables)

    assert await peer.ask("SHOW TABLES") == []
    assert await peer.ask("SELECT count(*) FROM information_schema.table_constraints "
                          "WHERE table_schema = 'test'") == [(0,)]  # fmt: skip
    [[checks]] = await connection._session.ask("SELECT @@foreign_key_checks")
    assert checks == 1


async def test_names_differ_by_their_case_where_the_server_says_so(
    connection: Any, peer: Peer
) -> None:
    await peer.ask("CREATE TABLE Pairs (id INT PRIMARY KEY)")

    assert await connection.tables(["pairs"]) == []
    assert [table.name for table in await connection.tables(["Pairs"])] == ["Pairs"]


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("INT UNSIGNED", None),
        ("FLOAT", None),
        ("DATETIME", None),
        ("TIMESTAMP(6)", None),
        ("ENUM('a')", None),
        ("TEXT", None),
        ("INT", "int"),
        ("TINYINT(1)", "bool"),
        ("VARCHAR(12)", "text(12)"),
        ("DECIMAL(7,3)", "decimal(7, 3)"),
        ("JSON", "text"),
    ],
)
@on_mariadb
async def test_columns_of_others_are_told_as_far_as_they_can_be_used(
    connection: Any, peer: Peer, declared: str, told: str | None
) -> None:
    await peer.ask(f"CREATE TABLE others (it {declared})")

    [table] = await connection.tables(["others"])

    storage = table.columns[0].storage
    assert (None if storage is None else str(storage)) == told


async def test_a_table_on_which_a_model_cannot_work_is_told(
    server: Server, database: str, peer: Peer
) -> None:
    await peer.ask("CREATE TABLE pairs (name VARCHAR(20) PRIMARY KEY, size INT NOT NULL)")

    async with Ommi(server.driver(database)) as db:
        with pytest.raises(SchemaMismatch) as caught:
            await db.use_models(Pair)

    assert len(caught.value.differences) == 4


@pytest.mark.parametrize("name", ["a ", "a\r\n", "a\t", "a\x0b", "\U0001f600"])
async def test_a_name_that_the_server_does_not_take_is_refused(
    server: Server, database: str, name: str
) -> None:
    async with Ommi(server.driver(database)) as db:
        for model in (dataclass_of(name, "value"), dataclass_of("plain", name)):
            with pytest.raises(UnsupportedOperation, match="table or a column of this name"):
                await db.use_models(model)


def dataclass_of(table: str, column: str) -> type:
    @ommi_model(collection=ModelCollection(), table=table)
    @dataclass
    class Named:
        value: Annotated[int, StoreAs(column)]
        id: int

    return Named
