"""The answers themselves: the least recently used go first, and none lives too long."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from ommi.caching.rows import Kept, given, size_of
from ommi.caching.versions import Stamp, Versions
from ommi.errors import ConfigurationError

MISSING: Any = object()
"""What `get` gives, if told so, for a key without a value: `None` is a value."""

OVERHEAD = 400
"""About what an entry takes in bytes besides its key and its value."""


class CacheEntry:
    """A value, when it ends, and the versions of the tables that it was read from."""

    __slots__ = ("clock", "ends", "size", "stamp", "value")

    def __init__(
        self,
        value: Any,  # noqa: ANN401 - a user may keep anything
        ttl: float,
        *,
        clock: Callable[[], float] = monotonic,
        stamp: Stamp = (),
        size: int = OVERHEAD,
    ) -> None:
        self.value: Any = value
        self.clock: Callable[[], float] = clock
        self.ends: float = clock() + ttl
        self.stamp: Stamp = stamp
        self.size: int = size

    def is_expired(self) -> bool:
        """Tell whether its time is over."""
        return self.clock() >= self.ends

    def is_outdated(self) -> bool:
        """Tell whether a table that it was read from was written since."""
        return any(table.generation != generation for table, generation in self.stamp)


@dataclass(slots=True)
class CacheStats:
    """What a cache did so far; `entries` and `size` (bytes) are what it holds now."""

    hits: int = 0
    misses: int = 0
    bypassed: int = 0
    """Questions that were not looked up: a table was being written, or a channel was lost."""
    shared_hits: int = 0
    """Misses that the back end had an answer for."""
    joined: int = 0
    """Misses that waited for the same question of somebody else."""
    evictions: int = 0
    expirations: int = 0
    invalidations: int = 0
    refused: int = 0
    """Answers that were too large to be kept."""
    entries: int = 0
    size: int = 0

    def hit(self) -> None:
        """Count a hit."""
        self.hits += 1

    def miss(self) -> None:
        """Count a miss."""
        self.misses += 1

    @property
    def hit_rate(self) -> float:
        """The part of all look-ups that were hits, from 0 to 1."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class QueryCache:
    """Keeps at most `max_size` answers, in at most about `max_bytes`, each for `ttl` seconds.

        async with Ommi(url, cache=QueryCache(max_size=1000, ttl=300)) as db:
            await db.query(User).cached(ttl=30).fetch_all()

    Several processes tell each other of their writes by a `channel`: the URL of a store that can,
    `"redis://..."` or `"postgresql://..."`, or `"database"` for the database's own. With
    `shared_as` answers are kept in the channel's store too, where it keeps keys; all who give the
    same name must ask the same database. `lease` is how many seconds an answer may be given
    without a sign of life of the channel, and the most that a write waits for a process that died.
    What `tenant` returns is a part of every question, for stores that give each tenant other rows.
    """

    def __init__(
        self,
        max_size: int = 1000,
        ttl: float = 300,
        *,
        max_bytes: int = 64 * 2**20,
        channel: str | None = None,
        shared_as: str | None = None,
        lease: float = 1.0,
        tenant: Callable[[], Hashable] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        for name, value in (("ttl", ttl), ("max_bytes", max_bytes), ("lease", lease)):
            checked_positive(name, value)
        if isinstance(max_size, bool) or not isinstance(max_size, int) or max_size < 1:
            raise ConfigurationError(f"max_size is a number of entries from 1, not {max_size!r}")
        if channel is not None and not isinstance(channel, str):
            raise ConfigurationError(
                'channel is "database" or the URL of a PostgreSQL or Redis server, not '
                f"{type(channel).__name__}"
            )
        if tenant is not None and not callable(tenant):
            raise ConfigurationError(
                f"tenant is a function that gives the tenant, not {type(tenant).__name__}"
            )
        if shared_as is not None and channel is None:
            raise ConfigurationError(
                "shared_as names entries in the channel's store, so it wants a channel too"
            )
        self.max_size = max_size
        self.ttl = ttl
        self.max_bytes = max_bytes
        self.channel = channel
        self.shared_as = shared_as
        self.lease = lease
        self.tenant = tenant
        self.clock = clock
        self._entries: OrderedDict[object, CacheEntry] = OrderedDict()
        self._stats = CacheStats()

    def __repr__(self) -> str:
        return f"QueryCache(max_size={self.max_size}, ttl={self.ttl:g})"

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def stats(self) -> CacheStats:
        """What it did so far, and what it holds."""
        self._stats.entries = len(self._entries)
        return self._stats

    async def get(self, query_key: str, default: Any = None) -> Any:  # noqa: ANN401
        """Give the value of a key, or `default`; `MISSING` tells it from a value of `None`."""
        entry = self.find(query_key)
        return default if entry is None else entry.value

    async def set(self, query_key: str, value: Any, ttl: float | None = None) -> None:  # noqa: ANN401
        """Keep a value under a key."""
        self.keep(query_key, value, ttl)

    def clear(self) -> None:
        """Forget every value."""
        self._entries.clear()
        self._stats.size = 0

    def find(self, key: object, now: float | None = None) -> CacheEntry | None:
        """Give the entry of a key, which is the most recently used from now on.

        Raises `TypeError` for a key that cannot be hashed.
        """
        entry = self._entries.get(key)
        if entry is not None:
            for table, generation in entry.stamp:
                if table.generation != generation:
                    self._stats.invalidations += 1
                    break
            else:
                if (self.clock() if now is None else now) < entry.ends:
                    self._entries.move_to_end(key)
                    self._stats.hits += 1
                    return entry
                self._stats.expirations += 1
            self.forget(key)
        self._stats.misses += 1
        return None

    def hits(self, versions: Versions) -> Callable[[object], Kept | None]:
        """Give what gives the rows that are kept under a key and can be vouched for; else `None`.

        It does as `find`, but a miss counts for nothing. One function with all at hand, since it
        is most of what a kept answer costs.
        """
        get, used = self._entries.get, self._entries.move_to_end
        clock, stats = self.clock, self._stats

        def hit(key: object) -> Kept | None:
            now = clock()
            if now >= versions.sure_until:
                return None
            try:
                entry = get(key)
            except TypeError:  # Under a list, or the like, nothing is kept.
                return None
            if entry is None or now >= entry.ends:
                return None
            for table, generation in entry.stamp:
                if table.generation != generation:
                    return None
            used(key)
            stats.hits += 1
            rows: Kept = entry.value
            return rows if type(rows) is Kept else given(rows)

        return hit

    def peek(self, key: object) -> CacheEntry | None:
        """Give the entry that `find` would give, and change nothing."""
        entry = self._entries.get(key)
        is_good = entry is not None and not (entry.is_outdated() or entry.is_expired())
        return entry if is_good else None

    def keep(
        self,
        key: object,
        value: Any,  # noqa: ANN401 - a user may keep anything
        ttl: float | None = None,
        *,
        stamp: Stamp = (),
    ) -> None:
        """Keep a value, and let go of others where there is no room."""
        size = OVERHEAD + size_of(key) + size_of(value)
        self.forget(key)
        if size > self.max_bytes:
            self._stats.refused += 1
            return
        self._entries[key] = CacheEntry(
            value,
            self.ttl if ttl is None else ttl,
            clock=self.clock,
            stamp=stamp,
            size=size,
        )
        self._stats.size += size
        while len(self._entries) > self.max_size or self._stats.size > self.max_bytes:
            _, gone = self._entries.popitem(last=False)
            self._stats.size -= gone.size
            self._stats.evictions += 1

    def forget(self, key: object) -> None:
        """Keep the value of a key no longer."""
        gone = self._entries.pop(key, None)
        if gone is not None:
            self._stats.size -= gone.size


def checked_positive(name: str, value: object) -> None:
    """Raise `ConfigurationError` for what is no number above zero."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < float("inf"):  # type: ignore[operator]  # a number
        raise ConfigurationError(f"{name} is a number above 0, not {value!r}")
