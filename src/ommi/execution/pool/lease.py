"""A connection of a pool while somebody has it, and who that is."""

from __future__ import annotations

import asyncio
from types import CoroutineType, FrameType
from typing import Any, Generic, Protocol, TypeVar, cast

from ommi.drivers.protocol import Connection, Poolable
from ommi.errors import DatabaseError, ForkedPool, StaleLease


class PoolableConnection(Connection, Poolable, Protocol):
    """A connection that a pool can lend."""


C = TypeVar("C", bound=PoolableConnection)


class Entry(Generic[C]):
    """A connection in a pool, and what the pool remembers of it; times are those of the loop."""

    __slots__ = ("connection", "expires_at", "idle_since", "patience")
    connection: C
    expires_at: float
    idle_since: float
    patience: float

    def __init__(self, connection: C, expires_at: float, patience: float) -> None:
        self.connection = connection
        self.expires_at = expires_at
        self.idle_since = 0.0
        self.patience = patience

    def ends_at(self, idle_since: float, *, is_spare: bool) -> float:
        """Give when it is too old or, if there are others, has been idle for too long."""
        return min(self.expires_at, idle_since + self.patience) if is_spare else self.expires_at


class Lease(Generic[C]):
    """A connection on loan: `connection` works until it is given back, and then refuses.

    Each loan has a lease of its own, so that a handle that was kept never reaches the connection
    of somebody else.
    """

    __slots__ = ("connection", "since", "task")
    connection: C
    task: asyncio.Task[Any] | None
    since: float

    def __init__(self, connection: C, task: asyncio.Task[Any] | None, since: float) -> None:
        self.connection = connection
        self.task = task
        self.since = since

    def holder(self, now: float) -> str:
        """Tell who has the connection, where they are, and for how long, for messages."""
        age = f"for {now - self.since:.1f} s"
        if self.task is None:
            return f"outside any task, {age}"
        name = self.task.get_name()
        if self.task.done():
            return f"{name}, which ended without giving it back, {age}"
        return f"{name} in {_place(self.task.get_coro())}, {age}"


def _place(awaited: object) -> str:
    """Tell where a task is: the innermost line that is not in this package."""
    place = "code that is not Python's"
    while isinstance(awaited, CoroutineType):
        frame: FrameType | None = awaited.cr_frame
        if frame is None or frame.f_globals.get("__name__", "").startswith("ommi."):
            break
        place = f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
        awaited = awaited.cr_await
    return place


class _Refusing:
    """Stands where a connection was, and refuses everything."""

    def __init__(self, kind: type[DatabaseError], reason: str) -> None:
        self._kind = kind
        self._reason = reason

    def __getattr__(self, name: str) -> object:
        raise self._kind(self._reason)


# Of any type, as it takes the place of a connection of any type.
GIVEN_BACK = cast("Any", _Refusing(StaleLease, "this connection was given back already"))
OF_PARENT = cast(
    "Any", _Refusing(ForkedPool, "this connection belongs to the process that was forked")
)
