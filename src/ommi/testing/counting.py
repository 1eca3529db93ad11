"""A driver that counts what is sent through the one that it wraps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from ommi.drivers.protocol import Driver, Step, Unit
from ommi.planning.capabilities import Capability
from ommi.planning.compiler import Compiler
from ommi.schema.snapshot import Table


class CountingDriver:
    """Does what the driver inside does; `sent` counts the commands and batches."""

    def __init__(self, inner: Driver) -> None:
        self._inner = inner
        self.sent = 0

    @property
    def name(self) -> str:
        """The name of the store inside."""
        return self._inner.name

    @property
    def capabilities(self) -> Collection[Capability]:
        """What the store inside can do."""
        return self._inner.capabilities

    @property
    def compiler(self) -> Compiler:
        """What turns statements into commands of the store inside."""
        return self._inner.compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def connect(self) -> Any:
        """Open a connection that counts."""
        return _Counted(await self._inner.connect(), self)


class _Counted:
    def __init__(self, inner: Any, driver: CountingDriver) -> None:
        self._inner = inner
        self._driver = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def fetch(self, *said: Any) -> Any:
        self._driver.sent += 1
        return await self._inner.fetch(*said)

    async def execute(self, *said: Any) -> int:
        self._driver.sent += 1
        matched: int = await self._inner.execute(*said)
        return matched

    async def run_batch(self, steps: Sequence[Step]) -> Any:
        self._driver.sent += 1
        return await self._inner.run_batch(steps)

    def stream(self, *said: Any) -> AsyncIterator[Any]:
        self._driver.sent += 1
        chunks: AsyncIterator[Any] = self._inner.stream(*said)
        return chunks

    # From 3.12 on, what a connection can do is seen in its class only.
    async def begin(self, *said: Any) -> Unit:
        begun: Unit = await self._inner.begin(*said)
        return begun

    async def tables(self, names: Collection[str]) -> list[Table]:
        found: list[Table] = await self._inner.tables(names)
        return found

    async def create_tables(self, tables: Sequence[Table]) -> None:
        await self._inner.create_tables(tables)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        await self._inner.drop_tables(tables)
