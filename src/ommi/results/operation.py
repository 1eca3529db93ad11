"""The awaitable that becomes a Success or a Failure: nothing runs early, nothing runs twice."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import ContextVar
from functools import partial
from types import TracebackType
from typing import Final, Generic, Never, Self, TypeVar, cast, overload

from ommi.errors import OperationCancelled, UnawaitedOperationWarning
from ommi.results.result import Failure, Name, Result, Success, either, text, with_cause

T = TypeVar("T")
U = TypeVar("U")
D = TypeVar("D")
T_co = TypeVar("T_co", covariant=True)

_FRESH: Final = 0
_RUNNING: Final = 1
_SUCCEEDED: Final = 2
_FAILED: Final = 3
_CANCELLED: Final = 4


FAILURES: ContextVar[Callable[[Failure[Exception]], Failure[Exception]] | None] = ContextVar(
    "ommi_failures", default=None
)
"""What decides, in a transaction, whether a plain await gives a failure or raises its error."""


class _Crowd:
    """Who else is interested in a run: tasks that wait for it, tasks that are made of it."""

    __slots__ = ("drivers", "waiters")

    def __init__(self) -> None:
        self.waiters: list[asyncio.Future[None]] = []
        self.drivers: dict[object, Coroutine[object, None, object]] = {}


class AsyncResultWrapper(
    Coroutine[object, None, Success[T_co] | Failure[Exception]], Generic[T_co]
):
    """A promise of a `Result`: nothing runs until it is awaited, and it runs once.

    The task that awaits it first runs it; others wait for that run. When that task is cancelled,
    every other await raises `OperationCancelled`.
    """

    __slots__ = (
        "__weakref__",
        "_begin",
        "_crowd",
        "_failure",
        "_name",
        "_state",
        "_value",
    )

    _begin: Callable[[], Awaitable[T_co]]
    _crowd: _Crowd | None
    _failure: Failure[Exception]
    _name: Name
    _state: int
    _value: T_co

    def __init__(self, future_result: Awaitable[Result[T_co, Exception]]) -> None:
        self._begin = _Unwrapping(lambda: future_result)
        self._name = partial(_described, future_result)
        self._state = _FRESH
        self._crowd = None

    def __await__(self) -> Generator[object, None, Success[T_co] | Failure[Exception]]:
        return self._answer().__await__()

    def __call__(self) -> Self:
        """Return this very operation, so that `count` and `count()` are the same."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {text(self._name)}>"

    @property
    def value(self) -> Coroutine[object, None, T_co]:
        """The value, when awaited; raises the error."""
        return self.or_raise()

    @property
    async def error(self) -> Exception | None:
        """The error or `None`, when awaited."""
        try:
            await self.or_raise()
        except Exception as error:
            return self._caught(error).error
        return None

    async def or_raise(self) -> T_co:
        """Return the value; raise the error."""
        if self._state != _FRESH:
            return (await self._settled()).value
        self._state = _RUNNING
        try:
            value = self._value = await self._begin()
        except BaseException as error:
            self._stopped(error)
            del self  # else error, traceback and this frame keep each other alive
            raise
        self._state = _SUCCEEDED
        if self._crowd is not None:
            self._wake(self._crowd)
        return value

    async def value_or(self, default: D) -> T_co | D:
        """Return the value, or `default` on failure."""
        try:
            return await self.or_raise()
        except Exception as error:
            self._caught(error)
            return default

    def or_use(self, default: D) -> Coroutine[object, None, T_co | D]:
        """Return the value, or `default` on failure."""
        return self.value_or(default)

    async def raise_on_errors(self) -> None:
        """Raise the error, if there is one."""
        await self.or_raise()

    @overload
    def map(self, f: Callable[[T_co], Coroutine[object, Never, U]]) -> AsyncResultWrapper[U]: ...
    @overload
    def map(self, f: Callable[[T_co], Awaitable[U] | U]) -> AsyncResultWrapper[U]: ...
    def map(self, f: Callable[[T_co], Awaitable[U] | U]) -> AsyncResultWrapper[U]:
        """Apply `f`, which may be async, to the value; its `Exception` is a `Failure`."""
        return Operation(partial(_mapped, self, f), self._followed_by("map"))

    def flat_map(
        self,
        f: Callable[[T_co], Result[U, Exception] | Awaitable[Result[U, Exception]]],
    ) -> AsyncResultWrapper[U]:
        """Go on with the result, or the operation, that `f` makes of the value."""
        run = _Unwrapping(partial(_flat_mapped, self, f))
        return Operation(run, self._followed_by("flat_map"))

    def map_error(
        self, f: Callable[[Exception], Awaitable[Exception] | Exception]
    ) -> AsyncResultWrapper[T_co]:
        """Replace the error with what `f`, which may be async, makes of it."""
        return Operation(partial(_error_mapped, self, f), self._followed_by("map_error"))

    def send(self, value: None, /) -> object:
        """Run a step for the task that is made of this; each such task has its own steps."""
        crowd, task = self._crowded(), _current_task()
        try:
            return self._driver(crowd, task).send(value)
        except BaseException:
            crowd.drivers.pop(task, None)
            raise

    def throw(
        self,
        typ: type[BaseException] | BaseException,
        val: object = None,
        tb: TracebackType | None = None,
        /,
    ) -> object:
        """Interrupt the task that is made of this; if nothing ran yet, nothing ever will."""
        error = _exception(typ, val).with_traceback(tb)
        if self._state == _FRESH:
            self._state = _CANCELLED
            raise error
        crowd, task = self._crowded(), _current_task()
        try:
            return self._driver(crowd, task).throw(error)
        except BaseException:
            crowd.drivers.pop(task, None)
            raise

    def close(self) -> None:
        """Stop whatever is running; if nothing ran yet, nothing ever will."""
        if self._state == _FRESH:
            self._state = _CANCELLED
        drivers = self._crowded().drivers
        while drivers:
            _, driver = drivers.popitem()
            driver.close()

    def _hand_out(
        self, result: Success[T_co] | Failure[Exception]
    ) -> Success[T_co] | Failure[Exception]:
        """Decide what a plain await gives; inside a transaction most failures are raised."""
        if isinstance(result, Failure):
            decide = FAILURES.get()
            if decide is not None:
                return decide(result)
        return result

    async def _answer(self) -> Success[T_co] | Failure[Exception]:
        if self._state != _FRESH:
            return self._hand_out(await self._settled())
        # As `or_raise` runs it, whose frame would be one more on every way.
        self._state = _RUNNING
        try:
            value = self._value = await self._begin()
        except BaseException as error:
            self._stopped(error)
            if not isinstance(error, Exception):
                raise
            return self._hand_out(self._caught(error)._handed_out())
        else:
            self._state = _SUCCEEDED
            if self._crowd is not None:
                self._wake(self._crowd)
            return Success(value)
        finally:
            del self  # else a dropped failure warns only when the collector comes by

    def _stopped(self, error: BaseException) -> None:
        if isinstance(error, Exception) and not isinstance(error, OperationCancelled):
            brought = self._begin.failure if isinstance(self._begin, _Unwrapping) else None
            self._failure = brought or Failure._from_operation(error, self._name)
            self._state = _FAILED
        else:
            self._state = _CANCELLED
        if self._crowd is not None:
            self._wake(self._crowd)

    def _caught(self, error: Exception) -> Failure[Exception]:
        """Give the failure that `error` belongs to; raise it if it is not the operation's own."""
        if self._state != _FAILED or self._failure._error is not error:
            raise error
        return self._failure._rested()

    async def _settled(self) -> Success[T_co] | Failure[Exception]:
        """Wait for the run of another task, if there is one, and give what came of it."""
        if self._state == _RUNNING:
            waiter = asyncio.get_running_loop().create_future()
            self._crowded().waiters.append(waiter)
            await waiter
        if self._state == _CANCELLED:
            raise OperationCancelled(text(self._name))
        return Success(self._value) if self._state == _SUCCEEDED else self._failure

    def _wake(self, crowd: _Crowd) -> None:
        for waiter in crowd.waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _crowded(self) -> _Crowd:
        if self._crowd is None:
            self._crowd = _Crowd()
        return self._crowd

    def _driver(self, crowd: _Crowd, task: object) -> Coroutine[object, None, object]:
        if task not in crowd.drivers:
            crowd.drivers[task] = self._answer()
        return crowd.drivers[task]

    def _followed_by(self, verb: str) -> Name:
        name = self._name
        return lambda: f"{text(name)}.{verb}"


