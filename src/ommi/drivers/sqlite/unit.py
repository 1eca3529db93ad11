"""Transactions: a connection to oneself, from the first statement on."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from contextvars import Context
from time import monotonic
from typing import TypeVar, cast

from ommi.drivers.protocol import Beginning, Build, Filled, IsolationLevel, Outcome, Step
from ommi.drivers.sqlite import introspection, migrating
from ommi.drivers.sqlite.batches import run_steps
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.drivers.sqlite.errors import STORE, translating
from ommi.drivers.sqlite.turns import Patient
from ommi.errors import ConnectionLost, TransactionFailed
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Backfill, Operation
from ommi.schema.snapshot import Table
from ommi.sql import backfill, ddl
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")


def no_matter() -> None:
    """Do nothing: nobody waits for the end of this transaction."""


class SQLiteUnit:
    """A transaction; its first statement begins it, in the same hop.

    One that may write holds the write lock from then on, so that nothing that it has read can
    change before it writes.
    """

    level: IsolationLevel = IsolationLevel.SERIALIZABLE

    def __init__(
        self,
        take: Callable[[], AbstractAsyncContextManager[Patient]],
        how: Beginning,
        ended: Callable[[], None],
    ) -> None:
        self.outcome: Outcome = Outcome.OPEN
        self._loan = take()
        self._begin = "BEGIN" if how.is_read_only else "BEGIN IMMEDIATE"
        self._ended = ended
        self._checks_last = how.checks_references_last
        self._known: set[migrating.Violation] = set()
        self._on: Patient | None = None
        self._is_begun = False

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows, and build something of them."""
        sql = cast("SqlCommand", command)

        def job(connection: sqlite3.Connection) -> T:
            with translating(sql):
                cursor = connection.execute(sql.text, parameters)
                rows = cursor.fetchall() if sql.returns_rows else [(cursor.lastrowid,)]
            return build(rows)

        return await self._run(job, context)

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        sql = cast("SqlCommand", command)

        def job(connection: sqlite3.Connection) -> int:
            with translating(sql):
                return connection.execute(sql.text, parameters).rowcount

        return await self._run(job)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands in one hop."""
        return await self._run(lambda c: run_steps(c, steps))

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them.

        They are all read first: what the transaction writes meanwhile would show in a cursor.
        """
        sql = cast("SqlCommand", command)
        rows = await self.fetch(sql, parameters, lambda rows: rows)
        worker = cast("Patient", self._on)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            yield await worker.run(lambda _, part=part: build(part), context)  # type: ignore[misc]

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give SQLite's own plan, a line each."""
        sql = cast("SqlCommand", command)

        def job(connection: sqlite3.Connection) -> list[str]:
            with translating(sql):
                plan = connection.execute(f"EXPLAIN QUERY PLAN {sql.text}", parameters)
                return [str(row[3]) for row in plan.fetchall()]

        return await self._run(job)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        return await self._run(lambda c: introspection.tables(c, names))

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there."""
        await self._say(*[text for t in tables for text in ddl.create_table(t, DIALECT)])

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there."""
        await self._say(*ddl.drop_tables(tables, DIALECT))

    async def change_schema(self, operation: Operation) -> None:
        """Do what an operation says, as part of the transaction."""
        await self._run(lambda connection: migrating.change_schema(connection, operation))

    async def has_rows(self, table: str) -> bool:
        """Tell whether a table has a row."""
        return await backfill.has_rows(self, DIALECT, table)

    async def count_rows(self, table: str) -> int:
        """Count the rows of a table."""
        return await backfill.count_rows(self, DIALECT, table)

    async def backfill(self, operation: Backfill, after: tuple[object, ...] | None) -> Filled:
        """Do a batch of a backfill, as part of the transaction."""
        [table] = await self.tables([operation.table])
        return Filled(*await backfill.fill_batch(self, DIALECT, table, operation, after))

    async def savepoint(self, name: str) -> None:
        """Mark where to come back to."""
        await self._say(f"SAVEPOINT {name}")

    async def release(self, name: str) -> None:
        """Forget a savepoint, and those after it."""
        await self._say(f"RELEASE {name}")

    async def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint."""
        await self._say(f"ROLLBACK TO {name}")

    async def commit(self) -> None:
        """Commit; whether that happened is known even where it is cancelled."""
        if self.outcome is not Outcome.OPEN:
            return
        on = self._on
        try:
            if on is not None and self._is_begun:
                # Whatever is left open is rolled back behind the job.
                on.worker.held = False
                await on.worker.run(lambda connection: self._commit(connection, on))
            self.outcome = Outcome.COMMITTED
        finally:
            await self._end()

    def _commit(self, connection: sqlite3.Connection, on: Patient) -> None:
        deadline = monotonic() + on.timeout
        with translating():
            self._check_there(connection)
            if self._checks_last:
                migrating.refuse_new_violations(connection, self._known)
            while True:
                try:
                    connection.execute("COMMIT")
                    break
                except sqlite3.OperationalError as error:
                    # Without a write-ahead log, readers are waited for.
                    is_busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
                    if not is_busy or monotonic() > deadline or on.worker.abandoned():
                        raise
            self._look_again(connection)
        self.outcome = Outcome.COMMITTED

    def _look_again(self, connection: sqlite3.Connection) -> None:
        if self._checks_last and not connection.in_transaction:
            connection.execute("PRAGMA foreign_keys = ON")

    async def rollback(self) -> None:
        """Roll back what was not committed, and give the thread back."""
        if self.outcome is not Outcome.OPEN:
            return
        try:
            if self._on is not None:
                self._on.worker.held = False
                # A connection that cannot be rolled back is closed, and so is its thread.
                with suppress(ConnectionLost):
                    await self._on.worker.run(self._rolled_back)
        finally:
            await self._end()

    async def _end(self) -> None:
        if self.outcome is Outcome.OPEN:
            self.outcome = Outcome.ROLLED_BACK
        if self._on is not None:
            self._on = None
            await self._loan.__aexit__(None, None, None)
        self._ended()

    async def close(self) -> None:
        """Roll back what was not committed."""
        await self.rollback()

    async def _say(self, *texts: str) -> None:
        def job(connection: sqlite3.Connection) -> None:
            with translating():
                for text in texts:
                    connection.execute(text)

        await self._run(job)

    async def _run(
        self, job: Callable[[sqlite3.Connection], T], context: Context | None = None
    ) -> T:
        if self._is_begun:
            return await cast("Patient", self._on).worker.run(
                lambda connection: self._continued(connection, job), context
            )
        if self._on is None:
            self._on = await self._loan.__aenter__()
            self._on.worker.held = True
        return await self._on.run(lambda connection: self._first(connection, job), context)

    def _first(self, connection: sqlite3.Connection, job: Callable[[sqlite3.Connection], T]) -> T:
        if not self._is_begun:
            with translating():
                if self._checks_last:
                    # Inside a transaction it would be passed over, and nothing said.
                    connection.execute("PRAGMA foreign_keys = OFF")
                try:
                    connection.execute(self._begin)
                    if self._checks_last:
                        self._known = migrating.violations(connection)
                except BaseException:
                    self._look_again(connection)
                    raise
            self._is_begun = True
        return job(connection)

    def _continued(
        self, connection: sqlite3.Connection, job: Callable[[sqlite3.Connection], T]
    ) -> T:
        self._check_there(connection)
        return job(connection)

    def _check_there(self, connection: sqlite3.Connection) -> None:
        # A full disk, or an interrupted write, takes the whole transaction with it.
        if not connection.in_transaction:
            raise TransactionFailed("SQLite has rolled the transaction back", store=STORE)

    def _rolled_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self._look_again(connection)
