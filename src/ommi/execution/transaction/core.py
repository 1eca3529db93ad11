"""The one transaction at the store, whatever blocks stand on it."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, get_running_loop
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import Any, NoReturn, Protocol, TypeAlias, runtime_checkable

from ommi.drivers.protocol import Beginning, Unit
from ommi.errors import (
    CommitOutcomeUnknown,
    ConflictError,
    DatabaseError,
    QueryError,
    TransactionClosed,
    TransactionFailed,
    UnsupportedOperation,
)
from ommi.execution.executor import Executor
from ommi.execution.tasks import current_task
from ommi.execution.transaction.policy import AS_USUAL, TransactionOptions, pause
from ommi.execution.transaction.replay import Call, Different, Log

Begin: TypeAlias = "Callable[[Beginning], Awaitable[Unit]]"


@runtime_checkable
class Succeeding(Protocol):
    """A unit that takes over from the one that it does again."""

    def succeed(self, before: object, /) -> None:
        """Take over what belongs to the transaction, whichever unit it is."""
        ...


class Core:
    """A unit of the store, what has spoilt it, and what it takes to do it again.

    One caller at a time; blocks see to that. What the store refuses poisons it: until a savepoint
    is rolled back to, it does nothing more. A conflict ends it, for then the store has rolled
    back, or is made to.
    """

    unit: Unit
    loop: asyncio.AbstractEventLoop
    running: asyncio.Task[Any] | None = None
    """Whose statement runs; `refuse` is to be told of what goes wrong with it."""
    failure: BaseException | None = None
    is_dead: bool = False
    open_streams: int = 0
    token: str | None = None
    _why_not: str | None = None
    _numbers = 0
    _is_interrupted = False

    def __init__(
        self, owner: Executor, options: TransactionOptions, *, may_replay: bool, attempts: int = 1
    ) -> None:
        self.owner: Executor = owner
        self.attempts: int = attempts
        self.savepoints: dict[str, None] = {}  # a set that keeps its order
        self.log: Log | None = Log() if may_replay else None
        self._options = options

    @property
    def store(self) -> str:
        """The store's name, for messages."""
        return self.owner.driver.name

    def beginning(self) -> Awaitable[Unit]:
        """Give the unit, when awaited; nothing is sent but what the store must be asked first."""
        # Checking a protocol costs more than all the rest of this.
        begin: Begin | None = getattr(self.owner.home, "begin", None)
        if begin is None:
            raise UnsupportedOperation("transactions", self.store)
        # Asking which loop runs is a system call on 3.11; once is enough.
        self.loop = get_running_loop()
        return begin(_USUAL if self._options is AS_USUAL else _how(self._options))

    def check(self) -> None:
        """Raise `TransactionFailed` where something has been refused."""
        if self.failure is not None:
            raise self.failed()

    def failed(self) -> TransactionFailed:
        """Say that nothing more is done, and because of what."""
        advice = (
            "it was rolled back; run it again as a whole"
            if self.is_dead
            else "roll back to a savepoint from before it, or leave the block"
        )
        error = TransactionFailed(
            f"{type(self.failure).__name__} ended an earlier statement of this transaction, so "
            f"nothing more is done in it: {advice}",
            store=self.store,
        )
        error.__cause__ = self.failure
        return error

    async def perform(self, call: Call) -> Any:  # noqa: ANN401 - whatever was asked for
        """Do something; what the store refuses is raised, and poisons."""
        if self.failure is not None:
            raise self.failed()
        self.running = task = current_task(self.loop)
        try:
            if self.log is None or not call.is_logged:
                return await call.run(self.unit)
            return await self._recorded(call, self.log)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            await self.refuse(error, task)
        finally:
            self.running = None

    async def refuse(self, error: BaseException, task: asyncio.Task[Any] | None) -> NoReturn:
        """Raise what a statement of this task ended with; what the store refuses poisons."""
        if isinstance(error, DatabaseError) or not isinstance(error, Exception):
            self.failure = error
            if isinstance(error, ConflictError):
                if self._why_not is not None:
                    error.add_note(f"It was not tried again: {self._why_not}.")
                await self.die()
        if isinstance(error, CancelledError) and self._is_interrupted and task is not None:
            self._is_interrupted = False
            if not task.uncancel():
                raise TransactionClosed(
                    "the transaction was rolled back while this statement ran", store=self.store
                ) from error
        raise error

    async def _recorded(self, call: Call, log: Log) -> Any:  # noqa: ANN401
        while True:
            try:
                answer = await call.record(self.unit)
            except ConflictError as error:
                await self._done_again(error)
                continue
            except DatabaseError as error:
                call.error = error
                self._remember(call, log)
                raise
            self._remember(call, log)
            return answer

    def _remember(self, call: Call, log: Log) -> None:
        if not log.add(call):
            self.replay_no_more("the transaction is too large for that")

    def replay_no_more(self, why: str) -> None:
        """Let conflicts be raised from now on."""
        if self.log is not None:
            self.log = None
            self._why_not = why

    async def _done_again(self, conflict: ConflictError) -> None:
        """Bring a new transaction to where this one was; raises the conflict if it cannot be."""
        while True:
            self._check_replay(conflict)
            before = self.unit
            await before.rollback()
            await asyncio.sleep(pause(self.attempts))
            self.attempts += 1
            self.unit = await self.beginning()
            if isinstance(self.unit, Succeeding):
                self.unit.succeed(before)
            try:
                await self._repeated()
            except ConflictError as another:
                conflict = another
            except Different as different:
                raise self._diverged(different) from conflict
            else:
                return

    async def _repeated(self) -> None:
        if self.log is not None:
            await self.log.repeat(self.unit)

    def _check_replay(self, conflict: ConflictError) -> None:
        if self.open_streams:
            self.replay_no_more("a stream was open")
        if self.log is None or self.attempts > self._options.max_retries:
            raise conflict

    def _diverged(self, different: Different) -> ConflictError:
        command = different.command
        text = None if command is None else self.owner.driver.compiler.text(command)
        return ConflictError(
            "somebody else was there first, and when the transaction was run again a statement "
            f"answered otherwise: {different.change}; run the code again, with db.attempts(), or "
            "db.run_transaction()",
            store=self.store,
            statement=text,
        )

    async def die(self) -> None:
        """Roll back, now, whatever the store has done by itself."""
        self.is_dead = True
        await to_the_end(self.unit.rollback())

    async def commit_again(self, error: ConflictError | CommitOutcomeUnknown) -> None:
        """Do everything again and commit it, after a commit that failed; raises what cannot be."""
        while True:
            if isinstance(error, CommitOutcomeUnknown):
                error.token = self.token
                raise error
            if self.log is None:
                raise error
            await self._done_again(error)
            try:
                await self.unit.commit()
            except (ConflictError, CommitOutcomeUnknown) as another:
                error = another
            else:
                return

    def interrupt(self) -> None:
        """Stop the statement of another task that runs: what it does is rolled back anyway."""
        if self.running is not None and self.running is not asyncio.current_task():
            self._is_interrupted = True
            self.running.cancel()

    def name(self) -> str:
        """Give a name for a savepoint, unlike every other."""
        self._numbers += 1
        return f"ommi_{self._numbers}"

    def check_savepoint(self, name: str) -> None:
        """Raise where a savepoint cannot be rolled back to."""
        if self.is_dead:
            raise self.failed()
        if name not in self.savepoints:
            raise QueryError(
                "the savepoint is gone: tables were made or removed, which commits on "
                f"{self.store}"
            )

    def forget_after(self, name: str, *, and_itself: bool = False) -> None:
        """Know no more of the savepoints after one."""
        names = list(self.savepoints)
        for later in names[names.index(name) + (not and_itself) :]:
            del self.savepoints[later]


_USUAL = Beginning()


def _how(options: TransactionOptions) -> Beginning:
    return Beginning(options.isolation_level, options.read_only, options.allow_implicit_commit)


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Await something to its end, however often cancelled; then raise the last cancel."""
    # A context of its own: what it does has nothing to do with the block around it.
    task = asyncio.get_running_loop().create_task(work, context=Context())
    cancelled: CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
