"""The way out of a transaction, for code that stands in it."""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self

from ommi.execution.executor import Executor
from ommi.execution.transaction.scope import SCOPE, Scope, block_here
from ommi.results.operation import FAILURES


class Outside:
    """Opts out of the transaction around it: `with db.outside():`, also as `async with`."""

    def __init__(self, owner: Executor) -> None:
        self._owner = owner
        self._scope: tuple[tuple[ContextVar[Any], Token[Any]], ...] = ()

    def __enter__(self) -> Self:
        block = block_here(self._owner)
        if block is not None:
            block.core.replay_no_more("db.outside() was used in it")
        scope = Scope(self._owner, None, SCOPE.get())
        self._scope = ((SCOPE, SCOPE.set(scope)), (FAILURES, FAILURES.set(None)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for variable, token in reversed(self._scope):
            variable.reset(token)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)
