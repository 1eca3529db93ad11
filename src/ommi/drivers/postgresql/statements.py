"""Prepared statements of one session, the ones used last kept."""

from __future__ import annotations

from itertools import count

from ommi.drivers.postgresql.client import Client, Statement, statement_of
from ommi.planning.cache import RecentlyUsed, Young

KEPT = 256


class Statements:
    """Gives the prepared statement of a text.

    Behind a pooler that lends another server session for every transaction nothing can be kept: a
    statement is then prepared without a name, together with the question that it is for. One that
    is only parsed anew, its types remembered, would save a round trip, and misread the column that
    somebody has given another type.
    """

    __slots__ = ("_client", "_kept", "_numbers", "_size", "ready")

    def __init__(self, client: Client, *, size: int = KEPT) -> None:
        self._client = client
        # asyncpg closes on the server what is kept no longer, when the next one is prepared.
        self._kept: RecentlyUsed[Statement] = RecentlyUsed(size)
        self._numbers = count(1)
        self._size = size
        self.ready: Young[Statement] = self._kept.kept
        """Gives the statement of a text if it is there, else `None`."""

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, text: str) -> Statement:
        """Give the statement, prepared if need be."""
        kept = self.ready[text]
        return await self.prepared(text) if kept is None else kept

    async def prepared(self, text: str) -> Statement:
        """Prepare the statement and keep it, forgetting one that was not used for long."""
        name = f"ommi_{next(self._numbers)}" if self._size else ""
        statement = statement_of(self._client, await self._client.prepare(text, name=name))
        if self._size:
            self._kept.put(text, statement)
        return statement

    def forget(self, text: str) -> None:
        """Have the statement prepared again when it is next wanted."""
        self._kept.forget(text)
