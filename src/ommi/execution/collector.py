"""The garbage collector rests while a large batch is built."""

from __future__ import annotations

import gc
from threading import Lock
from types import TracebackType


class ResumableCollector:
    """Switches the collector off for the first that enters and on again for the last that leaves.

    A collector that was off already stays off. One count for the whole process: two threads that
    each restored what they found would leave it off for good.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._was_on = False

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._was_on = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._was_on:
                gc.enable()


COLLECTOR_PAUSED = ResumableCollector()
"""Enter it around code that makes many objects and runs nothing of the user's."""
