"""The SQLite driver: one writer, several readers, each in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from asyncio import CancelledError
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from contextvars import Context
from time import monotonic
from typing import TypeVar, cast

from ommi.drivers.protocol import Beginning, Build, Manner, Step
from ommi.drivers.sqlite import introspection, migrating
from ommi.drivers.sqlite.batches import in_transaction, run_steps
from ommi.drivers.sqlite.changes import manner
from ommi.drivers.sqlite.connecting import Location
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.drivers.sqlite.errors import STORE, translated, translating
from ommi.drivers.sqlite.streaming import Running, Stream
from ommi.drivers.sqlite.turns import Patient, Turns
from ommi.drivers.sqlite.unit import SQLiteUnit, no_matter
from ommi.drivers.sqlite.worker import Worker
from ommi.errors import ConnectionFailed, ConnectionLost
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
        every = frozenset(Capability) - {Capability.CONCURRENT_WRITERS}
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
        self._location = location
        self._writer = self._worker("writer", writes=not location.is_read_only)
        self._turns = Turns(Patient(self._writer, location.timeout))
        self._readers = [
            Patient(self._worker(f"reader {n}"), location.timeout) for n in range(readers)
        ]
        self._idle_readers: list[Worker] = []
        self._is_closed = False
        self._migration_lock: migrating.Lock | None = None

    def _worker(self, role: str, *, writes: bool = False) -> Worker:
        return Worker(
            lambda: self._location.connect(writes=writes),
            name=f"SQLite {role} of {self._location.name}",
        )

    async def open(self) -> None:
        """Start the threads, the writer first: it makes the file."""
        try:
            await self._writer.start()
            for reader in self._readers:
                await reader.worker.start()
        except sqlite3.Error as error:
            await self.close()
            raise ConnectionFailed(
                f"cannot open {self._location.name!r}: {error}", store=STORE
            ) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection and end every thread, however often cancelled."""
        self._is_closed = True
        readers = [reader.worker for reader in self._readers]
        workers = [self._writer, *readers, *self._idle_readers]
        self._idle_readers = []
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

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows, and build something of them, in one hop."""
        sql = cast("SqlCommand", command)

        def job(connection: sqlite3.Connection) -> T:
            try:
                cursor = connection.execute(sql.text, parameters)
                rows = cursor.fetchall() if sql.returns_rows else [(cursor.lastrowid,)]
            except sqlite3.Error as error:
                raise translated(error, sql) from error
            return build(rows)

        worker = self._turns if sql.is_write else self._reader()
        return await worker.run(job, context)

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        sql = cast("SqlCommand", command)

        def job(connection: sqlite3.Connection) -> int:
            with translating(sql):
                return connection.execute(sql.text, parameters).rowcount

        return await self._turns.run(job)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands in one transaction and one hop."""
        return await self._turns.run(
            lambda c: in_transaction(c, lambda c: run_steps(c, steps)),
        )

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
        async with (
            self._lent() as worker,
            aclosing(stream.by_cursor(worker)) as chunks,
        ):
            async for chunk in chunks:
                yield chunk

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Patient]:
        """Lend a reader for one stream, or for a transaction that only reads.

        One that was left in the middle is not lent again.
        """
        if self._is_closed:
            raise ConnectionLost("the database was closed", store=STORE)
        is_new = not self._idle_readers
        worker = self._worker("stream") if is_new else self._idle_readers.pop()
        try:
            if is_new:
                await worker.start()
            yield Patient(worker, self._location.timeout)
        except BaseException:
            await worker.close()
            raise
        if self._is_closed or self._idle_readers:
            await worker.close()
        else:
            self._idle_readers.append(worker)

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give SQLite's own plan, a line each."""
        sql = cast("SqlCommand", command)

        def job(connection: sqlite3.Connection) -> list[str]:
            with translating(sql):
                plan = connection.execute(f"EXPLAIN QUERY PLAN {sql.text}", parameters)
                return [str(row[3]) for row in plan.fetchall()]

        return await self._reader().run(job)

    async def begin(self, how: Beginning, ended: Callable[[], None] = no_matter) -> SQLiteUnit:
        """Give a transaction: on the writer's connection, or on a reader's if it only reads."""
        if how.is_read_only and self._location.path is not None:
            return SQLiteUnit(self._lent, how, ended)
        return SQLiteUnit(self._turns.taken, how, ended)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""

        def job(connection: sqlite3.Connection) -> list[Table]:
            with translating():
                return introspection.tables(connection, names)

        return await self._turns.run(job)

    async def table_names(self) -> list[str]:
        """Give the names of all tables."""

        def job(connection: sqlite3.Connection) -> list[str]:
            with translating():
                return introspection.table_names(connection)

        return await self._turns.run(job)

    def manner(self, operation: Operation) -> Manner:
        """Tell how an operation must be run."""
        return manner(operation)

    async def change_schema(self, operation: Operation, *, is_resumed: bool = False) -> None:
        """Do what an operation says, in a transaction of its own."""
        del is_resumed
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

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, in one transaction under SQLite's write lock."""
        await self._run_texts([text for t in tables for text in ddl.create_table(t, DIALECT)])

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, in one transaction."""
        await self._run_texts(list(ddl.drop_tables(tables, DIALECT)))

    async def _run_texts(self, texts: Sequence[str]) -> None:
        def job(connection: sqlite3.Connection) -> None:
            for text in texts:
                connection.execute(text)

        await self._turns.run(lambda c: in_transaction(c, job))

    def _reader(self) -> Running:
        if not self._readers:
            return self._turns
        for reader in self._readers:
            if not reader.worker.waiting():
                return reader
        return min(self._readers, key=lambda reader: reader.worker.waiting())
