"""Models of tables that Ommi did not make: what it has no word for is said in a comment."""

from __future__ import annotations

import pytest

from ommi.cli.model_source import source_of
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Column, ForeignKey, Index, Table

INT = StorageType(Kind.INT)


def foreign(declared: str) -> str:
    table = Table("t", (Column("x", None, declared=declared),), ("x",))
    line = next(line for line in source_of([table], "plain").splitlines() if "x:" in line)
    return line.strip()


@pytest.mark.parametrize(
    ("declared", "field"),
    [
        ("integer", "x: Annotated[int, Key]"),
        ("bigint unsigned", "x: Annotated[int, Key]"),
        ("tinyint(1)", "x: Annotated[bool, Key]"),
        ("real", "x: Annotated[float, Key]"),
        ("numeric", "x: Annotated[Decimal, Key]"),
        ("timestamp(3) without time zone", "x: Annotated[dt.datetime, Key]"),
        ("character varying", "x: Annotated[str, Key]"),
        ("jsonb", "x: Annotated[dict[str, Any] | list[Any], Key]"),
    ],
)
def test_a_type_of_the_stores_own_becomes_the_likely_one(declared: str, field: str) -> None:
    assert foreign(declared) == f"{field}  # stored as {declared}, which Ommi does not make"


def test_choices_become_a_literal() -> None:
    line = foreign("enum('a','it''s')")

    assert line.startswith('x: Annotated[Literal["a", "it\'s"], Key]')


def test_a_table_without_a_key_is_told() -> None:
    source = source_of([Table("t", (Column("x", INT),), ())], "dataclass")

    assert "# The table has no primary key" in source


def test_a_reference_to_a_table_that_was_not_asked_for_is_left_out() -> None:
    table = Table(
        "t", (Column("u_id", INT),), ("u_id",), (), (ForeignKey(("u_id",), "u", ("id",)),)
    )

    assert "ReferenceTo" not in source_of([table], "dataclass")


def test_names_of_tables_that_are_alike_stay_apart() -> None:
    tables = [
        Table(name, (Column("id", INT),), ("id",)) for name in ("a_b", "a b", "AB", "9", "Key")
    ]

    source = source_of(tables, "dataclass")

    for name in ("class AB:", "class AB_:", "class AB__:", "class Table9:", "class Key_:"):
        assert name in source


def test_two_indexes_of_one_column_are_both_said() -> None:
    indexes = (Index("i", ("a",)), Index("u", ("a",), is_unique=True))
    table = Table("t", (Column("id", INT), Column("a", INT)), ("id",), indexes)

    source = source_of([table], "dataclass")

    assert "a: Annotated[int, Unique]" in source
    assert 'IndexTogether("a")' in source


def test_nothing_gives_a_head_only() -> None:
    assert source_of([], "plain") == "from __future__ import annotations\n"
