"""What the connections of one driver share, and how a piece of work is run on one of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar, cast

from ommi.drivers.redis.introspection import STORE, Catalogue, catalogue, written
from ommi.drivers.redis.names import Names
from ommi.drivers.redis.pending import Moved
from ommi.drivers.redis.scripts import CATALOGUE, DEFINE, REMOVE
from ommi.drivers.redis.session import Session
from ommi.drivers.redis.work import Memory, OutOfDate, Work
from ommi.errors import ConflictError, UnsupportedOperation
from ommi.schema.snapshot import Table

T = TypeVar("T")

ATTEMPTS = 100
"""How often a statement is tried when others write what it reads."""
LONGEST_PAUSE = 0.05
"""In seconds."""


@dataclass(slots=True)
class Store:
    """The names of keys, and the tables as they were when they were last read."""

    names: Names
    scan_limit: int
    known: Catalogue | None = field(default=None, repr=False)

    async def catalogue(self, session: Session) -> Catalogue:
        """Give the tables; they are read when they are first needed, and after a change."""
        return self.known or await self.refreshed(session)

    async def refreshed(self, session: Session) -> Catalogue:
        """Read the tables."""
        reply = await session.run(CATALOGUE, (self.names.changes, self.names.tables))
        version, *told = cast("list[bytes]", reply)
        self.known = catalogue(version, told, self.names)
        return self.known

    async def work(self, session: Session, memory: Memory) -> Work:
        """Give a piece of work that is still to be done."""
        known = await self.catalogue(session)
        return Work(session, known, self.names, self.scan_limit, memory)

    async def done(
        self,
        session: Session,
        do: Callable[[Work], Awaitable[T]],
        memory: Memory = Memory.ROWS,
    ) -> T:
        """Do a piece of work and commit it, again where others were quicker.

        Raises `ConflictError` where they are every time.
        """
        for attempt in count(1):
            work = await self.work(session, memory)
            try:
                answer = await do(work)
                await work.commit()
            except OutOfDate:
                self.known = None
            except Moved:
                if attempt == ATTEMPTS:
                    break
                # Those who were in each other's way are not to meet again.
                longest = min(LONGEST_PAUSE, 0.001 * attempt)
                await asyncio.sleep(longest * random.random())  # noqa: S311 - no secret
            else:
                return answer
        raise ConflictError(
            f"others have changed what was read {ATTEMPTS} times in a row; try again", store=STORE
        )

    async def tables(self, session: Session, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        known = (await self.refreshed(session)).tables
        return [known[name].schema for name in names if name in known]

    async def create(self, session: Session, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, all in one step."""
        for table in tables:
            if any(column.default is not None for column in table.columns):
                raise UnsupportedOperation(
                    "fill a field with Default(sql=...)", STORE, "give it a default"
                )
        told = [part for table in tables for part in (table.name.encode(), written(table))]
        names = self.names
        await session.run(DEFINE, (names.clock, names.changes, names.tables, *told))
        self.known = None

    async def drop(self, session: Session, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, with all that is kept for them, in one step."""
        names = self.names
        reply = 0
        while reply == 0:
            known = await self.refreshed(session)
            told: list[bytes] = []
            for name in (table.name for table in tables if table.name in known.tables):
                table = known.tables[name]
                told.extend((b"table", name.encode()))
                for key in table.keys:
                    told.extend((b"key", key))
                for counter in table.counters.values():
                    told.extend((b"counter", counter.field))
            if not told:
                return
            start = (names.clock, names.changes, known.version, names.tables, names.counters)
            reply = await session.run(REMOVE, (*start, *told))
        self.known = None
