"""Transactions: a session to oneself; they begin with the first statement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ommi.drivers.mysql import batches, migrating
from ommi.drivers.mysql.dialect import MariaDBDialect
from ommi.drivers.mysql.session import Session
from ommi.drivers.protocol import Beginning, Build, Filled, IsolationLevel, Manner, Outcome, Step
from ommi.errors import (
    CommitOutcomeUnknown,
    ConnectionLost,
    DatabaseError,
    OmmiError,
    UnsupportedOperation,
)
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Backfill, Operation
from ommi.schema.snapshot import Table
from ommi.sql import backfill
from ommi.sql.dialect import SqlCommand
from ommi.sql.savepoints import Savepoints

if TYPE_CHECKING:
    from ommi.drivers.mysql.driver import MySQLConnection

T = TypeVar("T")

GRACE = 5.0
"""How long a server may take to roll back, in seconds, before the session is given up."""


def no_matter() -> None:
    """Do nothing: nobody waits for the end of this transaction."""


class MySQLUnit(Savepoints):
    """A transaction on a session."""

    outcome: Outcome = Outcome.OPEN
    _is_begun = False

    def __init__(
        self,
        on: MySQLConnection,
        session: Session,
        dialect: MariaDBDialect,
        how: Beginning,
        level: IsolationLevel,
        ended: Callable[[], None],
    ) -> None:
        self.level: IsolationLevel = level
        self._on = on
        self._session = session
        self._dialect = dialect
        self._how = how
        self._ended = ended

    # The first one begins it; the rest goes to the session at once.

    def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> Coroutine[Any, Any, T]:
        """Run a command that gives rows, and build something of them."""
        return self._first(self._on.fetch(command, parameters, build, context))

    def execute(self, command: object, parameters: Parameters) -> Coroutine[Any, Any, int]:
        """Run a command and give the number of rows that it matched."""
        return self._first(self._on.execute(command, parameters))

    async def _first(self, statement: Coroutine[Any, Any, T]) -> T:
        if not self._is_begun:
            try:
                if self._how.level is None:
                    await self._session.control(self._beginning())
                else:
                    await self._begun()
            except BaseException:
                statement.close()
                raise
        return await statement

    def _beginning(self) -> str:
        """Give what begins it, which is being sent from now on."""
        self._is_begun = True
        self.fetch = self._on.fetch  # type: ignore[method-assign]
        self.execute = self._on.execute  # type: ignore[method-assign]
        return "START TRANSACTION READ ONLY" if self._how.is_read_only else "START TRANSACTION"

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands as part of the transaction."""
        await self._begun()
        return await batches.run_within(self._session, steps)

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them.

        They are all read first: a session has no room for anything else while it sends rows.
        """
        del context
        await self._begun()
        answer = await self._session.run(cast("SqlCommand", command), parameters)
        rows = answer.rows or ()
        for start in range(0, len(rows), size):
            yield build(rows[start : start + size])

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give the server's own plan, a line each."""
        await self._begun()
        return await self._on.explain(command, parameters)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        return await self._on.tables(names)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, which commits first."""
        self._committing_implicitly("make tables")
        await self._on.create_tables(tables)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, which commits first."""
        self._committing_implicitly("remove tables")
        await self._on.drop_tables(tables)

    async def change_schema(self, operation: Operation) -> None:
        """Do what an operation says, which commits first where it defines tables."""
        if migrating.manner(operation, self._session.server.store) is Manner.OUTSIDE:
            self._committing_implicitly("change tables")
        else:
            await self._begun()
        await self._on.change_schema(operation)

    async def has_rows(self, table: str) -> bool:
        """Tell whether a table has a row."""
        return await backfill.has_rows(self, self._dialect, table)

    async def count_rows(self, table: str) -> int:
        """Count the rows of a table."""
        return await backfill.count_rows(self, self._dialect, table)

    async def backfill(self, operation: Backfill, after: tuple[object, ...] | None) -> Filled:
        """Do a batch of a backfill, as part of the transaction."""
        [table] = await self.tables([operation.table])
        return Filled(*await backfill.fill_batch(self, self._dialect, table, operation, after))

    async def commit(self) -> None:
        """Commit, and give the session back."""
        if self.outcome is not Outcome.OPEN:
            return
        try:
            if self._is_begun:
                session = self._session
                store = session.server.store
                if not session.client.connected:
                    raise ConnectionLost("the session was closed before COMMIT", store=store)
                self.outcome = Outcome.UNKNOWN
                try:
                    await session.control("COMMIT")
                except ConnectionLost as error:
                    session.abort()
                    raise CommitOutcomeUnknown(
                        f"the reply to COMMIT was lost ({error.reason}), so it may have happened "
                        "or not",
                        store=store,
                    ) from error
                except DatabaseError:
                    self.outcome = Outcome.ROLLED_BACK
                    await session.rollback()
                    raise
            self.outcome = Outcome.COMMITTED
        finally:
            if self.outcome is Outcome.OPEN:
                self.outcome = Outcome.ROLLED_BACK
            self._ended()

    async def rollback(self) -> None:
        """Roll back, and give the session back."""
        if self.outcome is not Outcome.OPEN:
            return
        try:
            if self._is_begun:
                await self._rolled_back()
        finally:
            self.outcome = Outcome.ROLLED_BACK
            self._ended()

    async def _rolled_back(self) -> None:
        try:
            with suppress(TimeoutError, OmmiError):
                async with asyncio.timeout(GRACE):
                    await self._session.rollback()
        finally:
            if not self._session.is_usable:
                self._session.abort()

    async def close(self) -> None:
        """Roll back what was not committed."""
        await self.rollback()

    def _committing_implicitly(self, operation: str) -> None:
        if not self._how.allows_implicit_commit:
            raise UnsupportedOperation(
                f"{operation} inside a transaction",
                self._session.server.store,
                "it would commit what was written so far; do it before the transaction, or say "
                "TransactionOptions(allow_implicit_commit=True)",
            )
        # The next statement begins another transaction, at the same level.
        if self._is_begun:
            self._is_begun = False
            del self.fetch, self.execute

    async def _say(self, text: str, /) -> None:
        await self._begun()
        await self._session.control(text)

    async def _begun(self) -> None:
        if self._is_begun:
            return
        beginning = self._beginning()
        if self._how.level is not None:
            level = self._how.level.value.replace("_", " ")
            await self._session.control(f"SET TRANSACTION ISOLATION LEVEL {level}")
        await self._session.control(beginning)
