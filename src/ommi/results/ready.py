"""An operation whose value may be at hand, so that nothing has to be waited for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

from ommi.results.operation import _FRESH, _SUCCEEDED, Operation
from ommi.results.result import Failure, Name, Success

T_co = TypeVar("T_co", covariant=True)

NOT_YET: Any = object()
"""Says that the value of an operation is not at hand."""


class ReadyOperation(Operation[T_co]):
    """An operation whose value may be at hand: `at_once` gives it, or `NOT_YET`, or raises.

    Awaited, it is then over without a coroutine, which would cost more than such a value.
    """

    __slots__ = ("_at_once",)
    _at_once: Callable[[], T_co]

    def __init__(
        self, at_once: Callable[[], T_co], run: Callable[[], Awaitable[T_co]], name: Name
    ) -> None:
        self._at_once = at_once
        self._begin = run
        self._name = name
        self._state = _FRESH
        self._crowd = None

    def __await__(self) -> Generator[object, None, Success[T_co] | Failure[Exception]]:
        if self._state == _FRESH:
            try:
                value = self._at_once()
            except Exception as error:
                self._stopped(error)
                failure = self._hand_out(self._caught(error)._handed_out())
                del self  # else error, traceback and this frame keep each other alive
                return failure
            if value is not NOT_YET:
                self._value = value
                self._state = _SUCCEEDED
                return Success(value)
        return (yield from self._answer().__await__())

    async def or_raise(self) -> T_co:
        """Return the value; raise the error."""
        if self._state == _FRESH:
            try:
                value = self._at_once()
            except Exception as error:
                self._stopped(error)
                del self  # else error, traceback and this frame keep each other alive
                raise
            if value is not NOT_YET:
                self._value = value
                self._state = _SUCCEEDED
                return value
        return await Operation.or_raise(self)
