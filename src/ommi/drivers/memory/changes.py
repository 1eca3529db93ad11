"""Operations on a schema, done to tables in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ommi.drivers.memory.tables import Row, Tables
from ommi.errors import MigrationError
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    CreateTable,
    DropColumn,
    DropTable,
    Execute,
    HandWritten,
    Nothing,
    Operation,
    RenameColumn,
    RenameTable,
)
from ommi.schema.snapshot import Check
from ommi.schema.state import Schema, column_of


def change_schema(tables: Tables, operation: Operation) -> None:
    """Do what an operation says; what is said in SQL is a `MigrationError`."""
    before = Schema.of(tables.schemas)
    match operation:
        case Execute() | AddConstraint(_, Check()):
            raise MigrationError(f"{operation} is SQL, which is nothing to a store in memory")
        case CreateTable():
            operation.apply(before)
            tables.create(operation.table)
        case DropTable():
            operation.apply(before)
            tables.drop(operation.name)
        case HandWritten() | Nothing():
            return
        case RenameTable(old, new):
            after = operation.apply(before)
            tables.change(old, after.tables, after.table(new), lambda row: row)
        case _:
            after = operation.apply(before)
            name = operation.table
            tables.change(name, after.tables, after.table(name), _row_change(operation, before))


def _row_change(operation: Operation, before: Schema) -> Callable[[Row], Row]:
    match operation:
        case AddColumn(_, column, fill):
            return lambda row: {**row, column.name: fill}
        case DropColumn(_, name):
            return lambda row: {column: row[column] for column in row if column != name}
        case RenameColumn(_, old, new):
            return lambda row: {new if column == old else column: row[column] for column in row}
        case AlterColumn(table, column, using, fill):
            old_storage = column_of(before.table(table), column.name).storage
            is_of_kind = (
                old_storage is not None
                and column.storage is not None
                and replace(old_storage, length=None) == replace(column.storage, length=None)
            )
            if using is not None or not is_of_kind:
                raise MigrationError(
                    f"{operation}: a store in memory makes no other kind of value"
                )
            if fill is None or column.is_nullable:
                return lambda row: row
            return lambda row: row if row[column.name] is not None else {**row, column.name: fill}
        case _:
            return lambda row: row
