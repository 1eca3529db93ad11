"""The imperative door: what migrations ask for, one method an operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from ommi.database import Ommi
from ommi.errors import MigrationError
from ommi.metadata.field_rules import field_metadata
from ommi.metadata.libraries.protocol import DeclaredField
from ommi.metadata.model import metadata_of
from ommi.migrations.lock import WAIT_SECONDS, locked
from ommi.migrations.migration import Migration
from ommi.migrations.models import lasting_table_of
from ommi.migrations.plan import Plan, Report
from ommi.migrations.resolution import Resolved, undoing
from ommi.migrations.session import SessionDatabase, session_of
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Backfill,
    Constraint,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Execute,
    HandWritten,
    Operation,
    RenameColumn,
    RenameTable,
    Sql,
)
from ommi.schema.snapshot import Column, Index, column_for, index_name

if TYPE_CHECKING:
    from ommi.migrations.migrator import Migrator
    from ommi.migrations.run import Run

Named = type | str
"""A model, or the name of a table."""
Said = str | Mapping[str, str]
"""SQL, or SQL by the store's name in lower case; `*` is for every other."""
Step = Callable[["SchemaManager"], Awaitable[None]]


class SchemaManager:
    """Migrates a database, and is what `up` and `down` of a migration get.

    There, each of its methods is a step: done once, and passed over when the migration goes on
    after a crash. Elsewhere, it changes the schema by itself. What has no meaning on the tables
    that are there raises `MigrationError`, and what the store refuses its own error.
    """

    def __init__(self, db: Ommi) -> None:
        self._db = db
        self._migrations: list[Migration] = []
        self._run: Run | None = None
        self._found: Resolved | None = None

    @classmethod
    def within(cls, db: SessionDatabase, found: Resolved, run: Run) -> Self:
        """Give what a migration gets that is being run."""
        made = cls(db)
        made._run, made._found = run, found
        return made

    @property
    def db(self) -> Ommi:
        """The database; inside a migration, what it asks and writes is part of the migration."""
        return self._db

    def add_migration(self, migration: Migration) -> None:
        """Register a migration; versions are sorted with their numbers as numbers."""
        self._migrations.append(migration)

    async def migrate_up(
        self, target_version: str | None = None, *, report: Report | None = None
    ) -> Plan:
        """Apply migrations up to and with a version, or all; give what was run.

        Raises `MigrationError`.
        """
        return await self._migrator().apply(target_version, report=report)

    async def migrate_down(self, target_version: str, *, report: Report | None = None) -> Plan:
        """Undo migrations after a version, which itself stays; `"zero"` undoes all of them.

        Raises `MigrationError`.
        """
        return await self._migrator().rollback(target_version, report=report)

    def _migrator(self) -> Migrator:
        if self._run is not None:
            raise MigrationError("a migration cannot migrate")
        # Each makes the other: the migrator gives a manager to every migration that it runs.
        from ommi.migrations.migrator import Migrator

        return Migrator(self._db, self._migrations)

    async def create_table(self, model: Named | CreateTable) -> None:
        """Make the table that a model wants now; a migration that is kept says it as data."""
        if isinstance(model, str):
            raise MigrationError("create_table() wants a model; a name says no columns")
        await self.run(
            CreateTable(lasting_table_of(metadata_of(model))) if isinstance(model, type) else model
        )

    async def drop_table(self, model: Named) -> None:
        """Remove a table with everything in it."""
        await self.run(DropTable(_table(model)))

    async def rename_table(self, old: Named, new: str) -> None:
        """Rename a table."""
        await self.run(RenameTable(_table(old), new))

    async def add_column(
        self, model: Named, column_name: str, column_type: object, *, default: object = None
    ) -> None:
        """Add a column of an annotation, which may be `Annotated`.

        Rows that are there get `default`, a value of the annotation; one that may not be null
        needs that on a table with rows. A default of the store is `Default(sql)` in the
        annotation.
        """
        column, fill = _column(model, column_name, column_type, default)
        await self.run(AddColumn(_table(model), column, fill))

    async def drop_column(self, model: Named, column_name: str) -> None:
        """Remove a column with its values."""
        await self.run(DropColumn(_table(model), column_name))

    async def rename_column(self, model: Named, old: str, new: str) -> None:
        """Rename a column."""
        await self.run(RenameColumn(_table(model), old, new))

    async def alter_column(
        self,
        model: Named,
        column_name: str,
        column_type: object,
        *,
        default: object = None,
        using: Said | None = None,
    ) -> None:
        """Give a column the type of another annotation.

        `default` takes the place of null where that is no longer allowed; `using` is the SQL
        expression for the new values, where the store's own conversion is not meant.
        """
        column, fill = _column(model, column_name, column_type, default)
        said = None if using is None else Sql.of(using)
        await self.run(AlterColumn(_table(model), column, said, fill))

    async def add_index(
        self,
        model: Named,
        *columns: str,
        name: str | None = None,
        unique: bool = False,
        concurrently: bool = False,
    ) -> None:
        """Make an index of columns; `concurrently` lets others write meanwhile (PostgreSQL)."""
        table = _table(model)
        index = Index(name or index_name(table, columns, is_unique=unique), columns, unique)
        await self.run(AddIndex(table, index, concurrently))

    async def drop_index(
        self, model: Named, *columns: str, name: str | None = None, unique: bool = False
    ) -> None:
        """Remove the index of columns, or of a name."""
        table = _table(model)
        await self.run(DropIndex(table, name or index_name(table, columns, is_unique=unique)))

    async def add_constraint(self, model: Named, constraint: Constraint) -> None:
        """Add a `Check`, a `ForeignKey`, or a unique `Index` (all of `ommi.migrations`)."""
        await self.run(AddConstraint(_table(model), constraint))

    async def drop_constraint(self, model: Named, name: str) -> None:
        """Remove a constraint."""
        await self.run(DropConstraint(_table(model), name))

    async def execute(self, sql: Said) -> None:
        """Run SQL as it is written. On MariaDB and MySQL, what defines tables may run twice."""
        await self.run(Execute(Sql.of(sql)))

    async def backfill(
        self,
        model: Named,
        values: Mapping[str, Said],
        *,
        where: Said | None = None,
        size: int = 1000,
    ) -> None:
        """Set columns of the rows that are there to SQL expressions, `size` rows at a time.

        Each batch is committed, and one that was interrupted goes on where it was.
        """
        named = tuple((column, Sql.of(said)) for column, said in values.items())
        condition = None if where is None else Sql.of(where)
        await self.run(Backfill(_table(model), named, condition, size))

    async def step(self, name: str, function: Step) -> None:
        """Await a function with this manager as one step, all of it or nothing.

        On MariaDB and MySQL it is all or nothing as far as it changes rows, not tables.
        """
        await self.run(HandWritten(name, function))

    async def run(self, operation: Operation) -> None:
        """Do what an operation says, as one step."""
        if self._run is not None:
            await self._run.step(operation)
            return
        async with session_of(self._db) as db, locked(db, WAIT_SECONDS):
            if isinstance(operation, Backfill | HandWritten):
                raise MigrationError(f"{operation} is for migrations, which can go on with it")
            await db.change(operation)

    async def run_reversed(self, migration: Migration) -> None:
        """Undo the operations of a migration, the last first."""
        if self._found is None:
            raise MigrationError("what undoes a migration is known while it is run only")
        for operation in undoing(self._found, migration):
            await self.run(operation)


def _table(model: Named) -> str:
    return model if isinstance(model, str) else metadata_of(model).table


def _column(model: Named, name: str, annotation: object, default: object) -> tuple[Column, object]:
    """Give the column of an annotation, and the stored form of a default."""
    field = field_metadata(_table(model), DeclaredField(name, annotation))
    fill = None if default is None else field.dump(default)
    column = column_for(field)
    return replace(column, id=column.name), fill
