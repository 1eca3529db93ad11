"""Columns that are added, dropped, altered and renamed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ommi.errors import MigrationError
from ommi.schema.operations.sql import Sql
from ommi.schema.snapshot import Column, Table, foreign_key_name
from ommi.schema.state import Schema, column_of, with_column_renamed


@dataclass(frozen=True, slots=True)
class AddColumn:
    """Add a column. `fill` is what rows that are there get, as a stored form; `None` is null.

    `fill` is no default: the column has one only where `column.default` says so.
    """

    kind: ClassVar[str] = "add_column"
    table: str
    column: Column
    fill: object = None

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        def add(table: Table) -> Table:
            if any(column.name == self.column.name for column in table.columns):
                raise MigrationError(f"{self.table} has a column {self.column.name!r} already")
            return replace(table, columns=(*table.columns, self.column))

        return before.changing(self.table, add)

    def reverse(self, before: Schema) -> DropColumn:
        del before
        return DropColumn(self.table, self.column.name, self.fill)

    def __str__(self) -> str:
        return f"add column {self.table}.{self.column.name}"


@dataclass(frozen=True, slots=True)
class DropColumn:
    """Remove a column with its values, and the indexes, foreign keys and checks of it alone.

    Its reverse brings it back with `refill` in every row, a stored form; without one it is null,
    so that one that may not be null cannot come back to a filled table.
    """

    kind: ClassVar[str] = "drop_column"
    table: str
    name: str
    refill: object = None

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        found = before.table(self.table)
        column_of(found, self.name)
        self._refuse_shared(before, found)

        def drop(table: Table) -> Table:
            return replace(
                table,
                columns=tuple(c for c in table.columns if c.name != self.name),
                indexes=tuple(i for i in table.indexes if self.name not in i.columns),
                foreign_keys=tuple(f for f in table.foreign_keys if self.name not in f.columns),
            )

        return before.changing(self.table, drop)

    def _refuse_shared(self, before: Schema, table: Table) -> None:
        if self.name in table.key:
            raise MigrationError(f"{self.table}.{self.name} is part of the key and must stay")
        for index in table.indexes:
            if self.name in index.columns and len(index.columns) > 1:
                raise MigrationError(
                    f"the index {index.name!r} is of {self.name!r} and others; drop it before"
                )
        for other in before.tables:
            for key in other.foreign_keys:
                if key.table == self.table and self.name in key.target_columns:
                    raise MigrationError(
                        f"{other.name} refers to {self.table}.{self.name}; drop its foreign key "
                        f"{foreign_key_name(other.name, key)!r} before"
                    )

    def reverse(self, before: Schema) -> AddColumn:
        return AddColumn(self.table, column_of(before.table(self.table), self.name), self.refill)

    def __str__(self) -> str:
        return f"drop column {self.table}.{self.name}"


@dataclass(frozen=True, slots=True)
class AlterColumn:
    """Give the column of that name another type, nullability, default or choices.

    `using` says how values become the new ones, an SQL expression; else the store casts them, and
    refuses those that do not fit. `fill` takes the place of null where null is no longer allowed.
    """

    kind: ClassVar[str] = "alter_column"
    table: str
    column: Column
    using: Sql | None = None
    fill: object = None

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        old = column_of(before.table(self.table), self.column.name)
        new = replace(self.column, id=self.column.id or old.id)

        def alter(table: Table) -> Table:
            columns = tuple(new if c.name == new.name else c for c in table.columns)
            return replace(table, columns=columns)

        return before.changing(self.table, alter)

    def reverse(self, before: Schema) -> AlterColumn:
        return AlterColumn(self.table, column_of(before.table(self.table), self.column.name))

    def changes(self, old: Column) -> bool:
        """Tell whether a store has anything to do; choices are known to migrations alone."""
        new = self.column
        return self.using is not None or (
            (old.storage, old.is_nullable, old.is_generated, old.default)
            != (new.storage, new.is_nullable, new.is_generated, new.default)
        )

    def __str__(self) -> str:
        return f"alter column {self.table}.{self.column.name}"


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """Rename a column; it keeps its id, and indexes that are named for it are renamed with it."""

    kind: ClassVar[str] = "rename_column"
    table: str
    old: str
    new: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        return with_column_renamed(before, self.table, self.old, self.new)

    def reverse(self, before: Schema) -> RenameColumn:
        del before
        return RenameColumn(self.table, self.new, self.old)

    def __str__(self) -> str:
        return f"rename column {self.table}.{self.old} to {self.new}"
