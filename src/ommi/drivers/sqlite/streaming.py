"""Rows in chunks, as they were at the start, whatever is written meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, Protocol, TypeVar

from ommi.drivers.protocol import Build
from ommi.drivers.sqlite.errors import translating
from ommi.drivers.sqlite.worker import Worker
from ommi.planning.plan import Parameters
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")


class Running(Protocol):
    """Something that runs jobs in the thread of a connection."""

    def run(
        self, job: Callable[[sqlite3.Connection], T], context: Context | None = None
    ) -> Coroutine[Any, Any, T]:
        """Run a job, and give what it gave."""
        ...


@dataclass(frozen=True, slots=True)
class Stream(Generic[T]):
    """What to read, and what to build of every `size` rows."""

    command: SqlCommand
    parameters: Parameters
    size: int
    build: Build[T]
    context: Context | None = None

    async def by_cursor(self, worker: Worker, patience: float) -> AsyncGenerator[T, None]:
        """Read with an open cursor, on a connection that does nothing else meanwhile."""
        cursor = await worker.run(
            lambda c: self._execute(c, self.command.text, self.parameters), None, patience
        )
        try:
            async for built in self._chunks(worker, lambda _: cursor.fetchmany(self.size)):
                yield built
        finally:
            await worker.run(lambda _: cursor.close())

    async def by_copy(self, worker: Running) -> AsyncGenerator[T, None]:
        """Read a copy of the rows, for a connection that others write through meanwhile."""
        name = f'temp."ommi_stream_{next(_NUMBERS)}"'
        create = f"CREATE TABLE {name} AS {self.command.text}"
        select = f"SELECT * FROM {name} WHERE rowid > ? ORDER BY rowid LIMIT ?"
        await worker.run(lambda c: self._execute(c, create, self.parameters))
        starts = count(0, self.size)

        def read(connection: sqlite3.Connection) -> list[Any]:
            return self._execute(connection, select, (next(starts), self.size)).fetchall()

        try:
            async for built in self._chunks(worker, read):
                yield built
        finally:
            await worker.run(lambda c: c.execute(f"DROP TABLE {name}"))

    def _execute(
        self, connection: sqlite3.Connection, text: str, parameters: Parameters
    ) -> sqlite3.Cursor:
        with translating(self.command):
            return connection.execute(text, parameters)

    async def _chunks(
        self, worker: Running, read: Callable[[sqlite3.Connection], list[Any]]
    ) -> AsyncGenerator[T, None]:
        def job(connection: sqlite3.Connection) -> tuple[int, T]:
            with translating(self.command):
                rows = read(connection)
            return len(rows), self.build(rows)

        while True:
            found, built = await worker.run(job, self.context)
            if found:
                yield built
            if found < self.size:
                return


_NUMBERS = count(1)
