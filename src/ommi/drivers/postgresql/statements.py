"""Prepared statements of one session, the ones used last kept."""

from __future__ import annotations

from collections import OrderedDict
from itertools import count

from ommi.drivers.postgresql.client import Client, Prepared

KEPT = 256


class Statements:
    """Gives the prepared statement of a text.

    Behind a pooler that lends another server session for every transaction nothing can be kept: a
    statement is then prepared without a name, together with the question that it is for. One that
    is only parsed anew, its types remembered, would save a round trip, and misread the column that
    somebody has given another type.
    """

    __slots__ = ("_client", "_kept", "_numbers", "_size")

    def __init__(self, client: Client, *, size: int = KEPT) -> None:
        self._client = client
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        self._numbers = count(1)
        self._size = size

    def __len__(self) -> int:
        return len(self._kept)

    def kept(self, text: str) -> Prepared | None:
        """Give the statement if it is there."""
        statement = self._kept.get(text)
        if statement is not None:
            self._kept.move_to_end(text)
        return statement

    async def get(self, text: str) -> Prepared:
        """Give the statement, prepared if need be."""
        kept = self.kept(text)
        return await self.prepared(text) if kept is None else kept

    async def prepared(self, text: str) -> Prepared:
        """Prepare the statement and keep it, forgetting the one that was not used for longest."""
        if not self._size:
            return await self._client.prepare(text, name="")
        statement = await self._client.prepare(text, name=f"ommi_{next(self._numbers)}")
        self._kept[text] = statement
        if len(self._kept) > self._size:
            # asyncpg closes it on the server when the next one is prepared.
            self._kept.popitem(last=False)
        return statement

    def forget(self, text: str) -> None:
        """Have the statement prepared again when it is next wanted."""
        self._kept.pop(text, None)
