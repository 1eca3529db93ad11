"""Transactions: what users hold of one."""

# ruff: noqa: SLF001 - a transaction is another way to the same database
from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import Context, Token, copy_context
from functools import cached_property
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import uuid4

from ommi.drivers.protocol import IsolationLevel, Outcome
from ommi.errors import (
    CommitOutcomeUnknown,
    ConflictError,
    DatabaseError,
    QueryError,
    TransactionClosed,
    TransactionTimeout,
    UnsupportedOperation,
)
from ommi.execution.executor import BoundExecutor, Executor
from ommi.execution.transaction.block import Block
from ommi.execution.transaction.core import Core
from ommi.execution.transaction.hooks import Hook, run_hooks
from ommi.execution.transaction.policy import AS_USUAL, TransactionOptions
from ommi.execution.transaction.savepoint import Savepoint
from ommi.execution.transaction.scope import SCOPE, Scope, is_rerun_here
from ommi.execution.writing import Writer
from ommi.operations import Operations
from ommi.relations import CURRENT
from ommi.results.operation import FAILURES


class Run(NamedTuple):
    """Which run of the same code this is, when all must be over, and if none follows."""

    number: int
    deadline: float | None
    is_last: bool


class Transaction(Operations):
    """A block of statements that happen together or not at all.

        async with db.transaction() as tx:
            await db.add(user)
            await tx.find(Account, Account.owner == "Ann").update(is_open=True)

    Inside the block every operation of the database belongs to it, and those of `tx` do wherever
    they are awaited. A plain `await` of one raises its failure, but for `NotFound` and
    `MultipleFound`. Leaving the block commits; any exception rolls back. A block inside another of
    the same database is a savepoint. A transaction is for one use.
    """

    _block: Block | None = None
    _bound: BoundExecutor | None = None
    _run: Run | None = None
    _scope: tuple[Token[Any], Token[Any], Token[Any]] | None = None
    _timer: asyncio.Timeout | None = None
    _is_entered = False
    _conflict: ConflictError | None = None
    _outside: Context

    def __init__(
        self, db: Operations, options: TransactionOptions | None = None, *, run: Run | None = None
    ) -> None:
        self._db: Operations = db._db if isinstance(db, Transaction) else db
        self._owner: Executor = self._db._executor
        self._options = AS_USUAL if options is None else _checked(options)
        if run is not None:
            self._run = run

    # Made when they are wanted: most ask the database instead, inside the block.

    @cached_property
    def _executor(self) -> Executor:  # type: ignore[override]  # nobody sets that of a database
        self._bound = bound = self._owner.bound(self._block)
        return bound

    @cached_property
    def _writer(self) -> Writer:  # type: ignore[override]
        return self._db._writer.through(self._executor)

    def __repr__(self) -> str:
        return f"<Transaction on {self._db!r}, {self.outcome.value}>"

    @property
    def options(self) -> TransactionOptions:
        """What was asked for."""
        return self._options

    @property
    def isolation_level(self) -> IsolationLevel:
        """The level that it has, also where none was asked for; known once it has begun."""
        return self._begun().core.unit.level

    @property
    def outcome(self) -> Outcome:
        """What became of it: `open`, `committed`, `rolled_back` or `unknown`.

        A nested block is `committed` when it has become a part of the outer one.
        """
        block = self._block
        return Outcome.OPEN if block is None else block.outcome

    @property
    def attempts(self) -> int:
        """How many attempts there were, the one at hand included."""
        return self._begun().core.attempts

    @property
    def conflict(self) -> ConflictError | None:
        """The conflict because of which it is to be run again."""
        if not self._is_entered:
            raise QueryError("attempts() gives transactions to be entered: `async with tx:`")
        return self._conflict

    @property
    def token(self) -> str | None:
        """What `db.resolve` takes, where a commit marker was asked for."""
        return self._begun().core.token

    async def begin(self) -> Self:
        """Begin without `async with`; `commit()` or `rollback()` must end it.

        Raises `UnsupportedOperation` for a level that the store, or the outer transaction, does
        not give.
        """
        if self._options.timeout is not None:
            raise QueryError("a timeout interrupts the code of a block, so it needs `async with`")
        return await self._begin()

    async def commit(self) -> None:
        """Commit now; further writes in the block are refused.

        Raises `TransactionFailed`, and rolls back, where the store has refused something.
        """
        block = self._begun()
        try:
            await block.commit()
        finally:
            if not self._is_entered:
                self._leave(block)
        if block.hooks:
            await self._run_hooks(block)

    async def rollback(self) -> None:
        """Roll back now; further writes in the block are refused."""
        block = self._begun()
        if not block.is_open:
            raise block.closed()
        try:
            await block.rollback()
        finally:
            if not self._is_entered:
                self._leave(block)

    def savepoint(self, name: str) -> Savepoint:
        """Mark where to come back to: awaited, or as `async with`, which comes back on errors."""
        if not isinstance(name, str):
            raise QueryError(f"a savepoint's name is a str, not {type(name).__name__}")
        return Savepoint(self._begun(), name)

    async def rollback_to_savepoint(self, name: str) -> None:
        """Undo what came after the last savepoint of that name, which stays.

        A transaction in which the store refused something after it goes on. Raises `QueryError`
        for a name that this block does not have.
        """
        await self._begun().rollback_to(name)

    def on_commit(self, hook: Hook) -> None:
        """Have something done once the outermost transaction is committed.

        `hook` takes nothing, and may be async. What fails is reported to the event loop's
        exception handler.
        """
        block = self._begun()
        if not block.is_open:
            raise block.closed()
        block.hooks.append(hook)

    def __aenter__(self) -> Coroutine[Any, Any, Self]:
        self._is_entered = True
        is_timed = self._run is not None or self._options.timeout is not None
        return self._begin_in_time() if is_timed else self._begin()

    async def _begin_in_time(self) -> Self:
        deadline = self._deadline()
        if deadline is None:
            return await self._begin()
        self._timer = asyncio.timeout_at(deadline)
        await self._timer.__aenter__()
        try:
            await self._begin()
        except BaseException as error:
            late = await self._timed(self._timer, error)
            if late is None or late is error:
                raise
            raise late from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:  # Type checkers would take `bool` for a block that swallows.
        block = self._block or self._begun()
        final = error
        try:
            if error is not None or self._timer is not None:
                await self._finish(block, error)
            elif block.is_open:
                await block.commit()
        except BaseException as raised:  # noqa: BLE001 - it is raised below
            final = raised
        self._leave(block)
        try:
            if self._timer is not None:
                final = await self._timed(self._timer, final)
            if final is None:
                if block.hooks:
                    await self._run_hooks(block)
                return False
            if self._is_to_run_again(block, final):
                return True
            if final is error:
                return False
            raise final
        finally:
            del final, error  # else error, traceback and this frame keep each other alive

    def _begun(self) -> Block:
        if self._block is None:
            raise TransactionClosed(
                "the transaction has not begun; write `async with` it, or await begin()",
                store=self._owner.driver.name,
            )
        return self._block

    async def _begin(self) -> Self:
        owner, options, run = self._owner, self._options, self._run
        if self._block is not None:
            raise TransactionClosed(
                "a transaction is for one use; make another with db.transaction()",
                store=owner.driver.name,
            )
        around = SCOPE.get()
        outer = None if around is None else around.block_of(owner)
        if outer is None:
            core = Core(
                owner,
                options,
                may_replay=options.retry_on_conflict and run is None and not is_rerun_here(),
                attempts=1 if run is None else run.number,
            )
            if options.commit_marker:
                core.token = await self._token()
            block = Block(core, options, None, is_rerun=run is not None)
            core.unit = await core.beginning()
            if core.token is not None:
                await self._marked(block, core.token)
        else:
            block = await self._nested(outer)
        self._outside = copy_context()
        self._block = block
        if self._bound is not None:
            self._bound.block = block
        self._scope = (
            SCOPE.set(Scope(owner, block, around)),
            FAILURES.set(block.answer),
            CURRENT.set(self._db),  # type: ignore[arg-type]  # it is the database
        )
        return self

    async def _token(self) -> str:
        from ommi.commits import COMMITS

        await self._db.use_models(COMMITS)
        return uuid4().hex

    async def _marked(self, block: Block, token: str) -> None:
        from ommi.commits import Commit

        # Written first: until the transaction has ended, who asks for the marker waits for it.
        writer = self._writer.through(self._owner.bound(block))
        try:
            await writer.add(Commit(token))
        except BaseException:
            await block.rollback()
            raise

    async def _nested(self, outer: Block) -> Block:
        options, store = self._options, self._owner.driver.name
        if options.commit_marker:
            raise QueryError("a commit marker belongs to the outermost transaction; ask there")
        block = Block(outer.core, options, outer)
        await block.begin_in(outer)
        level = outer.core.unit.level
        if options.isolation_level is not None and not level.includes(options.isolation_level):
            block.leave()
            raise UnsupportedOperation(
                f"a nested transaction at {options.isolation_level.value}",
                store,
                f"the outer one has {level.value}; ask for the level there",
            )
        return block

    def _deadline(self) -> float | None:
        if self._run is not None:
            return self._run.deadline
        if self._options.timeout is None:
            return None
        return asyncio.get_running_loop().time() + self._options.timeout

    async def _finish(self, block: Block, error: BaseException | None) -> None:
        if not block.is_open:
            return
        timer = self._timer
        is_late = timer is not None and timer.expired()
        if error is None and not is_late:
            await block.commit()
            return
        if timer is not None and not is_late:
            # What goes wrong is being told already; its end is not to be interrupted.
            timer.reschedule(None)
        # Where a nested block cannot be undone the outer one is spoilt; the error says more.
        with suppress(DatabaseError):
            await block.rollback()

    def _leave(self, block: Block) -> None:
        block.leave()
        if self._scope is None:
            return
        scope, failures, current = self._scope
        self._scope = None
        try:
            CURRENT.reset(current)
            FAILURES.reset(failures)
            SCOPE.reset(scope)
        except ValueError:
            # Ended elsewhere than it began, its context is not at hand; it refuses there.
            return

    async def _timed(
        self, timer: asyncio.Timeout, error: BaseException | None
    ) -> BaseException | None:
        """Give what comes of an ending once the time that there was is taken into account."""
        is_late = timer.expired()
        try:
            await timer.__aexit__(None if error is None else type(error), error, None)
        except TimeoutError as late:
            return self._too_late(late)
        if is_late and error is None:
            await _without_its_cancel()
            if self.outcome is not Outcome.COMMITTED:
                return self._too_late(None)
        return error

    def _too_late(self, late: TimeoutError | None) -> DatabaseError:
        store, seconds = self._owner.driver.name, self._options.timeout
        told: DatabaseError
        if self.outcome is Outcome.UNKNOWN:
            told = CommitOutcomeUnknown(
                f"COMMIT was not answered within the {seconds:g} s of the transaction, so it may "
                "have happened or not",
                token=self._begun().core.token,
                store=store,
            )
        else:
            told = TransactionTimeout(
                f"the transaction took longer than {seconds:g} s and was rolled back", store=store
            )
        told.__cause__ = late
        return told

    def _is_to_run_again(self, block: Block, error: BaseException) -> bool:
        if self._run is None or block.outer is not None:
            return False
        failure = block.core.failure
        conflict = failure if error.__cause__ is failure and failure is not None else error
        if not isinstance(conflict, ConflictError) or self.outcome is not Outcome.ROLLED_BACK:
            return False
        if self._run.is_last:
            return False
        self._conflict = conflict
        return True

    async def _run_hooks(self, block: Block) -> None:
        if block.outer is None:
            hooks, block.hooks = block.hooks, []
            await run_hooks(hooks, self._outside)


def transaction(db: Operations, options: TransactionOptions | None = None) -> Transaction:
    """Give a transaction on a database, to be entered with `async with`."""
    return Transaction(db, options)


def _checked(options: TransactionOptions) -> TransactionOptions:
    if not isinstance(options, TransactionOptions):
        raise QueryError(f"options are TransactionOptions, not {type(options).__name__}")
    return options


async def _without_its_cancel() -> None:
    """Take the interruption of a timer that came when there was nothing left to interrupt."""
    try:
        await asyncio.sleep(0)
    except CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
