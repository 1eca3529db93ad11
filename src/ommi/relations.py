"""What an instance remembers of where it came from, and which database is meant.

Models never import the database: they find it here, behind a protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, Protocol, TypeVar

from ommi.errors import NoCurrentDatabase
from ommi.results import AsyncResultWrapper

T = TypeVar("T")

STATE = "_ommi"
"""The one attribute that Ommi adds to instances of decorated classes."""


class Lazy(Generic[T]):
    """The row that belongs to an instance, loaded when it is first awaited."""


class LazyList(Generic[T]):
    """The rows that belong to an instance, loaded when they are first awaited."""


class Database(Protocol):
    """What an instance asks of its database."""

    def save(self, instance: T, /) -> AsyncResultWrapper[T]:
        """Write what changed."""
        ...

    def delete(self, instance: object, /) -> AsyncResultWrapper[None]:
        """Delete the row."""
        ...

    def reload(self, instance: T, /) -> AsyncResultWrapper[T]:
        """Read the row again."""
        ...


class Batch:
    """The instances that came from one statement; each knows the batch, it knows none of them.

    An instance's state is the tuple `(row, batch)`: the row as it was read or written, in stored
    form as the driver gave it, one value per field of the model.
    """

    __slots__ = ("__weakref__", "database")
    database: Database | None

    def __init__(self, database: Database | None) -> None:
        self.database = database

    def __reduce__(self) -> tuple[object, ...]:
        # A copy in another process has no database; it finds the one of its surroundings.
        return Batch, (None,)

    def __copy__(self) -> Batch:
        return self

    def __deepcopy__(self, memo: object) -> Batch:
        return self


def state_of(instance: object) -> tuple[tuple[object, ...], Batch] | None:
    """Give what an instance remembers, `None` if it was never read or written."""
    return getattr(instance, STATE, None)


_CURRENT: ContextVar[Database | None] = ContextVar("ommi_current_database", default=None)
_OPEN: list[Database] = []


@contextmanager
def use_database(database: Database) -> Iterator[Database]:
    """Make `database` the one that instances without their own use inside the block."""
    token = _CURRENT.set(database)
    try:
        yield database
    finally:
        _CURRENT.reset(token)


def database_opened(database: Database) -> None:
    """Count `database` among the open ones."""
    _OPEN.append(database)


def database_closed(database: Database) -> None:
    """Count `database` no longer among the open ones."""
    if database in _OPEN:
        _OPEN.remove(database)


def database_of(instance: object) -> Database:
    """Give the database that `instance` belongs to.

    The one that loaded or added it; else that of the innermost `use_driver`; else the only open
    one. Raises `NoCurrentDatabase`.
    """
    state = state_of(instance)
    if state is not None and state[1].database is not None:
        return state[1].database
    current = _CURRENT.get()
    if current is not None:
        return current
    if len(_OPEN) == 1:
        return _OPEN[0]
    found = "none is open" if not _OPEN else f"{len(_OPEN)} are open"
    raise NoCurrentDatabase(
        f"{type(instance).__name__}: which database is meant? {found}. Load or add the instance "
        "through a database, enter `with use_driver(db):`, or call db.save(instance) itself"
    )
