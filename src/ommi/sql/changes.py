"""Operations on a schema to SQL. A store's writer is a page of overrides of this."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from ommi.errors import MigrationError
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Backfill,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Execute,
    HandWritten,
    Nothing,
    Operation,
    RenameColumn,
    RenameTable,
    ValidateConstraint,
)
from ommi.schema.snapshot import Check, Column, ForeignKey, Index, Table, foreign_key_name
from ommi.schema.state import Schema, column_of, index_of
from ommi.sql import ddl
from ommi.sql.backfill import update_text
from ommi.sql.dialect import Dialect

D = TypeVar("D", bound=Dialect)


class SqlWriter(Generic[D]):
    """The defaults are PostgreSQL's, which are near to standard SQL."""

    def __init__(self, dialect: D) -> None:
        self.dialect: D = dialect

    def statements(self, operation: Operation, before: Schema) -> Sequence[str]:
        """Give the statements that do it to `before`, in order.

        Raises `MigrationError` for what has no meaning there.
        """
        operation.apply(before)  # raises; some stores would take a second one of a name
        return tuple(self._statements(operation, before))

    def _statements(  # noqa: C901, PLR0912 - a case an operation
        self, operation: Operation, before: Schema
    ) -> Iterator[str]:
        match operation:
            case CreateTable(table):
                yield from self.create_table(table)
            case DropTable(name):
                yield f"DROP TABLE {self.quote(name)}"
            case RenameTable():
                yield from self.rename_table(operation, before)
            case AddColumn():
                yield from self.add_column(operation, before)
            case DropColumn(table, name):
                column_of(before.table(table), name)
                yield from self.drop_column(before.table(table), name)
            case AlterColumn(table, column):
                old = column_of(before.table(table), column.name)
                if operation.changes(old):
                    yield from self.alter_column(operation, before.table(table), old)
            case RenameColumn():
                yield from self.rename_column(operation, before)
            case AddIndex(table, index):
                yield from self.add_index(before.table(table), index, operation.is_concurrent)
            case DropIndex(table, name):
                index = index_of(before.table(table), name)
                yield from self.drop_index(before.table(table), index, operation.is_concurrent)
            case AddConstraint(table):
                yield from self._add_constraint(operation, before.table(table))
            case DropConstraint(table):
                yield from self._drop_constraint(operation, before)
            case ValidateConstraint():
                yield from self.validate_constraint(operation, before)
            case Execute(sql):
                yield from sql.for_store(self.dialect.name)
            case Backfill(table):
                yield update_text(self.dialect, before.table(table), operation, None, None)[0]
            case HandWritten(name):
                raise MigrationError(f"the step {name!r} is written in Python, and is no SQL")
            case Nothing():
                return

    def _add_constraint(self, operation: AddConstraint, table: Table) -> Iterator[str]:
        match operation.constraint:
            case Index(name, columns):
                unique = Index(name, columns, is_unique=True)
                yield from self.add_index(table, unique, is_concurrent=False)
            case Check() as check:
                text = ddl.check_text(check, self.dialect)
                yield from self.add_check(table, check, self.validated(text, operation))
            case ForeignKey() as key:
                text = ddl.named_foreign_key_text(key, table.name, self.dialect)
                yield from self.add_foreign_key(table, key, self.validated(text, operation))

    def _drop_constraint(self, operation: DropConstraint, before: Schema) -> Iterator[str]:
        table = before.table(operation.table)
        match operation.found(before):
            case Index() as index:
                yield from self.drop_index(table, index, is_concurrent=False)
            case Check() as check:
                yield from self.drop_check(table, check)
            case ForeignKey() as key:
                yield from self.drop_foreign_key(table, key)

    def quote(self, name: str) -> str:
        """Quote a name."""
        return self.dialect.quote(name)

    def altering(self, table: str, *changes: str) -> str:
        """Give the statement that makes changes to a table."""
        return f"ALTER TABLE {self.quote(table)} {', '.join(changes)}"

    def create_table(self, table: Table) -> Iterator[str]:
        """Make a table."""
        yield from ddl.create_table(table, self.dialect)

    def rename_table(self, operation: RenameTable, before: Schema) -> Iterator[str]:
        """Rename a table, and the indexes that are named for it."""
        yield self.altering(operation.old, f"RENAME TO {self.quote(operation.new)}")
        yield from self.rename_indexes(
            before.table(operation.old), operation.apply(before).table(operation.new)
        )

    def add_column(self, operation: AddColumn, before: Schema) -> Iterator[str]:
        """Add a column, and fill it."""
        table, column = before.table(operation.table), operation.column
        if operation.fill is None:
            yield self.altering(table.name, f"ADD COLUMN {self.column(column, table)}")
            return
        filled = replace(column, default=self.value(operation.fill, column))
        yield self.altering(table.name, f"ADD COLUMN {self.column(filled, table)}")
        yield self.altering(table.name, self.default_change(column))

    def drop_column(self, table: Table, name: str) -> Iterator[str]:
        """Remove a column."""
        yield self.altering(table.name, f"DROP COLUMN {self.quote(name)}")

    def alter_column(self, operation: AlterColumn, table: Table, old: Column) -> Iterator[str]:
        """Give a column another type, nullability or default."""
        raise NotImplementedError

    def rename_column(self, operation: RenameColumn, before: Schema) -> Iterator[str]:
        """Rename a column, the check of its type, and the indexes that are named for it."""
        raise NotImplementedError

    def rename_indexes(self, old: Table, new: Table) -> Iterator[str]:
        """Rename the indexes that have another name, which stand in the same order."""
        for before, after in zip(old.indexes, new.indexes, strict=True):
            if before.name != after.name:
                yield self.rename_index(new, before, after)

    def rename_index(self, table: Table, old: Index, new: Index) -> str:
        """Rename an index."""
        del table
        return f"ALTER INDEX {self.quote(old.name)} RENAME TO {self.quote(new.name)}"

    def add_index(self, table: Table, index: Index, is_concurrent: bool) -> Iterator[str]:  # noqa: FBT001
        """Make an index."""
        del is_concurrent
        yield ddl.create_index(index, table, self.dialect).replace(" IF NOT EXISTS", "", 1)

    def drop_index(self, table: Table, index: Index, is_concurrent: bool) -> Iterator[str]:  # noqa: FBT001
        """Remove an index."""
        del table, is_concurrent
        yield f"DROP INDEX {self.quote(index.name)}"

    def add_check(self, table: Table, check: Check, text: str) -> Iterator[str]:
        """Add a check."""
        del check
        yield self.altering(table.name, f"ADD {text}")

    def drop_check(self, table: Table, check: Check) -> Iterator[str]:
        """Remove a check."""
        yield self.altering(table.name, f"DROP CONSTRAINT {self.quote(check.name)}")

    def add_foreign_key(self, table: Table, key: ForeignKey, text: str) -> Iterator[str]:
        """Add a foreign key."""
        del key
        yield self.altering(table.name, f"ADD {text}")

    def drop_foreign_key(self, table: Table, key: ForeignKey) -> Iterator[str]:
        """Remove a foreign key."""
        name = foreign_key_name(table.name, key)
        yield self.altering(table.name, f"DROP CONSTRAINT {self.quote(name)}")

    def validate_constraint(self, operation: ValidateConstraint, before: Schema) -> Iterator[str]:
        """Look at the rows that a constraint was added without; most stores have done it."""
        operation.apply(before)
        yield from ()

    def validated(self, text: str, operation: AddConstraint) -> str:
        """Give a constraint as it is added where rows that are there may be looked at later."""
        del operation
        return text

    def column(self, column: Column, table: Table) -> str:
        """Give a column as it stands in a table."""
        return ddl.column_text(column, table, self.dialect)

    def value(self, value: object, column: Column) -> str:
        """Give a stored form as it stands in a statement."""
        if column.storage is None:
            raise MigrationError(f"the column {column.name!r} has no type")
        return ddl.value_text(value, column.storage, self.dialect)

    def default_change(self, column: Column) -> str:
        """Give the words for the default that a column has."""
        to = "DROP DEFAULT" if column.default is None else f"SET DEFAULT ({column.default})"
        return f"ALTER COLUMN {self.quote(column.name)} {to}"
