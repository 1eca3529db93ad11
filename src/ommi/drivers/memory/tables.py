"""Tables in memory: rows by key, with the rules of their schema kept.

They know tables and columns only; the compiler says violations in the words of the model.
"""

from __future__ import annotations

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

    def key_of(self, row: Row) -> Key:
        return tuple([row[column] for column in self.schema.key])


class Tables:
    """All tables of one store, and what they refer to."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._undo: list[Callable[[], None]] | None = None

    def __len__(self) -> int:
        return len(self._held)

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

    def create(self, table: Table) -> None:
        """Make a table unless it is there."""
        self._held.setdefault(table.name, _Held(table))

    def drop(self, name: str) -> None:
        """Remove a table if it is there."""
        self._held.pop(name, None)

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
        largest = max((cast("int", row[column]) for row in held.rows.values()), default=0)
        if largest >= LARGEST_INT:
            raise DatabaseError(f"{held.schema.name} has no free key left", store=STORE)
        return max(largest, 0) + 1

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
        held.rows[key] = row
        self._to_undo(lambda: held.rows.pop(key))

    def _take(self, held: _Held, row: Row) -> None:
        key = held.key_of(row)
        if held.rows.pop(key, None) is not None:
            self._to_undo(lambda: held.rows.__setitem__(key, row))

    def _to_undo(self, step: Callable[[], object]) -> None:
        if self._undo is not None:
            self._undo.append(cast("Callable[[], None]", step))

    def _check(self, held: _Held, rows: Sequence[Row]) -> None:
        for index in held.schema.indexes:
            if index.is_unique:
                self._check_unique(held, index.columns, rows)
        for foreign_key in held.schema.foreign_keys:
            self._check_targets(held, foreign_key, rows)

    def _check_unique(self, held: _Held, columns: Sequence[str], rows: Sequence[Row]) -> None:
        asked = {_values(row, columns) for row in rows}
        found: set[Key] = set()
        for row in held.rows.values():
            values = _values(row, columns)
            if None in values or values not in asked:
                continue
            if values in found:
                raise _not_unique(held, columns, "value")
            found.add(values)

    def _check_targets(self, held: _Held, foreign_key: ForeignKey, rows: Sequence[Row]) -> None:
        wanted = {_values(row, foreign_key.columns) for row in rows}
        wanted = {values for values in wanted if None not in values}
        if not wanted:
            return
        target = self._table(foreign_key.table)
        there = {_values(row, foreign_key.target_columns) for row in target.rows.values()}
        if not wanted <= there:
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
        there = {_values(row, foreign_key.target_columns) for row in held.rows.values()}
        missing = {_values(row, foreign_key.target_columns) for row in gone} - there
        if any(_values(row, foreign_key.columns) in missing for row in table.rows.values()):
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
