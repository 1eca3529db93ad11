"""How a thread wakes an event loop: it rings, and `answer` is called in the loop.

The thread rings only while the bell is not closed; several rings may be answered as one.
"""

from __future__ import annotations

import os
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress

__all__ = ["EventBell", "LoopBell", "bell"]


def bell(loop: AbstractEventLoop, answer: Callable[[], None]) -> EventBell | LoopBell:
    """Return the cheapest bell this platform has."""
    return EventBell(loop, answer) if hasattr(os, "eventfd") else LoopBell(loop, answer)


class LoopBell:
    """Call `answer` in the loop when the thread rings, by the loop's own means."""

    def __init__(self, loop: AbstractEventLoop, answer: Callable[[], None]) -> None:
        self._loop = loop
        self._answer = answer

    def ring(self) -> None:
        with suppress(RuntimeError):  # A loop may close at any moment.
            self._loop.call_soon_threadsafe(self._answer)

    def close(self) -> None:
        """Nothing to give back."""


class EventBell:
    """The same by an eventfd: one write and one read, a quarter off a hop of a single task."""

    _fd = -1

    def __init__(self, loop: AbstractEventLoop, answer: Callable[[], None]) -> None:
        self._loop = loop
        self._answer = answer
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        loop.add_reader(self._fd, self._heard)

    def ring(self) -> None:
        os.eventfd_write(self._fd, 1)

    def _heard(self) -> None:
        os.eventfd_read(self._fd)
        self._answer()

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)
        self._fd = -1

    def __del__(self) -> None:
        # Its loop was closed first, and the thread has ended: nobody else will.
        if self._fd >= 0:
            os.close(self._fd)
