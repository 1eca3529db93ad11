"""Any operation, and many in a row: where they lead, and what undoes them."""

from __future__ import annotations

from typing import TypeAlias

from ommi.schema.operations.columns import AddColumn, AlterColumn, DropColumn, RenameColumn
from ommi.schema.operations.constraints import AddConstraint, DropConstraint, ValidateConstraint
from ommi.schema.operations.indexes import AddIndex, DropIndex
from ommi.schema.operations.steps import Backfill, Execute, HandWritten, Nothing
from ommi.schema.operations.tables import CreateTable, DropTable, RenameTable
from ommi.schema.state import Schema

Operation: TypeAlias = (
    CreateTable
    | DropTable
    | RenameTable
    | AddColumn
    | DropColumn
    | AlterColumn
    | RenameColumn
    | AddIndex
    | DropIndex
    | AddConstraint
    | DropConstraint
    | ValidateConstraint
    | Execute
    | Backfill
    | HandWritten
    | Nothing
)


def replayed(operations: tuple[Operation, ...], before: Schema | None = None) -> Schema:
    """Give the schema that operations lead to, from an empty one or from `before`."""
    schema = Schema() if before is None else before
    for operation in operations:
        schema = operation.apply(schema)
    return schema


def reversed_operations(
    operations: tuple[Operation, ...], before: Schema
) -> tuple[Operation | None, ...]:
    """Give what undoes operations, the last one first; `None` for one that nothing undoes."""
    undone: list[Operation | None] = []
    for operation in operations:
        undone.append(operation.reverse(before))
        before = operation.apply(before)
    return tuple(reversed(undone))
