"""Drivers as Ommi 0.2 had them: connected, and asked without an `Ommi` around them.

Each is an `Ommi` of its own, which opens with the first thing that is asked of it, and is a driver
for `Ommi(driver)` besides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, ClassVar, Self, cast

from ommi.database import Ommi
from ommi.drivers.protocol import Connection, Driver
from ommi.drivers.registry import DriverRegistry, prepared
from ommi.legacy.asking import Asked, Fetched, when
from ommi.metadata.collection import ModelCollection
from ommi.operations import Operations
from ommi.planning.capabilities import Capability
from ommi.relations import CURRENT, Database
from ommi.transactions import Transaction

_NAMES: Mapping[str, str] = {
    "database_name": "database",
    "username": "user",
    "isolation_level": "",
    "database_config": "",
}
"""What settings were called; those without a name now are not needed any more."""


class Adding:
    """An add that is awaited for its list, or by an index for one of it."""

    def __init__(self, run: Callable[[], Awaitable[list[Any]]]) -> None:
        self._run = run

    def __await__(self) -> Generator[Any, None, list[Any]]:
        return self._run().__await__()

    def __getitem__(self, place: int) -> Coroutine[Any, Any, Any]:
        async def one() -> Any:  # noqa: ANN401 - of the user's own class
            return (await self._run())[place]

        return one()


class Verbs:
    """What drivers and transactions could be asked."""

    async def _ready(self) -> Operations:
        raise NotImplementedError

    def _here(self) -> Operations:
        raise NotImplementedError

    def add(self, models: Iterable[Any]) -> Adding:
        """Add models, keys filled in."""
        every = list(models)

        async def run() -> list[Any]:
            return await (await self._ready()).add_all(every).or_raise()

        return Adding(run)

    def fetch(self, *asked: object) -> Fetched:
        """Ask for rows."""
        return Fetched(_Opening(self, when(*asked)))  # type: ignore[arg-type]

    async def count(self, *asked: object) -> int:
        """Count rows."""
        return await when(*asked).of(await self._ready()).count()

    async def update(self, asked: object, values: Mapping[str, object]) -> None:
        """Give fields new values."""
        await when(asked).of(await self._ready()).update(**values)

    async def delete(self, *asked: object) -> None:
        """Delete rows."""
        await when(*asked).of(await self._ready()).delete()

    async def apply_schema(self, collection: ModelCollection) -> None:
        """Make the tables that are not there."""
        await (await self._ready()).use_models(collection)

    async def delete_schema(self, collection: ModelCollection) -> None:
        """Drop the tables."""
        await (await self._ready()).remove_models(collection)


class _Opening:
    """A question that opens its driver first."""

    def __init__(self, verbs: Verbs, asked: Asked) -> None:
        self._verbs = verbs
        self._asked = asked

    def limit(self, count: int) -> _Opening:
        return (
            self
            if self._asked.count is not None
            else _Opening(self._verbs, self._asked.limit(count))
        )

    async def stream(self) -> Any:  # noqa: ANN401 - rows of the user's own class
        async for row in self._asked.of(await self._verbs._ready()):  # noqa: SLF001
            yield row

    async def one(self) -> Any:  # noqa: ANN401
        return await self._asked.of(await self._verbs._ready()).one()  # noqa: SLF001

    async def first(self) -> Any:  # noqa: ANN401
        return await self._asked.of(await self._verbs._ready()).first()  # noqa: SLF001

    async def fetch_all(self) -> list[Any]:
        return await self._asked.of(await self._verbs._ready()).fetch_all()  # noqa: SLF001


class _Connect:
    """`connect`: of the class what makes a driver, of a driver what opens a connection."""

    def __get__(self, driver: BaseDriver | None, kind: type[BaseDriver]) -> Callable[..., Any]:
        return kind.made if driver is None else driver.connection


class BaseDriver(Verbs):
    """A driver of Ommi 0.2; one of your own is written after docs/writing-a-driver.md."""

    scheme: ClassVar[str] = ""
    defaults: ClassVar[Mapping[str, object]] = {}
    connect: ClassVar[_Connect] = _Connect()

    def __init__(self, inner: Driver) -> None:
        self._inner = inner
        self._shared: Connection | None = None
        self._opening = asyncio.Lock()
        self.database: Ommi = Ommi(cast("Driver", self))

    @classmethod
    def made(cls, settings: Mapping[str, object] | None = None) -> Self:
        """Make a driver; it may be awaited, and opens then."""
        said = {_NAMES.get(name, name): value for name, value in (settings or {}).items()}
        said.pop("", None)
        where = {"driver": cls.scheme, **cls.defaults, **said}
        return cls(prepared(where, {}, DriverRegistry()).driver())

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        await self._ready()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.disconnect()

    async def disconnect(self) -> None:
        """Close every connection."""
        await self.database.close()
        self._shared = None

    def transaction(self) -> BaseDriverTransaction:
        """Give a transaction, to be entered with `async with`."""
        return BaseDriverTransaction(self)

    async def _ready(self) -> Operations:
        async with self._opening:
            return await self.database.open()

    # A driver, for Ommi(driver).

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of the driver inside
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    @property
    def compiler(self) -> Any:  # noqa: ANN401
        """What turns statements into commands."""
        return self._inner.compiler

    async def connection(self) -> Connection:
        """Open a connection; where rows end with it, there is only one."""
        if Capability.PERSISTENCE in self._inner.capabilities:
            return await self._inner.connect()
        if self._shared is None:
            self._shared = await self._inner.connect()
        return self._shared


class SQLiteDriver(BaseDriver):
    """`SQLiteDriver.connect()`, or `.connect({"database": "app.db"})`."""

    scheme = "sqlite"


class PostgreSQLDriver(BaseDriver):
    """`await PostgreSQLDriver.connect({"host": ..., "database_name": ..., ...})`."""

    scheme = "postgresql"
    defaults: ClassVar[Mapping[str, object]] = {
        "host": "127.0.0.1",
        "user": "postgres",
        "database": "postgres",
    }


class MongoDBDriver(BaseDriver):
    """`await MongoDBDriver.connect({"host": ..., "database_name": ..., ...})`."""

    scheme = "mongodb"
    defaults: ClassVar[Mapping[str, object]] = {"host": "127.0.0.1", "database": "tests"}


class BaseDriverTransaction(Verbs):
    """A transaction of Ommi 0.2."""

    def __init__(self, driver: BaseDriver) -> None:
        self._driver = driver
        self._tx: Transaction | None = None

    async def _ready(self) -> Operations:
        return self._begun()

    def _begun(self) -> Transaction:
        if self._tx is None:
            raise RuntimeError("enter the transaction first: `async with driver.transaction()`")
        return self._tx

    async def commit(self) -> None:
        """Commit now."""
        await self._begun().commit()

    async def rollback(self) -> None:
        """Roll back now."""
        await self._begun().rollback()

    async def __aenter__(self) -> Self:
        await self._driver._ready()  # noqa: SLF001
        self._tx = self._driver.database.transaction()
        await self._tx.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._begun().__aexit__(kind, error, traceback)


active_driver: ContextVar[Any] = ContextVar("active_driver")
"""The driver, or the database, of the innermost `UseDriver`."""


class UseDriver:
    """Makes a driver, or a database, the one that instances use inside the block."""

    def __init__(self, driver: Database | BaseDriver) -> None:
        self.driver = driver
        self._tokens: list[tuple[Token[Any], Token[Any]]] = []

    def __enter__(self) -> Any:  # noqa: ANN401 - what was given
        driver = self.driver
        database = driver.database if isinstance(driver, BaseDriver) else driver
        self._tokens.append((CURRENT.set(database), active_driver.set(driver)))
        return driver

    def __exit__(self, *_: object) -> None:
        current, active = self._tokens.pop()
        CURRENT.reset(current)
        active_driver.reset(active)


def use_driver(driver: Database | BaseDriver) -> UseDriver:
    """Make a driver, or a database, the one that instances use inside the block."""
    return UseDriver(driver)


def get_current_driver(*default: Any) -> Any:  # noqa: ANN401 - what was given
    """Give the driver of the innermost block, or a default; raises `RuntimeError` without."""
    found = active_driver.get(*default[:1] or (None,))
    if found is None and not default:
        raise RuntimeError("No active driver; enter `with use_driver(driver):`")
    return found
