"""A driver that an async plug-in makes when the database is opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from ommi.drivers.protocol import Connection, Driver
from ommi.errors import ConnectionFailed
from ommi.metadata.storage import StorageType
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Compiled, StoreCodec
from ommi.query.statements import Statement


class LateDriver:
    """Stands for a driver, and makes it with the first connection."""

    def __init__(self, scheme: str, make: Callable[[], Awaitable[Driver]]) -> None:
        self._scheme = scheme
        self._make = make
        self._made: Driver | None = None
        self.compiler: LateCompiler = LateCompiler(self)

    def __repr__(self) -> str:
        return (
            f"<driver for {self._scheme}://, not made>" if self._made is None else repr(self.made)
        )

    @property
    def made(self) -> Driver:
        """The driver itself; raises `ConnectionFailed` before there is one."""
        if self._made is None:
            raise ConnectionFailed(
                f"the driver for {self._scheme}:// is made when the database is opened; write "
                "`async with Ommi(url) as db:`, or await db.open() before the first use"
            )
        return self._made

    @property
    def name(self) -> str:
        """The store's name, its scheme until the driver is made."""
        return self._scheme if self._made is None else self._made.name

    @property
    def capabilities(self) -> Collection[Capability]:
        """What the store can do."""
        return self.made.capabilities

    async def connect(self) -> Connection:
        """Make the driver if it is not made yet, and open a connection."""
        if self._made is None:
            self._made = await self._make()
        return await self._made.connect()


class LateCompiler:
    """Stands for the compiler of a driver that may not be made yet."""

    def __init__(self, driver: LateDriver) -> None:
        self._driver = driver

    def compile(self, statement: Statement) -> Compiled:
        """Give the command for a statement."""
        return self._driver.made.compiler.compile(statement)

    def codec(self, storage: StorageType) -> StoreCodec:
        """Say how values of a storage type travel."""
        return self._driver.made.compiler.codec(storage)

    def text(self, command: object) -> str:
        """Show a command to a person."""
        return self._driver.made.compiler.text(command)
