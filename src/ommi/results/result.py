"""Success and Failure: what came of something, as a value."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Never, Self, TypeAlias, TypeVar

from ommi.errors import UnhandledFailureWarning

T = TypeVar("T")
U = TypeVar("U")
D = TypeVar("D")
E = TypeVar("E", bound=Exception)
T_co = TypeVar("T_co", covariant=True)
E_co = TypeVar("E_co", covariant=True, bound=Exception)

# Names are often made on demand: most operations never need theirs.
Name: TypeAlias = str | Callable[[], str] | tuple[Callable[..., str], *tuple[object, ...]]
"""What an operation is called, or what tells it: a function, or one with its arguments.

A tuple is made in a fifth of the time of a `partial`.
"""


class Result(ABC, Generic[T_co, E_co]):
    """What `Success` and `Failure` have in common; there is no third kind."""

    __slots__ = ()

    @abstractmethod
    def is_success(self) -> bool:
        """Tell whether this is a `Success`."""

    @abstractmethod
    def is_failure(self) -> bool:
        """Tell whether this is a `Failure`."""

    @property
    @abstractmethod
    def value(self) -> T_co:
        """The value; a `Failure` raises its error, with the traceback that it came with."""

    @property
    @abstractmethod
    def error(self) -> E_co | None:
        """The error, or `None` on success."""

    @abstractmethod
    def value_or(self, default: D) -> T_co | D:
        """Return the value, or `default` on failure."""

    @abstractmethod
    def map(self, f: Callable[[T_co], U]) -> Success[U] | Failure[Exception]:
        """Apply `f` to the value; an `Exception` of `f` becomes a `Failure`."""

    @abstractmethod
    def flat_map(
        self, f: Callable[[T_co], Result[U, Exception]]
    ) -> Success[U] | Failure[Exception]:
        """Go on with the result that `f` makes of the value; its `Exception` is a `Failure`."""

    @abstractmethod
    def map_error(self, f: Callable[[E_co], Exception]) -> Success[T_co] | Failure[Exception]:
        """Replace the error with what `f` makes of it; the old one is its cause if it has none."""

    @abstractmethod
    def or_else(
        self, f: Callable[[E_co], Result[U, Exception]]
    ) -> Success[T_co | U] | Failure[Exception]:
        """Go on with the result that `f` makes of the error."""


class Success(Result[T_co, Never]):
    """It worked: `value` is what was asked for."""

    __slots__ = ("_value",)
    __match_args__ = ("value",)

    def __init__(self, value: T_co) -> None:
        self._value = value

    @property
    def value(self) -> T_co:
        return self._value

    @property
    def error(self) -> None:
        return None

    def is_success(self) -> bool:
        return True

    def is_failure(self) -> bool:
        return False

    def value_or(self, default: object) -> T_co:
        return self._value

    def map(self, f: Callable[[T_co], U]) -> Success[U] | Failure[Exception]:
        try:
            return Success(f(self._value))
        except Exception as error:
            return Failure(error)

    def flat_map(
        self, f: Callable[[T_co], Result[U, Exception]]
    ) -> Success[U] | Failure[Exception]:
        try:
            return either(f(self._value))
        except Exception as error:
            return Failure(error)

    def map_error(self, f: Callable[[Never], object]) -> Self:
        return self

    def or_else(self, f: Callable[[Never], object]) -> Self:
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Success):
            return NotImplemented
        return bool(self._value == other._value)

    def __hash__(self) -> int:
        return hash((Success, self._value))

    def __repr__(self) -> str:
        return f"Success({self._value!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return Success, (self._value,)


class Failure(Result[Never, E_co]):
    """It did not work: `error` says why.

    One that an operation handed out warns with `UnhandledFailureWarning` when it is thrown away
    and nobody looked at it. One that you made yourself never warns.
    """

    __slots__ = ("_error", "_operation", "_owed", "_traceback")
    __match_args__ = ("error",)

    _operation: Name | None

    def __init__(self, error: E_co) -> None:
        self._error = _an_exception(error)
        self._operation = None
        self._owed = False
        # Raising an error adds to its traceback; this is where each raise starts again.
        self._traceback = error.__traceback__

    @staticmethod
    def _from_operation(error: E, operation: Name) -> Failure[E]:
        """Make the failure of an operation; nobody owes it a look until it is handed out."""
        failure = Failure(error)
        failure._operation = operation
        failure._traceback = _beneath(error.__traceback__)
        return failure

    @property
    def value(self) -> Never:
        self._owed = False
        try:
            raise self._error.with_traceback(self._traceback)
        finally:
            del self  # else error, traceback and this frame keep each other alive

    @property
    def error(self) -> E_co:
        self._owed = False
        return self._error

    def is_success(self) -> bool:
        self._owed = False
        return False

    def is_failure(self) -> bool:
        self._owed = False
        return True

    def value_or(self, default: D) -> D:
        self._owed = False
        return default

    def map(self, f: Callable[[Never], object]) -> Self:
        return self

    def flat_map(self, f: Callable[[Never], object]) -> Self:
        return self

    def map_error(self, f: Callable[[E_co], Exception]) -> Failure[Exception]:
        try:
            return self._succeeded_by(with_cause(f(self._error), self._error))
        except Exception as error:
            return self._succeeded_by(error)

    def or_else(
        self, f: Callable[[E_co], Result[U, Exception]]
    ) -> Success[U] | Failure[Exception]:
        try:
            result = either(f(self._error))
        except Exception as error:
            return self._succeeded_by(error)
        self._owed = False
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Failure):
            return NotImplemented
        return bool(self._error == other._error)

    def __hash__(self) -> int:
        return hash((Failure, self._error))

    def __repr__(self) -> str:
        return f"Failure({self._error!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return Failure, (self.error,)

    def __del__(self) -> None:
        # The constructor may have been refused before it set anything.
        if getattr(self, "_owed", False) and self._operation is not None:
            problem = f"{type(self._error).__name__}: {self._error}"
            warnings.warn(
                f"nobody looked at the failure of {text(self._operation)}: {problem}",
                UnhandledFailureWarning,
                stacklevel=2,
            )

    def _succeeded_by(self, error: Exception) -> Failure[Exception]:
        """Pass what is owed on to a failure that takes this one's place."""
        successor = Failure(error)
        successor._operation = self._operation
        successor._owed, self._owed = self._owed, False
        return successor

    def _handed_out(self) -> Self:
        """Owe a look, unless somebody made this failure by hand."""
        self._owed = self._operation is not None
        return self

    def _rested(self) -> Self:
        """Take off the traceback what raising the error has added to it."""
        self._error.__traceback__ = self._traceback
        return self


Answer: TypeAlias = Success[T] | Failure[Exception]


def either(result: Result[T, Exception]) -> Success[T] | Failure[Exception]:
    """Return `result` if it is a `Success` or a `Failure`; raise `TypeError`."""
    if isinstance(result, (Success, Failure)):
        return result
    raise TypeError(f"a Success or a Failure is wanted, not {type(result).__name__}")


def with_cause(new: Exception, old: Exception) -> Exception:
    """Return `new`, with `old` as its cause if it has none."""
    if _an_exception(new).__cause__ is None and new is not old:
        new.__cause__ = old
    return new


def _an_exception(error: E) -> E:
    if not isinstance(error, Exception):
        raise TypeError(f"a Failure holds an exception, not {type(error).__name__}")
    return error


def text(name: Name) -> str:
    """Return the name, made now if need be."""
    if isinstance(name, str):
        return name
    if isinstance(name, tuple):
        tell, *arguments = name
        return tell(*arguments)
    return name()


def _beneath(traceback: TracebackType | None) -> TracebackType | None:
    """Cut this package's leading frames off: they say nothing, and they hold the operation."""
    while traceback and traceback.tb_frame.f_globals.get("__package__") == __package__:
        traceback = traceback.tb_next
    return traceback
