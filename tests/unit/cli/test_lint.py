"""What each operation does to a store in use, and its expansion."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ommi.metadata.storage import Kind, StorageType
from ommi.migrations.lint import Harm, expanded, lint
from ommi.migrations.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Check,
    Column,
    CreateTable,
    DropIndex,
    Execute,
    Index,
    Operation,
    Sql,
    Table,
)
from ommi.schema.state import Schema

INT, TEXT = StorageType(Kind.INT), StorageType(Kind.TEXT)


def decimal(precision: int, scale: int) -> StorageType:
    return StorageType(Kind.DECIMAL, precision=precision, scale=scale)


COLUMNS = (
    Column("id", INT),
    Column("a", TEXT, is_nullable=True),
    Column("n", INT, is_nullable=True),
    Column("d", decimal(8, 2)),
    Column("u", StorageType(Kind.UUID)),
    Column("Big", TEXT, is_nullable=True),
)
BEFORE = Schema.of([Table("t", COLUMNS, ("id",), (Index("i", ("a",)),))])


@pytest.mark.parametrize(
    ("operation", "harms"),
    [
        (AddColumn("t", Column("x", INT, default="7")), []),
        (AddColumn("t", Column("x", INT, default="random()")), [Harm.REWRITE]),
        (AlterColumn("t", Column("d", decimal(12, 4))), [Harm.REWRITE]),
        (AlterColumn("t", Column("d", decimal(8, 4))), [Harm.LOSS, Harm.REWRITE]),
        (AlterColumn("t", Column("u", TEXT)), [Harm.REWRITE]),
        (AlterColumn("t", Column("u", INT), using=Sql.of("1")), [Harm.REWRITE]),
        (AlterColumn("t", Column("u", INT)), [Harm.LOSS, Harm.REWRITE]),
        (AlterColumn("t", Column("a", TEXT)), [Harm.LOCK]),
        (AddIndex("t", Index("j", ("n",)), is_concurrent=True), []),
        (DropIndex("t", "i"), [Harm.LOCK]),
        (DropIndex("t", "i", is_concurrent=True), []),
        (AddConstraint("t", Check("c", "n > 0")), [Harm.LOCK]),
        (AddConstraint("t", Check("c", "n > 0"), is_validated=False), []),
        (AddConstraint("t", Index("j", ("n",))), [Harm.LOCK, Harm.FAIL]),
        (Execute(Sql.of("SELECT 1")), [Harm.UNKNOWN]),
    ],
)
def test_what_an_operation_does_is_told(operation: Operation, harms: list[Harm]) -> None:
    assert [finding.harm for finding in lint([operation], BEFORE)] == harms


def test_a_table_that_was_just_made_is_not_hurt() -> None:
    made = CreateTable(Table("new", COLUMNS, ("id",)))
    added = AddIndex("new", Index("j", ("n",)))

    assert lint([made, added], BEFORE) == ()
    assert expanded([made, added], BEFORE) == ((made, added),)


def words(operation: Operation) -> list[list[str]]:
    return [[str(each) for each in stage] for stage in expanded([operation], BEFORE)]


@pytest.mark.parametrize(
    ("fill", "literal"),
    [(True, "TRUE"), (False, "FALSE"), (7, "7"), (Decimal("1.5"), "1.5"), ("it's", "'it''s'")],
)
def test_null_is_forbidden_by_a_check_that_is_validated_later(fill: object, literal: str) -> None:
    first, later = expanded([AlterColumn("t", Column("n", INT), fill=fill)], BEFORE)

    assert f"'*', ({literal!r},)" in repr(first[1])
    assert [str(each) for each in later] == [
        "validate constraint t_n_not_null on t",
        "alter column t.n",
        "drop constraint t_n_not_null on t",
    ]


@pytest.mark.parametrize(
    "operation",
    [
        AlterColumn("t", Column("Big", TEXT)),
        AlterColumn("t", Column("a", TEXT), fill="back\\slash"),
        AlterColumn("t", Column("a", INT)),
    ],
)
def test_what_not_every_store_could_read_stays_as_it_is(operation: Operation) -> None:
    assert expanded([operation], BEFORE) == ((operation,),)


def test_constraints_are_added_unvalidated_or_built_concurrently() -> None:
    assert words(AddConstraint("t", Check("c", "n > 0"))) == [
        ["add constraint c on t"],
        ["validate constraint c on t"],
    ]
    assert expanded([AddConstraint("t", Index("j", ("n",)))], BEFORE) == (
        (AddIndex("t", Index("j", ("n",), is_unique=True), is_concurrent=True),),
    )
    assert expanded([DropIndex("t", "i")], BEFORE) == ((DropIndex("t", "i", is_concurrent=True),),)
