"""The imperative door: what migrations ask for, one method an operation."""

from __future__ import annotations

from ommi.database import Ommi
from ommi.migrations.migration import Migration
from ommi.schema.operations import Operation


class SchemaManager:
    """Migrates a database, and is what `up` and `down` of a migration get."""

    def __init__(self, db: Ommi) -> None: ...

    async def run(self, operation: Operation) -> None:
        """Do what an operation says, as one step."""
        raise NotImplementedError

    async def run_reversed(self, migration: Migration) -> None:
        """Undo the operations of a migration."""
        raise NotImplementedError
