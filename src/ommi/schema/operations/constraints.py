"""Constraints that are added, removed, and looked after later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

from ommi.errors import MigrationError
from ommi.schema.operations.indexes import AddIndex
from ommi.schema.snapshot import Check, ForeignKey, Index, Table, foreign_key_name
from ommi.schema.state import Schema, column_of, foreign_key_of

Constraint: TypeAlias = Index | Check | ForeignKey
"""A unique constraint is a unique index, here as in the stores."""


@dataclass(frozen=True, slots=True)
class AddConstraint:
    """Add a unique constraint (a unique `Index`), a `Check` or a `ForeignKey`.

    With `is_validated` false, rows that are there are not looked at where the store can leave
    that for later (`ValidateConstraint`); other stores look at once.
    """

    kind: ClassVar[str] = "add_constraint"
    table: str
    constraint: Constraint
    is_validated: bool = True

    @property
    def tables(self) -> tuple[str, ...]:
        target = self.constraint.table if isinstance(self.constraint, ForeignKey) else self.table
        return tuple(dict.fromkeys((self.table, target)))

    @property
    def name(self) -> str:
        """What the constraint is called."""
        if isinstance(self.constraint, ForeignKey):
            return foreign_key_name(self.table, self.constraint)
        return self.constraint.name

    def apply(self, before: Schema) -> Schema:
        found = before.table(self.table)
        match self.constraint:
            case Index() as index:
                return AddIndex(self.table, replace(index, is_unique=True)).apply(before)
            case Check() as check:
                if any(each.name == check.name for each in found.checks):
                    raise MigrationError(f"{self.table} has a check {check.name!r} already")
                changed = replace(found, checks=(*found.checks, check))
            case ForeignKey() as key:
                for name in key.columns:
                    column_of(found, name)
                for name in key.target_columns:
                    column_of(before.table(key.table), name)
                if foreign_key_of(found, self.name) is not None:
                    raise MigrationError(f"{self.table} has a foreign key {self.name!r} already")
                changed = replace(found, foreign_keys=(*found.foreign_keys, key))
        return before.changing(self.table, lambda _: changed)

    def reverse(self, before: Schema) -> DropConstraint:
        del before
        return DropConstraint(self.table, self.name)

    def __str__(self) -> str:
        return f"add constraint {self.name} on {self.table}"


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """Remove the unique constraint, check or foreign key of that name."""

    kind: ClassVar[str] = "drop_constraint"
    table: str
    name: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def get(self, before: Schema) -> Constraint | None:
        """Give the constraint that is meant, or `None` where there is none."""
        table = before.table(self.table)
        named: list[Constraint] = [i for i in table.indexes if i.is_unique and i.name == self.name]
        named.extend(check for check in table.checks if check.name == self.name)
        key = foreign_key_of(table, self.name)
        if key is not None:
            named.append(key)
        return named[0] if named else None

    def found(self, before: Schema) -> Constraint:
        """Give the constraint that is meant."""
        found = self.get(before)
        if found is None:
            raise MigrationError(f"{self.table} has no constraint {self.name!r}")
        return found

    def apply(self, before: Schema) -> Schema:
        gone = self.found(before)

        def drop(table: Table) -> Table:
            return replace(
                table,
                indexes=tuple(each for each in table.indexes if each is not gone),
                checks=tuple(each for each in table.checks if each is not gone),
                foreign_keys=tuple(each for each in table.foreign_keys if each is not gone),
            )

        return before.changing(self.table, drop)

    def reverse(self, before: Schema) -> AddConstraint:
        return AddConstraint(self.table, self.found(before))

    def __str__(self) -> str:
        return f"drop constraint {self.name} on {self.table}"


@dataclass(frozen=True, slots=True)
class ValidateConstraint:
    """Look at the rows that a constraint was added without looking at; `PostgreSQL` alone can."""

    kind: ClassVar[str] = "validate_constraint"
    table: str
    name: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        DropConstraint(self.table, self.name).found(before)
        return before

    def reverse(self, before: Schema) -> None:
        del before

    def __str__(self) -> str:
        return f"validate constraint {self.name} on {self.table}"
