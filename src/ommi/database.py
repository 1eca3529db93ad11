"""Ommi: what users hold of a database."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeVar, cast

from ommi.attempts import attempts, resolve, run_transaction, transactional
from ommi.drivers.late import LateDriver
from ommi.drivers.protocol import Connection, Driver, Outcome, Poolable
from ommi.drivers.registry import pool_options, prepared
from ommi.errors import ConfigurationError
from ommi.execution.executor import NOT_OPEN, Executor
from ommi.execution.graph import GraphWriter
from ommi.execution.relations import RelationLoader
from ommi.execution.transaction.outside import Outside
from ommi.execution.transaction.policy import TransactionOptions
from ommi.extensions import Layer, PluginManager
from ommi.metadata.relations import Relation
from ommi.operations import Models, Operations, chosen
from ommi.relations import RelationFacts, database_closed, database_opened
from ommi.transactions import Transaction

if TYPE_CHECKING:
    # What not every program uses is imported where it is used.
    from ommi.caches import Caching
    from ommi.caching.query_cache import QueryCache
    from ommi.execution.pool import PoolableConnection

__all__ = ["Models", "Ommi"]

P = ParamSpec("P")
T = TypeVar("T")


class Ommi(Operations):
    """A database: opened once, asked from anywhere.

    `location` is a URL (`sqlite:///app.db`, `sqlite:////absolute.db`, `sqlite://` and nothing for
    one in memory, `memory://`), a mapping that says the same (`{"driver": "sqlite", "database":
    "app.db"}`), or a driver; `options` are the driver's. `plugins` knows more drivers than those
    that Ommi ships and those that are installed. `middleware` stands around every operation, the
    first outermost: middleware and policies, or the names of installed ones. With `lazy="raise"`,
    for tests, a relation that is awaited and not loaded is a `LazyLoadRefused`. `cache` keeps the
    answers to questions that are `cached()`, and to all about the models in `cache_all`.

        async with Ommi("sqlite:///app.db") as db:
            await db.use_models()
            ...
    """

    def __init__(
        self,
        location: str | Mapping[str, object] | Driver = "sqlite://",
        *,
        lazy: Literal["load", "raise"] = "load",
        cache: QueryCache | None = None,
        cache_all: Sequence[Models] = (),
        plugins: PluginManager | None = None,
        middleware: Sequence[Layer | str] = (),
        **options: object,
    ) -> None:
        known = plugins or PluginManager()
        if isinstance(location, str | Mapping):
            ready = prepared(location, options, known.registry)
            driver, self._pool_options = ready.driver(), ready.pool
        else:
            driver, self._pool_options = _driver(location), pool_options(options)
        layers = known.layers(_several("middleware", middleware))
        if layers:
            from ommi.execution.watched import Chain, WatchedHomeExecutor, WatchedWriter

            watched = WatchedHomeExecutor(driver, self, Chain(layers))
            self._executor, self._writer = watched, WatchedWriter(watched)
        else:
            self._executor = Executor(driver, self)
            self._writer = GraphWriter(self._executor)
        self._caching: Caching | None = None
        if cache is not None or cache_all:
            self._caching = self._made_caching(cache, cache_all, known)
        self._loader = RelationLoader(self._executor, refuses=_refuses(lazy))
        self._store = NOT_OPEN

    def _made_caching(
        self, cache: QueryCache | None, cache_all: Sequence[Models], known: PluginManager
    ) -> Caching | None:
        from ommi.caches import Caching

        made = Caching.of(cache, chosen(_several("cache_all", cache_all)), known.registry)
        if made is not None:
            made.note_commands_of(self._executor.planner)
        return made

    def __repr__(self) -> str:
        state = "open" if self.is_open else "not open"
        return f"<Ommi on {self._executor.driver!r}, {state}>"

    @property
    def driver(self) -> Driver:
        """The driver of the store.

        Raises `ConnectionFailed` where an async plug-in makes it and the database is not open yet.
        """
        driver = self._executor.driver
        return driver.made if isinstance(driver, LateDriver) else driver

    @property
    def is_open(self) -> bool:
        """Whether the database can be asked."""
        return self._executor.home is not NOT_OPEN

    async def open(self) -> Self:
        """Open a connection and try it; raises `ConnectionFailed`."""
        if not self.is_open:
            connection = await self._connected()
            self._store = connection
            if self._caching is not None:
                connection = await self._caching.around(connection, self.driver)
            self._executor.home = self._executor.around(connection)
            database_opened(self)
        return self

    async def _connected(self) -> Connection:
        """Open the first connection; one that serves a caller at a time gets a pool in front."""
        from ommi.execution.pool import ConnectionPool, PooledConnection

        driver = self._executor.driver
        connect = cast("Callable[[], Awaitable[PoolableConnection]]", driver.connect)
        # Made first: what it refuses must not leave a connection behind.
        pool = ConnectionPool(**self._pool_options, connect=connect, store=driver.name)
        first = await driver.connect()
        if not isinstance(first, Poolable):
            return first
        pool.adopt(cast("PoolableConnection", first))
        return PooledConnection(pool)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Connection, None]:
        """Lend a connection that no other caller has, until the block ends.

        A store whose one connection serves every caller, such as one in memory, lends that one.
        Raises `ConnectionFailed`.
        """
        from ommi.execution.pool import PooledConnection

        shared = self._store
        if shared is NOT_OPEN:
            await shared.close()
        is_pool = isinstance(shared, PooledConnection)
        connection = await self._executor.driver.connect() if is_pool else shared
        try:
            yield connection if self._caching is None else self._caching.lent(connection)
        finally:
            if is_pool:
                await connection.close()

    async def close(self) -> None:
        """Close every connection; what still waits fails with `ConnectionLost`."""
        connection, self._executor.home = self._executor.home, NOT_OPEN
        self._store = NOT_OPEN
        database_closed(self)
        if connection is not NOT_OPEN:
            await connection.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def load_related(
        self, instance: object, relation: RelationFacts, /, *, again: bool = False
    ) -> Coroutine[Any, Any, object]:
        """Load a relation of an instance and of those read with it: what handles ask for."""
        return self._loader.load(instance, cast("Relation", relation), again=again)

    def transaction(self, options: TransactionOptions | None = None) -> Transaction:
        """Give a transaction, to be entered with `async with`."""
        return Transaction(self, options)

    def attempts(
        self, options: TransactionOptions | None = None
    ) -> AsyncGenerator[Transaction, None]:
        """Give transactions until one does not end in a conflict; the code is run each time.

            async for tx in db.attempts():
                async with tx:
                    ...

        At most `max_retries` times after the first, with a pause in between; then the conflict is
        raised. `timeout` is for all of them together.
        """
        return attempts(self, options)

    async def run_transaction(
        self,
        function: Callable[[Transaction], Awaitable[T]],
        options: TransactionOptions | None = None,
    ) -> T:
        """Run a function in a transaction, again after a conflict; give what it gives."""
        return await run_transaction(self, function, options)

    def transactional(
        self, options: TransactionOptions | None = None
    ) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
        """Have each call of a function run in a transaction, again after a conflict."""
        return transactional(self, options)

    def outside(self) -> Outside:
        """Opt out of the transaction around: `with db.outside():` takes another connection."""
        return Outside(self._executor)

    @property
    def cache(self) -> QueryCache | None:
        """What keeps answers to its questions."""
        return None if self._caching is None else self._caching.keeper.cache

    async def invalidate(self, *models: Models) -> None:
        """Take the tables of models, or all, for written: by somebody who does not use Ommi."""
        if self._caching is not None:
            await self._caching.invalidate(chosen(models))

    async def resolve(self, token: str) -> Outcome:
        """Tell what became of a transaction whose `commit_marker` has this token.

        Waits until the store has ended it, if it has not yet.
        """
        return await resolve(self, token)


def _driver(location: object) -> Driver:
    if not hasattr(location, "compiler"):
        raise ConfigurationError(
            "a database is named by a URL such as sqlite:///app.db, by a mapping, or by a driver, "
            f"not by {type(location).__name__}"
        )
    return cast("Driver", location)


def _several(name: str, said: Sequence[T]) -> Sequence[T]:
    if isinstance(said, str) or not isinstance(said, Iterable):
        found = getattr(said, "__name__", type(said).__name__)
        raise ConfigurationError(f"{name} is a list, as in {name}=[...]; found {found}")
    return said


def _refuses(lazy: str) -> bool:
    if lazy not in ("load", "raise"):
        raise ConfigurationError(f"lazy={lazy!r} is neither 'load' nor 'raise'")
    return lazy == "raise"
