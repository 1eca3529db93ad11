"""What changes rows or is written by hand; to a schema it does nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from ommi.schema.operations.sql import Sql
from ommi.schema.state import Schema, column_of

if TYPE_CHECKING:
    from typing import Any


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
