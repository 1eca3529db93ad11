"""Cancel a task at its n-th suspension, counted from inside."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Collection, Coroutine, Generator
from contextlib import suppress
from enum import Enum, auto
from typing import Any


class Moment(Enum):
    """When during a suspension the cancel comes."""

    AT_ONCE = auto()
    """Before what is awaited can have begun."""
    TOO_LATE = auto()
    """When what is awaited is there, and the task was not yet told."""


class Suspensions:
    """Runs a coroutine as a task and cancels it at some of its suspensions, the first being 1."""

    def __init__(self, at: Collection[int] = (), moment: Moment = Moment.AT_ONCE) -> None:
        self.count = 0
        self.was_cancelled = False
        self._at = at
        self._moment = moment

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run to the end; a cancel that is lost, or that was never asked for, is an error."""
        task = asyncio.create_task(self._run(work))
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled() == self.was_cancelled, "a cancellation was lost"

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        await self._stepped(work)

    @types.coroutine
    def _stepped(self, work: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
        thrown: BaseException | None = None
        while True:
            try:
                awaited = work.send(None) if thrown is None else work.throw(thrown)
            except StopIteration:
                return
            self.count += 1
            if self.count in self._at:
                self._cancel(awaited)
            try:
                yield awaited
                thrown = None
            except BaseException as error:  # noqa: BLE001 - it is the coroutine's
                thrown = error

    def _cancel(self, awaited: asyncio.Future[Any] | None) -> None:
        task = asyncio.current_task()
        assert task is not None

        def cancel(_: object = None) -> None:
            self.was_cancelled |= task.cancel()

        if self._moment is Moment.AT_ONCE or awaited is None:
            cancel()
        else:
            # Called before the task's own callback, which is added when this is yielded.
            awaited.add_done_callback(cancel)
