"""Generated keys: one document per collection says which was drawn last.

Keys are drawn outside of transactions, as other stores' sequences are: one that is rolled back
leaves a gap, and nobody waits for it.
"""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase

COLLECTION = "ommi_counters"


class Counters:
    """Draws keys for the collections of one database."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._database = database

    async def draw(self, collection: str, place: str, count: int) -> range:
        """Draw keys above every one that was drawn, or passed over, before."""
        last = await self._moved(collection, count)
        if last is None:
            # Documents that were there before the counter have their keys, too.
            await self.pass_over(collection, await self._largest(collection, place))
            last = await self._moved(collection, count)
        return range((last or count) - count + 1, (last or count) + 1)

    async def pass_over(self, collection: str, key: int) -> None:
        """Draw none from now on that is not above this key."""
        await self._database[COLLECTION].update_one(
            {"_id": {"$eq": collection}}, {"$max": {"last": max(key, 0)}}, upsert=True
        )

    async def forget(self, collection: str) -> None:
        """Begin at one again."""
        await self._database[COLLECTION].delete_many({"_id": {"$eq": collection}})

    async def _moved(self, collection: str, count: int) -> int | None:
        found = await self._database[COLLECTION].find_one_and_update(
            {"_id": {"$eq": collection}},
            {"$inc": {"last": count}},
            return_document=ReturnDocument.AFTER,
        )
        return None if found is None else int(found["last"])

    async def _largest(self, collection: str, place: str) -> int:
        found = await self._database[collection].find_one({}, {place: 1}, sort=[(place, -1)])
        value: Any = found
        for step in place.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return int(value or 0)
