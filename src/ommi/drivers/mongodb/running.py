"""Commands done: sent in a session or without one, and what comes back made rows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from ommi.drivers.mongodb import commands
from ommi.drivers.mongodb.commands import Aggregate, Command, Find, Insert
from ommi.drivers.mongodb.counters import Counters
from ommi.drivers.mongodb.documents import nested
from ommi.drivers.mongodb.errors import translating
from ommi.planning.plan import Parameters, Rows

Document = dict[str, Any]
Database = AsyncDatabase[Document]
Session = AsyncClientSession | None

KEYS_AT_ONCE = 50_000
"""How many keys a write takes at once; a command has 48 MB at most."""


class Runner:
    """Runs commands on one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._counters = Counters(database)

    async def fetch(self, command: Command, parameters: Parameters, session: Session) -> Rows:
        """Run a command that gives rows: those found, a number, or what was generated."""
        with translating(command):
            command.check(parameters)
            if isinstance(command, Insert):
                return await self.insert(command, [parameters], session)
            if isinstance(command, commands.Count):
                return [(await self._count(command, parameters, session),)]
            cursor = await self._cursor(command, parameters, session)
            if cursor is None:
                return []
            async with cursor:
                documents = await cursor.to_list()
        return list(map(_reading(command), documents))

    async def stream(
        self, command: Command, parameters: Parameters, size: int, session: Session
    ) -> AsyncGenerator[Rows, None]:
        """Run a command that gives rows, and give `size` of them at a time."""
        read = _reading(command)
        with translating(command):
            command.check(parameters)
            cursor = await self._cursor(command, parameters, session)
        if cursor is None:
            return
        async with cursor:
            while True:
                with translating(command):
                    documents = await cursor.to_list(size)
                if documents:
                    yield list(map(read, documents))
                if len(documents) < size:
                    return

    async def execute(self, command: Command, parameters: Parameters, session: Session) -> int:
        """Run a command and give the number of rows that it matched."""
        with translating(command):
            command.check(parameters)
            if isinstance(command, Insert):
                await self.insert(command, [parameters], session)
                return 1
            if isinstance(command, commands.Update | commands.Delete):
                return await self._write(command, parameters, session)
        return len(await self.fetch(command, parameters, session))

    async def insert(
        self, command: Insert, rows: Sequence[Parameters], session: Session
    ) -> list[tuple[object, ...]]:
        """Add documents; give the keys that were drawn for them, if any were."""
        if not rows:
            return []
        with translating(command):
            return await self._insert(command, rows, session)

    async def _insert(
        self, command: Insert, rows: Sequence[Parameters], session: Session
    ) -> list[tuple[object, ...]]:
        places, drawn = command.places, range(0)
        if command.generated is not None:
            drawn = await self._counters.draw(command.collection, command.generated, len(rows))
            places = (*places, command.generated)
            rows = [(*row, key) for row, key in zip(rows, drawn, strict=True)]
        elif command.given is not None:
            keys = [cast("int", row[command.given]) for row in rows]
            await self._counters.pass_over(command.collection, max(keys))
        made = [_document(places, row) for row in rows]
        collection = self.database[command.collection]
        if len(made) == 1:
            await collection.insert_one(made[0], session=session)
        else:
            await collection.insert_many(made, session=session)
        return [(key,) for key in drawn]

    async def _write(
        self, command: commands.Update | commands.Delete, parameters: Parameters, session: Session
    ) -> int:
        filled, own = command.matching.fill(parameters), command.matching.own
        if own is None:
            return await self._written(command, cast("Document", filled), parameters, session)
        collection = self.database[command.collection]
        cursor = await collection.aggregate(
            cast("list[Document]", filled), session=session, allowDiskUse=True
        )
        async with cursor:
            keys = [document["_id"] async for document in cursor]
        matched = 0
        # Without a transaction somebody may have changed them since.
        still = own(parameters)
        for start in range(0, len(keys), KEYS_AT_ONCE):
            among = {"_id": {"$in": keys[start : start + KEYS_AT_ONCE]}}
            filter_ = {"$and": [among, still]} if still else among
            matched += await self._written(command, filter_, parameters, session)
        return matched

    async def _written(
        self,
        command: commands.Update | commands.Delete,
        filter_: Document,
        parameters: Parameters,
        session: Session,
    ) -> int:
        collection = self.database[command.collection]
        if isinstance(command, commands.Delete):
            return (await collection.delete_many(filter_, session=session)).deleted_count
        document = cast("Document", command.document(parameters))
        return (await collection.update_many(filter_, document, session=session)).matched_count

    async def _count(
        self, command: commands.Count, parameters: Parameters, session: Session
    ) -> int:
        if command.bounds.are_empty(parameters):
            return 0
        pipeline = cast("list[Document]", command.fill(parameters))
        collection = self.database[command.collection]
        cursor = await collection.aggregate(pipeline, session=session, allowDiskUse=True)
        async with cursor:
            found = await cursor.to_list()
        return int(found[0]["n"]) if found else 0

    async def _cursor(self, command: Command, parameters: Parameters, session: Session) -> Any:  # noqa: ANN401
        collection = self.database[command.collection]
        if not isinstance(command, Find | Aggregate):
            raise TypeError(f"not a command that finds: {type(command).__name__}")
        if command.bounds.are_empty(parameters):
            return None
        filled = command.fill(parameters)
        if isinstance(command, Aggregate):
            pipeline = cast("list[Document]", filled)
            return await collection.aggregate(pipeline, session=session, allowDiskUse=True)
        skip, limit = command.bounds.of(parameters)
        return collection.find(
            cast("Document", filled),
            sort=list(command.sort) or None,
            skip=skip,
            limit=limit,
            session=session,
            allow_disk_use=True if command.sort else None,
        )


def _reading(command: Command) -> Any:  # noqa: ANN401
    return cast("Find", command).read


def _document(places: Sequence[str], values: Sequence[object]) -> Document:
    return nested(list(zip(places, values, strict=True)))
