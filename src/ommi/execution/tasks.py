"""Which task runs, told without a Python call on the way."""

from __future__ import annotations

import asyncio
import sys
from asyncio import AbstractEventLoop, Task
from collections.abc import Callable
from typing import Any, TypeAlias

Current: TypeAlias = "Callable[[AbstractEventLoop | None], Task[Any] | None]"


def _current() -> Current:
    if sys.version_info >= (3, 12):
        return asyncio.current_task
    # There it is written in Python, and does nothing but this; it changes no more.
    return asyncio.tasks._current_tasks.get  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001


current_task: Current = _current()
"""Give the task that runs in a loop, `None` outside any."""
