"""Whether a change is there already: what a run that was interrupted has to ask."""

from __future__ import annotations

from ommi.errors import MigrationError
from ommi.schema.diff import differences, holds
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
from ommi.schema.state import Schema


def is_done(operation: Operation, found: Schema) -> bool:  # noqa: C901 - a case an operation
    """Tell whether tables show that an operation was done; false where they cannot show it."""
    match operation:
        case CreateTable(table):
            there = found.get(table.name)
            return there is not None and not differences(table, there)
        case DropTable(name):
            return found.get(name) is None
        case RenameTable(old, new):
            return found.get(old) is None and found.get(new) is not None
        case AddColumn(table, column):
            # One of that name and another type is somebody else's.
            columns = found.table(table).columns
            return any(each.name == column.name and holds(each, column) for each in columns)
        case DropColumn(table, name):
            return not _has_column(found, table, name)
        case RenameColumn(table, old, new):
            return _has_column(found, table, new) and not _has_column(found, table, old)
        case AddIndex(table, index):
            return _has_index(found, table, index.name)
        case DropIndex(table, name):
            return not _has_index(found, table, name)
        case AddConstraint(table):
            return _has_constraint(found, table, operation.name)
        case DropConstraint(table, name):
            return not _has_constraint(found, table, name)
        case _:
            return False


def _has_column(found: Schema, table: str, name: str) -> bool:
    return any(column.name == name for column in found.table(table).columns)


def _has_index(found: Schema, table: str, name: str) -> bool:
    return any(index.name == name for index in found.table(table).indexes)


def _has_constraint(found: Schema, table: str, name: str) -> bool:
    try:
        DropConstraint(table, name).found(found)
    except MigrationError:
        return False
    return True
