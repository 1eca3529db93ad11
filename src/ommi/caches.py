"""The cache of a database, put together: what keeps, who is told, and where else answers are."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ommi.caching.query_cache import QueryCache
from ommi.caching.versions import EVERYTHING, Tables
from ommi.drivers.protocol import Connection, Driver, KeyValueKeeping, Notifying
from ommi.drivers.registry import DriverRegistry, prepared
from ommi.errors import ConfigurationError
from ommi.execution.keeping import Channelled, Group, Keeper, StoredEntries, keeping, lent
from ommi.metadata.model import ModelMetadata
from ommi.planning.capabilities import Capability
from ommi.planning.planner import Planner

OWN = "database"
"""Says that the channel is that of the database itself."""


class Caching:
    """Puts a cache around the connection of one database."""

    def __init__(
        self, cache: QueryCache, always: Collection[ModelMetadata], registry: DriverRegistry
    ) -> None:
        self.keeper: Keeper = Keeper(cache, always)
        is_url = cache.channel not in {None, OWN}
        self._other = prepared(str(cache.channel), {}, registry).driver() if is_url else None

    @classmethod
    def of(
        cls,
        cache: QueryCache | None,
        always: Collection[ModelMetadata],
        registry: DriverRegistry,
    ) -> Caching | None:
        """Give what there is to a cache; nothing without one."""
        if cache is None:
            if always:
                raise ConfigurationError("cache_all wants a cache: Ommi(url, cache=QueryCache())")
            return None
        if not isinstance(cache, QueryCache):
            raise ConfigurationError(f"cache is a QueryCache, not {type(cache).__name__}")
        return cls(cache, always, registry)

    def note_commands_of(self, planner: Planner) -> None:
        """Find out of every command, when it is compiled, what it reads and writes.

        Rows of related models no longer come beside others: each table's are kept by themselves.
        """
        planner.compile_by(self.keeper.noting(planner.compiler))

    async def around(self, connection: Connection, driver: Driver) -> Connection:
        """Give the connection of a database that was opened, with the cache around it.

        Raises `ConfigurationError` where the channel's store cannot do what is asked of it.
        """
        keeper, cache = self.keeper, self.keeper.cache
        if cache.channel is None:
            return keeping(connection, keeper)
        other = driver if self._other is None else self._other
        if not isinstance(other, Notifying):
            await connection.close()
            raise ConfigurationError(
                f"{other.name} cannot tell other processes of writes; a channel is the URL of a "
                "PostgreSQL or Redis server"
            )
        group = Channelled(other, keeper.versions, cache.lease, cache.clock)
        if cache.shared_as is not None:
            try:
                keeper.shared = _shared(other, driver, group, cache)
            except ConfigurationError:
                await connection.close()
                raise
        keeper.group = group
        await group.open()
        return keeping(connection, keeper)

    def lent(self, connection: Connection) -> Connection:
        """Give a connection that is lent, so that what is written on it is heard of at once."""
        return lent(connection, self.keeper)

    async def invalidate(self, models: Sequence[ModelMetadata]) -> None:
        """Take the tables of models for written; all, where none are named."""
        tables: Tables = frozenset(model.table for model in models) if models else EVERYTHING
        async with self.keeper.writing(tables):
            pass


def _shared(other: Notifying, driver: Driver, group: Group, cache: QueryCache) -> StoredEntries:
    if not isinstance(other, KeyValueKeeping):
        raise ConfigurationError(
            f"{cache.channel!r} does not keep keys and values, so it cannot keep answers: leave "
            "shared_as out, or give the URL of a Redis server"
        )
    if Capability.TEXT_STATEMENTS not in driver.capabilities:
        raise ConfigurationError(
            f"answers of {driver.name} are kept in each process only, since its commands are no "
            "text that others know them by: leave shared_as out"
        )
    return StoredEntries(other, group, str(cache.shared_as), cache.clock)
