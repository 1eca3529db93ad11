"""Operations: replay, what undoes them, and that they are data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from ommi import MigrationError
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.done import is_done
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Backfill,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Execute,
    HandWritten,
    Nothing,
    Operation,
    RenameColumn,
    RenameTable,
    Sql,
    ValidateConstraint,
    replayed,
    reversed_operations,
)
from ommi.schema.serialisation import checksum, from_data, to_data
from ommi.schema.snapshot import Check, Column, ForeignKey, Index, Table
from ommi.schema.state import Schema


def column(name: str, kind: Kind = Kind.INT, *, is_nullable: bool = False) -> Column:
    return Column(name, StorageType(kind), is_nullable, id=name)


A = Table(
    "a",
    (column("id"), column("b"), column("c")),
    ("id",),
    (Index("a_b_index", ("b",)), Index("own", ("c",), is_unique=True)),
    checks=(Check("positive", "b > 0"),),
)
B = Table(
    "b",
    (column("id"), column("a_id")),
    ("id",),
    foreign_keys=(ForeignKey(("a_id",), "a", ("id",), "cascade"),),
)
BOTH = Schema.of([A, B])


async def nothing(_: object) -> None: ...


STEP = HandWritten("a step", nothing, nothing)
REVERSIBLE: list[Operation] = [
    CreateTable(Table("c", (column("id"),), ("id",))),
    DropTable("b"),
    RenameTable("a", "z"),
    AddColumn("a", column("new"), 3),
    DropColumn("a", "b"),
    AlterColumn("a", column("b", Kind.FLOAT, is_nullable=True)),
    RenameColumn("a", "id", "number"),
    AddIndex("a", Index("a_c", ("c", "b")), is_concurrent=True),
    DropIndex("a", "a_b_index"),
    AddConstraint("a", Check("small", "b < 9")),
    AddConstraint("a", Index("pair", ("b", "c"), is_unique=True)),
    AddConstraint("b", ForeignKey(("id",), "a", ("id",))),
    DropConstraint("a", "own"),
    DropConstraint("a", "positive"),
    DropConstraint("b", "b_a_id_fkey"),
]
OTHERS: list[Operation] = [
    ValidateConstraint("a", "positive"),
    Execute(Sql.of({"*": "SELECT 1", "SQLite": "SELECT 2"}), Sql.of("SELECT 3")),
    Backfill("a", (("b", Sql.of("b + 1")),), Sql.of("b < 5"), size=7),
    STEP,
    Nothing(),
]


@pytest.mark.parametrize("operation", REVERSIBLE, ids=str)
def test_what_undoes_it_leads_back(operation: Operation) -> None:
    undo = operation.reverse(BOTH)
    assert undo is not None
    back = undo.apply(operation.apply(BOTH))
    assert {table.name: _unordered(table) for table in back.tables} == {
        table.name: _unordered(table) for table in BOTH.tables
    }


def _unordered(table: Table) -> object:
    return (
        sorted(map(str, table.columns)),
        table.key,
        sorted(str(i) for i in table.indexes if i.name != "a_b_index"),
        sorted(map(str, table.foreign_keys)),
        sorted(map(str, table.checks)),
    )


@pytest.mark.parametrize("operation", [*REVERSIBLE, *OTHERS], ids=str)
def test_it_comes_back_from_plain_data(operation: Operation) -> None:
    steps = {"a step": (nothing, nothing)}
    assert from_data(to_data(operation), steps) == operation


@pytest.mark.parametrize("operation", REVERSIBLE, ids=str)
def test_it_shows_whether_it_is_done(operation: Operation) -> None:
    if not isinstance(operation, AlterColumn):
        assert not is_done(operation, BOTH)
        assert is_done(operation, operation.apply(BOTH))


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.50"),
        datetime(2026, 1, 2, 3, 4, 5, 6, UTC),
        date(2026, 1, 2),
        time(3, 4, 5, 6),
        timedelta(days=-1, microseconds=7),
        UUID(int=7),
        b"\x00\xff",
        {"of": "Table", "list": [1, None, 2.5]},
        [1, "two"],
        "text",
        True,
        0,
    ],
    ids=str,
)
def test_a_fill_of_any_kind_comes_back(value: object) -> None:
    operation = AddColumn("a", column("new"), value)
    found = from_data(to_data(operation))
    assert isinstance(found, AddColumn)
    assert (found.fill, type(found.fill)) == (value, type(value))


def test_a_checksum_is_of_what_is_done() -> None:
    first = checksum(REVERSIBLE)
    assert first == checksum([from_data(to_data(each)) for each in REVERSIBLE])
    assert first != checksum(REVERSIBLE[:-1])
    assert first != checksum([replace(REVERSIBLE[3], fill=4), *REVERSIBLE[1:]])  # type: ignore[type-var]


def test_a_renamed_column_takes_its_index_and_its_references_with_it() -> None:
    after = replayed((RenameColumn("a", "b", "d"), RenameColumn("a", "id", "number")), BOTH)
    assert [index.name for index in after.table("a").indexes] == ["a_d_index", "own"]
    assert after.table("b").foreign_keys[0].target_columns == ("number",)
    assert next(c for c in after.table("a").columns if c.name == "d").id == "b"
    assert RenameTable("a", "z").apply(BOTH).table("b").foreign_keys[0].table == "z"


def test_a_column_without_an_id_keeps_its_first_name_as_one() -> None:
    before = Schema.of([Table("t", (Column("a", StorageType(Kind.INT)),), ("a",))])
    after = replayed((RenameColumn("t", "a", "b"), RenameColumn("t", "b", "c")), before)
    assert [(each.name, each.id) for each in after.table("t").columns] == [("c", "a")]


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (CreateTable(A), "is a table 'a' already"),
        (CreateTable(Table("c", (), (), (), (ForeignKey(("x",), "d", ("y",)),))), "no table 'd'"),
        (DropTable("a"), "b refers to it"),
        (DropTable("c"), "there is a, b"),
        (RenameTable("a", "b"), "there already"),
        (AddColumn("a", column("b")), "a column 'b' already"),
        (DropColumn("a", "id"), "part of the key"),
        (DropColumn("a", "x"), "it has id, b, c"),
        (RenameColumn("a", "b", "c"), "there already"),
        (AddIndex("a", Index("own", ("b",))), "an index 'own' already"),
        (AddIndex("a", Index("new", ("x",))), "no column 'x'"),
        (DropIndex("a", "x"), "it has a_b_index, own"),
        (AddConstraint("a", Check("positive", "1")), "a check 'positive' already"),
        (AddConstraint("b", ForeignKey(("a_id",), "a", ("id",))), "'b_a_id_fkey' already"),
        (DropConstraint("a", "x"), "no constraint 'x'"),
    ],
    ids=str,
)
def test_what_has_no_meaning_is_refused(operation: Operation, said: str) -> None:
    with pytest.raises(MigrationError, match=said):
        operation.apply(BOTH)


def test_a_column_that_others_need_stays() -> None:
    schema = AddIndex("a", Index("pair", ("b", "c"))).apply(BOTH)
    with pytest.raises(MigrationError, match="the index 'pair' is of 'b' and others"):
        DropColumn("a", "b").apply(schema)
    target = replace(B, foreign_keys=(ForeignKey(("a_id",), "a", ("c",)),))
    with pytest.raises(MigrationError, match=r"b refers to a\.c; drop its foreign key"):
        DropColumn("a", "c").apply(Schema.of([A, target]))


def test_what_nothing_undoes_is_none() -> None:
    irreversible = (Execute(Sql.of("SELECT 1")), HandWritten("x", nothing), DropTable("b"))
    assert reversed_operations(irreversible, BOTH) == (CreateTable(B), None, None)


def test_sql_is_chosen_by_the_store() -> None:
    sql = Sql.of({"MySQL": "m", "*": "every"})
    assert [sql.for_store(name) for name in ("MariaDB", "MySQL", "SQLite")] == [
        ("m",),
        ("m",),
        ("every",),
    ]
    with pytest.raises(MigrationError, match="has SQL for sqlite, and none for PostgreSQL"):
        Sql.of({"sqlite": "s"}).for_store("PostgreSQL")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"kind": "explode"}, "'explode' is no operation"),
        ({"kind": "drop_table"}, "not written as it should be"),
        ({"kind": "step", "name": "x"}, "'x' has no functions"),
        ({"kind": "create_table", "table": {"of": "Chair"}}, "'Chair' is no part"),
        ({"kind": "add_column", "fill": {"colour": "red"}}, "'colour' is no kind of value"),
    ],
)
def test_data_that_is_no_operation_is_refused(data: dict[str, object], said: str) -> None:
    with pytest.raises(MigrationError, match=said):
        from_data(data)
