"""A connection whose writes are told to a cache, and one whose questions go to it first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextvars import Context
from functools import cache
from typing import TypeVar, cast

from ommi.caching.versions import EVERYTHING, Tables
from ommi.drivers.protocol import Beginning, Build, Connection, Explaining, Step, Transactional
from ommi.errors import UnsupportedOperation
from ommi.execution.keeping.forwarding import around
from ommi.execution.keeping.keeper import Keeper
from ommi.execution.keeping.unit import KeepingUnit, unit_around, written_by_steps
from ommi.planning.plan import Parameters, Rows

T = TypeVar("T")


def keeping(connection: Connection, keeper: Keeper) -> Connection:
    """Give a connection with the same abilities, whose writes a keeper hears of."""
    return cast("Connection", _kind_around(type(connection))(connection, keeper))


def lent(connection: Connection, keeper: Keeper) -> Connection:
    """Give the same for a connection that is lent: who closes it closes nothing else."""
    return cast("Connection", _lent_around(type(connection))(connection, keeper))


class KeepingConnection:
    """The connection of a database with a cache.

    Its questions go to the store, but for those about models whose every answer is kept.
    """

    def __init__(self, inner: Connection, keeper: Keeper) -> None:
        self.inner = inner
        self.keeper = keeper
        self.always: KeptAnswers = self.kept(None)

    def touch(self, tables: Tables) -> None:
        """Do nothing: outside a transaction a write is over when it is answered."""

    def kept(self, ttl: float | None) -> KeptAnswers:
        """Give a connection whose questions go to the cache first."""
        return KeptAnswers(self, ttl)

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows; build something of them."""
        footprint = self.keeper.footprints.of(command)
        if footprint is not None and not footprint.is_write:
            if footprint.is_always_kept:
                return await self.always.fetch(command, parameters, build)
            return await self.inner.fetch(command, parameters, build, context)
        tables = EVERYTHING if footprint is None else footprint.written(parameters)
        async with self.keeper.writing(tables):
            return await self.inner.fetch(command, parameters, build, context)

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        async with self.keeper.writing(self.keeper.footprints.written_by(command, parameters)):
            return await self.inner.execute(command, parameters)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands together or not at all; give, for each step, the rows that it returned."""
        async with self.keeper.writing(written_by_steps(self.keeper, steps)):
            return await self.inner.run_batch(steps)

    def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncIterator[T]:
        """Run a command that gives rows; none are kept, for there may be any number of them."""
        return self.inner.stream(command, parameters, size, build, context)

    async def close(self) -> None:
        """Leave those who were told of writes, and close the connection."""
        try:
            await self.keeper.close()
        finally:
            await self.inner.close()


class LentConnection(KeepingConnection):
    """A connection that one caller has for a while; of its commands a keeper knows nothing."""

    async def close(self) -> None:
        """Close the connection."""
        await self.inner.close()


class KeptAnswers:
    """A connection whose questions go to the cache first; its answers are kept for `ttl`."""

    __slots__ = ("_home", "_keeper", "_ttl", "at_once", "key_of")

    def __init__(self, home: KeepingConnection, ttl: float | None) -> None:
        self._home = home
        self._keeper = home.keeper
        self._ttl = ttl
        # A call more on the way would be a tenth of what a kept answer costs.
        self.at_once: Callable[[object], Rows | None] = home.keeper.at_once
        self.key_of: Callable[[object, Parameters], object] = home.keeper.constant_key_of

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Give what is built of the rows of a question, kept ones or the store's."""
        keeper, home = self._keeper, self._home
        footprint = keeper.footprints.of(command)
        if footprint is None or not footprint.may_be_kept:
            return await home.fetch(command, parameters, build, context)
        key = keeper.key_of(footprint, parameters)
        try:
            rows = keeper.find(key)
        except TypeError:
            key = keeper.deep_key_of(footprint, parameters)
            rows = keeper.find(key)
        if rows is not None:
            # This is the caller's own task, and so the context too.
            return build(rows)

        def ask(take: Build[Rows]) -> Awaitable[Rows]:
            return home.inner.fetch(command, parameters, take)

        return await keeper.answer(key, footprint, self._ttl, parameters, build, ask)

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        return await self._home.execute(command, parameters)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands together or not at all; give, for each step, the rows that it returned."""
        return await self._home.run_batch(steps)

    def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncIterator[T]:
        """Run a command that gives rows; none are kept, for there may be any number of them."""
        return self._home.stream(command, parameters, size, build, context)

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Say whether the answer is kept, and give the store's own plan, a line each."""
        keeper, inner = self._keeper, self._home.inner
        footprint = keeper.footprints.of(command)
        told = [] if footprint is None else [keeper.tells(footprint, parameters)]
        if not isinstance(inner, Explaining):
            raise UnsupportedOperation("tell its plan", type(inner).__name__)
        return [*told, *await inner.explain(command, parameters)]

    async def close(self) -> None:
        """Do nothing: it is another's."""


@cache
def _kind_around(inner: type) -> type[KeepingConnection]:
    return around(KeepingConnection, inner, begin=_begin)


@cache
def _lent_around(inner: type) -> type[KeepingConnection]:
    return around(LentConnection, inner, begin=_begin)


async def _begin(
    self: KeepingConnection, how: Beginning, ended: Callable[[], None] = lambda: None
) -> KeepingUnit:
    unit = await cast("Transactional", self.inner).begin(how, ended)
    return unit_around(unit, self.keeper)
