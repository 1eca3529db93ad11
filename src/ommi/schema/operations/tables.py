"""Tables that are made, dropped and renamed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ommi.schema.snapshot import Table
from ommi.schema.state import Schema, with_table_renamed


@dataclass(frozen=True, slots=True)
class CreateTable:
    """Make a table with its indexes and foreign keys."""

    kind: ClassVar[str] = "create_table"
    table: Table

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table.name, *dict.fromkeys(key.table for key in self.table.foreign_keys))

    def apply(self, before: Schema) -> Schema:
        for key in self.table.foreign_keys:
            if key.table != self.table.name:
                before.table(key.table)
        return before.adding(self.table)

    def reverse(self, before: Schema) -> DropTable:
        del before
        return DropTable(self.table.name)

    def __str__(self) -> str:
        return f"create table {self.table.name}"


@dataclass(frozen=True, slots=True)
class DropTable:
    """Remove a table with everything in it; one that others refer to is refused."""

    kind: ClassVar[str] = "drop_table"
    name: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.name,)

    def apply(self, before: Schema) -> Schema:
        return before.without(self.name)

    def reverse(self, before: Schema) -> CreateTable:
        return CreateTable(before.table(self.name))

    def __str__(self) -> str:
        return f"drop table {self.name}"


@dataclass(frozen=True, slots=True)
class RenameTable:
    """Rename a table; indexes that are named for it are renamed with it."""

    kind: ClassVar[str] = "rename_table"
    old: str
    new: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.old, self.new)

    def apply(self, before: Schema) -> Schema:
        return with_table_renamed(before, self.old, self.new)

    def reverse(self, before: Schema) -> RenameTable:
        del before
        return RenameTable(self.new, self.old)

    def __str__(self) -> str:
        return f"rename table {self.old} to {self.new}"
