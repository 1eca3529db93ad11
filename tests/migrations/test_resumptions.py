"""A step that stopped half way is taken as done only where the store has what it makes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrations.test_runs import Thing, things
from migrations.twelve import column, key
from ommi import Migration, MigrationError, Ommi
from ommi.metadata.storage import Kind
from ommi.migrations import Migrator, State
from ommi.migrations.history import HistoryRecord
from ommi.migrations.session import session_of
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    CreateTable,
    Execute,
    Operation,
    RenameColumn,
    RenameTable,
    Sql,
)
from ommi.schema.serialisation import digest, to_data
from ommi.schema.snapshot import Check, ForeignKey, Index, Table

pytestmark = pytest.mark.anyio

AGE = column("age", Kind.INT, is_nullable=True)
OTHER = Table("other", (key(), replace(AGE, name="thing_id"), replace(AGE, name="id_2")), ("id",))
REFERENCE = ForeignKey(("thing_id",), "thing", ("id",), name="to_thing")
OTHERS: dict[str, tuple[Operation, Operation]] = {
    "a column of another type": (
        AddColumn("thing", column("age", Kind.TEXT, is_nullable=True)),
        AddColumn("thing", AGE),
    ),
    "a column that may not be null": (
        AddColumn("thing", replace(AGE, is_nullable=False), 1),
        AddColumn("thing", AGE),
    ),
    "a table of other columns": (
        CreateTable(Table("extra", (key(),), ("id",))),
        CreateTable(Table("extra", (key(), AGE), ("id",))),
    ),
    "a table without the index": (
        CreateTable(Table("extra", (key(), AGE), ("id",))),
        CreateTable(Table("extra", (key(), AGE), ("id",), (Index("by_age", ("age",)),))),
    ),
    "an index of other columns": (
        AddIndex("thing", Index("named", ("name",))),
        AddIndex("thing", Index("named", ("name", "id"))),
    ),
    "an index that is not unique": (
        AddIndex("thing", Index("named", ("name",))),
        AddConstraint("thing", Index("named", ("name",), is_unique=True)),
    ),
    "an index made while others write": (
        AddIndex("thing", Index("named", ("name", "id"))),
        AddIndex("thing", Index("named", ("name",)), is_concurrent=True),
    ),
    "a reference of another column": (
        AddConstraint("other", replace(REFERENCE, columns=("id_2",))),
        AddConstraint("other", REFERENCE),
    ),
    "a reference that deletes": (
        AddConstraint("other", replace(REFERENCE, on_delete="cascade")),
        AddConstraint("other", REFERENCE),
    ),
}
HIDDEN: dict[str, tuple[Operation, Operation]] = {
    "a check of another condition": (
        AddConstraint("thing", Check("named", "length(name) > 0")),
        AddConstraint("thing", Check("named", "length(name) > 7")),
    ),
    "the new name of a column": (
        Execute(Sql.of("ALTER TABLE thing RENAME COLUMN name TO title")),
        RenameColumn("thing", "name", "title"),
    ),
    "the new name of a table": (
        Execute(Sql.of("ALTER TABLE other RENAME TO others")),
        RenameTable("other", "others"),
    ),
}


def begun_with(wanted: Operation) -> list[Migration]:
    """Give migrations whose second one begins with an operation."""
    [first, second] = things(wanted)
    tables = [*first.operations, CreateTable(OTHER)]
    return [Migration("1", operations=tables), second]


async def _is_refused(db: Ommi, wanted: Operation) -> None:
    with pytest.raises(MigrationError, match="step 1"):
        await Migrator(db, begun_with(wanted)).apply()
    assert [r.id for r in await Migrator(db).history() if r.state is State.APPLIED] == ["1"]


async def _stop_before(db: Ommi, wanted: Operation) -> None:
    """Leave what a process leaves that ends when it has noted a step and not done it."""
    [_, second] = begun_with(wanted)
    record = HistoryRecord("2", second.checksum, started=digest(["", to_data(wanted)]))
    async with session_of(db) as session:
        await session.write_record(record, None)


@pytest.mark.parametrize("case", {**OTHERS, **HIDDEN})
async def test_what_somebody_else_has_made_is_refused_every_time(url: str, case: str) -> None:
    others, wanted = {**OTHERS, **HIDDEN}[case]
    async with Ommi(url) as db:
        await Migrator(db, begun_with(wanted)).apply("1")
        async with session_of(db) as session:
            await session.change(others)
        for _ in range(2):
            await _is_refused(db, wanted)


@pytest.mark.parametrize("case", OTHERS)
async def test_after_a_crash_what_is_not_what_the_step_makes_is_refused(
    url: str, case: str
) -> None:
    others, wanted = OTHERS[case]
    async with Ommi(url) as db:
        await Migrator(db, begun_with(wanted)).apply("1")
        await _stop_before(db, wanted)
        async with session_of(db) as session:
            await session.change(others)
        for _ in range(2):
            await _is_refused(db, wanted)


async def test_a_step_that_was_refused_may_be_changed(url: str) -> None:
    """On PostgreSQL the first try leaves an invalid index of that name."""
    names = Index("names", ("name",), is_unique=True)
    wrong = AddIndex("thing", names, is_concurrent=True)
    right = AddIndex("thing", replace(names, is_unique=False), is_concurrent=True)
    async with Ommi(url) as db:
        await Migrator(db, things(wrong)).apply("1")
        await db.add(Thing("same"), Thing("same")).or_raise()
        with pytest.raises(MigrationError, match="step 1"):
            await Migrator(db, things(wrong)).apply()
        await Migrator(db, things(right)).apply()
        async with session_of(db) as session:
            [table] = await session._schema_keeping().tables(["thing"])
        assert table.indexes == (right.index,)


async def test_a_step_that_was_refused_and_is_changed_takes_nothing_of_others(url: str) -> None:
    """The name that it has now is somebody else's, of which nobody was asked before."""
    wrong = AddConstraint("thing", Check("first", "nothing > 0"))
    async with Ommi(url) as db:
        await Migrator(db, begun_with(wrong)).apply("1")
        await _is_refused(db, wrong)
        async with session_of(db) as session:
            await session.change(AddConstraint("thing", Check("second", "length(name) > 0")))
        await _is_refused(db, AddConstraint("thing", Check("second", "length(name) > 7")))
