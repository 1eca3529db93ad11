"""Ommi: what users hold of a database."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Literal, ParamSpec, Self, TypeVar, cast

from ommi.attempts import attempts, resolve, run_transaction, transactional
from ommi.caches import Caching
from ommi.caching.query_cache import QueryCache
from ommi.drivers.protocol import Connection, Driver, Outcome, Poolable
from ommi.drivers.registry import driver_for, pool_options
from ommi.errors import ConfigurationError
from ommi.execution.executor import NOT_OPEN, Executor
from ommi.execution.graph import GraphWriter
from ommi.execution.pool import ConnectionPool, PoolableConnection, PooledConnection
from ommi.execution.relations import RelationLoader
from ommi.execution.transaction.policy import TransactionOptions
from ommi.metadata.relations import Relation
from ommi.operations import Models, Operations, chosen
from ommi.relations import RelationFacts, database_closed, database_opened
from ommi.transactions import Outside, Transaction

__all__ = ["Models", "Ommi"]

P = ParamSpec("P")
T = TypeVar("T")


class Ommi(Operations):
    """A database: opened once, asked from anywhere.

    `location` is a URL (`sqlite:///app.db`, `sqlite:////absolute.db`, `sqlite://` and nothing for
    one in memory, `memory://`) or a driver; `options` are the driver's. With `lazy="raise"`, for
    tests, a relation that is awaited and not loaded is a `LazyLoadRefused`. `cache` keeps answers to
    questions that are `cached()`, and to all questions about the models in `cache_all`.

        async with Ommi("sqlite:///app.db") as db:
            await db.use_models()
            ...
    """

    def __init__(
        self,
        location: str | Driver = "sqlite://",
        *,
        lazy: Literal["load", "raise"] = "load",
        cache: QueryCache | None = None,
        cache_all: Sequence[Models] = (),
        **options: object,
    ) -> None:
        if isinstance(location, str):
            self._driver, self._pool_options = driver_for(location, options)
        else:
            self._driver, self._pool_options = location, pool_options(options)
        self._executor = Executor(self._driver, self)
        self._caching = Caching.of(self._executor, cache, chosen(cache_all))
        self._writer = GraphWriter(self._executor)
        self._loader = RelationLoader(self._executor, refuses=_refuses(lazy))

    def __repr__(self) -> str:
        state = "open" if self.is_open else "not open"
        return f"<Ommi on {self._driver!r}, {state}>"

    @property
    def driver(self) -> Driver:
        """The driver of the store."""
        return self._driver

    @property
    def is_open(self) -> bool:
        """Whether the database can be asked."""
        return self._executor.home is not NOT_OPEN

    async def open(self) -> Self:
        """Open a connection and try it; raises `ConnectionFailed`."""
        if not self.is_open:
            connection = await self._connected()
            if self._caching is not None:
                connection = await self._caching.around(connection)
            self._executor.home = connection
            database_opened(self)
        return self

    async def _connected(self) -> Connection:
        """Open the first connection; one that serves a caller at a time gets a pool in front."""
        connect = cast("Callable[[], Awaitable[PoolableConnection]]", self._driver.connect)
        # Made first: what it refuses must not leave a connection behind.
        pool = ConnectionPool(**self._pool_options, connect=connect, store=self._driver.name)
        first = await self._driver.connect()
        if not isinstance(first, Poolable):
            return first
        pool.adopt(cast("PoolableConnection", first))
        return PooledConnection(pool)

    async def close(self) -> None:
        """Close every connection; what still waits fails with `ConnectionLost`."""
        connection, self._executor.home = self._executor.home, NOT_OPEN
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
        return Outside(self)

    @property
    def cache(self) -> QueryCache | None:
        """What keeps its answers."""
        return None if self._caching is None else self._caching.keeper.cache

    async def invalidate(self, *models: Models) -> None:
        """Take the tables of models for written, or all: by somebody who does not tell the cache."""
        if self._caching is not None:
            await self._caching.invalidate(chosen(models))

    async def resolve(self, token: str) -> Outcome:
        """Tell what became of a transaction whose `commit_marker` has this token.

        Waits until the store has ended it, if it has not yet.
        """
        return await resolve(self, token)


def _refuses(lazy: str) -> bool:
    if lazy not in ("load", "raise"):
        raise ConfigurationError(f"lazy={lazy!r} is neither 'load' nor 'raise'")
    return lazy == "raise"
