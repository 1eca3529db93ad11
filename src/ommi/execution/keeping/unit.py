"""A transaction of a database with a cache: what it wrote is old once it commits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextvars import Context
from functools import cache
from typing import TypeVar

from ommi.caching.versions import EVERYTHING, MOST_ROWS, Tables, condensed
from ommi.drivers.protocol import Build, IsolationLevel, Outcome, Step, Unit
from ommi.execution.keeping.forwarding import around
from ommi.execution.keeping.keeper import Keeper
from ommi.planning.plan import Parameters, Rows

T = TypeVar("T")


def unit_around(unit: Unit, keeper: Keeper) -> KeepingUnit:
    """Give a transaction with the same abilities, whose writes a keeper hears of."""
    made: KeepingUnit = _kind_around(type(unit))(unit, keeper)
    return made


class KeepingUnit:
    """A transaction that remembers what it touches; its questions never go to the cache.

    What it reads may be its own writes, or older than what is kept: it has a snapshot of its own.
    What a savepoint undid counts as touched, which is too much and therefore safe.
    """

    def __init__(self, inner: Unit, keeper: Keeper) -> None:
        self.inner = inner
        self.keeper = keeper
        self._touched: Tables = frozenset()

    @property
    def level(self) -> IsolationLevel:
        """The level that it has."""
        return self.inner.level

    @property
    def outcome(self) -> Outcome:
        """What became of it."""
        return self.inner.outcome

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows; build something of them."""
        self.touch(self.keeper.footprints.written_by(command, parameters))
        return await self.inner.fetch(command, parameters, build, context)

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        self.touch(self.keeper.footprints.written_by(command, parameters))
        return await self.inner.execute(command, parameters)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands together or not at all; give, for each step, the rows that it returned."""
        self.touch(written_by_steps(self.keeper, steps))
        return await self.inner.run_batch(steps)

    def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncIterator[T]:
        """Run a command that gives rows, and build something of every `size` of them."""
        self.touch(self.keeper.footprints.written_by(command, parameters))
        return self.inner.stream(command, parameters, size, build, context)

    async def commit(self) -> None:
        """Commit; what it touched is old from before it is sent until after it is answered."""
        if self._touched == frozenset():
            await self.inner.commit()
            return
        async with self.keeper.writing(self._touched, self._is_known):
            await self.inner.commit()

    def _is_known(self) -> bool:
        return self.inner.outcome in {Outcome.COMMITTED, Outcome.ROLLED_BACK}

    async def rollback(self) -> None:
        """Roll back: nothing has changed for anybody else."""
        await self.inner.rollback()

    async def savepoint(self, name: str) -> None:
        """Mark where to come back to."""
        await self.inner.savepoint(name)

    async def release(self, name: str) -> None:
        """Forget a savepoint, and those after it."""
        await self.inner.release(name)

    async def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint; it stays."""
        await self.inner.rollback_to(name)

    async def close(self) -> None:
        """Roll back what was not committed."""
        await self.inner.close()

    def touch(self, tables: Tables) -> None:
        """Remember tables as written."""
        both = self._touched is not None and tables is not None
        self._touched = condensed(self._touched | tables) if both else EVERYTHING  # type: ignore[operator]


def written_by_steps(keeper: Keeper, steps: Sequence[Step]) -> Tables:
    """Give what the steps of a batch write."""
    names: set[str] = set()
    for step in steps:
        footprint = keeper.footprints.of(step.command)
        if footprint is None:
            return EVERYTHING
        if step.follow is not None or len(step.parameters) > MOST_ROWS:
            every = [footprint.writes]
        else:
            every = list(map(footprint.written, step.parameters))
        for tables in every:
            if tables is None:
                return EVERYTHING
            names |= tables
    return frozenset(names)


@cache
def _kind_around(inner: type) -> type[KeepingUnit]:
    return around(KeepingUnit, inner)
