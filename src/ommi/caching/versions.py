"""Which tables were written, and which are being written: what makes an answer old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from time import monotonic

Tables = frozenset[str] | None
"""Names of tables, and of parts of them (`row_of`, `new_rows_of`); `None` for everything."""

EVERYTHING: Tables = None

ROWS = 256
"""How many versions the rows of a table have, each that of all whose keys leave the same rest."""

MOST_ROWS = 16
"""Of how many rows of a table a write says which they are; one of more is of the whole table."""

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


class RowVersions:
    """The versions of parts of a table, for questions for the row with a key in one column.

    `others` counts writes that may touch any row, `new` those that add rows.
    """

    __slots__ = ("new", "others", "rows")

    def __init__(self, name: str, writers: int) -> None:
        self.others: TableVersion = TableVersion(name, writers)
        self.new: TableVersion = TableVersion(name, 0)
        self.rows: tuple[TableVersion, ...] = tuple([TableVersion(name, 0) for _ in range(ROWS)])


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
        self._rows: dict[str, dict[str, RowVersions]] = {}
        self._under_way: Counter[str] = Counter()
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

    def rows_of(self, name: str, column: str) -> RowVersions:
        """Give the versions of parts of a table by the key in a column; always the same ones."""
        known = self._rows.setdefault(name, {})
        if column not in known:
            made = RowVersions(name, self._writers_of_all)
            for part, count in self._under_way.items():
                if table_of(part) == name:
                    _part_of(part, column, made).writers += count
            known[column] = made
        return known[column]

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
        else:
            self._under_way.update(names)
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
        else:
            self._under_way.subtract(names)
            for name in names:
                if not self._under_way[name]:
                    del self._under_way[name]
        for table in self._touched(names):
            table.generation += 1
            table.writers -= 1

    def forget_all(self) -> None:
        """Let nothing that was read before be given any more."""
        for table in self._touched(EVERYTHING):
            table.generation += 1

    def _touched(self, names: Tables) -> Iterator[TableVersion]:
        if names is None:
            yield from self._tables.values()
            yield from (rows.others for known in self._rows.values() for rows in known.values())
            return
        for part in names:
            name = table_of(part)
            yield self._of(name)
            for column, rows in self._rows.get(name, {}).items():
                yield _part_of(part, column, rows)

    def _dispel(self, now: float) -> None:
        over = [names for until, names in self._doubts if until <= now]
        if over:
            self._doubts = [doubt for doubt in self._doubts if doubt[0] > now]
            for names in over:
                self.end(names)


_MARK = "\0"
"""Stands in no name of a table."""


def row_of(name: str, column: str, number: int) -> str:
    """Name the rows of a table whose keys, in a column, have the same rest as a number."""
    return f"{name}{_MARK}{column}{_MARK}{number % ROWS}"


def new_rows_of(name: str) -> str:
    """Name the rows of a table that are not there yet."""
    return f"{name}{_MARK}"


def table_of(part: str) -> str:
    """Give the name of the table that a part belongs to; a table is a part of itself."""
    return part.partition(_MARK)[0]


def condensed(names: Tables) -> Tables:
    """Give a table in place of its parts, where they are many."""
    if names is None or len(names) <= MOST_ROWS:
        return names
    parts = Counter(map(table_of, names))
    return frozenset([n if parts[table_of(n)] <= MOST_ROWS else table_of(n) for n in names])


def _part_of(part: str, column: str, rows: RowVersions) -> TableVersion:
    """Give the version, of those by one column, that counts the writes of a part of the table."""
    _, *rest = part.split(_MARK)
    match rest:
        case [""]:
            return rows.new
        case [known, number] if known == column and number.isdecimal():
            return rows.rows[int(number) % ROWS]
        case _:
            return rows.others
