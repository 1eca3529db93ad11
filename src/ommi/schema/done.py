"""Whether a change is there already: what a run that was interrupted has to ask.

What was there before the step began was refused then, so what has its name is the step's own,
unless it was made by hand meanwhile; what can be compared must therefore be what the step makes.
"""

from __future__ import annotations

from ommi.schema.diff import holds
from ommi.schema.drift import drift
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
)
from ommi.schema.snapshot import Column, ForeignKey, Index
from ommi.schema.state import Schema


def is_done(operation: Operation, found: Schema) -> bool:  # noqa: C901 - a case an operation
    """Tell whether tables show that an operation was done; false where they cannot show it."""
    match operation:
        case CreateTable(table):
            there = found.get(table.name)
            return there is not None and not drift((table,), (there,))
        case DropTable(name):
            return found.get(name) is None
        case RenameTable(old, new):
            return found.get(old) is None and found.get(new) is not None
        case AddColumn(table, column):
            return _has_column_like(found, table, column)
        case DropColumn(table, name):
            return not _has_column(found, table, name)
        case RenameColumn(table, old, new):
            return _has_column(found, table, new) and not _has_column(found, table, old)
        case AddIndex(table, index):
            return index in found.table(table).indexes
        case DropIndex(table, name):
            return not any(index.name == name for index in found.table(table).indexes)
        case AddConstraint(table):
            return _has_constraint(found, operation)
        case DropConstraint(table, name):
            return DropConstraint(table, name).get(found) is None
        case _:
            return False


def _has_column(found: Schema, table: str, name: str) -> bool:
    return any(column.name == name for column in found.table(table).columns)


def _has_column_like(found: Schema, table: str, wanted: Column) -> bool:
    return any(
        column.name == wanted.name
        and column.is_nullable == wanted.is_nullable
        and holds(column, wanted)
        for column in found.table(table).columns
    )


def _has_constraint(found: Schema, operation: AddConstraint) -> bool:
    there = DropConstraint(operation.table, operation.name).get(found)
    match operation.constraint:
        case Index(_, columns):
            return isinstance(there, Index) and there.columns == columns
        case ForeignKey() as wanted:
            return there == wanted
        case _:
            # Every store words a condition in its own way, so the name is all there is.
            return there is not None
