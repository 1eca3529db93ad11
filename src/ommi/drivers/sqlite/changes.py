"""Operations on a schema in SQLite's words, which has few: most tables are made anew.

A table that is rebuilt gets all of its rows, then the name of the old one. References are not
looked at meanwhile, since with them dropping the old table would delete the rows that refer to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ommi.drivers.protocol import Manner
from ommi.drivers.sqlite.definition import Definition, foreign_key_columns
from ommi.drivers.sqlite.dialect import DIALECT, SQLiteDialect
from ommi.errors import MigrationError
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    DropColumn,
    DropConstraint,
    DropTable,
    Operation,
    RenameColumn,
)
from ommi.schema.snapshot import Check, Column, ForeignKey, Index, Table, foreign_key_name
from ommi.schema.state import Schema, column_of
from ommi.sql import ddl
from ommi.sql.changes import SqlWriter

NEW = "ommi_new_"
"""Before the name of a table that is being made anew."""

_CANNOT_REPLACE = re.compile(
    r"\b(REFERENCES|GENERATED|UNIQUE|AUTOINCREMENT)\b|\bAS\s*\(", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A table as the catalogue has it: its text, its columns with values, and what is on it.

    `extras` are the texts of its indexes and triggers, by name.
    """

    sql: str
    columns: tuple[str, ...]
    extras: Mapping[str, str]


