"""Changes of a schema as data: what a migration is made of.

Every operation is a frozen value that says what to change, the same for every store.
`apply(before)` replays it on a `Schema`; what has no meaning there is a `MigrationError`.
`reverse(before)` gives the operation that undoes it, made of what was there before, or `None`
where nothing does: data that was dropped comes back empty, and SQL is undone by SQL only.
`tables` are the names of the tables that it looks at, and `str(operation)` says it in words.
"""

from __future__ import annotations

from ommi.schema.operations.columns import AddColumn, AlterColumn, DropColumn, RenameColumn
from ommi.schema.operations.constraints import (
    AddConstraint,
    Constraint,
    DropConstraint,
    ValidateConstraint,
)
from ommi.schema.operations.indexes import AddIndex, DropIndex
from ommi.schema.operations.replaying import Operation, replayed, reversed_operations
from ommi.schema.operations.sql import EVERY_STORE, Sql
from ommi.schema.operations.steps import Backfill, Execute, HandWritten, Nothing
from ommi.schema.operations.tables import CreateTable, DropTable, RenameTable

__all__ = [
    "EVERY_STORE",
    "AddColumn",
    "AddConstraint",
    "AddIndex",
    "AlterColumn",
    "Backfill",
    "Constraint",
    "CreateTable",
    "DropColumn",
    "DropConstraint",
    "DropIndex",
    "DropTable",
    "Execute",
    "HandWritten",
    "Nothing",
    "Operation",
    "RenameColumn",
    "RenameTable",
    "Sql",
    "ValidateConstraint",
    "replayed",
    "reversed_operations",
]
