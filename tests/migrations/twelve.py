"""A migration of twelve steps, of every kind, on tables with rows that refer to each other."""

from __future__ import annotations

from typing import Any

from ommi import Ommi
from ommi.metadata.storage import Kind, StorageType
from ommi.migrations import Migration, Migrator
from ommi.migrations.session import session_of
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Backfill,
    CreateTable,
    DropColumn,
    DropConstraint,
    Execute,
    HandWritten,
    RenameColumn,
    RenameTable,
    Sql,
)
from ommi.schema.snapshot import Check, Column, ForeignKey, Index, Table

PEOPLE = 25
POSTS = 60


def column(
    name: str, kind: Kind, *, is_nullable: bool = False, length: int | None = None
) -> Column:
    """Give a column."""
    return Column(name, StorageType(kind, length), is_nullable, id=name)


def key() -> Column:
    """Give a key that counts."""
    return Column("id", StorageType(Kind.INT), is_generated=True, id="id")


WHO = ForeignKey(("who",), "people", ("id",), "cascade")
FIRST = Migration(
    "0001",
    "people and their posts",
    operations=[
        CreateTable(
            Table(
                "people",
                (
                    key(),
                    column("name", Kind.TEXT, length=50),
                    column("age", Kind.INT, is_nullable=True),
                    column("active", Kind.BOOL),
                    column("old", Kind.TEXT, is_nullable=True),
                ),
                ("id",),
                (Index("people_name_index", ("name",)),),
            )
        ),
        CreateTable(Table("posts", (key(), column("who", Kind.INT)), ("id",), (), (WHO,))),
    ],
)


async def _count_on(schema: Any) -> None:
    """Add a row of which there must be one."""
    await schema.run(Execute(Sql.of("INSERT INTO tally (id, rows_seen) VALUES (1, 7)")))


async def _count_off(schema: Any) -> None:
    await schema.run(Execute(Sql.of("DELETE FROM tally WHERE id = 1")))


TWELVE = Migration(
    "0002",
    "twelve steps",
    operations=[
        AddColumn("people", column("email", Kind.TEXT, length=80), "nobody@example.org"),
        RenameColumn("people", "active", "enabled"),
        AlterColumn("people", column("age", Kind.FLOAT), fill=0.0),
        AddIndex("people", Index("people_age_index", ("age",)), is_concurrent=True),
        CreateTable(
            Table("tally", (column("id", Kind.INT), column("rows_seen", Kind.INT)), ("id",))
        ),
        HandWritten("count", _count_on, _count_off),
        DropConstraint("posts", "posts_who_fkey"),
        AddConstraint("posts", WHO),
        AddConstraint("people", Check("people_age_is_real", "age >= 0")),
        Backfill("people", (("email", Sql.of("name")),), Sql.of("email LIKE 'nobody%'"), size=10),
        DropColumn("people", "old"),
        RenameTable("people", "persons"),
    ],
)
MIGRATIONS = (FIRST, TWELVE)
STEPS = 12
TABLES = ("people", "persons", "posts", "tally")


async def start(db: Ommi) -> None:
    """Make the tables as they are before the twelve steps, with rows."""
    await clear(db)
    await Migrator(db, MIGRATIONS).apply("0001")
    people = ", ".join(
        f"({n}, 'name {n}', {n if n % 3 else 'NULL'}, {'TRUE' if n % 2 else 'FALSE'}, 'old {n}')"
        for n in range(1, PEOPLE + 1)
    )
    posts = ", ".join(f"({n}, {n % PEOPLE + 1})" for n in range(1, POSTS + 1))
    async with db.session() as session:
        for text in (
            f"INSERT INTO people (id, name, age, active, old) VALUES {people}",
            f"INSERT INTO posts (id, who) VALUES {posts}",
        ):
            await session.change_schema(Execute(Sql.of(text)))  # type: ignore[attr-defined]


async def clear(db: Ommi) -> None:
    """Remove every table."""
    async with db.session() as session:
        for table in ("posts", "people", "persons", "tally", "ommi_migrations"):
            text = f"DROP TABLE IF EXISTS {table}"
            await session.change_schema(Execute(Sql.of(text)))  # type: ignore[attr-defined]


async def everything(db: Ommi) -> dict[str, object]:
    """Give tables, rows and history: all in which two stores could differ."""
    found: dict[str, object] = {}
    async with session_of(db) as session:
        for table in await session._schema_keeping().tables(TABLES):
            found[table.name] = (
                table.columns,
                table.key,
                sorted(map(str, table.indexes)),
                sorted(map(str, table.foreign_keys)),
                sorted(check.name for check in table.checks),
            )
            names = ", ".join(column.name for column in table.columns)
            text = f"SELECT {names} FROM {table.name} ORDER BY id"
            found[f"rows of {table.name}"] = await rows(session, text)
        history = await session.read_history()
        found["history"] = {
            version: (record.state, record.checksum, record.step, record.started, record.position)
            for version, record in history.items()
        }
    return found


async def rows(db: Any, text: str) -> list[tuple[object, ...]]:
    """Ask in SQL."""
    from ommi.sql.dialect import SqlCommand

    command = SqlCommand(text, "", "", {})
    connection = db._executor.connection
    return await connection.fetch(command, (), lambda found: [tuple(row) for row in found])
