"""Questions about other rows: asked again until every row that they need is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ommi.drivers.redis.access import access_with
from ommi.drivers.redis.rules import clear
from ommi.drivers.redis.values import Row
from ommi.drivers.redis.work import Work
from ommi.errors import OmmiError
from ommi.query.evaluate import Related

T = TypeVar("T")
Columns = tuple[str, ...]
Values = tuple[object, ...]


async def settled(work: Work, answer: Callable[[Related], T]) -> T:
    """Give an answer that needs rows of other tables.

    It is tried with the rows that are known. What it looks for besides is fetched, all of it at
    once, and it is tried again; so there are as many rounds as tables on the way.
    """
    known = _Known()
    while True:
        try:
            answered = answer(known)
        except OmmiError:
            if not known.missing:
                raise
        else:
            if not known.missing:
                return answered
        await known.fetch(work)


class _Known:
    """Rows of other tables as far as they were fetched, and what was looked for in vain."""

    def __init__(self) -> None:
        self.missing: dict[tuple[str, Columns], dict[Values, None]] = {}
        self._found: dict[tuple[str, Columns], dict[Values, list[Row]]] = {}

    def rows_with(self, table: str, columns: Columns, values: Values) -> Sequence[Row]:
        """Give the rows of a table that have these values, none where they are not known."""
        place = (table, columns)
        known = self._found.get(place)
        found = None if known is None else known.get(values)
        if found is None:
            self.missing.setdefault(place, {})[values] = None
            return ()
        return found

    async def fetch(self, work: Work) -> None:
        missing, self.missing = self.missing, {}
        for (name, columns), wanted in missing.items():
            table = work.catalogue.table(name)
            await clear(work, table)
            rows = await work.rows(table, access_with(table, columns, wanted))
            passing = work.passing()
            found = self._found.setdefault((name, columns), {})
            for values in wanted:
                found[values] = []
            meant: list[bytes] = []
            for id_, row in rows:
                group = found.get(tuple([row[column] for column in columns]))
                if group is not None:
                    group.append(row)
                    meant.append(id_)
            work.meant(table, passing, meant)
