"""Each way in which a store's table may differ from the one that it should have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ommi.metadata.storage import Kind, StorageType
from ommi.schema.drift import drift
from ommi.schema.snapshot import Column, ForeignKey, Index, Table

INT, TEXT = StorageType(Kind.INT), StorageType(Kind.TEXT)
TABLE = Table(
    "t",
    (Column("id", INT, is_generated=True), Column("a", TEXT), Column("b", INT, default="7")),
    ("id",),
    (Index("t_a_index", ("a",)), Index("t_b_unique", ("b",), is_unique=True)),
    (ForeignKey(("b",), "u", ("id",)),),
)


def altered(name: str, **changes: object) -> Table:
    columns = tuple(
        replace(column, **changes) if column.name == name else column  # type: ignore[arg-type]
        for column in TABLE.columns
    )
    return replace(TABLE, columns=columns)


def found(**changes: object) -> Table:
    return replace(TABLE, **changes)  # type: ignore[arg-type]


def indexes(*more: Index) -> tuple[Index, ...]:
    return (*TABLE.indexes, *more)


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (altered("a", storage=INT), "t.a is int, wanted text"),
        (altered("a", storage=None, declared="point"), "t.a is point, wanted text"),
        (altered("a", is_nullable=True), "t.a may be null, wanted the opposite"),
        (altered("a", default="''"), "t.a has a default, wanted the opposite"),
        (altered("b", default=None), "t.b has no default, wanted the opposite"),
        (altered("id", is_generated=False), "t.id is not generated, wanted the opposite"),
        (found(columns=TABLE.columns[:2]), "t has no column 'b'"),
        (found(columns=(*TABLE.columns, Column("c", INT))), "t has a column too many: 'c'"),
        (found(key=("a",)), "t has the key a, wanted id"),
        (found(key=()), "t has the key none, wanted id"),
        (found(indexes=TABLE.indexes[1:]), "t has no index on a"),
        (found(indexes=TABLE.indexes[:1]), "t has no unique index on b"),
        (found(indexes=indexes(Index("x", ("a", "b")))), "t has an index too many: a, b"),
        (found(indexes=indexes(Index("t_a_b_fkey", ("a", "b")))), "t has an index too many: a, b"),
        (
            found(indexes=indexes(Index("x", ("a",), is_unique=True))),
            "t has a unique index too many: a",
        ),
        (found(foreign_keys=()), "t.b does not refer to u"),
        (
            found(foreign_keys=(ForeignKey(("b",), "u", ("id",), "cascade"),)),
            "t.b says on_delete cascade, wanted restrict",
        ),
        (
            found(foreign_keys=(*TABLE.foreign_keys, ForeignKey(("a",), "v", ("id",)))),
            "t.a refers to v, which is not wanted",
        ),
    ],
)
def test_a_difference_is_told_and_nothing_else(there: Table, told: str) -> None:
    assert drift([TABLE], [there]) == (told,)


def test_a_table_that_is_not_there_is_told() -> None:
    assert drift([TABLE], []) == ("t is not there",)


@pytest.mark.parametrize(
    "there",
    [
        TABLE,
        found(columns=TABLE.columns[::-1]),
        altered("b", default="(7)::bigint"),
        found(indexes=tuple(replace(index, name="else") for index in TABLE.indexes)),
        found(indexes=indexes(Index("b", ("b",)))),
    ],
)
def test_what_every_store_does_in_its_own_way_is_no_difference(there: Table) -> None:
    assert drift([TABLE], [there, Table("other", (), ())]) == ()


def test_bytes_may_have_lost_their_length() -> None:
    wanted = replace(TABLE, columns=(Column("id", StorageType(Kind.BYTES, length=9)),))
    there = replace(TABLE, columns=(Column("id", StorageType(Kind.BYTES)),))

    assert drift([wanted], [there]) == ()
    assert drift([there], [wanted]) == ("t.id is bytes(9), wanted bytes",)
