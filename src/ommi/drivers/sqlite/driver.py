"""The SQLite driver: one writer, several readers, each in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from asyncio import CancelledError
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing
from contextvars import Context
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar, cast

from ommi.drivers.protocol import Beginning, Build, Manner, Noting, Step, silent
from ommi.drivers.sqlite import jobs, migrating
from ommi.drivers.sqlite.batches import in_transaction, run_steps
from ommi.drivers.sqlite.changes import manner
from ommi.drivers.sqlite.connecting import Location
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.drivers.sqlite.errors import STORE, translating
from ommi.drivers.sqlite.streaming import Stream
from ommi.drivers.sqlite.turns import LentReaders, Turns
from ommi.drivers.sqlite.unit import SQLiteUnit, no_matter
from ommi.drivers.sqlite.worker import Worker
from ommi.errors import ConnectionFailed
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Operation
from ommi.schema.snapshot import Table
from ommi.sql import ddl
from ommi.sql.compiler import SqlCompiler
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")

READERS = 3


class SQLiteDriver:
    """A SQLite database: a file, or one in memory that ends with its connection."""

    name = STORE

    def __init__(
        self,
        path: str | None = None,
        *,
        timeout: float = 5.0,
        is_read_only: bool = False,
        readers: int = READERS,
    ) -> None:
        self.compiler: SqlCompiler = SqlCompiler(DIALECT)
        self._location = Location(path=path, timeout=timeout, is_read_only=is_read_only)
        self._readers = 0 if path is None else readers

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the store can do: everything, but one in memory ends with its connection."""
        every = frozenset(Capability) - {Capability.EXPIRY, Capability.CONCURRENT_WRITERS}
        return every if self._location.path else every - {Capability.PERSISTENCE}

    def __repr__(self) -> str:
        return f"SQLiteDriver({self._location.name!r})"

    async def connect(self) -> SQLiteConnection:
        """Open the database, making the file if there is none; raises `ConnectionFailed`."""
        connection = SQLiteConnection(self._location, self._readers)
        await connection.open()
        return connection


