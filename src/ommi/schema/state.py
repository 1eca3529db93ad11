"""The tables of a whole store as one value, which operations turn into the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ommi.errors import MigrationError
from ommi.schema.snapshot import (
    Column,
    ForeignKey,
    Index,
    Table,
    foreign_key_name,
    index_name,
    shortened_name,
)


@dataclass(frozen=True, slots=True)
class Schema:
    """Tables, sorted by name. What asks for one that is not there is a `MigrationError`."""

    tables: tuple[Table, ...] = ()

    @classmethod
    def of(cls, tables: Iterable[Table]) -> Schema:
        """Give the schema of tables in any order."""
        return cls(tuple(sorted(tables, key=lambda table: table.name)))

    def get(self, name: str) -> Table | None:
        """Give a table, or `None`."""
        return next((table for table in self.tables if table.name == name), None)

    def table(self, name: str) -> Table:
        """Give a table."""
        found = self.get(name)
        if found is None:
            known = ", ".join(table.name for table in self.tables) or "none"
            raise MigrationError(f"there is no table {name!r}; there is {known}")
        return found

    def adding(self, table: Table) -> Schema:
        """Give the schema with one more table."""
        if self.get(table.name) is not None:
            raise MigrationError(f"there is a table {table.name!r} already")
        return Schema.of((*self.tables, table))

    def without(self, name: str) -> Schema:
        """Give the schema without a table, to which no other may refer."""
        self.table(name)
        referring = [
            t.name
            for t in self.tables
            if t.name != name and name in {f.table for f in t.foreign_keys}
        ]
        if referring:
            raise MigrationError(
                f"the table {name!r} cannot be dropped, since {', '.join(referring)} refers to "
                "it; drop the foreign key, or that table, before it"
            )
        return Schema(tuple(table for table in self.tables if table.name != name))

    def changing(self, name: str, change: Callable[[Table], Table]) -> Schema:
        """Give the schema with a table changed, which may be renamed."""
        self.table(name)
        return Schema.of(change(t) if t.name == name else t for t in self.tables)


def column_of(table: Table, name: str) -> Column:
    """Give a column."""
    for column in table.columns:
        if column.name == name:
            return column
    known = ", ".join(column.name for column in table.columns)
    raise MigrationError(f"{table.name} has no column {name!r}; it has {known}")


def index_of(table: Table, name: str) -> Index:
    """Give an index."""
    for index in table.indexes:
        if index.name == name:
            return index
    known = ", ".join(index.name for index in table.indexes) or "none"
    raise MigrationError(f"{table.name} has no index {name!r}; it has {known}")


def foreign_key_of(table: Table, name: str) -> ForeignKey | None:
    """Give the foreign key of that name, else the one that would get it now; `None` for none."""
    for name_of in (foreign_key_name, _name_by_columns):
        for key in table.foreign_keys:
            if name_of(table.name, key) == name:
                return key
    return None


def said_name(table: Table, key: ForeignKey) -> str:
    """Give a name by which `foreign_key_of` finds a key on every store, whatever that calls it."""
    name = _name_by_columns(table.name, key)
    return name if foreign_key_of(table, name) is key else foreign_key_name(table.name, key)


def free_name(table: Table, key: ForeignKey) -> ForeignKey:
    """Name a key of a table otherwise than others, which may have kept names through renames."""
    name, number = foreign_key_name(table.name, key), 2
    while foreign_key_of(table, name) is not None:
        name, number = shortened_name((table.name, *key.columns, f"fkey{number}")), number + 1
    return key if number == 2 else replace(key, name=name)  # noqa: PLR2004


def _name_by_columns(table: str, key: ForeignKey) -> str:
    return foreign_key_name(table, replace(key, name=None))


def with_table_renamed(schema: Schema, old: str, new: str) -> Schema:
    """Give the schema with a table renamed, and with it what refers to it or is named for it."""
    if schema.get(new) is not None:
        raise MigrationError(f"{old!r} cannot become {new!r}, which is there already")
    renamed = schema.changing(old, lambda table: _with_names(replace(table, name=new), old, {}))
    return _following(renamed, lambda key: replace(key, table=new) if key.table == old else key)


def with_column_renamed(schema: Schema, table: str, old: str, new: str) -> Schema:
    """Give the schema with a column renamed, and with it what refers to it or is named for it.

    The column keeps its id, which is its first name where it has none yet.
    """
    found = schema.table(table)
    column_of(found, old)
    if any(column.name == new for column in found.columns):
        raise MigrationError(f"{table}.{old} cannot become {new!r}, which is there already")
    renamed = schema.changing(table, lambda each: _with_names(each, table, {old: new}))

    def follow(key: ForeignKey) -> ForeignKey:
        if key.table != table:
            return key
        return replace(key, target_columns=_renamed(key.target_columns, {old: new}))

    return _following(renamed, follow)


def _with_names(table: Table, was: str, names: dict[str, str]) -> Table:
    """Give a table with its columns renamed; an index that was named for them is named anew.

    A foreign key keeps its name, which no store changes.
    """
    return replace(
        table,
        columns=tuple(
            replace(c, name=names[c.name], id=c.id or c.name) if c.name in names else c
            for c in table.columns
        ),
        key=_renamed(table.key, names),
        indexes=tuple(_index_renamed(index, was, table.name, names) for index in table.indexes),
        foreign_keys=tuple(
            replace(k, columns=_renamed(k.columns, names), name=foreign_key_name(was, k))
            for k in table.foreign_keys
        ),
    )


def _index_renamed(index: Index, was: str, now: str, names: dict[str, str]) -> Index:
    columns = _renamed(index.columns, names)
    is_named_for = index.name == index_name(was, index.columns, is_unique=index.is_unique)
    name = index_name(now, columns, is_unique=index.is_unique) if is_named_for else index.name
    return replace(index, name=name, columns=columns)


def _renamed(columns: tuple[str, ...], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(names.get(column, column) for column in columns)


def _following(schema: Schema, follow: Callable[[ForeignKey], ForeignKey]) -> Schema:
    return Schema(
        tuple(
            replace(table, foreign_keys=tuple(map(follow, table.foreign_keys)))
            for table in schema.tables
        )
    )
