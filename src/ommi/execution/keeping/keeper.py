"""Answers of one database that are kept: looked up, asked for once, kept while they are good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import TypeVar

from ommi.caching.footprints import Footprint, Footprints, NotingCompiler
from ommi.caching.query_cache import QueryCache
from ommi.caching.rows import Kept, given, kept, typed
from ommi.caching.versions import Stamp, Tables, TableVersion, Versions, condensed
from ommi.drivers.protocol import Build
from ommi.errors import CommitOutcomeUnknown, ConnectionLost, OmmiError
from ommi.execution.keeping.group import ALONE, Group
from ommi.execution.keeping.shared import NOT_SHARED, SharedEntries
from ommi.metadata.model import ModelMetadata
from ommi.planning.compiler import Compiler
from ommi.planning.plan import Parameters, Rows

T = TypeVar("T")
Ask = Callable[[Build[Rows]], Awaitable[Rows]]
"""Asks the store, and gives what a function makes of the rows."""


class _Flight:
    """A question that somebody asks the store, for all who ask the same meanwhile."""

    __slots__ = ("over", "reads", "rows", "stamp", "was_given_up")

    def __init__(self, reads: tuple[TableVersion, ...], stamp: Stamp) -> None:
        self.reads: tuple[TableVersion, ...] = reads
        self.stamp: Stamp = stamp
        self.over: asyncio.Event = asyncio.Event()
        self.rows: Kept | None = None
        self.was_given_up: bool = False


class Keeper:
    """What one database keeps in a cache, and who must be told of its writes."""

    def __init__(self, cache: QueryCache, always: Collection[ModelMetadata] = ()) -> None:
        self.cache: QueryCache = cache
        self.versions: Versions = Versions(cache.clock)
        self.footprints: Footprints = Footprints(self.versions, always)
        self.group: Group = ALONE
        self.shared: SharedEntries = NOT_SHARED
        self._flights: dict[object, _Flight] = {}
        self._clock = cache.clock
        self.at_once: Callable[[object], Kept | None] = cache.hits(self.versions)
        self._has_tenants = cache.tenant is not None

    def noting(self, compiler: Compiler) -> NotingCompiler:
        """Give a compiler whose commands are known here."""
        return NotingCompiler(compiler, self.footprints)

    def key_of(self, footprint: Footprint, parameters: Parameters) -> tuple[object, ...]:
        """Give the key of a question, which may have no hash; `deep_key_of` has one.

        Values that differ in type are different, even where Python takes them for equal.
        """
        tenant = self._tenant() if self._has_tenants else None
        if len(parameters) == 1:
            [value] = parameters
            return footprint.number, tenant, type(value), value
        return (footprint.number, tenant, *map(type, parameters), *parameters)

    def deep_key_of(self, footprint: Footprint, parameters: Parameters) -> tuple[object, ...]:
        """Give the key of a question with lists, or the like, among its values."""
        return footprint.number, self._tenant(), typed(parameters)

    def hashable_key_of(self, footprint: Footprint, parameters: Parameters) -> tuple[object, ...]:
        """Give the key under which the answer to a question is kept."""
        key = self.key_of(footprint, parameters)
        try:
            hash(key)
        except TypeError:
            return self.deep_key_of(footprint, parameters)
        return key

    def constant_key_of(self, note: object, parameters: Parameters) -> object:
        """Give the key of a question that is always the same; `None` where there is none.

        There is none where tenants are told apart. One with a value that may change, such as a
        list, has no hash, and nothing is kept under it.
        """
        if type(note) is not Footprint or self._has_tenants:
            return None
        if len(parameters) == 1:
            # As `key_of` would make it, which is asked for most.
            [value] = parameters
            return note.number, None, type(value), value
        return self.key_of(note, parameters)

    def find(self, key: object) -> Kept | None:
        """Give what is kept under a key, if it can be vouched for now.

        Raises `TypeError` for a key without a hash.
        """
        now = self._clock()
        if now >= self.versions.sure_until:
            return None
        entry = self.cache.find(key, now)
        if entry is None:
            return None
        rows: Kept = entry.value
        return rows if type(rows) is Kept else given(rows)

    async def answer(
        self,
        key: object,
        footprint: Footprint,
        ttl: float | None,
        parameters: Parameters,
        build: Build[T],
        ask: Ask,
    ) -> T:
        """Give what is built of the store's answer to a question, and keep the answer."""
        rows = await self._missed(key, footprint, ttl, parameters, ask)
        if not isinstance(rows, Kept):
            return build(rows)
        rows = given(rows)
        if not self.shared.is_in_use:
            return build(rows)
        try:
            return build(rows)
        except Exception as error:  # noqa: BLE001 - the store's own answer says whose fault it is
            self.cache.forget(key)
            question = self.shared.question(footprint, parameters, self._tenant())
            await self.shared.poisoned(question, error)
            return build(await ask(_as_they_are))

    def _tenant(self) -> object:
        return None if self.cache.tenant is None else self.cache.tenant()

    async def _missed(
        self,
        key: object,
        footprint: Footprint,
        ttl: float | None,
        parameters: Parameters,
        ask: Ask,
    ) -> Rows:
        stats = self.cache.stats
        reads = footprint.reading(parameters)
        while True:
            stamp = self.versions.stamp(reads)
            if stamp is None:
                stats.bypassed += 1
                return await ask(_as_they_are)
            flight = self._flights.get(key)
            if flight is None or flight.stamp != stamp:
                return await self._led(_Flight(reads, stamp), key, footprint, ttl, parameters, ask)
            stats.joined += 1
            await flight.over.wait()
            if flight.rows is not None:
                return flight.rows
            if not flight.was_given_up:
                # It failed, or its answer cannot be shared: everybody for himself.
                return await ask(_as_they_are)

    async def _led(
        self,
        flight: _Flight,
        key: object,
        footprint: Footprint,
        ttl: float | None,
        parameters: Parameters,
        ask: Ask,
    ) -> Rows:
        self._flights[key] = flight
        try:
            rows, is_shared = await self._fetched(flight, footprint, ttl, parameters, ask)
        except asyncio.CancelledError:
            flight.was_given_up = True
            raise
        else:
            if not isinstance(rows, Kept):
                return rows
            flight.rows = rows
            if self._is_good(flight):
                self.cache.keep(key, rows, ttl, stamp=footprint.lasting(flight.stamp, rows))
            # Whoever asked the store is not told that it was a kept answer.
            return rows if is_shared else tuple(given(rows))
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]
            flight.over.set()

    async def _fetched(
        self,
        flight: _Flight,
        footprint: Footprint,
        ttl: float | None,
        parameters: Parameters,
        ask: Ask,
    ) -> tuple[Rows, bool]:
        """Give the rows, and whether somebody else has kept them."""
        if not self.shared.is_in_use:
            return await ask(_kept), False
        question = self.shared.question(footprint, parameters, self._tenant())
        found = await self.shared.find(question, footprint)
        if found is not None and self._is_good(flight):
            self.cache.stats.shared_hits += 1
            return found, True
        rows = await ask(_kept)
        if isinstance(rows, Kept) and self._is_good(flight):
            await self.shared.keep(question, rows, self.cache.ttl if ttl is None else ttl)
        return rows, False

    def _is_good(self, flight: _Flight) -> bool:
        """Tell whether nothing was written since that an answer depends on."""
        return self.versions.stamp(flight.reads) == flight.stamp

    def tells(self, footprint: Footprint, parameters: Parameters) -> str:
        """Say whether a question would be answered by what is kept."""
        tables = ", ".join(table.name for table in footprint.reads)
        if not footprint.may_be_kept:
            return f"cache: bypassed, since rows of {tables} expire"
        if self.versions.stamp(footprint.reading(parameters)) is None:
            return f"cache: bypassed, since {tables} is being written or others cannot be heard"
        entry = self.cache.peek(self.hashable_key_of(footprint, parameters))
        if entry is None:
            return f"cache: miss; an answer is kept until {tables} is written"
        return f"cache: hit, for {entry.ends - self._clock():.3g} s more"

    @asynccontextmanager
    async def writing(
        self, tables: Tables, has_ended: Callable[[], bool] | None = None
    ) -> AsyncIterator[None]:
        """Stand around a write: nobody is given an old answer once it is reported.

        `has_ended` says, where the write failed, whether it is known what became of it.
        """
        tables = condensed(tables)
        self.versions.begin(tables)
        is_sure = False
        try:
            number = await self.group.announce(tables)
            try:
                yield
            except BaseException as error:
                is_sure = _is_known(error) if has_ended is None else has_ended()
                self.group.done(number, tables, is_awaited=False)
                raise
            self.group.done(number, tables, is_awaited=True)
            await self.group.settled(number)
            is_sure = True
        finally:
            self.versions.end(tables, is_sure=is_sure)

    async def close(self) -> None:
        """Leave the group, and forget what was kept of this database."""
        self.versions.forget_all()
        await self.group.close()
        await self.shared.close()


def _is_known(error: BaseException) -> bool:
    """Tell whether an error of a write says that it did not happen."""
    return isinstance(error, OmmiError) and not isinstance(
        error, ConnectionLost | CommitOutcomeUnknown
    )


def _as_they_are(rows: Rows) -> Rows:
    return rows


def _kept(rows: Rows) -> Rows:
    made = kept(rows)
    return rows if made is None else made
