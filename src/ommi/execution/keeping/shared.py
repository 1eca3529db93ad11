"""Answers that several processes keep in one place, under the versions of what they read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from ommi.caching.footprints import Footprint
from ommi.caching.rows import Kept, decoded, encoded
from ommi.drivers.protocol import KeyValueKeeping, KeyValues
from ommi.errors import DatabaseError, InvalidValue
from ommi.execution.keeping.group import Group
from ommi.planning.plan import Parameters

PATIENCE_SECONDS = 0.25
"""How long the back end may take; the database is asked then."""
PAUSE_SECONDS = 1.0
"""For how long a back end that failed is left alone."""

_log = logging.getLogger("ommi.cache")


class SharedEntries(Protocol):
    """Where else an answer may be, and is to be kept."""

    @property
    def is_in_use(self) -> bool:
        """Whether there is any such place."""
        ...

    def question(self, footprint: Footprint, parameters: Parameters, tenant: object) -> str | None:
        """Name a question, as it stands now; `None` where it has no name that all know."""
        ...

    async def find(self, question: str | None, footprint: Footprint) -> Kept | None:
        """Give the answer to a question, if there is one."""
        ...

    async def keep(self, question: str | None, rows: Kept, seconds: float) -> None:
        """Keep the answer to a question."""
        ...

    async def poisoned(self, question: str | None, error: BaseException) -> None:
        """Take away an answer of which nothing can be made."""
        ...

    async def close(self) -> None:
        """Give everything back."""
        ...


class NotShared:
    """Answers are kept in the process alone."""

    is_in_use: bool = False

    def question(self, footprint: Footprint, parameters: Parameters, tenant: object) -> str | None:
        """Give none."""
        del footprint, parameters, tenant
        return None

    async def find(self, question: str | None, footprint: Footprint) -> Kept | None:
        """Find none."""
        del question, footprint
        return None

    async def keep(self, question: str | None, rows: Kept, seconds: float) -> None:
        """Keep none."""

    async def poisoned(self, question: str | None, error: BaseException) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


NOT_SHARED = NotShared()


class StoredEntries:
    """Answers that a store of keys and values keeps.

    The name of a question holds the versions of the tables that it reads, as all members know
    them, so that a name means one answer for ever, and none has to be taken away. Nothing fails
    because of the store: what happened is logged, once of a kind until it works again.
    """

    is_in_use: bool = True

    def __init__(
        self, driver: KeyValueKeeping, group: Group, name: str, clock: Callable[[], float]
    ) -> None:
        self._driver = driver
        self._group = group
        self._name = name
        self._clock = clock
        self._values: KeyValues | None = None
        self._opening = asyncio.Lock()
        self._off_until = 0.0
        self._reported: set[str] = set()

    def question(self, footprint: Footprint, parameters: Parameters, tenant: object) -> str | None:
        versions = self._group.versions_of([table.name for table in footprint.reads])
        if versions is None:
            return None
        return f"ommi:cache:{self._name}:{footprint.question(parameters, tenant, versions)}"

    async def find(self, question: str | None, footprint: Footprint) -> Kept | None:
        values = await self._open() if question is not None else None
        if values is None or question is None:
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                data = await values.get(question)
        except (DatabaseError, TimeoutError) as error:
            await self._failed(error)
            return None
        self._reported.discard("away")
        if data is None:
            return None
        try:
            return decoded(question, data, footprint.width)
        except InvalidValue as error:
            await self.poisoned(question, error)
            return None

    async def poisoned(self, question: str | None, error: BaseException) -> None:
        kind = type(error).__name__
        self._report("poisoned", f"an entry was not what was kept, and is left out: {kind}")
        if self._values is not None and question is not None:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._values.delete(question)
            except (DatabaseError, TimeoutError) as failure:
                await self._failed(failure)

    async def keep(self, question: str | None, rows: Kept, seconds: float) -> None:
        values = await self._open() if question is not None else None
        if values is None or question is None:
            return
        try:
            data = encoded(question, rows)
        except InvalidValue as error:
            self._report(str(error), f"an answer is kept in this process only: {error}")
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await values.set(question, data, seconds)
        except (DatabaseError, TimeoutError) as error:
            await self._failed(error)

    async def close(self) -> None:
        values, self._values = self._values, None
        if values is not None:
            await values.close()

    async def _open(self) -> KeyValues | None:
        if self._values is not None or self._clock() < self._off_until:
            return self._values
        async with self._opening:
            if self._values is None and self._clock() >= self._off_until:
                try:
                    async with asyncio.timeout(PATIENCE_SECONDS * 4):
                        self._values = await self._driver.key_values()
                except (DatabaseError, TimeoutError) as error:
                    await self._failed(error)
        return self._values

    async def _failed(self, error: BaseException) -> None:
        self._off_until = self._clock() + PAUSE_SECONDS
        self._report("away", f"the store of kept answers is away: {type(error).__name__}")
        values, self._values = self._values, None
        if values is not None:
            await values.close()

    def _report(self, kind: str, text: str) -> None:
        if kind not in self._reported and len(self._reported) < MOST_KINDS:
            self._reported.add(kind)
            _log.warning("cache: %s", text)


MOST_KINDS = 100
