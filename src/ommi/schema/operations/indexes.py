"""Indexes that are made and removed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ommi.errors import MigrationError
from ommi.schema.snapshot import Index, Table
from ommi.schema.state import Schema, column_of, index_of


@dataclass(frozen=True, slots=True)
class AddIndex:
    """Make an index. `is_concurrent` keeps writers going where the store knows how.

    Such an index is made outside the transaction of the migration.
    """

    kind: ClassVar[str] = "add_index"
    table: str
    index: Index
    is_concurrent: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        for name in self.index.columns:
            column_of(before.table(self.table), name)
        for table in before.tables:
            if any(index.name == self.index.name for index in table.indexes):
                raise MigrationError(f"{table.name} has an index {self.index.name!r} already")
        return before.changing(
            self.table, lambda table: replace(table, indexes=(*table.indexes, self.index))
        )

    def reverse(self, before: Schema) -> DropIndex:
        del before
        return DropIndex(self.table, self.index.name, self.is_concurrent)

    def __str__(self) -> str:
        return f"add index {self.index.name} on {self.table}"


@dataclass(frozen=True, slots=True)
class DropIndex:
    """Remove an index."""

    kind: ClassVar[str] = "drop_index"
    table: str
    name: str
    is_concurrent: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        index_of(before.table(self.table), self.name)

        def drop(table: Table) -> Table:
            return replace(table, indexes=tuple(i for i in table.indexes if i.name != self.name))

        return before.changing(self.table, drop)

    def reverse(self, before: Schema) -> AddIndex:
        index = index_of(before.table(self.table), self.name)
        return AddIndex(self.table, index, self.is_concurrent)

    def __str__(self) -> str:
        return f"drop index {self.name} on {self.table}"
