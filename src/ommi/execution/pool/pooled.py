"""A pool that looks like one connection: each call borrows one, and gives it back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from contextvars import Context
from functools import partial
from typing import Any, TypeVar, cast

from ommi.drivers.protocol import (
    Beginning,
    Build,
    Explaining,
    Listing,
    SchemaKeeping,
    Step,
    Unit,
)
from ommi.errors import UnsupportedOperation
from ommi.execution.pool.connection_pool import ConnectionPool
from ommi.execution.pool.gathering import Gatherer
from ommi.planning.plan import ByKeys, Parameters, Rows
from ommi.schema.snapshot import Table

T = TypeVar("T")


class PooledConnection:
    """The connections of a pool as one, whose calls may overlap.

    No call is ever repeated: what was sent may have been done.
    """

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        self.pool = pool
        self._gatherer = Gatherer(pool)

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows; build something of them."""
        pool = self.pool
        lease = pool.take()
        if lease is None:
            by_keys: ByKeys | None = getattr(command, "by_keys", None)
            rows = None if by_keys is None else await self._gatherer.rows(by_keys, parameters[0])
            if rows is not None:
                return build(rows)
            lease = await pool.acquire()
        try:
            built: T = await lease.connection.fetch(command, parameters, build, context)
        finally:
            pool.give_back(lease)
        return built

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        pool = self.pool
        lease = pool.take() or await pool.acquire()
        try:
            matched: int = await lease.connection.execute(command, parameters)
        finally:
            pool.give_back(lease)
        return matched

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands together or not at all; give, for each step, the rows that it returned."""
        lease = await self.pool.acquire()
        try:
            returned: list[Rows] = await lease.connection.run_batch(steps)
        finally:
            self.pool.give_back(lease)
        return returned

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows; the connection is lent until the stream ends."""
        lease = await self.pool.acquire()
        try:
            chunks = lease.connection.stream(command, parameters, size, build, context)
            async with aclosing(cast("AsyncGenerator[T, None]", chunks)):
                async for chunk in chunks:
                    yield chunk
        finally:
            self.pool.give_back(lease)

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give the store's own plan, a line each."""
        lease = await self.pool.acquire()
        try:
            if not isinstance(lease.connection, Explaining):
                raise UnsupportedOperation("tell its plan", self.pool.store)
            return await lease.connection.explain(command, parameters)
        finally:
            self.pool.give_back(lease)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        lease = await self.pool.acquire()
        try:
            return await self._keeping(lease.connection).tables(names)
        finally:
            self.pool.give_back(lease)

    async def table_names(self) -> list[str]:
        """Give the names of all tables."""
        lease = await self.pool.acquire()
        try:
            if not isinstance(lease.connection, Listing):
                raise UnsupportedOperation("tell which tables it has", self.pool.store)
            return await lease.connection.table_names()
        finally:
            self.pool.give_back(lease)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, all or none, in the order given."""
        lease = await self.pool.acquire()
        try:
            await self._keeping(lease.connection).create_tables(tables)
        finally:
            self.pool.give_back(lease)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, all or none, in the order given."""
        lease = await self.pool.acquire()
        try:
            await self._keeping(lease.connection).drop_tables(tables)
        finally:
            self.pool.give_back(lease)

    async def begin(self, how: Beginning, ended: Callable[[], None] | None = None) -> Unit:
        """Give a transaction; the connection is lent until it ends."""
        pool = self.pool
        lease = pool.take() or await pool.acquire()
        give_back = partial(pool.give_back, lease)
        # Checking a protocol costs more than all the rest of this.
        begin = getattr(lease.connection, "begin", None)
        if begin is None:
            give_back()
            raise UnsupportedOperation("transactions", pool.store)
        end = give_back if ended is None else partial(_both, give_back, ended)
        try:
            unit: Unit = await begin(how, end)
        except BaseException:
            give_back()
            raise
        return unit

    async def close(self) -> None:
        """Close the pool; what still waits fails with `ConnectionLost`."""
        await self.pool.close()

    def _keeping(self, connection: object) -> SchemaKeeping:
        if not isinstance(connection, SchemaKeeping):
            raise UnsupportedOperation("make tables", self.pool.store)
        return connection


def _both(first: Callable[[], None], second: Callable[[], None]) -> None:
    first()
    second()
