"""Tables as values: what a model wants, and what a store has, in the same words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from ommi.errors import ModelError
from ommi.metadata.annotations import OnDelete
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.references import ResolvedReference, references_of
from ommi.metadata.storage import StorageType

LONGEST_NAME = 63
"""Bytes; PostgreSQL cuts longer names, without a word."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `storage` is `None` where the store has a type that Ommi does not use.

    `declared` is the type in the store's own words, for messages. `id` is the name by which
    migrations know the column, whatever it is called by now; it is no part of what is compared.
    `choices` are the stored forms of an enumeration or a literal. Stores know nothing of them, but
    for a type of PostgreSQL's own, which Ommi does not use and whose labels they are.
    """

    name: str
    storage: StorageType | None
    is_nullable: bool = False
    is_generated: bool = False
    default: str | None = None
    declared: str = ""
    id: str | None = dataclasses.field(default=None, compare=False)
    choices: tuple[object, ...] = dataclasses.field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """An index, perhaps a unique one."""

    name: str
    columns: tuple[str, ...]
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that hold the values of another table's columns.

    `name` is what the store calls it, `None` where that is left to the store.
    """

    columns: tuple[str, ...]
    table: str
    target_columns: tuple[str, ...]
    on_delete: OnDelete = "restrict"
    name: str | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that every row must meet, in SQL; stores word it anew, so names are compared."""

    name: str
    condition: str = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with everything that belongs to it.

    `expiry` is the column that says from when a row is no longer there.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    expiry: str | None = None


def table_of(model: ModelMetadata) -> Table:
    """Give the table that a model wants; raises `ModelError` for a reference to nothing."""
    return Table(
        name=model.table,
        columns=tuple(map(column_for, model.fields)),
        key=tuple(key.column for key in model.keys),
        indexes=tuple(_indexes(model)),
        foreign_keys=tuple(map(_foreign_key, references_of(model))),
        expiry=None if model.expiry is None else model.expiry.column,
    )


def column_for(field: FieldMetadata) -> Column:
    """Give the column that a field wants."""
    return Column(
        name=field.column,
        storage=field.storage,
        is_nullable=field.is_nullable,
        is_generated=field.is_auto,
        default=field.server_default,
    )


def _indexes(model: ModelMetadata) -> Iterable[Index]:
    for field in model.fields:
        if field.is_unique:
            yield _index(model, (field.name,), is_unique=True)
        elif field.is_indexed:
            yield _index(model, (field.name,), is_unique=False)
    for names in model.unique_together:
        yield _index(model, names, is_unique=True)
    for names in model.index_together:
        yield _index(model, names, is_unique=False)


def _index(model: ModelMetadata, names: tuple[str, ...], *, is_unique: bool) -> Index:
    columns = tuple(model.field(name).column for name in names)
    return Index(index_name(model.table, columns, is_unique=is_unique), columns, is_unique)


def index_name(table: str, columns: tuple[str, ...], *, is_unique: bool) -> str:
    """Name an index for what it is of."""
    return shortened_name((table, *columns, "unique" if is_unique else "index"))


def foreign_key_name(table: str, foreign_key: ForeignKey) -> str:
    """Give the name of a foreign key, or the one that it gets where nobody gave it any."""
    return foreign_key.name or shortened_name((table, *foreign_key.columns, "fkey"))


def shortened_name(parts: tuple[str, ...]) -> str:
    """Make a name of parts; a long one ends in a digest, since stores cut it."""
    name = "_".join(parts)
    if len(name.encode()) <= LONGEST_NAME:
        return name
    digest = sha256(repr(parts).encode()).hexdigest()[:8]
    start = name.encode()[: LONGEST_NAME - len(digest) - 1].decode(errors="ignore")
    return f"{start}_{digest}"


def _foreign_key(reference: ResolvedReference) -> ForeignKey:
    return ForeignKey(
        columns=tuple(field.column for field in reference.fields),
        table=reference.target.table,
        target_columns=tuple(field.column for field in reference.target_fields),
        on_delete=reference.on_delete,
    )


def in_dependency_order(tables: Iterable[Table]) -> tuple[Table, ...]:
    """Give tables so that each comes after those it refers to, as far as circles allow."""
    waiting = {table.name: table for table in tables}
    ordered: list[Table] = []
    while waiting:
        free = [
            table
            for table in waiting.values()
            if not any(f.table in waiting and f.table != table.name for f in table.foreign_keys)
        ]
        for table in free or [next(iter(waiting.values()))]:
            ordered.append(table)
            del waiting[table.name]
    return tuple(ordered)


def check_index_names(tables: Iterable[Table]) -> None:
    """Raise `ModelError` where indexes of two tables have one name: the second would not be made.

    Table `a_b` with column `c` and table `a` with columns `b` and `c` are such two.
    """
    owners: dict[str, str] = {}
    for table in tables:
        for index in table.indexes:
            owner = owners.setdefault(index.name, table.name)
            if owner != table.name:
                raise ModelError(
                    f"its index {index.name!r} has the name of one of {owner}; give one of the "
                    "two another table= or StoreAs(...)",
                    model=table.name,
                )


def check_targets(tables: Iterable[Table], known: Iterable[str]) -> None:
    """Raise `ModelError` for a reference to a table that is neither made nor there."""
    tables = tuple(tables)
    names = {table.name for table in tables} | set(known)
    for table in tables:
        for foreign_key in table.foreign_keys:
            if foreign_key.table not in names:
                raise ModelError(
                    f"refers to the table {foreign_key.table!r}, which is neither in the store "
                    "nor among the models to use; add its model to the collection",
                    model=table.name,
                )


def check_expiry(tables: Iterable[Table], known: Iterable[Table]) -> None:
    """Raise `ModelError` for a reference to a row that would go without anybody removing it."""
    tables = tuple(tables)
    expiring = {table.name for table in (*tables, *known) if table.expiry is not None}
    for table in tables:
        for foreign_key in table.foreign_keys:
            if foreign_key.table in expiring:
                raise ModelError(
                    f"refers to {foreign_key.table!r}, whose rows expire, and would be left with "
                    "references to nothing; keep the key without ReferenceTo",
                    model=table.name,
                )
