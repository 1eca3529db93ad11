"""Tables in memory: the meaning of `query/evaluate.py`, made a complete store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextvars import Context
from typing import TypeVar, cast

from ommi.drivers.memory.compiler import MemoryCommand, MemoryCompiler
from ommi.drivers.memory.tables import Tables
from ommi.drivers.memory.unit import MemoryUnit, no_matter, turn
from ommi.drivers.protocol import Beginning, Build, Manner, Noting, Step, silent
from ommi.errors import ConnectionLost, UnsupportedOperation
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Operation
from ommi.schema.snapshot import Table

T = TypeVar("T")


class MemoryDriver:
    """A store that lives and ends with the driver; complete, and made to be trusted."""

    name = "memory"
    capabilities: frozenset[Capability] = frozenset(Capability) - {
        Capability.EXPIRY,
        Capability.PERSISTENCE,
        Capability.SERVER_DEFAULTS,
        Capability.TEXT_STATEMENTS,
        Capability.CONCURRENT_WRITERS,
    }

    def __init__(self) -> None:
        self.compiler: MemoryCompiler = MemoryCompiler()
        self._tables = Tables()

    def __repr__(self) -> str:
        return f"MemoryDriver({len(self._tables)} tables)"

    async def connect(self) -> MemoryConnection:
        """Open a connection; all of one driver see the same tables."""
        return MemoryConnection(self._tables)


class MemoryConnection:
    """A way to the tables. Nothing in it waits but for a transaction that writes."""

    def __init__(self, tables: Tables) -> None:
        self._open: Tables | None = tables

    @property
    def _tables(self) -> Tables:
        if self._open is None:
            raise ConnectionLost("the database was closed", store=MemoryDriver.name)
        return self._open

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows, and build something of them."""
        del context  # This is the caller's own task.
        order = cast("MemoryCommand", command)
        if order.is_write and self._tables.writing.locked():
            async with turn(self._tables):
                return build(self._tables.atomically(order.run, parameters))
        return build(self._tables.atomically(order.run, parameters))

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        [[matched]] = await self.fetch(command, parameters, lambda rows: rows)
        return cast("int", matched)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands together or not at all."""

        def run(tables: Tables, _: Parameters) -> list[Rows]:
            told: list[Rows] = []
            for step in steps:
                parameters = step.after(told).parameters
                told.append([row for p in parameters for row in _run(step.command, tables, p)])
            return told

        async with turn(self._tables):
            return self._tables.atomically(run, ())

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them."""
        del context
        rows = cast("MemoryCommand", command).run(self._tables, parameters)
        for start in range(0, len(rows), size):
            yield build(rows[start : start + size])

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give what the store does, a line each."""
        del parameters
        return [cast("MemoryCommand", command).description]

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        return self._tables.described(names)

    async def table_names(self) -> list[str]:
        """Give the names of all tables."""
        return self._tables.names()

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there."""
        for table in tables:
            if any(column.default is not None for column in table.columns):
                raise UnsupportedOperation(
                    "fill a field with Default(sql=...)", MemoryDriver.name, "give it a default"
                )
        async with turn(self._tables):
            for table in tables:
                self._tables.create(table)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, whatever refers to them."""
        async with turn(self._tables):
            for table in tables:
                self._tables.drop(table.name)

    def manner(self, operation: Operation) -> Manner:
        """Tell how an operation must be run."""
        del operation
        return Manner.WITHIN

    async def change_schema(
        self, operation: Operation, *, is_resumed: bool = False, noting: Noting = silent
    ) -> None:
        """Do what an operation says."""
        del is_resumed
        await noting()
        unit = await self.begin(Beginning())
        try:
            await unit.change_schema(operation)
            await unit.commit()
        finally:
            await unit.close()

    async def lock_migrations(self, wait_seconds: float) -> bool:
        """There is no other process."""
        del wait_seconds
        return True

    async def unlock_migrations(self) -> None:
        """There is no other process."""

    async def begin(self, how: Beginning, ended: Callable[[], None] = no_matter) -> MemoryUnit:
        """Give a transaction on a copy of the tables."""
        return MemoryUnit(self._tables, how, ended, MemoryConnection)

    async def close(self) -> None:
        """Let go of the tables; they stay with the driver."""
        self._open = None


def _run(command: object, tables: Tables, parameters: Parameters) -> Rows:
    return cast("MemoryCommand", command).run(tables, parameters)
