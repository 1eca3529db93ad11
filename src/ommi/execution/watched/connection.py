"""The connection of a watched database: its transactions tell when they end, and tables when made.

Everything else it hands on. What it can do is seen in its class, so it says that it can do all;
the connection inside is asked when it is to be done.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ommi.drivers.protocol import (
    Beginning,
    Build,
    Connection,
    Explaining,
    IsolationLevel,
    Outcome,
    SchemaKeeping,
    Step,
    Transactional,
    Unit,
)
from ommi.errors import UnsupportedOperation
from ommi.planning.plan import Parameters, Rows
from ommi.plugins.operation import Operation, Verb
from ommi.plugins.protocol import Answer
from ommi.schema.snapshot import Table

if TYPE_CHECKING:
    from ommi.execution.watched.executor import WatchedExecutor

T = TypeVar("T")


class WatchedConnection:
    """Hands everything on; tables are made and removed through the layers."""

    def __init__(self, inner: Connection, executor: WatchedExecutor) -> None:
        self.inner: Connection = inner
        self._executor = executor

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows; build something of them."""
        return await self.inner.fetch(command, parameters, build, context)

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        return await self.inner.execute(command, parameters)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands together or not at all."""
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
        return self.inner.stream(command, parameters, size, build, context)

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give the store's own plan, a line each."""
        if not isinstance(self.inner, Explaining):
            raise UnsupportedOperation("tell its plan", self._executor.driver.name)
        return await self.inner.explain(command, parameters)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        return await self._keeping().tables(names)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there."""
        keeping = self._keeping()
        await self._change(Verb.CREATE_TABLES, tables, keeping.create_tables)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there."""
        keeping = self._keeping()
        await self._change(Verb.DROP_TABLES, tables, keeping.drop_tables)

    async def begin(self, how: Beginning, ended: Callable[[], None] = lambda: None) -> WatchedUnit:
        """Give a transaction that tells when it ends."""
        # That the store has transactions is asked of this class, which cannot know.
        if not hasattr(self.inner, "begin"):
            raise UnsupportedOperation("transactions", self._executor.driver.name)
        unit = await cast("Transactional", self.inner).begin(how, ended)
        return WatchedUnit(unit, self._executor)

    @property
    def kept(self) -> Callable[[float | None], Connection] | None:
        """What gives answers that are kept, where any are."""
        return getattr(self.inner, "kept", None)

    async def close(self) -> None:
        """Give everything back."""
        await self.inner.close()

    def _keeping(self) -> SchemaKeeping:
        if not isinstance(self.inner, SchemaKeeping):
            raise UnsupportedOperation("make tables", self._executor.driver.name)
        return self.inner

    async def _change(
        self, verb: Verb, tables: Sequence[Table], change: Callable[[Sequence[Table]], Any]
    ) -> None:
        async def run(operation: Operation) -> Answer:
            await change(tables)
            return Answer(operation, count=len(tables))

        names = [table.name for table in tables]
        await self._executor.chain.run(self._executor.operation(verb, tables=names), run)


class WatchedUnit(WatchedConnection):
    """A transaction of the store that tells when it ends."""

    def __init__(self, inner: Unit, executor: WatchedExecutor) -> None:
        super().__init__(inner, executor)
        self._unit = inner
        self._callbacks: list[Callable[[bool], None]] = []

    def on_end(self, callback: Callable[[bool], None]) -> None:
        """Have something called when it ends, with whether it may be committed."""
        self._callbacks.append(callback)

    def succeed(self, before: object) -> None:
        """Take over from a transaction that was rolled back, and is done again in this one."""
        if isinstance(before, WatchedUnit):
            self._callbacks += before._callbacks  # noqa: SLF001 - another one of these

    @property
    def level(self) -> IsolationLevel:
        """The level that it has."""
        return self._unit.level

    @property
    def outcome(self) -> Outcome:
        """What became of it."""
        return self._unit.outcome

    async def commit(self) -> None:
        """Commit, and tell, however it ends."""
        try:
            await self._unit.commit()
        finally:
            self._tell()

    async def rollback(self) -> None:
        """Roll back, and tell."""
        try:
            await self._unit.rollback()
        finally:
            self._tell()

    async def savepoint(self, name: str) -> None:
        """Mark where to come back to."""
        await self._unit.savepoint(name)

    async def release(self, name: str) -> None:
        """Forget a savepoint, and those after it."""
        await self._unit.release(name)

    async def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint; it stays."""
        await self._unit.rollback_to(name)

    def _tell(self) -> None:
        may_be_committed = self._unit.outcome is not Outcome.ROLLED_BACK
        for callback in self._callbacks:
            callback(may_be_committed)
