"""The tables that a statement reads, and the names that they have in it."""

from __future__ import annotations

from ommi.metadata.model import ModelMetadata
from ommi.metadata.paths import Path
from ommi.sql.dialect import Dialect


class Source:
    """A table that is read, under a name, and what was joined to it so far."""

    __slots__ = ("_table", "joined", "joins", "name")

    def __init__(self, name: str, table: str | None = None) -> None:
        self.name: str = name
        self._table = name if table is None else f"{table} AS {name}"
        self.joined: dict[Path, str] = {}
        self.joins: list[str] = []

    @property
    def text(self) -> str:
        """Give what stands behind FROM."""
        return "".join((self._table, *self.joins))

    def joined_on(self, condition: str) -> str:
        """Give what stands behind JOIN."""
        return "".join((self._table, f" ON {condition}", *self.joins))


class Aliases:
    """Names for the tables of one statement that are read beside its own."""

    def __init__(self, dialect: Dialect, table: str) -> None:
        self._quote = dialect.quote
        self._taken = table.casefold()
        self._count = 0

    def source(self, model: ModelMetadata) -> Source:
        """Give a table under a name that no other has."""
        self._count += 1
        while f"r{self._count}" == self._taken:
            self._count += 1
        return Source(self._quote(f"r{self._count}"), self._quote(model.table))
