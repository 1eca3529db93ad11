"""One level of a transaction: who has his turn, its savepoints, how it begins and ends."""

# ruff: noqa: SLF001 - levels know each other, and look at failures without being seen
from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

from ommi.drivers.protocol import Outcome, Unit
from ommi.errors import (
    CommitOutcomeUnknown,
    ConflictError,
    DatabaseError,
    QueryError,
    TransactionClosed,
    TransactionFailed,
    UnsupportedOperation,
)
from ommi.execution.transaction.core import Core, to_the_end
from ommi.execution.transaction.hooks import Hook
from ommi.execution.transaction.policy import TransactionOptions
from ommi.execution.transaction.replay import Call, Said
from ommi.execution.transaction.scope import block_here
from ommi.results import Failure


class State(Enum):
    OPEN = "open"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"


_OUTCOMES = {
    State.OPEN: Outcome.OPEN,
    State.COMMITTED: Outcome.COMMITTED,
    State.ROLLED_BACK: Outcome.ROLLED_BACK,
}


class _Savepoint(NamedTuple):
    """A savepoint: what the user calls it, what the store does, and the hooks there were."""

    said: str
    name: str
    hooks: int


class Level:
    """A block of statements, or one inside another, which is a savepoint to the store.

    What is asked of it runs by turns, in the order in which it came. A nested level holds the
    place of its outer one until it ends.
    """

    is_open: bool = True
    """Whether it still takes statements."""
    is_left: bool = False
    _state = State.OPEN
    _is_busy: bool = False
    _gate: asyncio.Lock | None = None
    """What others wait at while somebody has his turn; not there before anybody had to wait."""
    _inner: Level | None = None
    _start = ""

    def __init__(
        self,
        core: Core,
        options: TransactionOptions,
        outer: Level | None,
        *,
        is_rerun: bool = False,
    ) -> None:
        self.core: Core = core
        self.is_rerun: bool = is_rerun
        self.outer: Level | None = outer
        self.hooks: list[Hook] = []
        self._is_raising = is_raising = options.on_failure == "raise"
        is_read_only = options.read_only or (outer is not None and outer._is_read_only)
        self._is_read_only: bool = is_read_only
        self._writes_at_once: bool = is_raising and not is_read_only
        self._savepoints: list[_Savepoint] = []
        self._failures: list[Failure[Exception]] = []

    # Taking turns.

    async def _perform(self, call: Call, is_write: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002
        if self._state is not State.OPEN and not self.is_left:
            if is_write:
                # It was asked for before the end, and is awaited after it.
                raise self.closed()
            # After an explicit end reading goes on, outside the transaction.
            return await call.run(cast("Unit", self.core.owner.home))
        await self._take_turn()
        try:
            self._check_open()
            return await self.core.perform(call)
        finally:
            self._end_turn()

    def _write(self, call: Call) -> Coroutine[Any, Any, Any]:
        self._check_writable()
        return self._perform(call, True) if self._is_raising else self._perform_apart(call)  # noqa: FBT003

    async def _perform_apart(self, call: Call) -> Any:  # noqa: ANN401 - whatever was asked for
        async with self._turn():
            return await self._apart(call)

    async def _apart(self, call: Call) -> Any:  # noqa: ANN401 - whatever was asked for
        """Do something behind a savepoint of its own."""
        name = await self._marked()
        try:
            answer = await self.core.perform(call)
        except DatabaseError:
            if not self.core.is_dead:
                await self._back(name)
                await self._released(name)
            raise
        await self._released(name)
        return answer

    def _turn(self) -> _Turn:
        return _Turn(self)

    async def _take_turn(self) -> None:
        """Wait until those who came earlier have had their turns."""
        if self._is_busy:
            self._check_not_held_here()
        gate = self._gate
        if gate is None:
            if not self._is_busy:
                self._is_busy = True
                return
            gate = self._gate = asyncio.Lock()
            # It is theirs whose turn it is; nobody has to be waited for yet.
            await gate.acquire()
        await gate.acquire()
        self._is_busy = True

    def _end_turn(self) -> None:
        self._is_busy = False
        if self._gate is not None:
            self._gate.release()

    def _check_open(self) -> None:
        if not self.is_open:
            raise self.closed()

    def _check_writable(self) -> None:
        if self._state is not State.OPEN and not self.is_left:
            raise self.closed()
        if self._is_read_only:
            raise UnsupportedOperation(
                "write in a read-only transaction", self.core.store, "open it without read_only"
            )

    def _check_not_held_here(self) -> None:
        """Refuse to wait for a nested block from inside it, which would be for ever."""
        block: Level | None = block_here(self.core.owner)
        while block is not None and block is not self:
            if block.outer is self and not block.is_left and self._is_busy:
                raise QueryError(
                    "the outer transaction waits for the nested block to end, and this is inside "
                    "it: use the nested block's transaction, or the database"
                )
            block = block.outer

    def closed(self) -> TransactionClosed:
        """Say that it takes no more statements."""
        how = "has ended" if self._state is State.OPEN else f"was {self._state.value}"
        return TransactionClosed(
            f"the transaction {how} and takes no more statements; a task that goes on after it "
            "uses `with db.outside():`",
            store=self.core.store,
        )

    # Savepoints.

    async def savepoint(self, said: str) -> str:
        """Mark where to come back to; give the name that the store knows."""
        async with self._turn():
            name = await self._marked()
            self._savepoints.append(_Savepoint(said, name, len(self.hooks)))
            return name

    async def rollback_to(self, said: str) -> None:
        """Undo what came after the last savepoint of that name; it stays."""
        async with self._turn():
            place = self._place(lambda savepoint: savepoint.said == said, said)
            await self._undone(place)

    async def leave_savepoint(self, name: str, *, is_kept: bool) -> None:
        """Forget a savepoint, with or without what came after it."""
        async with self._turn():
            place = self._place(lambda savepoint: savepoint.name == name, name)
            failure = self.core.failure
            if not is_kept or failure is not None:
                await self._undone(place)
            await self._released(name)
            del self._savepoints[place:]
            if is_kept and failure is not None:
                raise TransactionFailed(
                    "a statement after the savepoint failed, so what came after it was undone",
                    store=self.core.store,
                ) from failure

    def _place(self, is_it: Callable[[_Savepoint], bool], said: str) -> int:
        for place in reversed(range(len(self._savepoints))):
            if is_it(self._savepoints[place]):
                return place
        known = ", ".join(repr(savepoint.said) for savepoint in self._savepoints) or "none"
        raise QueryError(f"this block has no savepoint {said!r}; it has {known}")

    async def _undone(self, place: int) -> None:
        savepoint = self._savepoints[place]
        await self._back(savepoint.name)
        del self._savepoints[place + 1 :]
        del self.hooks[savepoint.hooks :]

    async def _marked(self) -> str:
        name = self.core.name()
        await self.core.perform(Said(lambda unit: unit.savepoint(name)))
        self.core.savepoints[name] = None
        return name

    async def _back(self, name: str) -> None:
        core = self.core
        core.check_savepoint(name)
        failure, core.failure = core.failure, None
        try:
            await core.perform(Said(lambda unit: unit.rollback_to(name)))
        except BaseException:
            core.failure = core.failure or failure
            raise
        core.forget_after(name)

    async def _released(self, name: str) -> None:
        if name in self.core.savepoints:
            await self.core.perform(Said(lambda unit: unit.release(name)))
            self.core.forget_after(name, and_itself=True)

    # Beginning and ending.

    async def begin_in(self, outer: Level) -> None:
        """Take the place of the outer one, at a savepoint, until this one ends."""
        await outer._take_turn()
        try:
            outer._check_open()
            self.core.check()
            self._start = await self._marked()
        except BaseException:
            outer._end_turn()
            raise
        outer._inner = self

    async def commit(self) -> None:
        """Commit; raises `TransactionFailed` where something was refused, and rolls back then."""
        core, outer = self.core, self.outer
        if self._is_busy or self._gate is not None:
            await self._take_turn()
        self._is_busy = True
        try:
            if not self.is_open:
                raise self.closed()
            trouble = None
            if core.failure is not None or self._failures:
                trouble = self._trouble()
            if trouble is None:
                self.is_open, self._state = False, State.ROLLED_BACK
                if outer is None:
                    try:
                        await core.unit.commit()
                    except (ConflictError, CommitOutcomeUnknown) as error:
                        await core.commit_again(error)
                else:
                    await self._released(self._start)
                    outer.hooks += self.hooks
                self._state = State.COMMITTED
        finally:
            self._is_busy = False
            if self._gate is not None:
                self._gate.release()
        if trouble is not None:
            with suppress(DatabaseError):
                await self.rollback()
            raise trouble

    async def rollback(self) -> None:
        """Roll back; what the tasks of the block still do is stopped."""
        if self.is_left:
            return
        if self._state is not State.OPEN:
            raise self.closed()
        self.is_open, self._state = False, State.ROLLED_BACK
        self.hooks.clear()
        self.core.interrupt()
        innermost = self._without_inner()
        await to_the_end(self._rolled_back(innermost))

    def _without_inner(self) -> Level:
        """Leave the blocks inside this one, which other tasks are in; give the innermost."""
        inner = self._inner
        if inner is None:
            return self
        innermost = inner._without_inner()
        inner.leave()
        return innermost

    async def _rolled_back(self, innermost: Level) -> None:
        # A statement that was interrupted holds the innermost gate until the store has answered.
        await innermost._take_turn()
        try:
            if self.outer is None:
                await self.core.unit.rollback()
            elif not self.core.is_dead and self._start in self.core.savepoints:
                await self._back(self._start)
                await self._released(self._start)
        finally:
            innermost._end_turn()

    @property
    def outcome(self) -> Outcome:
        """What became of it; a nested block is committed into the outer one."""
        if self.outer is None or self.core.is_dead:
            return self.core.unit.outcome
        return _OUTCOMES[self._state]

    def leave(self) -> None:
        """Take no more statements, and let the outer block go on."""
        if not self.is_left:
            self.is_left, self.is_open = True, False
            self._failures.clear()
            if self.outer is not None:
                self.outer._inner = None
                self.outer._end_turn()

    def _trouble(self) -> DatabaseError | None:
        """Say why there can be no commit."""
        if self.core.failure is not None:
            return self.core.failed()
        unread = [f.error for f in self._failures if f._owed]
        if not unread:
            return None
        error = TransactionFailed(
            "nobody looked at the failure of an operation in this block, so nothing was "
            f"committed: {type(unread[0]).__name__}",
            store=self.core.store,
        )
        error.__cause__ = unread[0]
        return error


class _Turn:
    """The place of one statement, which another one has to wait for."""

    __slots__ = ("_level",)

    def __init__(self, level: Level) -> None:
        self._level = level

    async def __aenter__(self) -> Self:
        level = self._level
        await level._take_turn()
        try:
            level._check_open()
        except BaseException:
            level._end_turn()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._level._end_turn()
