"""From one schema to another: the operations that lead there, in an order that every store takes.

Renames are no business of this module: a column that is gone is dropped, and a new one is added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
from ommi.schema.rekeying import with_new_key
from ommi.schema.snapshot import (
    Column,
    ForeignKey,
    Index,
    Table,
    in_dependency_order,
)
from ommi.schema.state import Schema, free_name, said_name

Place = tuple[str, str]
"""A table and a column."""


def changes(
    before: Schema,
    wanted: Sequence[Table],
    fills: Mapping[Place, object],
    rekeyed: Collection[str] = (),
) -> tuple[Operation, ...]:
    """Give what makes `before` into the wanted tables; nothing where it is that already.

    `fills` are stored forms for rows that are there, where a column of theirs comes anew without
    a default, or may be null no longer. `rekeyed` are the tables that are made anew for another
    key. Raises `MigrationError` for another key of a table that is not among them.
    """
    by_name = {table.name: table for table in wanted}
    kept = [
        _Kept(table, by_name[table.name], table.name in rekeyed)
        for table in before.tables
        if table.name in by_name
    ]
    for each in kept:
        each.check_key()
    made = [table for table in wanted if before.get(table.name) is None]
    gone = [table for table in before.tables if table.name not in by_name]
    moved = _Moved(
        frozenset(place for each in kept for place in each.retyped()), frozenset(rekeyed)
    )
    return (
        *_without_references(kept, gone, moved),
        *(operation for each in kept for operation in each.indexes_dropped()),
        *_created(made),
        *(operation for each in kept for operation in each.columns_added(fills)),
        *(operation for each in kept for operation in each.columns_altered(fills)),
        *(operation for each in kept for operation in each.made_anew()),
        *(operation for each in kept for operation in each.indexes_added()),
        *_with_references(kept, made, moved),
        *(operation for each in kept for operation in each.columns_dropped()),
        *(DropTable(table.name) for table in reversed(in_dependency_order(gone))),
    )


@dataclass(frozen=True, slots=True)
class _Moved:
    """What no foreign key may hold meanwhile: columns of another type, and whole tables."""

    places: frozenset[Place]
    tables: frozenset[str]

    def touches(self, table: str, key: ForeignKey) -> bool:
        ends = [(table, column) for column in key.columns]
        ends.extend((key.table, column) for column in key.target_columns)
        return not (self.places.isdisjoint(ends) and self.tables.isdisjoint((table, key.table)))


@dataclass(frozen=True, slots=True)
class _Kept:
    """A table that stays, as it is and as it is to be; perhaps made anew, for another key."""

    old: Table
    new: Table
    is_rekeyed: bool

    def check_key(self) -> None:
        if set(self.old.key) == set(self.new.key) or self.is_rekeyed:
            return
        raise MigrationError(
            f"the key of {self.old.name} changed from {', '.join(self.old.key)} to "
            f"{', '.join(self.new.key)}, by which rows elsewhere refer to its own: say --new-key "
            f"{self.old.name} for a new table that gets the rows and takes its name, and look at "
            'what refers to it ("Another key" in docs/command.md)'
        )

    def columns_added(self, fills: Mapping[Place, object]) -> Iterator[Operation]:
        there = {column.name for column in self.old.columns}
        for column in self.new.columns:
            # Only a key counts, so such a column comes with the new table.
            if column.name not in there and not (self.is_rekeyed and column.is_generated):
                yield AddColumn(self.new.name, column, fills.get((self.new.name, column.name)))

    def columns_altered(self, fills: Mapping[Place, object]) -> Iterator[Operation]:
        for old, new in self._columns():
            if _said(old) != _said(new):
                is_filled = old.is_nullable and not new.is_nullable
                fill = fills.get((self.new.name, new.name)) if is_filled else None
                yield AlterColumn(self.new.name, replace(new, id=old.id), fill=fill)

    def made_anew(self) -> Iterator[Operation]:
        if not self.is_rekeyed:
            return
        there = {column.name for column in self.old.columns}
        added = (c for c in self.new.columns if c.name not in there and not c.is_generated)
        yield from with_new_key(replace(self.old, columns=(*self.old.columns, *added)), self.new)

    def columns_dropped(self) -> Iterator[Operation]:
        if self.is_rekeyed:
            return
        wanted = {column.name for column in self.new.columns}
        for column in self.old.columns:
            if column.name not in wanted:
                yield DropColumn(self.new.name, column.name)

    def retyped(self) -> Iterator[Place]:
        """Give the columns that get another type."""
        for old, new in self._columns():
            if old.storage != new.storage:
                yield self.new.name, new.name

    def keeps(self, key: ForeignKey, moved: _Moved) -> bool:
        """Tell whether a foreign key stays as it is, and where it is."""
        return key in self.new.foreign_keys and not moved.touches(self.old.name, key)

    def indexes_dropped(self) -> Iterator[Operation]:
        if self.is_rekeyed:
            return
        wanted = set(map(_of_what, self.new.indexes))
        for index in self.old.indexes:
            if _of_what(index) not in wanted:
                yield DropIndex(self.new.name, index.name)

    def indexes_added(self) -> Iterator[Operation]:
        if self.is_rekeyed:
            return
        there = set(map(_of_what, self.old.indexes))
        for index in self.new.indexes:
            if _of_what(index) not in there:
                yield AddIndex(self.new.name, index)

    def _columns(self) -> Iterator[tuple[Column, Column]]:
        there = {column.name: column for column in self.old.columns}
        for new in self.new.columns:
            if new.name in there:
                yield there[new.name], self._in_place(there[new.name], new)

    def _in_place(self, old: Column, new: Column) -> Column:
        """Give what a column becomes before its table is made anew, which does the rest."""
        if not self.is_rekeyed:
            return new
        is_nullable = old.is_nullable and new.is_nullable
        return replace(
            new, is_nullable=is_nullable, is_generated=old.is_generated, default=old.default
        )


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
    kept: Iterable[_Kept], gone: Sequence[Table], moved: _Moved
) -> Iterator[Operation]:
    """Drop references that are gone, in the way of a type, or in a circle of dropped tables."""
    for each in kept:
        for key in each.old.foreign_keys:
            if not each.keeps(key, moved):
                yield _drop(each.old, key)
    left = {table.name for table in gone}
    for table in reversed(in_dependency_order(gone)):
        # In this order each goes after those that refer to it, but for circles.
        left.discard(table.name)
        for other in gone:
            if other.name in left:
                yield from (_drop(other, k) for k in other.foreign_keys if k.table == table.name)


def _with_references(
    kept: Iterable[_Kept], made: Sequence[Table], moved: _Moved
) -> Iterator[Operation]:
    for each in kept:
        stay = tuple(key for key in each.old.foreign_keys if each.keeps(key, moved))
        table = replace(each.old, foreign_keys=stay)
        for key in each.new.foreign_keys:
            if key not in stay:
                named = free_name(table, key)
                table = replace(table, foreign_keys=(*table.foreign_keys, named))
                yield AddConstraint(table.name, named)
    late = {table.name for table in made}
    for table in in_dependency_order(made):
        late.discard(table.name)
        for key in table.foreign_keys:
            if key.table in late:
                yield AddConstraint(table.name, key)


def _drop(table: Table, key: ForeignKey) -> Operation:
    return DropConstraint(table.name, said_name(table, key))
