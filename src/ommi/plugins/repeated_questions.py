"""Warns of a loop that asks one question again and again: N+1 statements where one would do."""

from __future__ import annotations

import asyncio
import sys
import warnings
from pathlib import Path
from types import FrameType
from weakref import WeakKeyDictionary

import ommi.plugins as ours
from ommi.errors import RepeatedQuestionWarning
from ommi.plugins.operation import Operation, Verb
from ommi.plugins.protocol import Observer, Report

Place = tuple[str, int]

_OURS = str(Path(ours.__file__).parent.parent)
_EVENT_LOOP = str(Path(asyncio.__file__).parent)
_MOST_PLACES = 1000


class RepeatedQuestions(Observer):
    """Warns, once for each line, where a task asks the same question `most` times.

    The same question is one statement with whatever values. It counts what is asked within
    `seconds`, so that a task which looks at something every minute is no loop.
    `RepeatedQuestionWarning` names the line that asks, and what to write instead.
    """

    def __init__(self, *, most: int = 10, seconds: float = 1.0) -> None:
        self._most = most
        self._seconds = seconds
        self._asked: WeakKeyDictionary[
            asyncio.Task[object], dict[tuple[Place, object], list[float]]
        ] = WeakKeyDictionary()
        self._told: set[Place] = set()

    def begun(self, operation: Operation) -> object:
        """Count a question."""
        task = asyncio.current_task()
        if operation.verb not in {Verb.SELECT, Verb.COUNT} or task is None:
            return None
        place = _caller()
        if place is None or place in self._told:
            return None
        asked = self._asked.setdefault(task, {})
        if len(asked) > _MOST_PLACES:
            asked.clear()
        now = operation.clock()
        times = asked.setdefault((place, operation.plan), [])
        times.append(now)
        while times[0] < now - self._seconds:
            times.pop(0)
        if len(times) >= self._most:
            self._warn(operation, place, len(times))
        return None

    def ended(self, operation: Operation, report: Report, begun: object) -> None:
        """Do nothing: a question that fails was asked, too."""

    def _warn(self, operation: Operation, place: Place, count: int) -> None:
        self._told.add(place)
        model = operation.model
        name = "the model" if model is None else model.name
        warnings.warn_explicit(
            f"this line asked for {name} {count} times with other values: ask once, with "
            f"in_([...]), or load the relation with the question: .load(...)\n  "
            f"{operation.text}",
            RepeatedQuestionWarning,
            *place,
        )


def _caller() -> Place | None:
    """Give the innermost line on the way here that is neither ours nor the event loop's."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    if frame is None or frame.f_code.co_filename.startswith(_EVENT_LOOP):
        return None
    return frame.f_code.co_filename, frame.f_lineno
