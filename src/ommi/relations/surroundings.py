"""What an instance remembers of where it came from, and which database is meant.

Models never import the database: they find it here, behind a protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from typing import Any, Protocol, TypeVar, cast

from ommi.errors import NoCurrentDatabase
from ommi.results import AsyncResultWrapper

T = TypeVar("T")

ROW, BATCH = "_ommi_row", "_ommi"
"""The attributes that Ommi adds to instances of decorated classes: what they remember."""


class RelationFacts(Protocol):
    """What a handle asks of its relation."""

    @property
    def name(self) -> str:
        """The name of the attribute."""
        ...

    @property
    def is_many(self) -> bool:
        """Whether it leads to any number of rows."""
        ...

    @property
    def key_of(self) -> Callable[[Any], object]:
        """Gives what says which rows belong to an instance; `None` where none do."""
        ...

    @property
    def key_name(self) -> str | None:
        """The name of the attribute that is that key, where there is one."""
        ...

    def without_key(self, instance: object) -> object:
        """Give what belongs to an instance without a key; raises where that means nothing."""
        ...

    def without_row(self, instance: object) -> None:
        """Accept that no row belongs to an instance; raises `NotFound` where one must."""
        ...

    def attach(self, instance: object, others: Sequence[object]) -> None:
        """Let others be added with an instance that is not in the store yet."""
        ...


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

    def load_related(
        self, instance: object, relation: RelationFacts, /, *, again: bool = False
    ) -> Coroutine[Any, Any, object]:
        """Load what belongs to the instance, and to those that were read with it."""
        ...


class Batch:
    """The instances that came from one statement; each knows the batch, it knows none of them.

    An instance's state is its row and its batch: the row as it was read or written, in stored form
    as the driver gave it, one value per field of the model; `None` before it was.

    `rows` are those of all its instances, where the model has relations: what a relation loads, it
    loads for all of them. `related` is what was loaded: by relation, and by the key that an
    instance has there.
    """

    __slots__ = ("__weakref__", "database", "related", "rows")
    database: Database | None
    rows: Sequence[Sequence[object]]
    related: dict[RelationFacts, dict[object, object]] | None

    def __init__(self, database: Database | None) -> None:
        self.database = database
        self.related = None
        self.rows = ()

    def known(self, relation: RelationFacts) -> dict[object, object]:
        """Give what was loaded of a relation, by key, to be read and added to."""
        if self.related is None:
            self.related = {}
        return self.related.setdefault(relation, {})

    def found(self, relation: RelationFacts) -> dict[object, object] | None:
        """Give the same; `None` where nothing was loaded."""
        return None if self.related is None else self.related.get(relation)

    def __reduce__(self) -> tuple[object, ...]:
        # A copy in another process has no database; it finds the one of its surroundings.
        return Batch, (None,)

    def __copy__(self) -> Batch:
        return self

    def __deepcopy__(self, memo: object) -> Batch:
        return self


ATTACHED: set[type] = set()
"""The classes that anything was ever attached to an instance of; others need not be looked at."""


class Attachments(Batch):
    """Stands for the batch of an instance that is not in the store yet.

    `attached` are the instances that will be added with it, by the name of the relation. They come
    before what was loaded, so that is kept aside: `related` is where a handle looks first.
    """

    __slots__ = ("_loaded", "attached")

    def __init__(self, attached: dict[str, list[object]] | None = None) -> None:
        super().__init__(None)
        self.attached: dict[str, list[object]] = attached or {}
        self._loaded: dict[RelationFacts, dict[object, object]] = {}

    def known(self, relation: RelationFacts) -> dict[object, object]:
        return self._loaded.setdefault(relation, {})

    def found(self, relation: RelationFacts) -> dict[object, object] | None:
        return self._loaded.get(relation)

    def __reduce__(self) -> tuple[object, ...]:
        return Attachments, (self.attached,)

    def __deepcopy__(self, memo: object) -> Attachments:
        return Attachments(deepcopy(self.attached, cast("dict[int, object]", memo)))


def state_of(instance: object) -> tuple[tuple[object, ...], Batch] | None:
    """Give what an instance remembers, `None` if it was never read or written."""
    row = getattr(instance, ROW, None)
    return None if row is None else (row, getattr(instance, BATCH))


def batch_of(instance: object) -> Batch | None:
    """Give the batch of an instance, or what stands for it; `None` where there is none."""
    batch: Batch | None = getattr(instance, BATCH, None)
    return batch


def attachments_of(instance: object) -> dict[str, list[object]]:
    """Give what will be added with an instance, by the names of its relations."""
    batch = batch_of(instance)
    return batch.attached if isinstance(batch, Attachments) else {}


CURRENT: ContextVar[Database | None] = ContextVar("ommi_current_database", default=None)
"""The database of the innermost `use_driver` or transaction."""

_OPEN: list[Database] = []


@contextmanager
def use_database(database: Database) -> Iterator[Database]:
    """Make `database` the one that instances without their own use inside the block."""
    token = CURRENT.set(database)
    try:
        yield database
    finally:
        CURRENT.reset(token)


def database_opened(database: Database) -> None:
    """Count `database` among the open ones."""
    _OPEN.append(database)


def database_closed(database: Database) -> None:
    """Count `database` no longer among the open ones."""
    if database in _OPEN:
        _OPEN.remove(database)


def database_of(instance: object) -> Database:
    """Give the database that `instance` belongs to.

    The one that loaded or added it; else that of the innermost `use_driver` or transaction; else
    the only open one. Raises `NoCurrentDatabase`.
    """
    batch = batch_of(instance)
    if batch is not None and batch.database is not None:
        return batch.database
    current = CURRENT.get()
    if current is not None:
        return current
    if len(_OPEN) == 1:
        return _OPEN[0]
    found = "none is open" if not _OPEN else f"{len(_OPEN)} are open"
    raise NoCurrentDatabase(
        f"{type(instance).__name__}: which database is meant? {found}. Load or add the instance "
        "through a database, enter `with use_driver(db):`, or call db.save(instance) itself"
    )
