"""Lazy and LazyList: what an attribute of a relation gives.

A handle is made when the attribute is read and holds nothing: what was loaded is remembered by the
batch of the instance, for all instances that were read with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

from ommi.errors import NotFound
from ommi.relations.surroundings import (
    BATCH,
    Attachments,
    RelationFacts,
    batch_of,
    database_of,
)
from ommi.results import AsyncResultWrapper, Operation

if TYPE_CHECKING:
    from typing import Self, TypeAlias

    from ommi.query.expressions import Expression
    from ommi.query.nodes import Predicate

T = TypeVar("T")
D = TypeVar("D")

if TYPE_CHECKING:
    Asked: TypeAlias = Predicate | Expression[Any] | bool | Callable[[T], Any]


class _Unknown:
    """Nothing was loaded yet; `None` may have been."""


UNKNOWN = _Unknown()


class Handle(Generic[T]):
    """What belongs to an instance: awaited, it is loaded once and then remembered.

    The first await of a relation loads it for all instances that came from the same question, in
    one statement; nothing but an await asks the store. It raises `NoCurrentDatabase` where no
    database is in reach, `InvalidValue` where the instance has no key yet, and `NotFound` where a
    row must be there and is not.
    """

    __slots__ = ("_instance", "_relation")

    def __init__(self, instance: object, relation: RelationFacts) -> None:
        self._instance = instance
        self._relation = relation

    def __await__(self) -> Generator[Any, Any, T]:
        found = self._found()
        if found is UNKNOWN:
            found = yield from self._load(again=False).__await__()
        if found is None:
            self._relation.without_row(self._instance)
        return cast("T", found)

    @property
    def is_loaded(self) -> bool:
        """Whether an await gives what is remembered, and does not ask the store."""
        return self._found() is not UNKNOWN

    @property
    def value(self) -> Awaitable[T]:
        """The handle itself: the value, when awaited."""
        return self

    @property
    def result(self) -> AsyncResultWrapper[T]:
        """The operation whose await gives a `Success` or a `Failure`."""
        return Operation(self.refresh_if_needed, partial(repr, self))

    async def get(self, default: D) -> T | D:
        """Give the value, or `default` where no row belongs to the instance."""
        try:
            found = await self
        except NotFound:
            return default
        return default if found is None else found

    async def refresh(self) -> T:
        """Load what belongs to this instance again, and give it."""
        found = await self._load(again=True)
        if found is None:
            self._relation.without_row(self._instance)
        return cast("T", found)

    async def refresh_if_needed(self) -> T:
        """Load unless it is loaded, and give the value."""
        return await self

    def _found(self) -> object:
        """Give what is remembered, `UNKNOWN` where that is nothing."""
        relation, batch = self._relation, batch_of(self._instance)
        if batch is None:
            return UNKNOWN
        if type(batch) is Attachments and relation.name in batch.attached:
            attached = batch.attached[relation.name]
            return attached if relation.is_many else attached[0]
        known = batch.found(relation)
        return UNKNOWN if known is None else known.get(relation.key_of(self._instance), UNKNOWN)

    async def _load(self, *, again: bool) -> object:
        relation, instance = self._relation, self._instance
        if relation.key_of(instance) is None:
            return relation.without_key(instance)
        return await database_of(instance).load_related(instance, relation, again=again)

    def __repr__(self) -> str:
        state = "loaded" if self.is_loaded else "not loaded"
        return f"<{type(self).__name__} {self._relation!r}, {state}>"

    if not TYPE_CHECKING:
        # Type checkers are to find a forgotten await too.

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):
                raise AttributeError(name)
            raise AttributeError(
                f"{self!r} has no {name!r}; await it first: "
                f"(await ...{self._relation.name}).{name}"
            )

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self!r} is neither true nor false; await it first")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Any) -> Any:  # noqa: ANN401
        """Let pydantic make a class of it; the decorator takes the field away afterwards."""
        return handler.generate_schema(object)


class Lazy(Handle[T]):
    """The row that belongs to an instance: `author: ClassVar[Lazy[User]]`."""

    __slots__ = ()

    def set(self, other: T) -> None:
        """Let `other` be added with an instance that is not in the store yet.

        Where `other` is in the store, only the reference to it is filled in. Raises `QueryError`
        for an instance that is in the store: assign its reference field, and save it.
        """
        self._relation.attach(self._instance, (other,))


class LazyList(Handle[list[T]]):
    """The rows that belong to an instance: `posts: ClassVar[LazyList["Post"]]`."""

    __slots__ = ()

    def add(self, *others: T) -> None:
        """Let `others` be added with an instance that is not in the store yet.

        Raises `QueryError` for an instance that is in the store: add the others by themselves,
        with the key of the instance in their reference field.
        """
        self._relation.attach(self._instance, others)

    if TYPE_CHECKING:
        # What the attribute of the class takes, `User.posts`: see RelationReference.

        def where(self, *conditions: Asked[T]) -> Self: ...
        def order_by(self, *keys: object) -> Self: ...
        def limit(self, count: int) -> Self: ...
        def offset(self, count: int) -> Self: ...
        def any(self, *conditions: Asked[T]) -> Predicate: ...
        def all(self, *conditions: Asked[T]) -> Predicate: ...
        def none(self, *conditions: Asked[T]) -> Predicate: ...
        def count(self, *conditions: Asked[T]) -> Expression[int]: ...

        __iter__ = None

    else:

        def __iter__(self) -> NoReturn:
            raise TypeError(
                f"{self!r} is not iterable; await it first: "
                f"for x in await ...{self._relation.name}"
            )

        def __len__(self) -> NoReturn:
            raise TypeError(
                f"{self!r} has no length; await it first: len(await ...{self._relation.name})"
            )


_AWAIT = """
def made(relation, slowly, Unknown):
    def __await__(self):
        instance = self._instance
        try:
            found = instance.{batch}.related[relation][{key}]
        except Unknown:
            return (yield from slowly(self))
        if found is None:
            relation.without_row(instance)
        return found
    return __await__
