"""Transactions: what they write stays here until they commit, if what they read is still so."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, TypeVar, cast

from ommi.drivers.protocol import Beginning, Build, IsolationLevel, Outcome, Step
from ommi.drivers.redis.compiler import RedisCommand
from ommi.drivers.redis.introspection import STORE, NoTable
from ommi.drivers.redis.pending import Moved, Writes
from ommi.drivers.redis.store import Store
from ommi.drivers.redis.work import Memory, OutOfDate, Work
from ommi.errors import (
    CommitOutcomeUnknown,
    ConflictError,
    ConnectionLost,
    DatabaseError,
    UnsupportedOperation,
)
from ommi.planning.plan import Parameters, Rows
from ommi.schema.snapshot import Table

if TYPE_CHECKING:
    from ommi.drivers.redis.driver import RedisConnection

T = TypeVar("T")


def no_matter() -> None:
    """Do nothing: nobody waits for the end of this transaction."""


class RedisUnit:
    """A transaction: optimistic.

    Each statement sees the store as it is at one moment, and all that was read before as it was;
    where that is no longer so, it ends in a `ConflictError`, if not in a statement, on commit.
    """

    def __init__(
        self, on: RedisConnection, store: Store, how: Beginning, ended: Callable[[], None]
    ) -> None:
        self.outcome: Outcome = Outcome.OPEN
        is_strict = how.level is IsolationLevel.SERIALIZABLE
        self.level: IsolationLevel = (
            IsolationLevel.SERIALIZABLE if is_strict else IsolationLevel.REPEATABLE_READ
        )
        self._on = on
        self._store = store
        self._how = how
        self._ended = ended
        self._work: Work | None = None
        self._savepoints: dict[str, Writes] = {}

    async def _do(self, do: Callable[[Work], Awaitable[T]]) -> T:
        while True:
            is_new = self._store.known is None
            work = await self._begun()
            try:
                return await do(work)
            except Moved as error:
                raise _moved() from error
            except (NoTable, OutOfDate) as error:
                self._store.known = None
                if isinstance(error, NoTable) and (is_new or not work.is_untouched):
                    raise
                if not work.is_untouched:
                    raise _moved() from error
                self._work = None

    async def _begun(self) -> Work:
        if self._work is None:
            is_strict = self.level is IsolationLevel.SERIALIZABLE
            memory = Memory.ANSWERS if is_strict else Memory.ROWS
            self._work = await self._store.work(self._on.session, memory)
        return self._work

    async def _rows(self, command: object, parameters: Parameters) -> Rows:
        run = cast("RedisCommand", command).run
        return await self._do(lambda work: run(work, parameters))

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows; build something of them."""
        del context
        return build(await self._rows(command, parameters))

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        [[matched]] = await self._rows(command, parameters)
        return cast("int", matched)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands as part of the transaction."""
        from ommi.drivers.redis.driver import run_steps

        return await self._do(lambda work: run_steps(steps, work))

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, all read first; build something of every `size`."""
        del context
        rows = await self._rows(command, parameters)
        for start in range(0, len(rows), size):
            yield build(rows[start : start + size])

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Tell how the rows are found, and how many are looked at, a line each."""
        return await self._on.explain(command, parameters)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        return await self._on.tables(names)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, which commits first."""
        await self._commit_implicitly("make tables")
        await self._on.create_tables(tables)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, which commits first."""
        await self._commit_implicitly("remove tables")
        await self._on.drop_tables(tables)

    async def _commit_implicitly(self, operation: str) -> None:
        if not self._how.allows_implicit_commit:
            raise UnsupportedOperation(
                f"{operation} inside a transaction",
                STORE,
                "it would commit what was written so far; do it before the transaction, or say "
                "TransactionOptions(allow_implicit_commit=True)",
            )
        if self._work is not None and self._work.writes:
            try:
                await self._committed(self._work)
            except BaseException:
                self._end()
                raise
            self.outcome = Outcome.OPEN
        self._work = None
        self._savepoints.clear()

    async def savepoint(self, name: str) -> None:
        """Keep what is to be written as it is."""
        self._savepoints[name] = Writes() if self._work is None else self._work.writes.copy()

    async def release(self, name: str) -> None:
        """Forget a savepoint, and those after it."""
        names = list(self._savepoints)
        for later in names[names.index(name) :]:
            del self._savepoints[later]

    async def rollback_to(self, name: str) -> None:
        """Write nothing of what came after a savepoint; what was read counts as read."""
        kept = self._savepoints[name]
        await self.release(name)
        self._savepoints[name] = kept
        if self._work is not None:
            self._work.writes = kept.copy()

    async def commit(self) -> None:
        """Write everything in one step, and give the connection back."""
        if self.outcome is not Outcome.OPEN:
            return
        try:
            if self._work is not None and self._work.writes:
                await self._committed(self._work)
            self.outcome = Outcome.COMMITTED
        finally:
            self._end()

    async def _committed(self, work: Work) -> None:
        if not self._on.is_usable:
            raise ConnectionLost("the connection was closed before the commit", store=STORE)
        self.outcome = Outcome.UNKNOWN
        try:
            await work.commit()
        except (Moved, OutOfDate) as error:
            self.outcome = Outcome.ROLLED_BACK
            self._store.known = None
            raise _moved() from error
        except ConnectionLost as error:
            raise CommitOutcomeUnknown(
                f"the reply to the commit was lost ({error.reason}), so it may have happened or "
                "not",
                store=STORE,
            ) from error
        except DatabaseError:
            self.outcome = Outcome.ROLLED_BACK
            raise

    async def rollback(self) -> None:
        """Forget what was to be written, and give the connection back."""
        if self.outcome is Outcome.OPEN:
            self._end()

    async def close(self) -> None:
        """Roll back what was not committed."""
        await self.rollback()

    def _end(self) -> None:
        if self.outcome is Outcome.OPEN:
            self.outcome = Outcome.ROLLED_BACK
        self._work = None
        self._ended()


def _moved() -> ConflictError:
    return ConflictError(
        "somebody else changed what this transaction has read, so nothing was written; run it "
        "again",
        store=STORE,
    )
