"""Transactions in memory: a copy of the tables, which takes their place in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from typing import TYPE_CHECKING, TypeVar

from ommi.drivers.memory.changes import change_schema
from ommi.drivers.memory.tables import STORE, Tables
from ommi.drivers.protocol import Beginning, Build, Filled, IsolationLevel, Outcome, Step
from ommi.errors import ConflictError, MigrationError
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Backfill, Operation
from ommi.schema.snapshot import Table

if TYPE_CHECKING:
    from ommi.drivers.memory.driver import MemoryConnection

T = TypeVar("T")

PATIENCE = 5.0
"""How long to wait for a transaction that writes, in seconds."""


def no_matter() -> None:
    """Do nothing: nobody waits for the end of this transaction."""


@asynccontextmanager
async def turn(tables: Tables) -> AsyncGenerator[None, None]:
    """Be the only one who writes; raises `ConflictError` where that takes too long."""
    try:
        async with asyncio.timeout(PATIENCE):
            await tables.writing.acquire()
    except TimeoutError as error:
        raise ConflictError(
            f"another transaction has been writing for {PATIENCE:g} s; try again", store=STORE
        ) from error
    try:
        yield
    finally:
        tables.writing.release()


class MemoryUnit:
    """A transaction: from its first statement on it has tables of its own."""

    level: IsolationLevel = IsolationLevel.SERIALIZABLE

    def __init__(
        self,
        shared: Tables,
        how: Beginning,
        ended: Callable[[], None],
        connection: Callable[[Tables], MemoryConnection],
    ) -> None:
        self.outcome: Outcome = Outcome.OPEN
        self._shared = shared
        self._how = how
        self._ended = ended
        self._connect = connection
        self._own: Tables | None = None
        self._turn = turn(shared)
        self._savepoints: dict[str, Tables] = {}

    async def _connection(self) -> MemoryConnection:
        return self._connect(await self._tables())

    async def _tables(self) -> Tables:
        if self._own is None:
            if not self._how.is_read_only:
                await self._turn.__aenter__()
            self._own = self._shared.copy()
        return self._own

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows, and build something of them."""
        return await (await self._connection()).fetch(command, parameters, build, context)

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        return await (await self._connection()).execute(command, parameters)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands together or not at all."""
        return await (await self._connection()).run_batch(steps)

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them."""
        connection = await self._connection()
        async for built in connection.stream(command, parameters, size, build, context):
            yield built

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give what the store does, a line each."""
        return await (await self._connection()).explain(command, parameters)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        return await (await self._connection()).tables(names)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there."""
        await (await self._connection()).create_tables(tables)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there."""
        await (await self._connection()).drop_tables(tables)

    async def change_schema(self, operation: Operation) -> None:
        """Do what an operation says, as part of the transaction."""
        change_schema(await self._tables(), operation)

    async def has_rows(self, table: str) -> bool:
        """Tell whether a table has a row."""
        return bool(await self.count_rows(table))

    async def count_rows(self, table: str) -> int:
        """Count the rows of a table."""
        return sum(1 for _ in (await self._tables()).rows(table))

    async def backfill(self, operation: Backfill, after: tuple[object, ...] | None) -> Filled:
        """Refuse: what a backfill sets is said in SQL."""
        del after
        raise MigrationError(f"{operation} is SQL, which is nothing to a store in memory")

    async def savepoint(self, name: str) -> None:
        """Keep the tables as they are."""
        self._savepoints[name] = (await self._tables()).copy()

    async def release(self, name: str) -> None:
        """Forget a savepoint, and those after it."""
        names = list(self._savepoints)
        for later in names[names.index(name) :]:
            del self._savepoints[later]

    async def rollback_to(self, name: str) -> None:
        """Have the tables as they were."""
        kept = self._savepoints[name]
        await self.release(name)
        self._savepoints[name] = kept
        (await self._tables()).become(kept.copy())

    async def commit(self) -> None:
        """Give what was written to everybody."""
        if self._own is not None and not self._how.is_read_only:
            self._shared.become(self._own)
        await self._end(Outcome.COMMITTED)

    async def rollback(self) -> None:
        """Forget what was written."""
        await self._end(Outcome.ROLLED_BACK)

    async def close(self) -> None:
        """Roll back what was not committed."""
        await self.rollback()

    async def _end(self, outcome: Outcome) -> None:
        if self.outcome is not Outcome.OPEN:
            return
        self.outcome = outcome
        if self._own is not None and not self._how.is_read_only:
            await self._turn.__aexit__(None, None, None)
        self._ended()
