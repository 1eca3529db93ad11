"""A savepoint as its user holds it."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from ommi.errors import DatabaseError, QueryError, UnawaitedOperationWarning
from ommi.execution.transaction.block import Block
from ommi.execution.transaction.core import to_the_end


class Savepoint:
    """A savepoint to be made: `await` it, or enter it with `async with`.

    Leaving the block by an exception undoes what was done in it; so does a failure that the block
    kept to itself, which is then raised.
    """

    def __init__(self, block: Block, name: str) -> None:
        self._block = block
        self._said = name
        self._name: str | None = None

    def __await__(self) -> Generator[Any, None, None]:
        self._name = ""
        return self._made().__await__()

    async def _made(self) -> None:
        self._name = await self._block.savepoint(self._said)

    async def __aenter__(self) -> Self:
        self._name = ""
        await self._made()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        name = self._name or ""
        if not self._block.is_open:
            return
        if error is None:
            await self._block.leave_savepoint(name, is_kept=True)
            return
        # The error at hand says more than that there is nothing left to undo.
        with suppress(DatabaseError, QueryError):
            await to_the_end(self._block.leave_savepoint(name, is_kept=False))

    def __del__(self) -> None:
        if getattr(self, "_name", "") is None:
            warnings.warn(
                f"savepoint({self._said!r}) was never awaited, so there is none",
                UnawaitedOperationWarning,
                stacklevel=2,
            )
