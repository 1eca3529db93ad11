"""What tables look like, as the store keeps it, and what is kept beside their rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from ommi.drivers.redis.names import Names, counter
from ommi.drivers.redis.pending import Group, Place
from ommi.drivers.redis.values import RANGED, Row, identity, microseconds
from ommi.errors import DatabaseError
from ommi.metadata.annotations import OnDelete
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Column, ForeignKey, Index, Table

STORE = "Redis"


class NoTable(DatabaseError):
    """A table is not in the catalogue, which may be an old one."""


@dataclass(frozen=True, slots=True)
class Unique:
    """A hash of keys of rows, by the values of columns; a row with a null has no place in it."""

    key: bytes
    columns: tuple[str, ...]

    def field(self, row: Row) -> bytes | None:
        """Give the place of a row."""
        values = [row[column] for column in self.columns]
        return None if None in values else identity(values)


@dataclass(frozen=True, slots=True)
class Equal:
    """A sorted set in which keys of rows stand behind the values of columns."""

    key: bytes
    columns: tuple[str, ...]

    def group(self, values: Sequence[object]) -> Group:
        """Give the rows with these values."""
        return Group(self.key, identity(values))


@dataclass(frozen=True, slots=True)
class Range:
    """A sorted set of keys of rows, by a column: numbers by score, texts in front of the keys."""

    key: bytes
    column: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Expiry:
    """A sorted set of keys of rows, by when a column says that they are no longer there."""

    key: bytes
    column: str

    def end(self, row: Row) -> datetime | None:
        """Give the instant from which a row is no longer there."""
        return cast("datetime | None", row[self.column])

    def rank(self, row: Row) -> bytes:
        """Give the place of a row in the set."""
        end = self.end(row)
        return b"+inf" if end is None else b"%d" % microseconds(end)


@dataclass(frozen=True, slots=True)
class Referring:
    """A reference from rows of a table, and the index that tells which rows have it."""

    table: str
    foreign_key: ForeignKey
    equal: Equal


@dataclass(frozen=True, slots=True, eq=False)
class StoredTable:
    """A table, and the keys of all that is kept for it."""

    schema: Table
    rows: bytes
    columns: tuple[str, ...]
    required: tuple[str, ...]
    uniques: tuple[Unique, ...]
    equals: tuple[Equal, ...]
    ranges: tuple[Range, ...]
    counters: Mapping[str, Place]
    """The counters of generated columns."""
    referring: tuple[Referring, ...]
    """What refers to this table."""
    sure_key: tuple[str, ...]
    """The key, where a row that has it is there; none where rows expire."""
    expiry: Expiry | None = None

    @property
    def name(self) -> str:
        return self.schema.name

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys of all that is kept for the table and its rows."""
        return (
            self.rows,
            *(unique.key for unique in self.uniques),
            *(equal.key for equal in self.equals),
            *(known.key for known in self.ranges),
            *(() if self.expiry is None else (self.expiry.key,)),
        )

    def id_of(self, row: Row) -> bytes:
        """Give the key of a row."""
        return identity([row[column] for column in self.schema.key])

    def unique_of(self, columns: Sequence[str]) -> Unique | None:
        """Give the unique index of columns in any order; `None` for the key."""
        wanted = set(columns)
        return next((each for each in self.uniques if set(each.columns) == wanted), None)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All tables, as they were at a version of the schema."""

    version: bytes
    tables: Mapping[str, StoredTable]

    def table(self, name: str) -> StoredTable:
        """Give a table; raises `DatabaseError` where it is not there."""
        try:
            return self.tables[name]
        except KeyError:
            raise NoTable(
                f"there is no table {name!r}; use_models() makes it", store=STORE
            ) from None


def catalogue(version: bytes, told: Sequence[bytes], names: Names) -> Catalogue:
    """Make the catalogue of what the store tells: names and descriptions in turn."""
    tables = sorted((read(text) for text in told[1::2]), key=lambda table: table.name)
    return Catalogue(version, {table.name: _stored(table, tables, names) for table in tables})


def _stored(table: Table, every: Sequence[Table], names: Names) -> StoredTable:
    kinds = {column.name: column.storage and column.storage.kind for column in table.columns}
    referring = tuple(
        Referring(other.name, foreign_key, _of_reference(other, foreign_key, names))
        for other in every
        for foreign_key in other.foreign_keys
        if foreign_key.table == table.name
    )
    plain = [Equal(names.equal(i.name), i.columns) for i in table.indexes if not i.is_unique]
    own = [_of_reference(table, foreign_key, names) for foreign_key in table.foreign_keys]
    return StoredTable(
        schema=table,
        rows=names.rows(table.name),
        columns=tuple(column.name for column in table.columns),
        required=tuple(column.name for column in table.columns if not column.is_nullable),
        uniques=tuple(
            Unique(names.unique(index.name), index.columns)
            for index in table.indexes
            if index.is_unique
        ),
        equals=(*plain, *own),
        ranges=tuple(
            Range(names.range(index.name), index.columns[0], kinds[index.columns[0]] is Kind.TEXT)
            for index in table.indexes
            if kinds[index.columns[0]] in {*RANGED, Kind.TEXT}
        ),
        counters={
            column.name: Place(names.counters, counter(table.name, column.name))
            for column in table.columns
            if column.is_generated
        },
        referring=referring,
        sure_key=table.key if table.expiry is None else (),
        expiry=None if table.expiry is None else Expiry(names.ends(table.name), table.expiry),
    )


def _of_reference(table: Table, foreign_key: ForeignKey, names: Names) -> Equal:
    # A slash is in no name of an index that a model wants.
    name = "/".join((table.name, *foreign_key.columns))
    return Equal(names.equal(name), foreign_key.columns)


def written(table: Table) -> bytes:
    """Give the description of a table as it is kept."""
    return json.dumps(
        {
            "name": table.name,
            "columns": [_written_column(column) for column in table.columns],
            "key": table.key,
            "indexes": [
                {"name": i.name, "columns": i.columns, "unique": i.is_unique}
                for i in table.indexes
            ],
            "references": [
                {
                    "columns": f.columns,
                    "table": f.table,
                    "targets": f.target_columns,
                    "on_delete": f.on_delete,
                }
                for f in table.foreign_keys
            ],
            "expiry": table.expiry,
        }
    ).encode()


def _written_column(column: Column) -> dict[str, object]:
    storage = column.storage
    if storage is None:
        raise TypeError(f"{column.name} has no storage type")
    return {
        "name": column.name,
        "kind": storage.kind.value,
        "bounds": [storage.length, storage.precision, storage.scale],
        "nullable": column.is_nullable,
        "generated": column.is_generated,
    }


def read(text: bytes) -> Table:
    """Give the table of a description."""
    told: dict[str, Any] = json.loads(text)
    return Table(
        name=told["name"],
        columns=tuple(
            Column(
                each["name"],
                StorageType(Kind(each["kind"]), *each["bounds"]),
                is_nullable=each["nullable"],
                is_generated=each["generated"],
            )
            for each in told["columns"]
        ),
        key=tuple(told["key"]),
        indexes=tuple(
            Index(each["name"], tuple(each["columns"]), each["unique"]) for each in told["indexes"]
        ),
        foreign_keys=tuple(
            ForeignKey(
                tuple(each["columns"]),
                each["table"],
                tuple(each["targets"]),
                cast("OnDelete", each["on_delete"]),
            )
            for each in told["references"]
        ),
        expiry=told.get("expiry"),
    )
