"""The driver: rows are read from the files, asked in memory, and written back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextvars import Context
from pathlib import Path
from typing import TypeVar, cast

from ommi.drivers.memory.compiler import MemoryCommand, MemoryCompiler
from ommi.drivers.memory.driver import MemoryConnection
from ommi.drivers.memory.tables import Tables
from ommi.drivers.protocol import Build, Step
from ommi.errors import ConnectionFailed
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Parameters, Rows
from ommi.schema.snapshot import Table
from ommi_csv import files

T = TypeVar("T")


class CSVDriver:
    """A folder of CSV files; for one program at a time, since nothing locks them."""

    name = "CSV"
    capabilities = frozenset(
        {
            Capability.UNIQUE,
            Capability.FOREIGN_KEYS,
            Capability.STREAMING,
            Capability.ATOMIC_BATCHES,
            Capability.PERSISTENCE,
            Capability.INTROSPECTION,
        }
    )

    def __init__(self, folder: str) -> None:
        self.compiler = MemoryCompiler()
        self._folder = Path(folder)

    def __repr__(self) -> str:
        return f"CSVDriver({str(self._folder)!r})"

    async def connect(self) -> CSVConnection:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return CSVConnection(self._folder)
        except (OSError, ValueError) as error:
            raise ConnectionFailed(f"cannot read {self._folder}: {error}", store="CSV") from error


class CSVConnection:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = -1
        self._tables = Tables()
        self._memory = MemoryConnection(self._tables)
        self._refresh()

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        self._refresh()
        built = await self._memory.fetch(command, parameters, build, context)
        if cast("MemoryCommand", command).is_write:
            self._save()
        return built

    async def execute(self, command: object, parameters: Parameters) -> int:
        self._refresh()
        matched = await self._memory.execute(command, parameters)
        self._save()
        return matched

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        self._refresh()
        told = await self._memory.run_batch(steps)
        self._save()
        return told

    def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncIterator[T]:
        self._refresh()
        return self._memory.stream(command, parameters, size, build, context)

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        return await self._memory.explain(command, parameters)

    async def tables(self, names: Collection[str]) -> list[Table]:
        self._refresh()
        return await self._memory.tables(names)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        self._refresh()
        await self._memory.create_tables(tables)
        self._save()

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        self._refresh()
        await self._memory.drop_tables(tables)
        self._save()

    async def close(self) -> None:
        await self._memory.close()

    def _refresh(self) -> None:
        """Read the files again if somebody else wrote them."""
        stamp = files.stamp(self._folder)
        if stamp == self._stamp:
            return
        self._tables.load(files.read(self._folder))
        self._stamp = stamp

    def _save(self) -> None:
        every = [(table, self._tables.rows(table.name)) for table in self._tables.schemas]
        files.write(self._folder, every)
        self._stamp = files.stamp(self._folder)
