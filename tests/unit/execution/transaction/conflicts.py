"""A store in memory whose transactions meet conflicts where a test says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ommi.drivers.memory import MemoryDriver
from ommi.drivers.memory.driver import MemoryConnection
from ommi.drivers.memory.unit import MemoryUnit
from ommi.drivers.protocol import Beginning
from ommi.errors import ConflictError


class ConflictingDriver(MemoryDriver):
    """The calls of `conflicts`, counted over all transactions from 1, end in a conflict.

    `meanwhile` is what somebody else does before the transaction is begun again. A call is a
    statement, a savepoint or a commit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conflicts: set[int] = set()
        self.calls = 0
        self.begun = 0
        self.said: list[str] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def connect(self) -> MemoryConnection:
        return ConflictingConnection(self, await super().connect())


class ConflictingConnection(MemoryConnection):
    def __init__(self, driver: ConflictingDriver, inner: MemoryConnection) -> None:
        super().__init__(inner._tables)
        self.driver = driver

    async def begin(self, how: Beginning, ended: Callable[[], None] = lambda: None) -> MemoryUnit:
        driver = self.driver
        driver.begun += 1
        if driver.begun > 1 and driver.meanwhile is not None:
            meanwhile, driver.meanwhile = driver.meanwhile, None
            await meanwhile()
        return ConflictingUnit(driver, self._tables, how, ended)


class ConflictingUnit(MemoryUnit):
    def __init__(
        self, driver: ConflictingDriver, tables: Any, how: Beginning, ended: Callable[[], None]
    ) -> None:
        super().__init__(tables, how, ended, MemoryConnection)
        self.driver = driver

    async def called(self, what: str) -> None:
        self.driver.calls += 1
        self.driver.said.append(what)
        if self.driver.calls in self.driver.conflicts:
            await self.rollback()
            raise ConflictError("forced", store="memory")

    async def fetch(self, *args: Any) -> Any:
        await self.called("fetch")
        return await super().fetch(*args)

    async def execute(self, *args: Any) -> Any:
        await self.called("execute")
        return await super().execute(*args)

    async def run_batch(self, *args: Any) -> Any:
        await self.called("run_batch")
        return await super().run_batch(*args)

    async def savepoint(self, name: str) -> None:
        await self.called("savepoint")
        await super().savepoint(name)

    async def rollback_to(self, name: str) -> None:
        await self.called("rollback_to")
        await super().rollback_to(name)

    async def commit(self) -> None:
        if self.outcome.value == "open":
            await self.called("commit")
        await super().commit()
