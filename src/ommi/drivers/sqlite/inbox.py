"""Where a thread finds what it is asked to do, and how it is woken when something comes.

A `queue.SimpleQueue` would do the same, but who puts something in keeps the interpreter lock while
it wakes the thread, which then wakes only to wait for that: on one core five switches of threads
for each job instead of two.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")

_ONE = (1).to_bytes(8, sys.byteorder)


class QueueAlarm:
    """Wakes a sleeping thread, on every platform."""

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        self._rings.put(None)

    def sleep(self) -> None:
        self._rings.get()

    def close(self) -> None:
        """Nothing to give back."""


class EventAlarm:
    """The same by an eventfd, which lets go of the interpreter lock when it rings."""

    _fd = -1

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC)

    def ring(self) -> None:
        os.write(self._fd, _ONE)

    def sleep(self) -> None:
        # Unlike `os.eventfd_read` this goes on after a signal.
        os.read(self._fd, 8)

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    __del__ = close


class Inbox(Generic[T]):
    """Entries for one thread, in order; any other thread may put one in."""

    def __init__(self) -> None:
        self.waiting: deque[T] = deque()
        self._alarm = EventAlarm() if hasattr(os, "eventfd") else QueueAlarm()
        self._is_asleep = False

    def put(self, entry: T) -> None:
        """Put an entry in, and wake the thread if it sleeps."""
        self.waiting.append(entry)
        self.wake()

    def wake(self) -> None:
        """Wake the thread if it sleeps, for what was appended to `waiting`."""
        if self._is_asleep:
            self._is_asleep = False
            self._alarm.ring()

    def take(self) -> T:
        """Give the next entry, to the thread; sleep until there is one."""
        waiting = self.waiting
        while True:
            if waiting:
                try:
                    return waiting.popleft()
                except IndexError:
                    continue  # It was refused meanwhile.
            self._is_asleep = True
            # What came before this was said has rung no alarm.
            if not waiting:
                self._alarm.sleep()
            self._is_asleep = False

    def close(self) -> None:
        """Give everything back; the thread has ended."""
        self._is_asleep = False
        self._alarm.close()