class SQLiteWriter(SqlWriter[SQLiteDialect]):
    """Takes the tables' own texts where they are known, else those that Ommi would have made."""

    def __init__(self, dialect: SQLiteDialect, stored: Mapping[str, Stored] | None = None) -> None:
        super().__init__(dialect)
        self._stored = stored

    def statements(self, operation: Operation, before: Schema) -> Sequence[str]:
        """Give the statements; without a database, with the pragmas around them."""
        texts = super().statements(operation, before)
        if texts and self._stored is None and manner(operation) is Manner.UNCHECKED:
            return ("PRAGMA foreign_keys = OFF", *texts, "PRAGMA foreign_keys = ON")
        return texts

    def create_table(self, table: Table) -> Iterator[str]:
        for text in ddl.create_table(_with_named_keys(table), self.dialect):
            yield text.replace(" IF NOT EXISTS", "", 1)

    def add_column(self, operation: AddColumn, before: Schema) -> Iterator[str]:
        table, column = before.table(operation.table), operation.column
        text = self.column(column, table)
        if is_added_in_place(operation):
            yield self.altering(table.name, f"ADD COLUMN {text}")
            return
        values = {}
        if operation.fill is not None:
            values[column.name] = self.value(operation.fill, column)
        elif column.default is not None:
            values[column.name] = f"({column.default})"
        definition = self._definition(table).with_column(text)
        yield from self._rebuilt(table, definition, values)

    def drop_column(self, table: Table, name: str) -> Iterator[str]:
        definition = self._definition(table).without_column(name)
        gone = {index.name for index in table.indexes if name in index.columns}
        yield from self._rebuilt(table, definition, without=name, gone=gone)

    def alter_column(self, operation: AlterColumn, table: Table, old: Column) -> Iterator[str]:
        definition, new = self._definition(table), operation.column
        if _CANNOT_REPLACE.search(_without_texts(definition.column(old.name))):
            raise MigrationError(
                f"{table.name}.{old.name} has more to it than a type, which would be lost; change "
                "the table with execute()"
            )
        quoted = self.quote(new.name)
        value = quoted
        if operation.using is not None:
            value = f"({operation.using.for_store(self.dialect.name)[0]})"
        if operation.fill is not None and not new.is_nullable:
            value = f"ifnull({value}, {self.value(operation.fill, new)})"
        changed = definition.with_column_as(old.name, self.column(new, table))
        yield from self._rebuilt(table, changed, {new.name: value})

    def rename_column(self, operation: RenameColumn, before: Schema) -> Iterator[str]:
        table = before.table(operation.table)
        old = column_of(table, operation.old)
        after = operation.apply(before).table(operation.table)
        new = column_of(after, operation.new)
        names = f"{self.quote(old.name)} TO {self.quote(new.name)}"
        yield self.altering(table.name, f"RENAME COLUMN {names}")
        if old.storage is not None and self.dialect.column_check(old):
            # SQLite renames the column inside its check, and leaves the name of the check alone.
            part = self.column(new, after)
            yield from self._renamed_check(table, after, old, new, part)
        else:
            yield from self.rename_indexes(table, after)

    def _renamed_check(
        self, table: Table, after: Table, old: Column, new: Column, part: str
    ) -> Iterator[str]:
        definition = self._definition(table)
        rebuilt = Definition(
            tuple(self._in_part(each, old.name, new.name) for each in definition.parts),
            definition.suffix,
        ).with_column_as(new.name, part)
        stored = self._of(table)
        columns = tuple(new.name if each == old.name else each for each in stored.columns)
        extras = {
            name: text
            for name, text in stored.extras.items()
            if name not in {index.name for index in table.indexes}
        }
        indexes = {
            index.name: ddl.create_index(index, after, self.dialect) for index in after.indexes
        }
        yield from self._copied(table.name, rebuilt, Stored("", columns, {**extras, **indexes}))

    def _in_part(self, part: str, old: str, new: str) -> str:
        """Rename a column where a part of the table, made by Ommi, names it in quotes."""
        quoted = self.quote(old)
        if part.startswith(quoted) or quoted in part:
            head, references, rest = part.partition(" REFERENCES ")
            return head.replace(quoted, self.quote(new)) + references + rest
        return part

    def rename_index(self, table: Table, old: Index, new: Index) -> str:
        return f"DROP INDEX {self.quote(old.name)};\n{ddl.create_index(new, table, self.dialect)}"

    def rename_indexes(self, old: Table, new: Table) -> Iterator[str]:
        for text in super().rename_indexes(old, new):
            yield from text.split(";\n")

    def add_check(self, table: Table, check: Check, text: str) -> Iterator[str]:
        del check
        yield from self._rebuilt(table, self._definition(table).with_constraint(text))

    def drop_check(self, table: Table, check: Check) -> Iterator[str]:
        definition = self._definition(table)
        part = definition.named(check.name)
        if part is None:
            raise MigrationError(f"{table.name} has no check {check.name!r} of its own")
        yield from self._rebuilt(table, definition.without([part]))

    def add_foreign_key(self, table: Table, key: ForeignKey, text: str) -> Iterator[str]:
        del key
        yield from self._rebuilt(table, self._definition(table).with_constraint(text))

    def drop_foreign_key(self, table: Table, key: ForeignKey) -> Iterator[str]:
        definition = self._definition(table)
        part = definition.named(foreign_key_name(table.name, key)) or next(
            (each for each in definition.parts if foreign_key_columns(each) == key.columns), None
        )
        if part is None:
            raise MigrationError(
                f"{table.name} has its reference behind a column; change it with execute()"
            )
        yield from self._rebuilt(table, definition.without([part]))

    def _definition(self, table: Table) -> Definition:
        return Definition.of(self._of(table).sql)

    def _of(self, table: Table) -> Stored:
        if self._stored is not None:
            return self._stored[table.name]
        sql, *_ = ddl.create_table(_with_named_keys(table), self.dialect)
        extras = {
            index.name: ddl.create_index(index, table, self.dialect) for index in table.indexes
        }
        return Stored(sql, tuple(column.name for column in table.columns), extras)

    def _rebuilt(
        self,
        table: Table,
        definition: Definition,
        values: Mapping[str, str] | None = None,
        *,
        without: str | None = None,
        gone: set[str] | frozenset[str] = frozenset(),
    ) -> Iterator[str]:
        stored = self._of(table)
        columns = tuple(each for each in stored.columns if each != without)
        extras = {name: text for name, text in stored.extras.items() if name not in gone}
        yield from self._copied(table.name, definition, Stored("", columns, extras), values or {})

    def _copied(
        self,
        name: str,
        definition: Definition,
        rest: Stored,
        values: Mapping[str, str] | None = None,
    ) -> Iterator[str]:
        """Make a table anew, with its rows and all that is on it."""
        values = values or {}
        quoted, new = self.quote(name), self.quote(f"{NEW}{name}")
        columns = (*rest.columns, *(each for each in values if each not in rest.columns))
        names = ", ".join(map(self.quote, columns))
        given = ", ".join(values.get(each, self.quote(each)) for each in columns)
        yield definition.text(new)
        yield f"INSERT INTO {new} ({names}) SELECT {given} FROM {quoted}"
        yield f"DROP TABLE {quoted}"
        # Else SQLite would look at every view, some of which are of the table that is missing.
        yield "PRAGMA legacy_alter_table = ON"
        yield f"ALTER TABLE {new} RENAME TO {quoted}"
        yield "PRAGMA legacy_alter_table = OFF"
        yield from rest.extras.values()


def manner(operation: Operation) -> Manner:
    """Tell how an operation must be run: what drops a table, without looking at references."""
    match operation:
        case AddColumn():
            return Manner.WITHIN if is_added_in_place(operation) else Manner.UNCHECKED
        case AddConstraint(_, Index()):
            return Manner.WITHIN
        case (
            AlterColumn()
            | DropColumn()
            | RenameColumn()
            | AddConstraint()
            | DropConstraint()
            | DropTable()
        ):
            return Manner.UNCHECKED
        case _:
            return Manner.WITHIN


def is_added_in_place(operation: AddColumn) -> bool:
    """Tell whether SQLite can add a column without making the table anew."""
    column = operation.column
    return column.is_nullable and column.default is None and operation.fill is None


def _with_named_keys(table: Table) -> Table:
    keys = tuple(
        replace(key, name=foreign_key_name(table.name, key)) for key in table.foreign_keys
    )
    return replace(table, foreign_keys=keys)


def _without_texts(part: str) -> str:
    return re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "''", part)


WRITER = SQLiteWriter(DIALECT)
