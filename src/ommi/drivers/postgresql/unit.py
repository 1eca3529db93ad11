"""Transactions: a session to oneself; BEGIN goes out with the first statement."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ommi.drivers.postgresql import introspection, schema
from ommi.drivers.postgresql.batches import COPIED_FROM
from ommi.drivers.postgresql.client import WireProtocol
from ommi.drivers.postgresql.dialect import DIALECT
from ommi.drivers.postgresql.errors import CLIENT_ERRORS, STORE, translated
from ommi.drivers.protocol import Beginning, Build, Filled, IsolationLevel, Outcome, Step
from ommi.errors import CommitOutcomeUnknown, ConnectionLost, TransactionFailed
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Backfill, Operation
from ommi.schema.snapshot import Table
from ommi.sql import backfill
from ommi.sql.dialect import SqlCommand
from ommi.sql.savepoints import Savepoints

if TYPE_CHECKING:
    from ommi.drivers.postgresql.driver import PostgreSQLConnection

T = TypeVar("T")


def no_matter() -> None:
    """Do nothing: nobody waits for the end of this transaction."""


class PostgreSQLUnit(Savepoints):
    """A transaction on a session.

    BEGIN and COMMIT go the way that asyncpg's own `execute` takes them in the end.
    """

    outcome: Outcome = Outcome.OPEN
    _is_begun = False

    def __init__(
        self,
        on: PostgreSQLConnection,
        protocol: WireProtocol,
        how: Beginning,
        level: IsolationLevel,
        ended: Callable[[], None],
    ) -> None:
        self.level: IsolationLevel = level
        self._on = on
        self._protocol = protocol
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
                await self._protocol.query(self._beginning(), None)
            except BaseException as error:  # noqa: BLE001 - it is raised again
                statement.close()
                await self._on._fail(error, None)  # noqa: SLF001 - a part of the session
        return await statement

    def _beginning(self) -> str:
        """Give what begins it, which is being sent from now on."""
        on, how = self._on, self._how
        self._is_begun = True
        self.fetch = on.fetch  # type: ignore[method-assign]
        self.execute = on.execute  # type: ignore[method-assign]
        level = f" ISOLATION LEVEL {how.level.value.replace('_', ' ')}" if how.level else ""
        return f"BEGIN{level}{' READ ONLY' if how.is_read_only else ''}"

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands as part of the transaction."""
        await self._begun()
        # What COPY refuses is done without it, so its refusal must not end the transaction.
        is_large = any(len(step.parameters) >= COPIED_FROM for step in steps)
        return await self._on.run_steps(steps, _BATCH if is_large else None)

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them.

        The rows come through a cursor, which sees those of its start.
        """
        del context
        await self._begun()
        read = await self._on.cursor(cast("SqlCommand", command), parameters, size)
        while rows := await read():
            yield build(rows)
            if len(rows) < size:
                return

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give PostgreSQL's own plan, a line each."""
        await self._begun()
        return await self._on.explain(command, parameters)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        await self._begun()
        return await self._on.guarded(introspection.tables(self._on.client, names))

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there."""
        await self._begun()
        await self._on.guarded(schema.create_tables(self._on.client, tables))

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there."""
        await self._begun()
        await self._on.guarded(schema.drop_tables(self._on.client, tables))

    async def change_schema(self, operation: Operation) -> None:
        """Do what an operation says, as part of the transaction."""
        await self._begun()
        await self._on.change_schema(operation)

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
        """Commit, and give the session back."""
        if self.outcome is not Outcome.OPEN:
            return
        try:
            if self._is_begun:
                protocol = self._protocol
                if not protocol.is_connected():
                    raise ConnectionLost(
                        "the server closed the session before COMMIT", store=STORE
                    )
                self.outcome = Outcome.UNKNOWN
                try:
                    tag = await protocol.query("COMMIT", None)
                except CLIENT_ERRORS as error:
                    raise self._refused(error) from error
                except BaseException:
                    if await self._on.is_left_open():
                        self.outcome = Outcome.ROLLED_BACK
                    raise
                if tag != "COMMIT":
                    raise self._failed_before(tag)
            self.outcome = Outcome.COMMITTED
        finally:
            if self.outcome is Outcome.OPEN:
                self.outcome = Outcome.ROLLED_BACK
            self._ended()

    def _failed_before(self, tag: str) -> TransactionFailed:
        self.outcome = Outcome.ROLLED_BACK
        return TransactionFailed(
            f"the transaction had failed before, so nothing was committed ({tag})", store=STORE
        )

    def _refused(self, error: Exception) -> Exception:
        made = translated(error, None, is_lost=self._on.client.is_closed())
        if not isinstance(made, ConnectionLost):
            self.outcome = Outcome.ROLLED_BACK
            return made
        return CommitOutcomeUnknown(
            f"the reply to COMMIT was lost ({made.reason}), so it may have happened or not",
            store=STORE,
        )

    async def rollback(self) -> None:
        """Roll back, and give the session back."""
        if self.outcome is not Outcome.OPEN:
            return
        try:
            if self._is_begun and not self._on.client.is_closed():
                cancelled = await self._on.in_order("ROLLBACK")
                if cancelled is not None:
                    raise cancelled
        finally:
            self.outcome = Outcome.ROLLED_BACK
            self._ended()

    async def close(self) -> None:
        """Roll back what was not committed."""
        await self.rollback()

    async def _say(self, text: str, /) -> None:
        await self._begun()
        await self._on.guarded(self._on.client.execute(text))

    async def _begun(self) -> None:
        if not self._is_begun:
            await self._on.guarded(self._protocol.query(self._beginning(), None))


_BATCH = "ommi_batch"
