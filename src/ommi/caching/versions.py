"""Which tables were written, and which are being written: what makes an answer old."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic

Tables = frozenset[str] | None
"""Names of tables; `None` for all of them."""

EVERYTHING: Tables = None

DOUBT = 60.0
"""For how many seconds nothing is kept of a table whose last write may yet happen.

A server does at once what has reached it, whoever is still there; this is many times longer.
"""


class TableVersion:
    """How often a table was written, as far as is known, and how many writes are under way."""

    __slots__ = ("generation", "name", "writers")

    def __init__(self, name: str, writers: int) -> None:
        self.name: str = name
        self.generation: int = 0
        self.writers: int = writers

    def __repr__(self) -> str:
        return f"<{self.name}: {self.generation}, {self.writers} writing>"


Stamp = tuple[tuple[TableVersion, int], ...]
"""Tables, and the generation that each had."""


class Versions:
    """The versions of the tables of one database.

    A write counts twice: where it begins, so that what was read before is given no more, and where
    it ends, so that what was read meanwhile is not kept. In between there is no stamp.

    `sure_until` is how long, by `clock`, they can be vouched for; for ever where nobody else
    writes.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self.sure_until: float = float("inf")
        self._tables: dict[str, TableVersion] = {}
        self._writers_of_all = 0
        self._doubts: list[tuple[float, Tables]] = []

    def of(self, names: Iterable[str]) -> tuple[TableVersion, ...]:
        """Give the versions of tables; always the same object for a table."""
        return tuple([self._of(name) for name in names])

    def _of(self, name: str) -> TableVersion:
        known = self._tables.get(name)
        if known is None:
            known = self._tables[name] = TableVersion(name, self._writers_of_all)
        return known

    def stamp(self, tables: Iterable[TableVersion]) -> Stamp | None:
        """Give what an answer that is read from now on may be kept with.

        `None` while any of the tables is being written, and while nothing can be vouched for.
        """
        now = self.clock()
        if now >= self.sure_until:
            return None
        if self._doubts:
            self._dispel(now)
        stamp = []
        for table in tables:
            if table.writers:
                return None
            stamp.append((table, table.generation))
        return tuple(stamp)

    def begin(self, names: Tables) -> None:
        """Count a write that begins."""
        if names is None:
            self._writers_of_all += 1
        for table in self._touched(names):
            table.generation += 1
            table.writers += 1

    def end(self, names: Tables, *, is_sure: bool = True) -> None:
        """Count a write that has ended; one that may yet happen ends after `DOUBT` seconds."""
        if not is_sure:
            self._doubts.append((self.clock() + DOUBT, names))
            return
        if names is None:
            self._writers_of_all -= 1
        for table in self._touched(names):
            table.generation += 1
            table.writers -= 1

    def forget_all(self) -> None:
        """Let nothing that was read before be given any more."""
        for table in self._tables.values():
            table.generation += 1

    def _touched(self, names: Tables) -> Iterable[TableVersion]:
        return self._tables.values() if names is None else self.of(sorted(names))

    def _dispel(self, now: float) -> None:
        over = [names for until, names in self._doubts if until <= now]
        if over:
            self._doubts = [doubt for doubt in self._doubts if doubt[0] > now]
            for names in over:
                self.end(names)
