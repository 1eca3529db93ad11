"""Changes of a schema as data: what a migration is made of.

Every operation is a frozen value that says what to change, the same for every store.
`apply(before)` replays it on a `Schema`; what has no meaning there is a `MigrationError`.
`reverse(before)` gives the operation that undoes it, made of what was there before, or `None`
where nothing does: data that was dropped comes back empty, and SQL is undone by SQL only.
`tables` are the names of the tables that it looks at, and `str(operation)` says it in words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from ommi.errors import MigrationError
from ommi.schema.snapshot import (
    Check,
    Column,
    ForeignKey,
    Index,
    Table,
    foreign_key_name,
)
from ommi.schema.state import (
    Schema,
    column_of,
    foreign_key_of,
    index_of,
    with_column_renamed,
    with_table_renamed,
)

if TYPE_CHECKING:
    from typing import Any

EVERY_STORE = "*"
Constraint: TypeAlias = Index | Check | ForeignKey
"""A unique constraint is a unique index, here as in the stores."""


@dataclass(frozen=True, slots=True)
class Sql:
    """SQL for each store, by its name in lower case; `*` is for every other.

    MariaDB takes what is for `mysql` where nothing is for `mariadb`.
    """

    texts: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, said: str | Mapping[str, str]) -> Sql:
        """Give the SQL for one text, or for one text a store."""
        by_store = {EVERY_STORE: said} if isinstance(said, str) else said
        return cls(tuple(sorted((name.lower(), (text,)) for name, text in by_store.items())))

    def get(self, store: str) -> tuple[str, ...] | None:
        """Give the statements for a store, or `None` where none are for it."""
        by_store = dict(self.texts)
        names = [store.lower(), *(["mysql"] if store.lower() == "mariadb" else []), EVERY_STORE]
        return next((by_store[name] for name in names if name in by_store), None)

    def for_store(self, store: str) -> tuple[str, ...]:
        """Give the statements for a store; raises `MigrationError` where none are for it."""
        found = self.get(store)
        if found is None:
            known = ", ".join(name for name, _ in self.texts)
            raise MigrationError(f"has SQL for {known}, and none for {store}; add it")
        return found


@dataclass(frozen=True, slots=True)
class CreateTable:
    """Make a table with its indexes and foreign keys."""

    kind: ClassVar[str] = "create_table"
    table: Table

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table.name, *dict.fromkeys(key.table for key in self.table.foreign_keys))

    def apply(self, before: Schema) -> Schema:
        for key in self.table.foreign_keys:
            if key.table != self.table.name:
                before.table(key.table)
        return before.adding(self.table)

    def reverse(self, before: Schema) -> DropTable:
        del before
        return DropTable(self.table.name)

    def __str__(self) -> str:
        return f"create table {self.table.name}"


@dataclass(frozen=True, slots=True)
class DropTable:
    """Remove a table with everything in it; one that others refer to is refused."""

    kind: ClassVar[str] = "drop_table"
    name: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.name,)

    def apply(self, before: Schema) -> Schema:
        return before.without(self.name)

    def reverse(self, before: Schema) -> CreateTable:
        return CreateTable(before.table(self.name))

    def __str__(self) -> str:
        return f"drop table {self.name}"


@dataclass(frozen=True, slots=True)
class RenameTable:
    """Rename a table; indexes that are named for it are renamed with it."""

    kind: ClassVar[str] = "rename_table"
    old: str
    new: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.old, self.new)

    def apply(self, before: Schema) -> Schema:
        return with_table_renamed(before, self.old, self.new)

    def reverse(self, before: Schema) -> RenameTable:
        del before
        return RenameTable(self.new, self.old)

    def __str__(self) -> str:
        return f"rename table {self.old} to {self.new}"


@dataclass(frozen=True, slots=True)
class AddColumn:
    """Add a column. `fill` is what rows that are there get, as a stored form; `None` is null.

    `fill` is no default: the column has one only where `column.default` says so.
    """

    kind: ClassVar[str] = "add_column"
    table: str
    column: Column
    fill: object = None

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        def add(table: Table) -> Table:
            if any(column.name == self.column.name for column in table.columns):
                raise MigrationError(f"{self.table} has a column {self.column.name!r} already")
            return replace(table, columns=(*table.columns, self.column))

        return before.changing(self.table, add)

    def reverse(self, before: Schema) -> DropColumn:
        del before
        return DropColumn(self.table, self.column.name, self.fill)

    def __str__(self) -> str:
        return f"add column {self.table}.{self.column.name}"


@dataclass(frozen=True, slots=True)
class DropColumn:
    """Remove a column with its values, and the indexes, foreign keys and checks of it alone.

    Its reverse brings it back with `refill` in every row, a stored form; without one it is null,
    so that one that may not be null cannot come back to a filled table.
    """

    kind: ClassVar[str] = "drop_column"
    table: str
    name: str
    refill: object = None

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        found = before.table(self.table)
        column_of(found, self.name)
        self._refuse_shared(before, found)

        def drop(table: Table) -> Table:
            return replace(
                table,
                columns=tuple(c for c in table.columns if c.name != self.name),
                indexes=tuple(i for i in table.indexes if self.name not in i.columns),
                foreign_keys=tuple(f for f in table.foreign_keys if self.name not in f.columns),
            )

        return before.changing(self.table, drop)

    def _refuse_shared(self, before: Schema, table: Table) -> None:
        if self.name in table.key:
            raise MigrationError(f"{self.table}.{self.name} is part of the key and must stay")
        for index in table.indexes:
            if self.name in index.columns and len(index.columns) > 1:
                raise MigrationError(
                    f"the index {index.name!r} is of {self.name!r} and others; drop it before"
                )
        for other in before.tables:
            for key in other.foreign_keys:
                if key.table == self.table and self.name in key.target_columns:
                    raise MigrationError(
                        f"{other.name} refers to {self.table}.{self.name}; drop its foreign key "
                        f"{foreign_key_name(other.name, key)!r} before"
                    )

    def reverse(self, before: Schema) -> AddColumn:
        return AddColumn(self.table, column_of(before.table(self.table), self.name), self.refill)

    def __str__(self) -> str:
        return f"drop column {self.table}.{self.name}"


@dataclass(frozen=True, slots=True)
class AlterColumn:
    """Give the column of that name another type, nullability or default.

    `using` says how values become the new ones, an SQL expression; else the store casts them, and
    refuses those that do not fit. `fill` takes the place of null where null is no longer allowed.
    """

    kind: ClassVar[str] = "alter_column"
    table: str
    column: Column
    using: Sql | None = None
    fill: object = None

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        old = column_of(before.table(self.table), self.column.name)
        new = replace(self.column, id=self.column.id or old.id)

        def alter(table: Table) -> Table:
            columns = tuple(new if c.name == new.name else c for c in table.columns)
            return replace(table, columns=columns)

        return before.changing(self.table, alter)

    def reverse(self, before: Schema) -> AlterColumn:
        return AlterColumn(self.table, column_of(before.table(self.table), self.column.name))

    def __str__(self) -> str:
        return f"alter column {self.table}.{self.column.name}"


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """Rename a column; it keeps its id, and indexes that are named for it are renamed with it."""

    kind: ClassVar[str] = "rename_column"
    table: str
    old: str
    new: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        return with_column_renamed(before, self.table, self.old, self.new)

    def reverse(self, before: Schema) -> RenameColumn:
        del before
        return RenameColumn(self.table, self.new, self.old)

    def __str__(self) -> str:
        return f"rename column {self.table}.{self.old} to {self.new}"


@dataclass(frozen=True, slots=True)
class AddIndex:
    """Make an index. `is_concurrent` keeps writers going where the store knows how.

    Such an index is made outside the transaction of the migration.
    """

    kind: ClassVar[str] = "add_index"
    table: str
    index: Index
    is_concurrent: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        for name in self.index.columns:
            column_of(before.table(self.table), name)
        for table in before.tables:
            if any(index.name == self.index.name for index in table.indexes):
                raise MigrationError(f"{table.name} has an index {self.index.name!r} already")
        return before.changing(
            self.table, lambda table: replace(table, indexes=(*table.indexes, self.index))
        )

    def reverse(self, before: Schema) -> DropIndex:
        del before
        return DropIndex(self.table, self.index.name, self.is_concurrent)

    def __str__(self) -> str:
        return f"add index {self.index.name} on {self.table}"


@dataclass(frozen=True, slots=True)
class DropIndex:
    """Remove an index."""

    kind: ClassVar[str] = "drop_index"
    table: str
    name: str
    is_concurrent: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        index_of(before.table(self.table), self.name)

        def drop(table: Table) -> Table:
            return replace(table, indexes=tuple(i for i in table.indexes if i.name != self.name))

        return before.changing(self.table, drop)

    def reverse(self, before: Schema) -> AddIndex:
        index = index_of(before.table(self.table), self.name)
        return AddIndex(self.table, index, self.is_concurrent)

    def __str__(self) -> str:
        return f"drop index {self.name} on {self.table}"


@dataclass(frozen=True, slots=True)
class AddConstraint:
    """Add a unique constraint (a unique `Index`), a `Check` or a `ForeignKey`.

    With `is_validated` false, rows that are there are not looked at where the store can leave
    that for later (`ValidateConstraint`); other stores look at once.
    """

    kind: ClassVar[str] = "add_constraint"
    table: str
    constraint: Constraint
    is_validated: bool = True

    @property
    def tables(self) -> tuple[str, ...]:
        target = self.constraint.table if isinstance(self.constraint, ForeignKey) else self.table
        return tuple(dict.fromkeys((self.table, target)))

    @property
    def name(self) -> str:
        """What the constraint is called."""
        if isinstance(self.constraint, ForeignKey):
            return foreign_key_name(self.table, self.constraint)
        return self.constraint.name

    def apply(self, before: Schema) -> Schema:
        found = before.table(self.table)
        match self.constraint:
            case Index() as index:
                return AddIndex(self.table, replace(index, is_unique=True)).apply(before)
            case Check() as check:
                if any(each.name == check.name for each in found.checks):
                    raise MigrationError(f"{self.table} has a check {check.name!r} already")
                changed = replace(found, checks=(*found.checks, check))
            case ForeignKey() as key:
                for name in key.columns:
                    column_of(found, name)
                for name in key.target_columns:
                    column_of(before.table(key.table), name)
                if foreign_key_of(found, self.name) is not None:
                    raise MigrationError(f"{self.table} has a foreign key {self.name!r} already")
                changed = replace(found, foreign_keys=(*found.foreign_keys, key))
        return before.changing(self.table, lambda _: changed)

    def reverse(self, before: Schema) -> DropConstraint:
        del before
        return DropConstraint(self.table, self.name)

    def __str__(self) -> str:
        return f"add constraint {self.name} on {self.table}"


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """Remove the unique constraint, check or foreign key of that name."""

    kind: ClassVar[str] = "drop_constraint"
    table: str
    name: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def found(self, before: Schema) -> Constraint:
        """Give the constraint that is meant."""
        table = before.table(self.table)
        named: list[Constraint] = [i for i in table.indexes if i.is_unique and i.name == self.name]
        named.extend(check for check in table.checks if check.name == self.name)
        key = foreign_key_of(table, self.name)
        if key is not None:
            named.append(key)
        if not named:
            raise MigrationError(f"{self.table} has no constraint {self.name!r}")
        return named[0]

    def apply(self, before: Schema) -> Schema:
        gone = self.found(before)

        def drop(table: Table) -> Table:
            return replace(
                table,
                indexes=tuple(each for each in table.indexes if each is not gone),
                checks=tuple(each for each in table.checks if each is not gone),
                foreign_keys=tuple(each for each in table.foreign_keys if each is not gone),
            )

        return before.changing(self.table, drop)

    def reverse(self, before: Schema) -> AddConstraint:
        return AddConstraint(self.table, self.found(before))

    def __str__(self) -> str:
        return f"drop constraint {self.name} on {self.table}"


@dataclass(frozen=True, slots=True)
class ValidateConstraint:
    """Look at the rows that a constraint was added without looking at; `PostgreSQL` alone can."""

    kind: ClassVar[str] = "validate_constraint"
    table: str
    name: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        DropConstraint(self.table, self.name).found(before)
        return before

    def reverse(self, before: Schema) -> None:
        del before

    def __str__(self) -> str:
        return f"validate constraint {self.name} on {self.table}"


@dataclass(frozen=True, slots=True)
class Execute:
    """Run SQL as it is written; `undo` is what undoes it. The schema is taken to be unchanged."""

    kind: ClassVar[str] = "execute"
    sql: Sql
    undo: Sql | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        return ()

    def apply(self, before: Schema) -> Schema:
        return before

    def reverse(self, before: Schema) -> Execute | None:
        del before
        return None if self.undo is None else Execute(self.undo, self.sql)

    def __str__(self) -> str:
        return "execute SQL"


@dataclass(frozen=True, slots=True)
class Backfill:
    """Set columns of the rows that are there, in batches by key, each of them committed.

    `values` are SQL expressions for the columns; `where` says which rows still want them, and
    makes a batch that runs again harmless. A batch is of `size` rows.
    """

    kind: ClassVar[str] = "backfill"
    table: str
    values: tuple[tuple[str, Sql], ...]
    where: Sql | None = None
    size: int = 1000

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def apply(self, before: Schema) -> Schema:
        for name, _ in self.values:
            column_of(before.table(self.table), name)
        return before

    def reverse(self, before: Schema) -> Nothing:
        del before
        return Nothing()

    def __str__(self) -> str:
        return f"backfill {self.table} ({', '.join(name for name, _ in self.values)})"


@dataclass(frozen=True, slots=True)
class HandWritten:
    """A step in Python: `up` and `down` get the `SchemaManager` and are awaited.

    Only `name` is data; the functions are found by it where the operations were read.
    """

    kind: ClassVar[str] = "step"
    name: str
    up: Callable[[Any], Awaitable[None]] = field(compare=False)
    down: Callable[[Any], Awaitable[None]] | None = field(default=None, compare=False)

    @property
    def tables(self) -> tuple[str, ...]:
        return ()

    def apply(self, before: Schema) -> Schema:
        return before

    def reverse(self, before: Schema) -> HandWritten | None:
        del before
        return None if self.down is None else HandWritten(self.name, self.down, self.up)

    def __str__(self) -> str:
        return f"step {self.name}"


@dataclass(frozen=True, slots=True)
class Nothing:
    """Do nothing: what undoes a change that needs no undoing."""

    kind: ClassVar[str] = "nothing"

    @property
    def tables(self) -> tuple[str, ...]:
        return ()

    def apply(self, before: Schema) -> Schema:
        return before

    def reverse(self, before: Schema) -> Nothing:
        del before
        return self

    def __str__(self) -> str:
        return "nothing"


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
