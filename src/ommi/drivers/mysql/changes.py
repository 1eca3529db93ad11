"""Operations on a schema in MariaDB's words: one statement each where that can be.

Each commits by itself, so one that is interrupted is there whole or not at all. Where it takes
two, both may run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ommi.drivers.mysql.ddl import (
    column_text,
    create_table,
    foreign_key_text,
    index_text,
    with_named_keys,
)
from ommi.drivers.mysql.dialect import MariaDBDialect, MySQLDialect
from ommi.drivers.mysql.storage import with_bounds
from ommi.errors import MigrationError
from ommi.schema.done import is_done
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Operation,
    RenameColumn,
    RenameTable,
)
from ommi.schema.snapshot import Column, ForeignKey, Index, Table, foreign_key_name
from ommi.schema.state import Schema, column_of
from ommi.sql.changes import SqlWriter

NEW = "ommi_new_"
"""Before the name of a column whose values are being made from those of an old one."""


class MariaDBWriter(SqlWriter[MariaDBDialect]):
    """The words of MariaDB, which are MySQL's too."""

    def remaining(self, operation: Operation, found: Schema) -> Sequence[str]:
        """Give what is left to do of an operation that was begun."""
        if isinstance(operation, AlterColumn) and operation.using is not None:
            return tuple(self._converted(operation, found.table(operation.table), is_resumed=True))
        if not is_done(operation, found):
            return self.statements(operation, found)
        if isinstance(operation, AddColumn) and operation.fill is not None:
            return (self.altering(operation.table, self.default_change(operation.column)),)
        return ()

    def create_table(self, table: Table) -> Iterator[str]:
        [named] = with_named_keys((table,))
        yield create_table(named, self.dialect).replace(" IF NOT EXISTS", "", 1)

    def rename_table(self, operation: RenameTable, before: Schema) -> Iterator[str]:
        old, new = before.table(operation.old), operation.apply(before).table(operation.new)
        yield self.altering(
            old.name, *self._indexes_renamed(old, new), f"RENAME TO {self.quote(new.name)}"
        )

    def add_column(self, operation: AddColumn, before: Schema) -> Iterator[str]:
        table, column = before.table(operation.table), operation.column
        filled = column
        if operation.fill is not None:
            filled = replace(column, default=self.value(operation.fill, column))
        yield self.altering(
            table.name,
            f"ADD COLUMN {self.column(filled, table)}",
            *self._with_check(column),
        )
        if operation.fill is not None:
            yield self.altering(table.name, self.default_change(column))

    def drop_column(self, table: Table, name: str) -> Iterator[str]:
        column = column_of(table, name)
        keys = [key for key in table.foreign_keys if name in key.columns]
        yield self.altering(
            table.name,
            *(f"DROP FOREIGN KEY {self._key_name(table, key)}" for key in keys),
            *self._without_check(column),
            f"DROP COLUMN {self.quote(name)}",
        )

    def alter_column(self, operation: AlterColumn, table: Table, old: Column) -> Iterator[str]:
        if operation.using is not None:
            yield from self._converted(operation, table, is_resumed=False)
            return
        new = operation.column
        if operation.fill is not None and not new.is_nullable:
            quoted, fill = self.quote(new.name), self.value(operation.fill, old)
            yield f"UPDATE {self.quote(table.name)} SET {quoted} = {fill} WHERE {quoted} IS NULL"
        yield self._modified(table, old, operation.apply(Schema((table,))).table(table.name))

    def _modified(self, table: Table, old: Column, after: Table) -> str:
        new = column_of(with_bounds(after), old.name)
        return self.altering(
            table.name,
            *self._without_check(old),
            f"MODIFY COLUMN {column_text(new, self.dialect)}",
            *self._with_check(new),
        )

    def _converted(
        self, operation: AlterColumn, table: Table, *, is_resumed: bool
    ) -> Iterator[str]:
        """Make the new values beside the old ones, so that it can be done again."""
        old, new = column_of(table, operation.column.name), operation.column
        temporary = replace(new, name=f"{NEW}{new.name}", is_nullable=True)
        named = self.quote(temporary.name)
        is_begun = any(column.name == temporary.name for column in table.columns)
        if is_resumed and not is_begun and old.storage == new.storage:
            return
        used = {*table.key}.union(
            *(index.columns for index in table.indexes), *(k.columns for k in table.foreign_keys)
        )
        if old.name in used:
            raise MigrationError(
                f"{table.name}.{old.name} has an index, a key or a reference; drop that first, "
                "since its values are made anew"
            )
        if not is_begun:
            yield self.altering(table.name, f"ADD COLUMN {column_text(temporary, self.dialect)}")
        using = "" if operation.using is None else operation.using.for_store(self.dialect.name)[0]
        yield f"UPDATE {self.quote(table.name)} SET {named} = {using}"
        if operation.fill is not None:
            fill = self.value(operation.fill, new)
            yield f"UPDATE {self.quote(table.name)} SET {named} = {fill} WHERE {named} IS NULL"
        yield self.altering(
            table.name,
            *self._without_check(old),
            f"DROP COLUMN {self.quote(old.name)}",
            f"CHANGE COLUMN {named} {column_text(new, self.dialect)}",
            *self._with_check(new),
        )

    def rename_column(self, operation: RenameColumn, before: Schema) -> Iterator[str]:
        table, after = before.table(operation.table), operation.apply(before)
        old, new = column_of(table, operation.old), after.table(operation.table)
        renamed = column_of(new, operation.new)
        yield self.altering(
            table.name,
            *self._without_check(old),
            f"RENAME COLUMN {self.quote(old.name)} TO {self.quote(renamed.name)}",
            *self._indexes_renamed(table, new),
            *self._with_check(renamed),
        )

    def _indexes_renamed(self, old: Table, new: Table) -> Iterator[str]:
        for before, after in zip(old.indexes, new.indexes, strict=True):
            if before.name != after.name:
                yield f"RENAME INDEX {self.quote(before.name)} TO {self.quote(after.name)}"

    def add_index(self, table: Table, index: Index, is_concurrent: bool) -> Iterator[str]:  # noqa: FBT001
        del is_concurrent
        after = replace(table, indexes=(*table.indexes, index))
        yield self.altering(
            table.name, *self._bounded(table, after), f"ADD {index_text(index, self.dialect)}"
        )

    def drop_index(self, table: Table, index: Index, is_concurrent: bool) -> Iterator[str]:  # noqa: FBT001
        del is_concurrent
        after = replace(table, indexes=tuple(each for each in table.indexes if each != index))
        yield self.altering(
            table.name, f"DROP INDEX {self.quote(index.name)}", *self._bounded(table, after)
        )

    def add_foreign_key(self, table: Table, key: ForeignKey, text: str) -> Iterator[str]:
        del text
        named = replace(key, name=foreign_key_name(table.name, key))
        after = replace(table, foreign_keys=(*table.foreign_keys, named))
        yield self.altering(
            table.name,
            *self._bounded(table, after),
            f"ADD {foreign_key_text(named, self.dialect)}",
        )

    def drop_foreign_key(self, table: Table, key: ForeignKey) -> Iterator[str]:
        dropped = f"DROP FOREIGN KEY {self._key_name(table, key)}"
        index = _index_of_server(table, key)
        if index is None:
            yield self.altering(table.name, dropped)
            return
        after = replace(
            table,
            indexes=tuple(each for each in table.indexes if each != index),
            foreign_keys=tuple(each for each in table.foreign_keys if each is not key),
        )
        yield self.altering(
            table.name,
            dropped,
            f"DROP INDEX {self.quote(index.name)}",
            *self._bounded(table, after),
        )

    def validated(self, text: str, operation: AddConstraint) -> str:
        del operation
        return text

    def column(self, column: Column, table: Table) -> str:
        with_it = replace(table, columns=(*table.columns, column))
        return column_text(column_of(with_bounds(with_it), column.name), self.dialect)

    def _bounded(self, before: Table, after: Table) -> Iterator[str]:
        """Give the columns that get another type because an index is made of them, or no more."""
        pairs = zip(with_bounds(before).columns, with_bounds(after).columns, strict=True)
        for old, new in pairs:
            if old != new:
                yield f"MODIFY COLUMN {column_text(new, self.dialect)}"

    def _key_name(self, table: Table, key: ForeignKey) -> str:
        return self.quote(foreign_key_name(table.name, key))

    def _with_check(self, column: Column) -> Iterator[str]:
        check = self._check(column)
        if check:
            yield f"ADD {check}"

    def _without_check(self, column: Column) -> Iterator[str]:
        check = self._check(column)
        if check:
            name, _, _ = check.removeprefix("CONSTRAINT ").partition(" CHECK (")
            yield f"DROP CONSTRAINT {name}"

    def _check(self, column: Column) -> str:
        return "" if column.storage is None else self.dialect.column_check(column)


def _index_of_server(table: Table, key: ForeignKey) -> Index | None:
    """Give the index that the server made for a foreign key; `None` where it needs no more.

    InnoDB wants an index that begins with the columns, and makes one of the constraint's name
    where no other does. What another foreign key may use by now stays.
    """
    made = Index(foreign_key_name(table.name, key), key.columns)
    others = [table.key, *(index.columns for index in table.indexes if index != made)]
    if any(columns[: len(key.columns)] == key.columns for columns in others):
        return None
    for other in table.foreign_keys:
        shared = min(len(other.columns), len(key.columns))
        if other is not key and other.columns[:shared] == key.columns[:shared]:
            return None
    return made


MARIADB = MariaDBWriter(MariaDBDialect())
MYSQL = MariaDBWriter(MySQLDialect())
