"""The cache of a database, put together: what keeps, who is told, and where else answers are."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ommi.caching.query_cache import QueryCache
from ommi.caching.versions import EVERYTHING, Tables
from ommi.drivers.protocol import Connection, Driver, KeyValueKeeping, Notifying
from ommi.drivers.registry import driver_for
from ommi.errors import ConfigurationError
from ommi.execution.executor import Executor
from ommi.execution.keeping import Channelled, Keeper, StoredEntries, keeping
from ommi.metadata.model import ModelMetadata
from ommi.planning.capabilities import Capability

OWN = "database"
"""Says that the channel is that of the database itself."""


class Caching:
    """Puts a cache around the connection of one database."""

    def __init__(
        self, executor: Executor, cache: QueryCache, always: Collection[ModelMetadata]
    ) -> None:
        self.keeper: Keeper = Keeper(cache, always)
        self._executor = executor
        executor.planner.compiler = self.keeper.noting(executor.planner.compiler)
        self._back_end = None if cache.channel is None else self._driver(cache.channel)

    @classmethod
    def of(
        cls, executor: Executor, cache: QueryCache | None, always: Collection[ModelMetadata]
    ) -> Caching | None:
        """Give what there is to a cache; nothing without one."""
        if cache is None:
            if always:
                raise ConfigurationError("cache_all wants a cache: Ommi(url, cache=QueryCache())")
            return None
        if not isinstance(cache, QueryCache):
            raise ConfigurationError(f"cache is a QueryCache, not {type(cache).__name__}")
        return cls(executor, cache, always)

    def _driver(self, channel: str) -> Driver:
        driver = self._executor.driver if channel == OWN else driver_for(channel, {})[0]
        if not isinstance(driver, Notifying):
            raise ConfigurationError(
                f"{driver.name} cannot tell other processes of writes; a channel is the URL of a "
                "PostgreSQL or Redis server"
            )
        if self.keeper.cache.shared_as is not None:
            self._check_shared(driver)
        return driver

    def _check_shared(self, driver: Driver) -> None:
        if not isinstance(driver, KeyValueKeeping):
            raise ConfigurationError(
                f"{driver.name} does not keep keys and values, so it cannot keep answers: leave "
                "shared_as out, or give the URL of a Redis server"
            )
        if Capability.TEXT_STATEMENTS not in self._executor.driver.capabilities:
            raise ConfigurationError(
                f"answers of {self._executor.driver.name} are kept in each process only, since "
                "its commands are no text that others know them by: leave shared_as out"
            )

    async def around(self, connection: Connection) -> Connection:
        """Give the connection of the database, which a cache stands around."""
        keeper, cache, driver = self.keeper, self.keeper.cache, self._back_end
        if isinstance(driver, Notifying):
            group = Channelled(driver, keeper.versions, cache.lease, cache.clock)
            keeper.group = group
            if cache.shared_as is not None and isinstance(driver, KeyValueKeeping):
                keeper.shared = StoredEntries(driver, group, cache.shared_as, cache.clock)
            await group.open()
        return keeping(connection, keeper)

    async def invalidate(self, models: Sequence[ModelMetadata]) -> None:
        """Take the tables of models for written; all, where none are named."""
        tables: Tables = frozenset(model.table for model in models) if models else EVERYTHING
        async with self.keeper.writing(tables):
            pass
