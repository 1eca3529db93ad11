"""Tables in memory: rows by key, with the rules of their schema kept.

They know tables and columns only; the compiler says violations in the words of the model.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from ommi.errors import (
    DatabaseError,
    ForeignKeyViolation,
    NotNullViolation,
    UniqueViolation,
)
from ommi.metadata.json_text import canonical_json
from ommi.metadata.storage import LARGEST_INT
from ommi.schema.snapshot import ForeignKey, Table

T = TypeVar("T")
Row = Mapping[str, object]
Key = tuple[object, ...]

STORE = "memory"


@dataclass(slots=True)
class _Held:
    """A table and its rows; rows are never changed, only exchanged."""

    schema: Table
    rows: dict[Key, Row] = field(default_factory=dict)
    _counts: dict[tuple[str, ...], Counter[Key]] = field(default_factory=dict)
    _last_keys: dict[str, int] = field(default_factory=dict)

    def copy(self) -> _Held:
        """Give the same rows to somebody else, who may exchange them."""
        counts = {columns: counted.copy() for columns, counted in self._counts.items()}
        return _Held(self.schema, self.rows.copy(), counts, self._last_keys.copy())

    def key_of(self, row: Row) -> Key:
        return tuple([row[column] for column in self.schema.key])

    def count_by(self, columns: tuple[str, ...]) -> Counter[Key]:
        """Count the rows by their values of columns; kept up to date from then on."""
        if columns not in self._counts:
            self._counts[columns] = Counter(_values(row, columns) for row in self.rows.values())
        return self._counts[columns]

    def put(self, row: Row) -> None:
        self.rows[self.key_of(row)] = row
        for column, last in self._last_keys.items():
            self._last_keys[column] = max(last, cast("int", row[column]))
        for columns, counts in self._counts.items():
            counts[_values(row, columns)] += 1

    def take(self, row: Row) -> None:
        del self.rows[self.key_of(row)]
        for columns, counts in self._counts.items():
            values = _values(row, columns)
            counts[values] -= 1
            if not counts[values]:
                del counts[values]

    def next_key(self, column: str) -> int:
        """Draw a key above every one that was ever here, like a sequence."""
        if column not in self._last_keys:
            keys = (cast("int", row[column]) for row in self.rows.values())
            self._last_keys[column] = max(keys, default=0)
        self._last_keys[column] = max(self._last_keys[column], 0) + 1
        return self._last_keys[column]


class Tables:
    """All tables of one store, and what they refer to."""

    def __init__(self) -> None:
        self.writing: asyncio.Lock = asyncio.Lock()
        """Held by a transaction that writes; others read what was there before."""
        self._held: dict[str, _Held] = {}
        self._undo: list[Callable[[], None]] | None = None

    def __len__(self) -> int:
        return len(self._held)

    def copy(self) -> Tables:
        """Give tables with the same rows, of which nobody else knows."""
        made = Tables()
        made._held = {name: held.copy() for name, held in self._held.items()}
        return made

    def become(self, other: Tables) -> None:
        """Take over all that is in other tables."""
        self._held = other._held

    def atomically(
        self, run: Callable[[Tables, Sequence[object]], T], values: Sequence[object]
    ) -> T:
        """Run something; if it fails, everything is as it was before."""
        undo: list[Callable[[], None]] = []
        self._undo = undo
        try:
            return run(self, values)
        except BaseException:
            for step in reversed(undo):
                step()
            raise
        finally:
            self._undo = None

    def described(self, names: Collection[str]) -> list[Table]:
        """Give the schemas of those of the named tables that are there."""
        return [self._held[name].schema for name in names if name in self._held]

    def names(self) -> list[str]:
        """Give the names of the tables."""
        return sorted(self._held)

    def load(self, contents: Collection[tuple[Table, Iterable[Row]]]) -> None:
        """Take over tables and rows that were kept elsewhere, instead of all that is here.

        Nothing is checked: rows may refer to each other in any order.
        """
        self._held = {table.name: _Held(table) for table, _ in contents}
        for table, rows in contents:
            for row in rows:
                self._held[table.name].put(row)

    def create(self, table: Table) -> None:
        """Make a table unless it is there."""
        self._held.setdefault(table.name, _Held(table))

    def drop(self, name: str) -> None:
        """Remove a table if it is there."""
        self._held.pop(name, None)

    @property
    def schemas(self) -> list[Table]:
        """The schemas of all tables."""
        return [held.schema for held in self._held.values()]

    def change(
        self, name: str, tables: Iterable[Table], new: Table, change: Callable[[Row], Row]
    ) -> None:
        """Exchange a table for a new one, its rows for changed ones; `tables` are all of them."""
        old = self._table(name)
        made = _Held(new)
        for row in old.rows.values():
            self._put(made, change(row))
        del self._held[name]
        self._held[new.name] = made
        for table in tables:
            self._held[table.name].schema = table
        self._check(made, list(made.rows.values()))

    def rows(self, name: str) -> Iterable[Row]:
        """Give the rows of a table, oldest first."""
        return self._table(name).rows.values()

    def insert(self, name: str, given: Row) -> Row:
        """Add a row; a generated key that is not given is one above the largest."""
        held = self._table(name)
        row = {column.name: given.get(column.name) for column in held.schema.columns}
        for column in held.schema.columns:
            if column.is_generated and row[column.name] is None:
                row[column.name] = self._next_key(held, column.name)
        self._put(held, row)
        self._check(held, [row])
        return row

    def replace(self, name: str, old: Sequence[Row], new: Sequence[Row]) -> None:
        """Exchange rows for others, all at once."""
        held = self._table(name)
        for row in old:
            self._take(held, row)
        for row in new:
            self._put(held, row)
        self._check(held, new)
        targets = [row for row, changed in zip(old, new, strict=True) if row != changed]
        for table, foreign_key in self._referring(name):
            self._check_referred(held, table, foreign_key, targets)

    def delete(self, name: str, rows: Sequence[Row]) -> None:
        """Remove rows, and do with those that refer to them what their rule says."""
        held = self._table(name)
        for row in rows:
            self._take(held, row)
        for table, foreign_key in self._referring(name):
            self._follow(held, table, foreign_key, rows)

    def _follow(
        self, held: _Held, table: _Held, foreign_key: ForeignKey, gone: Sequence[Row]
    ) -> None:
        if foreign_key.on_delete == "restrict":
            self._check_referred(held, table, foreign_key, gone)
            return
        values = {_values(row, foreign_key.target_columns) for row in gone}
        referring = [r for r in table.rows.values() if _values(r, foreign_key.columns) in values]
        if not referring:
            return
        if foreign_key.on_delete == "cascade":
            self.delete(table.schema.name, referring)
        else:
            empty = dict.fromkeys(foreign_key.columns)
            self.replace(table.schema.name, referring, [{**row, **empty} for row in referring])

    def _table(self, name: str) -> _Held:
        try:
            return self._held[name]
        except KeyError:
            raise DatabaseError(
                f"there is no table {name!r}; use_models() makes it", store=STORE
            ) from None

    def _next_key(self, held: _Held, column: str) -> int:
        key = held.next_key(column)
        if key > LARGEST_INT:
            raise DatabaseError(f"{held.schema.name} has no free key left", store=STORE)
        return key

    def _put(self, held: _Held, row: Row) -> None:
        for column in held.schema.columns:
            if row[column.name] is None and not column.is_nullable:
                raise NotNullViolation(
                    "a value is required",
                    model=held.schema.name,
                    fields=(column.name,),
                    store=STORE,
                )
        key = held.key_of(row)
        if key in held.rows:
            raise _not_unique(held, held.schema.key, "key")
        held.put(row)
        self._to_undo(lambda: held.take(row))

    def _take(self, held: _Held, row: Row) -> None:
        if held.key_of(row) in held.rows:
            held.take(row)
            self._to_undo(lambda: held.put(row))

    def _to_undo(self, step: Callable[[], object]) -> None:
        if self._undo is not None:
            self._undo.append(cast("Callable[[], None]", step))

    def _check(self, held: _Held, rows: Sequence[Row]) -> None:
        for index in held.schema.indexes:
            if index.is_unique:
                self._check_unique(held, index.columns, rows)
        for foreign_key in held.schema.foreign_keys:
            self._check_targets(held, foreign_key, rows)

    def _check_unique(self, held: _Held, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
        counts = held.count_by(columns)
        for row in rows:
            values = _values(row, columns)
            if None not in values and counts[values] > 1:
                raise _not_unique(held, columns, "value")

    def _check_targets(self, held: _Held, foreign_key: ForeignKey, rows: Sequence[Row]) -> None:
        wanted = {_values(row, foreign_key.columns) for row in rows}
        wanted = {values for values in wanted if None not in values}
        if not wanted:
            return
        target = self._table(foreign_key.table)
        there = target.count_by(foreign_key.target_columns)
        if not all(there[values] for values in wanted):
            raise ForeignKeyViolation(
                f"there is no such row of {foreign_key.table}",
                model=held.schema.name,
                fields=foreign_key.columns,
                store=STORE,
            )

    def _referring(self, name: str) -> list[tuple[_Held, ForeignKey]]:
        return [
            (held, foreign_key)
            for held in self._held.values()
            for foreign_key in held.schema.foreign_keys
            if foreign_key.table == name
        ]

    def _check_referred(
        self, held: _Held, table: _Held, foreign_key: ForeignKey, gone: Sequence[Row]
    ) -> None:
        there = held.count_by(foreign_key.target_columns)
        asked = {_values(row, foreign_key.target_columns) for row in gone}
        if any(table.count_by(foreign_key.columns)[v] for v in asked if not there[v]):
            raise ForeignKeyViolation(
                f"the row is still referred to by {table.schema.name}",
                model=held.schema.name,
                store=STORE,
            )


def _values(row: Row, columns: Sequence[str]) -> Key:
    return tuple([_hashable(row[column]) for column in columns])


def _hashable(value: object) -> object:
    return canonical_json(value) if isinstance(value, list | dict) else value


def _not_unique(held: _Held, columns: Sequence[str], what: str) -> UniqueViolation:
    return UniqueViolation(
        f"another row already has this {what}",
        model=held.schema.name,
        fields=columns,
        store=STORE,
    )