"""


def handle_of(kind: type[Handle[Any]], relation: RelationFacts) -> type[Handle[Any]]:
    """Make the class of the handles of one relation.

    In the usual case, where it is loaded, an await of those is hardly more than looking it up in
    a dictionary: what is looked up is written down for this relation.
    """
    name = relation.key_name
    key = "relation.key_of(instance)" if name is None else f"instance.{name}"
    scope: dict[str, Any] = {}
    text = _AWAIT.format(batch=BATCH, key=key)
    # Whoever looks for the caller passes over what stands here.
    exec(compile(text, f"{__file__}, generated", "exec"), scope)
    unknown = AttributeError, KeyError, TypeError
    method = scope["made"](relation, kind.__await__, unknown)
    names = {"__slots__": (), "__module__": kind.__module__, "__doc__": kind.__doc__}
    return type(kind.__name__, (kind,), {**names, "__await__": method})


_new = object.__new__


class RelationAttribute:
    """The attribute of a class that gives each instance its handle.

    It defines no `__set__`: then reading the other attributes stays as fast as it is.
    """

    __slots__ = ("_find", "_handle", "_relation")

    def __init__(self, handle: type[Handle[Any]], find: Callable[[], RelationFacts]) -> None:
        self._handle = handle
        self._find = find
        self._relation: RelationFacts | None = None

    def __get__(self, instance: object, owner: type) -> object:
        if instance is None:
            return self
        if self._relation is None:
            self._relation = self._find()
            self._handle = handle_of(self._handle, self._relation)
        handle = _new(self._handle)
        handle._instance = instance  # noqa: SLF001 - calling the class takes half as long again
        handle._relation = self._relation  # noqa: SLF001
        return handle