class Operation(AsyncResultWrapper[T_co]):
    """An operation of Ommi: `run` gives an awaitable of the value, which raises on failure."""

    __slots__ = ()

    def __init__(self, run: Callable[[], Awaitable[T_co]], name: Name) -> None:
        self._begin = run
        self._name = name
        self._state = _FRESH
        self._crowd = None


class WriteOperation(Operation[T_co]):
    """An operation that changes something; it warns if it is dropped and was never awaited."""

    __slots__ = ()

    @property
    def work(self) -> Callable[[], Awaitable[T_co]] | None:
        """What it would run; `None` once it was awaited or closed."""
        return self._begin if self._state == _FRESH else None

    def __del__(self) -> None:
        # What is mapped from a write holds the write, so this covers a dropped `.map()` too.
        if getattr(self, "_state", _CANCELLED) == _FRESH:
            warnings.warn(
                f"{text(self._name)} was never awaited, so nothing was written",
                UnawaitedOperationWarning,
                stacklevel=2,
            )


class _Unwrapping(Generic[T_co]):
    """The work of giving somebody's result; its failure is kept, with what it owes."""

    __slots__ = ("failure", "start")

    def __init__(self, start: Callable[[], Awaitable[Result[T_co, Exception]]]) -> None:
        self.start = start
        self.failure: Failure[Exception] | None = None

    async def __call__(self) -> T_co:
        result = either(await self.start())
        if isinstance(result, Failure):
            self.failure = result
        return result.value


async def _mapped(source: AsyncResultWrapper[T], f: Callable[[T], Awaitable[U] | U]) -> U:
    answer = f(await source.or_raise())
    return cast("U", await answer) if isinstance(answer, Awaitable) else answer


async def _flat_mapped(
    source: AsyncResultWrapper[T],
    f: Callable[[T], Result[U, Exception] | Awaitable[Result[U, Exception]]],
) -> Result[U, Exception]:
    answer = f(await source.or_raise())
    return await answer if isinstance(answer, Awaitable) else answer


async def _error_mapped(
    source: AsyncResultWrapper[T],
    f: Callable[[Exception], Awaitable[Exception] | Exception],
) -> T:
    try:
        return await source.or_raise()
    except Exception as error:
        old = source._caught(error).error
    new = f(old)
    raise with_cause(await new if isinstance(new, Awaitable) else new, old)


def _exception(typ: type[BaseException] | BaseException, val: object) -> BaseException:
    if isinstance(typ, BaseException):
        return typ
    if isinstance(val, BaseException):
        return val
    return typ() if val is None else typ(val)


def _current_task() -> object:
    try:
        return asyncio.current_task()
    except RuntimeError:  # stepped by hand, without an event loop
        return None


def _described(awaitable: object) -> str:
    return str(getattr(awaitable, "__qualname__", type(awaitable).__qualname__))
