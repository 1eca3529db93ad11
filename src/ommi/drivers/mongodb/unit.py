"""Transactions: a session of the server's, which begins with the first statement.

Nothing is retried here. A conflict comes out as `ConflictError`, by the server's label; a commit
whose reply was lost as `CommitOutcomeUnknown`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING, TypeVar, cast

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from ommi.drivers.mongodb.batches import run_steps
from ommi.drivers.mongodb.commands import Command
from ommi.drivers.mongodb.connecting import MAJORITY, SNAPSHOT, Client
from ommi.drivers.mongodb.errors import committing, translating
from ommi.drivers.mongodb.running import Runner
from ommi.drivers.mongodb.storage import STORE
from ommi.drivers.protocol import Beginning, Build, IsolationLevel, Outcome, Step
from ommi.errors import CommitOutcomeUnknown, UnsupportedOperation
from ommi.planning.plan import Parameters, Rows
from ommi.schema.snapshot import Table

if TYPE_CHECKING:
    from ommi.drivers.mongodb.driver import MongoDBConnection

T = TypeVar("T")

GRACE = 5.0
"""How long a server may take to roll back, in seconds; it does so by itself later on."""


def no_matter() -> None:
    """Do nothing: nobody waits for the end of this transaction."""


def unsupported(what: str) -> UnsupportedOperation:
    """Make the error for what only a replica set can do."""
    return UnsupportedOperation(
        what, STORE, "run the server as a replica set; one member is enough"
    )


class MongoDBUnit:
    """A transaction on a session."""

    level: IsolationLevel = IsolationLevel.REPEATABLE_READ

    def __init__(
        self,
        on: MongoDBConnection,
        client: Client,
        runner: Runner,
        how: Beginning,
        ended: Callable[[], None],
    ) -> None:
        self.outcome: Outcome = Outcome.OPEN
        self._on = on
        self._client = client
        self._runner = runner
        self._how = how
        self._ended = ended
        self._session: AsyncClientSession | None = None

    async def _begun(self) -> AsyncClientSession:
        if self._session is None:
            with translating():
                session = self._client.start_session()
                await session.start_transaction(SNAPSHOT, MAJORITY)
                self._session = session
        return self._session

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows, and build something of them."""
        del context
        session = await self._begun()
        return build(await self._runner.fetch(cast("Command", command), parameters, session))

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        session = await self._begun()
        return await self._runner.execute(cast("Command", command), parameters, session)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands as part of the transaction."""
        return await run_steps(self._runner, steps, await self._begun())

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them.

        They are all read first: a cursor would see what the transaction writes meanwhile.
        """
        del context
        session = await self._begun()
        rows = await self._runner.fetch(cast("Command", command), parameters, session)
        for start in range(0, len(rows), size):
            yield build(rows[start : start + size])

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give the server's own plan, a line each; asked outside of the transaction."""
        return await self._on.explain(command, parameters)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        return await self._on.tables(names)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, which commits first."""
        await self._committed_for("make tables")
        await self._on.create_tables(tables)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, which commits first."""
        await self._committed_for("remove tables")
        await self._on.drop_tables(tables)

    async def _committed_for(self, what: str) -> None:
        if not self._how.allows_implicit_commit:
            raise UnsupportedOperation(
                f"{what} inside a transaction",
                STORE,
                "do it before, or allow that what came before is committed, by "
                "TransactionOptions(allow_implicit_commit=True)",
            )
        try:
            await self._committed()
        except BaseException:
            await self._end()
            raise
        self.outcome = Outcome.OPEN
        await self._forget()

    async def savepoint(self, name: str) -> None:
        """Refuse: a transaction of MongoDB is undone as a whole."""
        del name
        raise UnsupportedOperation(
            "savepoints and nested blocks", STORE, "use one transaction, or several"
        )

    async def release(self, name: str) -> None:
        """Refuse, as there is none."""
        await self.savepoint(name)

    async def rollback_to(self, name: str) -> None:
        """Refuse, as there is none."""
        await self.savepoint(name)

    async def commit(self) -> None:
        """Commit, and end the session."""
        if self.outcome is not Outcome.OPEN:
            return
        try:
            await self._committed()
            self.outcome = Outcome.COMMITTED
        finally:
            await self._end()

    async def _committed(self) -> None:
        if self._session is None:
            return
        self.outcome = Outcome.UNKNOWN  # until the answer is there
        try:
            await self._session.commit_transaction()
        except PyMongoError as error:
            made = committing(error)
            if not isinstance(made, CommitOutcomeUnknown):
                self.outcome = Outcome.ROLLED_BACK
            raise made from error

    async def rollback(self) -> None:
        """Roll back, and end the session."""
        if self.outcome is not Outcome.OPEN:
            return
        self.outcome = Outcome.ROLLED_BACK
        try:
            if self._session is not None and self._session.in_transaction:
                # What the server does not hear of, it ends by itself within a minute.
                with suppress(PyMongoError, TimeoutError):
                    async with asyncio.timeout(GRACE):
                        await self._session.abort_transaction()
        finally:
            await self._end()

    async def close(self) -> None:
        """Roll back what was not committed."""
        await self.rollback()

    async def _end(self) -> None:
        try:
            await self._forget()
        finally:
            self._ended()

    async def _forget(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(PyMongoError):
                await session.end_session()
