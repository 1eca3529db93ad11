"""The script that is made without a database leads where the run with one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import pytest

from migrations.twelve import column
from ommi import Auto, Key, ModelCollection, Ommi, ReferenceTo, ommi_model
from ommi.metadata.model import metadata_of
from ommi.metadata.storage import Kind
from ommi.migrations import sql_of
from ommi.migrations.session import session_of
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    CreateTable,
    DropColumn,
    DropConstraint,
    Execute,
    Operation,
    RenameColumn,
    RenameTable,
    Sql,
)
from ommi.schema.snapshot import Index, Table, table_of
from ommi.schema.state import Schema

pytestmark = pytest.mark.anyio

MODELS = ModelCollection()


@ommi_model(collection=MODELS, table="people")
@dataclass
class Person:
    name: str
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=MODELS, table="posts")
@dataclass
class Post:
    who: Annotated[int, ReferenceTo(Person)]
    id: Annotated[int | None, Key | Auto] = None


NAMES = ("people", "posts", "articles")
PEOPLE, POSTS = table_of(metadata_of(Person)), table_of(metadata_of(Post))
WHO = POSTS.foreign_keys[0]
MADE: list[Operation] = [CreateTable(PEOPLE), CreateTable(POSTS)]
AGE = column("age", Kind.INT)
STORES = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mariadb"}
LONG = "a_column_with_a_name_that_leaves_no_room_for_more_than_itself"
TO_LONG = AddConstraint("posts", replace(WHO, columns=(LONG,)))
CASES: dict[str, list[Operation]] = {
    "a reference that goes": [DropConstraint("posts", "posts_who_fkey")],
    "a reference of a table that was renamed": [
        RenameTable("posts", "articles"),
        DropConstraint("articles", "articles_who_fkey"),
    ],
    "a reference of a column that was renamed": [
        RenameColumn("posts", "who", "writer"),
        DropConstraint("posts", "posts_writer_fkey"),
    ],
    "another reference that has its old name now": [
        RenameColumn("posts", "who", "writer"),
        AddColumn("posts", replace(AGE, name="who"), 1),
        AddConstraint("posts", replace(WHO, name="posts_who_fkey2")),
        DropConstraint("posts", "posts_writer_fkey"),
    ],
    "a reference that goes with its column": [
        RenameTable("posts", "articles"),
        DropColumn("articles", "who"),
    ],
    "a reference that comes again": [
        DropConstraint("posts", "posts_who_fkey"),
        AddConstraint("posts", replace(WHO, on_delete="cascade")),
    ],
    "a reference of a long name": [
        RenameColumn("posts", "who", LONG),
        DropConstraint("posts", TO_LONG.name),
        TO_LONG,
        DropConstraint("posts", TO_LONG.name),
    ],
    "columns and indexes": [
        AddColumn("people", AGE, 7),
        AddConstraint("people", Index("by_name", ("name",), is_unique=True)),
        RenameColumn("people", "name", "title"),
        AlterColumn("people", column("age", Kind.FLOAT)),
    ],
}


async def _tables(db: Ommi) -> list[Table]:
    async with session_of(db) as session:
        return sorted(await session._schema_keeping().tables(NAMES), key=lambda each: each.name)


async def _run(db: Ommi, operations: Sequence[Operation]) -> None:
    async with session_of(db) as session:
        for operation in operations:
            await session.change(operation)


async def _run_script(
    db: Ommi, url: str, operations: list[Operation], before: Schema | None = None
) -> None:
    """Run the statements one after the other, as the store's own client would."""
    store = STORES[url.partition(":")[0]]
    texts = sql_of(operations, store, before)
    await _run(db, [Execute(Sql.of(text)) for text in texts])


async def _clear(db: Ommi) -> None:
    names = ("articles", "posts", "people")
    await _run(db, [Execute(Sql.of(f"DROP TABLE IF EXISTS {name}")) for name in names])


@pytest.mark.parametrize("case", CASES)
async def test_it_leads_to_the_same_tables(url: str, case: str) -> None:
    async with Ommi(url) as db:
        await _run(db, [*MADE, *CASES[case]])
        wanted = await _tables(db)
        await _clear(db)
        await _run_script(db, url, [*MADE, *CASES[case]])
        assert await _tables(db) == wanted


@pytest.mark.parametrize("case", CASES)
async def test_it_fits_tables_that_models_made(url: str, case: str) -> None:
    async with Ommi(url) as db:
        await _run(db, [*MADE, *CASES[case]])
        wanted = await _tables(db)
        await _clear(db)
        await db.use_models(MODELS)
        await _run_script(db, url, CASES[case], Schema.of([PEOPLE, POSTS]))
        assert await _tables(db) == wanted
