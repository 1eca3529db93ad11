"""A block of statements: what its code, and the tasks that it started, talk to."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Sequence,
)
from contextvars import Context
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ommi.drivers.protocol import Build, Explaining, SchemaKeeping, Step, Unit
from ommi.errors import MultipleFound, NotFound, UnsupportedOperation
from ommi.execution.tasks import current_task
from ommi.execution.transaction.level import Level, State
from ommi.execution.transaction.replay import (
    END,
    Execute,
    Fetch,
    Next,
    RunBatch,
    Said,
    Streamed,
    Told,
    numbered,
)
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Parameters, Rows
from ommi.results import Failure

if TYPE_CHECKING:
    from ommi.schema.snapshot import Table

T = TypeVar("T")


class Block(Level):
    """The connection that statements in a block see, whichever transaction is beneath."""

    # The usual case stands here in full, twice: each call on the way is paid for with every
    # statement. What must wait, be looked at twice or be remembered goes the long way.

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows; build something of them."""
        core, is_write = self.core, type(build) is Told
        if (
            self._is_busy
            or self._gate is not None
            or not self.is_open
            or core.failure is not None
            or core.log is not None
            or (is_write and not self._writes_at_once)
        ):
            call = Fetch(command, parameters, build, context)
            built: T = await (self._write(call) if is_write else self._perform(call))
            return built
        self._is_busy = True
        core.running = task = current_task(core.loop)
        try:
            return await core.unit.fetch(command, parameters, build, context)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            await core.refuse(error, task)
        finally:
            core.running = None
            self._is_busy = False
            if self._gate is not None:
                self._gate.release()

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        core = self.core
        if (
            self._is_busy
            or self._gate is not None
            or not (self.is_open and self._writes_at_once)
            or core.failure is not None
            or core.log is not None
        ):
            matched: int = await self._write(Execute(command, parameters))
            return matched
        self._is_busy = True
        core.running = task = current_task(core.loop)
        try:
            return await core.unit.execute(command, parameters)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            await core.refuse(error, task)
        finally:
            core.running = None
            self._is_busy = False
            if self._gate is not None:
                self._gate.release()

    def run_batch(self, steps: Sequence[Step]) -> Coroutine[Any, Any, list[Rows]]:
        """Run commands together or not at all; give, for each step, the rows that it returned."""
        return self._write(RunBatch(steps))

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows; between them any statement may run."""
        log = Streamed(command, parameters)

        def counted(rows: Rows) -> T:
            log.seen.extend(numbered(rows))
            return build(rows)

        is_ended = self._state is not State.OPEN and not self.is_left
        connection = self.core.owner.home if is_ended else self.core.unit
        reads = build if self.core.log is None else counted
        made = connection.stream(command, parameters, size, reads, context)
        chunks = cast("AsyncGenerator[T, None]", made)
        self.core.open_streams += 1
        try:
            if is_ended:
                async for built in chunks:
                    yield built
                return
            async with self._turn():
                built = await self.core.perform(Next(chunks))
                if self.core.log is not None:
                    self.core.log.add(log)
            while built is not END:
                yield built
                async with self._turn():
                    built = await self.core.perform(Next(chunks))
        finally:
            self.core.open_streams -= 1
            await chunks.aclose()

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give the store's own plan, a line each."""

        async def explain(unit: Unit) -> list[str]:
            if not isinstance(unit, Explaining):
                raise UnsupportedOperation("tell its plan", self.core.store)
            return await unit.explain(command, parameters)

        lines: list[str] = await self._perform(Said(explain, command))
        return lines

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""

        async def look(unit: Unit) -> list[Table]:
            return await self._keeping(unit).tables(names)

        found: list[Table] = await self._perform(Said(look))
        return found

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there."""
        await self._change_schema(lambda unit: self._keeping(unit).create_tables(tables))

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there."""
        await self._change_schema(lambda unit: self._keeping(unit).drop_tables(tables))

    async def close(self) -> None:
        """Do nothing: who opened the block ends it."""

    async def _change_schema(self, change: Callable[[Unit], Awaitable[None]]) -> None:
        self._check_writable()
        await self._perform(Said(change))
        if Capability.TRANSACTIONAL_DDL not in self.core.owner.driver.capabilities:
            self.core.savepoints.clear()
            self.core.replay_no_more("making tables has committed what was written before")

    def _keeping(self, unit: Unit) -> SchemaKeeping:
        if not isinstance(unit, SchemaKeeping):
            raise UnsupportedOperation("make tables", self.core.store)
        return unit

    def answer(self, failure: Failure[Exception]) -> Failure[Exception]:
        """Decide what becomes of a failure of an operation that was simply awaited."""
        if not self._is_raising:
            self._failures.append(failure)
            return failure
        if isinstance(failure._error, NotFound | MultipleFound):  # noqa: SLF001 - unseen
            return failure
        return failure.value
