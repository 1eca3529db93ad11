"""From one schema to another: the operations that lead there, in an order that every store takes.

Renames are no business of this module: a column that is gone is dropped, and a new one is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ommi.errors import MigrationError
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Operation,
)
from ommi.schema.snapshot import (
    Column,
    ForeignKey,
    Index,
    Table,
    foreign_key_name,
    in_dependency_order,
)
from ommi.schema.state import Schema

Place = tuple[str, str]
"""A table and a column."""


def changes(
    before: Schema, wanted: Sequence[Table], fills: Mapping[Place, object]
) -> tuple[Operation, ...]:
    """Give what makes `before` into the wanted tables; nothing where it is that already.

    `fills` are stored forms for rows that are there, where a column of theirs comes anew without
    a default, or may be null no longer. Raises `MigrationError` for another key, which no
    operation can give.
    """
    by_name = {table.name: table for table in wanted}
    kept = [_Kept(table, by_name[table.name]) for table in before.tables if table.name in by_name]
    for each in kept:
        each.check_key()
    made = [table for table in wanted if before.get(table.name) is None]
    gone = [table for table in before.tables if table.name not in by_name]
    retyped = frozenset(place for each in kept for place in each.retyped())
    return (
        *_without_references(kept, gone, retyped),
        *(operation for each in kept for operation in each.indexes_dropped()),
        *_created(made),
        *(operation for each in kept for operation in each.columns_added(fills)),
        *(operation for each in kept for operation in each.columns_altered(fills)),
        *(operation for each in kept for operation in each.indexes_added()),
        *_with_references(kept, made, retyped),
        *(operation for each in kept for operation in each.columns_dropped()),
        *(DropTable(table.name) for table in reversed(in_dependency_order(gone))),
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """A table that stays, as it is and as it is to be."""

    old: Table
    new: Table

    def check_key(self) -> None:
        if set(self.old.key) != set(self.new.key):
            raise MigrationError(
                f"the key of {self.old.name} changed from {', '.join(self.old.key)} to "
                f"{', '.join(self.new.key)}; no operation changes a key, since rows elsewhere "
                "refer by it: make a new table, copy the rows, and drop the old one"
            )

    def columns_added(self, fills: Mapping[Place, object]) -> Iterator[Operation]:
        there = {column.name for column in self.old.columns}
        for column in self.new.columns:
            if column.name not in there:
                yield AddColumn(self.new.name, column, fills.get((self.new.name, column.name)))

    def columns_altered(self, fills: Mapping[Place, object]) -> Iterator[Operation]:
        for old, new in self._columns():
            if _said(old) != _said(new):
                is_filled = old.is_nullable and not new.is_nullable
                fill = fills.get((self.new.name, new.name)) if is_filled else None
                yield AlterColumn(self.new.name, replace(new, id=old.id), fill=fill)

    def columns_dropped(self) -> Iterator[Operation]:
        wanted = {column.name for column in self.new.columns}
        for column in self.old.columns:
            if column.name not in wanted:
                yield DropColumn(self.new.name, column.name)

    def retyped(self) -> Iterator[Place]:
        """Give the columns that get another type."""
        for old, new in self._columns():
            if old.storage != new.storage:
                yield self.new.name, new.name

    def indexes_dropped(self) -> Iterator[Operation]:
        wanted = set(map(_of_what, self.new.indexes))
        for index in self.old.indexes:
            if _of_what(index) not in wanted:
                yield DropIndex(self.new.name, index.name)

    def indexes_added(self) -> Iterator[Operation]:
        there = set(map(_of_what, self.old.indexes))
        for index in self.new.indexes:
            if _of_what(index) not in there:
                yield AddIndex(self.new.name, index)

    def _columns(self) -> Iterator[tuple[Column, Column]]:
        there = {column.name: column for column in self.old.columns}
        for new in self.new.columns:
            if new.name in there:
                yield there[new.name], new


def _of_what(index: Index) -> tuple[tuple[str, ...], bool]:
    """Give what of an index counts: somebody else may have named it."""
    return index.columns, index.is_unique


def _said(column: Column) -> tuple[object, ...]:
    """Give what of a column an operation can change."""
    return (
        column.storage,
        column.is_nullable,
        column.is_generated,
        column.default,
        column.choices,
    )


def _created(made: Sequence[Table]) -> Iterator[Operation]:
    """Make tables, each after those that it refers to; what closes a circle is added later."""
    late = {table.name for table in made}
    for table in in_dependency_order(made):
        late.discard(table.name)
        keys = tuple(key for key in table.foreign_keys if key.table not in late)
        yield CreateTable(replace(table, foreign_keys=keys))


def _without_references(
    kept: Iterable[_Kept], gone: Sequence[Table], retyped: frozenset[Place]
) -> Iterator[Operation]:
    """Drop references that are gone, in the way of a type, or in a circle of dropped tables."""
    for each in kept:
        for key in each.old.foreign_keys:
            if key not in each.new.foreign_keys or _touches(each.old.name, key, retyped):
                yield _drop(each.old, key)
    left = {table.name for table in gone}
    for table in reversed(in_dependency_order(gone)):
        # In this order each goes after those that refer to it, but for circles.
        left.discard(table.name)
        for other in gone:
            if other.name in left:
                yield from (_drop(other, k) for k in other.foreign_keys if k.table == table.name)


def _with_references(
    kept: Iterable[_Kept], made: Sequence[Table], retyped: frozenset[Place]
) -> Iterator[Operation]:
    for each in kept:
        for key in each.new.foreign_keys:
            if key not in each.old.foreign_keys or _touches(each.new.name, key, retyped):
                yield AddConstraint(each.new.name, key)
    late = {table.name for table in made}
    for table in in_dependency_order(made):
        late.discard(table.name)
        for key in table.foreign_keys:
            if key.table in late:
                yield AddConstraint(table.name, key)


def _touches(table: str, key: ForeignKey, places: frozenset[Place]) -> bool:
    ends = [(table, column) for column in key.columns]
    ends.extend((key.table, column) for column in key.target_columns)
    return not places.isdisjoint(ends)


def _drop(table: Table, key: ForeignKey) -> Operation:
    return DropConstraint(table.name, foreign_key_name(table.name, key))
