"""Transactions: a connection to oneself, from the first statement on."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast

from ommi.drivers.protocol import Beginning, Build, Filled, IsolationLevel, Outcome, Step
from ommi.drivers.sqlite import jobs, migrating
from ommi.drivers.sqlite.batches import run_steps
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.drivers.sqlite.errors import STORE, translated
from ommi.drivers.sqlite.turns import Loans
from ommi.drivers.sqlite.worker import Worker
from ommi.errors import ConnectionLost, TransactionClosed
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Backfill, Operation
from ommi.schema.snapshot import Table
from ommi.sql import backfill, ddl
from ommi.sql.dialect import SqlCommand
from ommi.sql.savepoints import Savepoints

T = TypeVar("T")
Job: TypeAlias = Callable[[sqlite3.Connection], T]


def no_matter() -> None:
    """Do nothing: nobody waits for the end of this transaction."""


class SQLiteUnit(Savepoints):
    """A transaction; its first statement begins it, in the same hop.

    One that may write holds the write lock from then on, so that nothing that it has read can
    change before it writes.
    """

    level: IsolationLevel = IsolationLevel.SERIALIZABLE
    outcome: Outcome = Outcome.OPEN
    _on: Worker | None = None
    _is_begun = False

    def __init__(self, loans: Loans, how: Beginning, ended: Callable[[], None]) -> None:
        self._loans = loans
        self._begin = "BEGIN" if how.is_read_only else "BEGIN IMMEDIATE"
        self._ended = ended
        self._checks_last = how.checks_references_last
        self._known: set[migrating.Violation] = set()

    def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> Coroutine[Any, Any, T]:
        """Run a command that gives rows, and build something of them."""
        on = self._on
        if on is None or not self._is_begun:
            fetch: Job[T] = partial(jobs.fetch, command, parameters, build)  # type: ignore[arg-type]
            return self._run_first(fetch, context)
        return on.run(partial(jobs.fetch_within, command, parameters, build), context)  # type: ignore[arg-type]

    def execute(self, command: object, parameters: Parameters) -> Coroutine[Any, Any, int]:
        """Run a command and give the number of rows that it matched."""
        on = self._on
        if on is None or not self._is_begun:
            execute: Job[int] = partial(jobs.execute, command, parameters)  # type: ignore[arg-type]
            return self._run_first(execute, None)
        return on.run(partial(jobs.execute_within, command, parameters))  # type: ignore[arg-type]

    def run_batch(self, steps: Sequence[Step]) -> Coroutine[Any, Any, list[Rows]]:
        """Run commands in one hop."""
        return self._run(partial(run_steps, steps))

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
        worker = cast("Worker", self._on)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            yield await worker.run(lambda _, part=part: build(part), context)  # type: ignore[misc]

    def explain(self, command: object, parameters: Parameters) -> Coroutine[Any, Any, list[str]]:
        """Give SQLite's own plan, a line each."""
        return self._run(partial(jobs.explain, command, parameters))

    def tables(self, names: Collection[str]) -> Coroutine[Any, Any, list[Table]]:
        """Tell what those of the named tables look like that are there."""
        return self._run(partial(jobs.tables, names))

    def create_tables(self, tables: Sequence[Table]) -> Coroutine[Any, Any, None]:
        """Make the tables that are not there."""
        return self._say_all([text for t in tables for text in ddl.create_table(t, DIALECT)])

    def drop_tables(self, tables: Sequence[Table]) -> Coroutine[Any, Any, None]:
        """Remove the tables that are there."""
        return self._say_all(list(ddl.drop_tables(tables, DIALECT)))

    def change_schema(self, operation: Operation) -> Coroutine[Any, Any, None]:
        """Do what an operation says, as part of the transaction."""
        return self._run(partial(migrating.change_schema, operation))

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

    async def commit(self) -> None:
        """Commit; whether that happened is known even where it is cancelled."""
        if self.outcome is not Outcome.OPEN:
            return
        on = self._on
        try:
            if on is not None and self._is_begun:
                # Whatever is left open is rolled back behind the job.
                on.held = False
                # Without a write-ahead log, readers are waited for.
                try:
                    await on.run(self._commit, None, self._loans.patience)
                except BaseException:
                    if self._checks_last:
                        # The connection is used on, and must look at references again.
                        with suppress(ConnectionLost):
                            await on.run(self._rolled_back)
                    raise
            self.outcome = Outcome.COMMITTED
        finally:
            if self.outcome is Outcome.OPEN:
                self.outcome = Outcome.ROLLED_BACK
            self._on = None
            if on is not None:
                await self._loans.give_back(on)
            self._ended()

    def _commit(self, connection: sqlite3.Connection) -> None:
        jobs.check_there(connection)
        try:
            if self._checks_last:
                migrating.refuse_new_violations(connection, self._known)
            connection.execute("COMMIT")
            if self._checks_last:
                self._look_again(connection)
        except sqlite3.Error as error:
            raise translated(error, None) from error
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
                self._on.held = False
                # A connection that cannot be rolled back is closed, and so is its thread.
                with suppress(ConnectionLost):
                    await self._on.run(self._rolled_back)
        finally:
            self.outcome = Outcome.ROLLED_BACK
            on, self._on = self._on, None
            if on is not None:
                await self._loans.give_back(on)
            self._ended()

    async def close(self) -> None:
        """Roll back what was not committed."""
        await self.rollback()

    def _say(self, text: str, /) -> Coroutine[Any, Any, None]:
        return self._say_all([text])

    def _say_all(self, texts: Sequence[str]) -> Coroutine[Any, Any, None]:
        return self._run(partial(jobs.say, texts))

    def _run(self, job: Job[T], context: Context | None = None) -> Coroutine[Any, Any, T]:
        on = self._on
        if on is None or not self._is_begun:
            return self._run_first(job, context)
        return on.run(partial(_continued, job), context)

    async def _run_first(self, job: Job[T], context: Context | None) -> T:
        loans, on = self._loans, self._on
        if on is None:
            if self._is_begun:
                raise TransactionClosed("the transaction has ended", store=STORE)
            on = self._on = await loans.take()
            on.held = True
        return await on.run(partial(self._first, job), context, loans.patience)

    def _first(self, job: Job[T], connection: sqlite3.Connection) -> T:
        if not self._is_begun:
            try:
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
            except sqlite3.Error as error:
                raise translated(error, None) from error
            self._is_begun = True
        return job(connection)

    def _rolled_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self._look_again(connection)


def _continued(job: Job[T], connection: sqlite3.Connection) -> T:
    jobs.check_there(connection)
    return job(connection)
