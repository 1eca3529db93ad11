"""Migrations as far as they have a meaning in memory, and SQL without a store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrations.test_runs import Thing, things
from migrations.twelve import FIRST, TWELVE, column
from ommi import ConfigurationError, MigrationError, Ommi
from ommi.metadata.storage import Kind
from ommi.migrations import ZERO, Migrator, sql_of
from ommi.schema.operations import (
    AddColumn,
    AddIndex,
    AlterColumn,
    DropColumn,
    DropConstraint,
    Execute,
    HandWritten,
    RenameColumn,
    RenameTable,
    Sql,
    replayed,
)
from ommi.schema.snapshot import Column, ForeignKey, Index, Table
from ommi.schema.state import Schema

pytestmark = pytest.mark.anyio


async def test_tables_in_memory_change_with_their_rows() -> None:
    operations = (
        AddColumn("thing", column("level", Kind.INT, is_nullable=True)),
        AlterColumn("thing", column("level", Kind.INT), fill=5),
        AddIndex("thing", Index("levels", ("level",))),
        RenameColumn("thing", "level", "height"),
        DropColumn("thing", "height"),
        RenameTable("thing", "other"),
        RenameTable("other", "thing"),
    )
    async with Ommi("memory://") as db:
        migrator = Migrator(db, things(*operations))
        await migrator.apply("1")
        await db.add(Thing("a")).or_raise()
        await migrator.apply()
        assert (await db.query(Thing).fetch_all())[0].name == "a"
        with pytest.raises(MigrationError, match="is SQL, which is nothing"):
            await Migrator(
                db, [*things(*operations), *things(Execute(Sql.of("SELECT 1")), version="3")[1:]]
            ).apply()
        assert [s.record is not None for s in await migrator.status()] == [True, True]


async def test_a_unique_index_of_equal_values_is_refused_and_leaves_nothing() -> None:
    unique = AddIndex("thing", Index("names", ("name",), is_unique=True))
    async with Ommi("memory://") as db:
        migrator = Migrator(db, things(unique))
        await migrator.apply("1")
        await db.add(Thing("a"), Thing("a")).or_raise()
        with pytest.raises(MigrationError, match="nothing of it is left"):
            await migrator.apply()
        assert await db.query(Thing).count() == 2
        await migrator.rollback(ZERO)


@pytest.mark.parametrize("store", ["sqlite", "postgresql", "mariadb", "mysql"])
def test_the_sql_of_operations_needs_no_database(store: str) -> None:
    before = replayed(FIRST.operations)
    operations = [each for each in TWELVE.operations if not isinstance(each, HandWritten)]
    texts = sql_of(operations, store, before)
    quote = '"' if store in {"sqlite", "postgresql"} else "`"
    assert any(f"{quote}email{quote}" in text for text in texts)
    assert f"RENAME TO {quote}persons{quote}" in "\n".join(texts)
    assert ("CONCURRENTLY" in "\n".join(texts)) is (store == "postgresql")
    assert ("PRAGMA foreign_keys = OFF" in texts) is (store == "sqlite")
    with pytest.raises(MigrationError, match="'count' is written in Python"):
        sql_of(TWELVE.operations, store, before)


@pytest.mark.parametrize("store", ["sqlite", "postgresql", "mariadb", "mysql"])
@pytest.mark.parametrize("default", [None, "'a'"])
def test_other_choices_are_nothing_to_a_store(store: str, default: str | None) -> None:
    before = replace(column("mood", Kind.TEXT), default=default, choices=("a", "b"))
    table = Table("moods", (column("id", Kind.INT), before), ("id",))
    for choices in (("a", "c"), ()):
        alter = AlterColumn("moods", replace(before, choices=choices))
        assert sql_of([alter], store, Schema.of([table])) == ()
        assert sql_of([replace(alter, using=Sql.of("mood"))], store, Schema.of([table]))


@pytest.mark.parametrize("store", ["sqlite", "postgresql", "mariadb", "mysql"])
@pytest.mark.parametrize(
    "changed",
    [
        column("mood", Kind.TEXT, length=9),
        column("mood", Kind.TEXT, is_nullable=True),
        replace(column("mood", Kind.TEXT), default="'a'"),
    ],
    ids=["type", "null", "default"],
)
def test_what_a_store_knows_of_a_column_is_sent(store: str, changed: Column) -> None:
    table = Table("moods", (column("id", Kind.INT), column("mood", Kind.TEXT)), ("id",))
    assert sql_of([AlterColumn("moods", changed)], store, Schema.of([table]))


@pytest.mark.parametrize("store", ["mariadb", "mysql"])
@pytest.mark.parametrize(
    ("other", "is_dropped"),
    [
        (None, True),
        (Index("by_b", ("b", "a")), True),
        (Index("by_a", ("a", "b")), False),
        (ForeignKey(("a",), "another", ("id",)), False),
        (ForeignKey(("a", "b"), "another", ("id", "b")), False),
        (ForeignKey(("b",), "another", ("id",)), True),
    ],
    ids=str,
)
def test_the_index_of_a_reference_goes_with_it_unless_something_else_needs_it(
    store: str, other: Index | ForeignKey | None, *, is_dropped: bool
) -> None:
    columns = tuple(column(name, Kind.INT) for name in ("id", "a", "b"))
    keys = (ForeignKey(("a",), "target", ("id",), name="gone"),)
    table = Table("t", columns, ("id",), foreign_keys=keys)
    if isinstance(other, Index):
        table = replace(table, indexes=(other,))
    elif other is not None:
        table = replace(table, foreign_keys=(*keys, other))

    texts = sql_of([DropConstraint("t", "gone")], store, Schema.of([table]))

    index = ", DROP INDEX `gone`" if is_dropped else ""
    assert texts == (f"ALTER TABLE `t` DROP FOREIGN KEY `gone`{index}",)


def test_a_store_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'oracle' is no store with SQL"):
        sql_of([], "oracle")
