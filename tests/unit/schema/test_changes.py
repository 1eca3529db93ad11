"""From one schema to another, where names have a history."""

from __future__ import annotations

from dataclasses import replace

from ommi.metadata.storage import Kind, StorageType
from ommi.schema.changes import changes
from ommi.schema.operations import CreateTable, RenameColumn, RenameTable, replayed
from ommi.schema.snapshot import LONGEST_NAME, Column, ForeignKey, Table
from ommi.schema.state import foreign_key_of


def column(name: str) -> Column:
    return Column(name, StorageType(Kind.INT), is_nullable=name != "id", id=name)


PEOPLE = Table("people", (column("id"),), ("id",))
WHO = ForeignKey(("who",), "people", ("id",))
POSTS = Table("posts", (column("id"), column("who")), ("id",), (), (WHO,))
WRITER = replace(WHO, columns=("writer",))
RENAMED = replayed(
    (CreateTable(PEOPLE), CreateTable(POSTS), RenameColumn("posts", "who", "writer"))
)
BOTH = replace(
    POSTS,
    columns=(column("id"), column("writer"), column("who")),
    foreign_keys=(WRITER, WHO),
)


def said(before: Table | None, after: Table) -> list[str]:
    schema = RENAMED if before is None else RENAMED.changing("posts", lambda _: before)
    return list(map(str, changes(schema, [PEOPLE, after], {})))


def test_a_reference_keeps_its_name_when_its_column_gets_another() -> None:
    assert [key.name for key in RENAMED.table("posts").foreign_keys] == ["posts_who_fkey"]
    moved = RenameTable("posts", "articles").apply(RENAMED).table("articles")
    assert [key.name for key in moved.foreign_keys] == ["posts_who_fkey"]
    for name in ("posts_who_fkey", "articles_writer_fkey"):
        assert foreign_key_of(moved, name) == WRITER


def test_a_new_reference_gets_a_name_that_no_other_has_kept() -> None:
    assert said(None, BOTH) == ["add column posts.who", "add constraint posts_who_fkey2 on posts"]


def test_a_reference_that_goes_is_named_so_that_no_other_is_meant() -> None:
    after = replayed(changes(RENAMED, [PEOPLE, BOTH], {}), RENAMED).table("posts")
    without_who = replace(BOTH, foreign_keys=(WRITER,))
    without_writer = replace(BOTH, foreign_keys=(WHO,))
    assert said(after, without_who) == ["drop constraint posts_who_fkey2 on posts"]
    assert said(after, without_writer) == ["drop constraint posts_writer_fkey on posts"]


def test_a_reference_that_changes_comes_again_under_its_name() -> None:
    cascading = replace(BOTH, foreign_keys=(replace(WRITER, on_delete="cascade"),))
    assert said(None, replace(cascading, columns=BOTH.columns[:2])) == [
        "drop constraint posts_writer_fkey on posts",
        "add constraint posts_writer_fkey on posts",
    ]


def test_a_table_that_is_made_anew_has_no_name_longer_than_stores_take() -> None:
    old = replace(PEOPLE, name="p" * LONGEST_NAME)
    code = replace(column("code"), is_nullable=False)
    wanted = replace(old, columns=(*old.columns, code), key=("code",))
    schema = replayed((CreateTable(old),))

    todo = changes(schema, [wanted], {(old.name, "code"): 0}, (old.name,))

    made = [operation.table for operation in todo if isinstance(operation, CreateTable)]
    assert [len(table.name) for table in made] == [LONGEST_NAME]
    assert [table.name for table in replayed(todo, schema).tables] == [old.name]