class SQLiteConnection:
    """Threads on one database: reads go to the reader with the least to do, writes queue."""

    def __init__(self, location: Location, readers: int) -> None:
        patience = location.timeout
        self._location = location
        self._patience = patience
        self._writer = self._worker("writer", writes=not location.is_read_only)
        self._turns = Turns(self._writer, patience)
        self._readers = [self._worker(f"reader {n}") for n in range(readers)]
        self._lent = LentReaders(lambda: self._worker("stream"), patience)
        self._migration_lock: migrating.Lock | None = None

    def _worker(self, role: str, *, writes: bool = False) -> Worker:
        location = self._location
        return Worker(
            lambda: location.connect(writes=writes), name=f"SQLite {role} of {location.name}"
        )

    async def open(self) -> None:
        """Start the threads, the writer first: it makes the file."""
        try:
            await self._writer.start()
            for reader in self._readers:
                await reader.start()
        except sqlite3.Error as error:
            await self.close()
            folder = Path(self._location.name).parent
            reason = error if folder.is_dir() else f"there is no folder {str(folder)!r}"
            raise ConnectionFailed(
                f"cannot open {self._location.name!r}: {reason}", store=STORE
            ) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection and end every thread, however often cancelled."""
        workers = [self._writer, *self._readers, *self._lent.close()]
        for worker in workers:
            worker.stop()
        cancelled = None
        for worker in workers:
            try:
                await worker.close(is_urgent=cancelled is not None)
            except CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    # These hand on what the threads give to await, since a coroutine of their own would only be
    # one more on the way.

    def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> Coroutine[Any, Any, T]:
        """Run a command that gives rows, and build something of them, in one hop."""
        sql = cast("SqlCommand", command)
        job = partial(jobs.fetch, sql, parameters, build)
        return self._turns.run(job, context) if sql.is_write else self._read(job, context)

    def execute(self, command: object, parameters: Parameters) -> Coroutine[Any, Any, int]:
        """Run a command and give the number of rows that it matched."""
        return self._turns.run(partial(jobs.execute, cast("SqlCommand", command), parameters))

    def run_batch(self, steps: Sequence[Step]) -> Coroutine[Any, Any, list[Rows]]:
        """Run commands in one transaction and one hop."""
        return self._turns.run(partial(in_transaction, partial(run_steps, steps)))

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them.

        A file is read by a connection of its own, whose snapshot is that of the start; in memory
        there is only one connection, which reads a copy.
        """
        stream = Stream(cast("SqlCommand", command), parameters, size, build, context)
        if self._location.path is None:
            async with aclosing(stream.by_copy(self._turns)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        worker = await self._lent.take()
        try:
            async with aclosing(stream.by_cursor(worker, self._patience)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except BaseException:
            # Left in the middle it is not lent again.
            await worker.close()
            raise
        await self._lent.give_back(worker)

    def explain(self, command: object, parameters: Parameters) -> Coroutine[Any, Any, list[str]]:
        """Give SQLite's own plan, a line each."""
        return self._read(partial(jobs.explain, command, parameters))

    async def begin(self, how: Beginning, ended: Callable[[], None] = no_matter) -> SQLiteUnit:
        """Give a transaction: on the writer's connection, or on a reader's if it only reads."""
        if how.is_read_only and self._location.path is not None:
            return SQLiteUnit(self._lent, how, ended)
        return SQLiteUnit(self._turns, how, ended)

    def tables(self, names: Collection[str]) -> Coroutine[Any, Any, list[Table]]:
        """Tell what those of the named tables look like that are there."""
        return self._turns.run(partial(jobs.tables, names))

    def table_names(self) -> Coroutine[Any, Any, list[str]]:
        """Give the names of all tables."""
        return self._turns.run(jobs.table_names)

    def manner(self, operation: Operation) -> Manner:
        """Tell how an operation must be run."""
        return manner(operation)

    async def change_schema(
        self, operation: Operation, *, is_resumed: bool = False, noting: Noting = silent
    ) -> None:
        """Do what an operation says, in a transaction of its own."""
        del is_resumed
        await noting()
        unit = await self.begin(Beginning(checks_references_last=True))
        try:
            await unit.change_schema(operation)
            await unit.commit()
        finally:
            await unit.close()

    async def lock_migrations(self, wait_seconds: float) -> bool:
        """Keep other processes out; one in memory has no other."""
        if self._location.path is None:
            return True
        lock = migrating.Lock(self._location.path)
        deadline = monotonic() + wait_seconds
        with translating():
            while not lock.try_take():
                if monotonic() >= deadline:
                    return False
                await asyncio.sleep(migrating.POLL)
        self._migration_lock = lock
        return True

    async def unlock_migrations(self) -> None:
        """Let the next deployer in."""
        if self._migration_lock is not None:
            self._migration_lock.give_back()
            self._migration_lock = None

    def create_tables(self, tables: Sequence[Table]) -> Coroutine[Any, Any, None]:
        """Make the tables that are not there, in one transaction under SQLite's write lock."""
        return self._say_together([text for t in tables for text in ddl.create_table(t, DIALECT)])

    def drop_tables(self, tables: Sequence[Table]) -> Coroutine[Any, Any, None]:
        """Remove the tables that are there, in one transaction."""
        return self._say_together(list(ddl.drop_tables(tables, DIALECT)))

    def _say_together(self, texts: Sequence[str]) -> Coroutine[Any, Any, None]:
        return self._turns.run(partial(in_transaction, partial(jobs.say, texts)))

    def _read(
        self, job: Callable[[sqlite3.Connection], T], context: Context | None = None
    ) -> Coroutine[Any, Any, T]:
        for reader in self._readers:
            if not reader.waiting():
                return reader.run(job, context, self._patience)
        if not self._readers:
            return self._turns.run(job, context)
        reader = min(self._readers, key=Worker.waiting)
        return reader.run(job, context, self._patience)
