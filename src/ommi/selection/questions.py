"""One immutable question, and its two doors: that of `find`, and that of `query`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, NoReturn, Self, TypeVar

from ommi.errors import MultipleFound, NotFound, QueryError
from ommi.execution.executor import Executor, Explanation, KeptExecutor
from ommi.execution.relations import load_related, select_with
from ommi.execution.times import changes_of_all
from ommi.metadata.model import ModelMetadata
from ommi.query.builder import bound, changes, conditions_on, orderings, when
from ommi.query.expressions import Expression
from ommi.query.loads import Load, RelatedSelection, loads
from ommi.query.nodes import Predicate
from ommi.query.operators import OrderDirection
from ommi.query.ordering import Ordering
from ommi.query.statements import LIMIT, OFFSET, ORDER, WHERE, Delete, Select, Update
from ommi.relations import Lazy, LazyList
from ommi.results import AsyncResultWrapper, Operation, WriteOperation

T = TypeVar("T")

_new = tuple.__new__

Condition = Predicate | Expression[Any] | bool | Callable[[T], Any]
"""A predicate, or a function of a row; `bool` is what checkers take comparisons for."""
OrderKey = str | Expression[Any] | Ordering | OrderDirection | Callable[[T], Any]


Related = str | Lazy[Any] | LazyList[Any] | RelatedSelection | Callable[[T], Any]
"""A relation, `User.posts` or its path; to checkers it is what instances have there."""


class Selection(Generic[T]):
    """Rows of one model: which, in what order, and what part of them. Immutable."""

    __slots__ = ("_executor", "_loads", "_select")
    _kept_kind: ClassVar[type[Selection[Any]]]
    """What `cached()` makes of it where answers are kept."""

    def __init__(self, executor: Executor, select: Select, loads: tuple[Load, ...] = ()) -> None:
        self._executor = executor
        self._select = select
        self._loads = loads

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._select.model.name}>"

    @property
    def model(self) -> ModelMetadata:
        """What is asked for."""
        return self._select.model

    def where(self, *conditions: Condition[T]) -> Self:
        """Add conditions; a row must meet all of them."""
        more = conditions_on(self.model, conditions)
        known = self._select.where
        if known is not None and more is not None:
            more = when(known, more)
        return self._with(WHERE, known if more is None else more)

    def order_by(self, *keys: OrderKey[T]) -> Self:
        """Order by names, `-name` for descending, fields, or `field.desc`; behind earlier keys."""
        return self._with(ORDER, (*self._select.order, *orderings(self.model, keys)))

    def limit(self, count: int) -> Self:
        """Take no more than `count` rows."""
        return self._with(LIMIT, bound("limit", count))

    def offset(self, count: int) -> Self:
        """Leave out the first `count` rows."""
        return self._with(OFFSET, bound("offset", count))

    def load(self, *relations: Related[T]) -> Self:
        """Load relations with the rows: `load(User.posts, Post.comments)`.

        Each takes one statement more, two for many-to-many, none for a relation to one where at
        most 1,000 rows are asked for. It is a relation of the rows asked
        for, or of what a relation named before leads to; `User.posts.order_by("title").limit(3)`
        loads part of one, at most three for each user.
        """
        known = loads(self.model, self._loads, relations)
        return type(self)(self._executor, self._select, known)

    def cached(self, ttl: float | None = None) -> Self:
        """Let the answer be a kept one, and be kept for `ttl` seconds, else the cache's own time.

        It is never older than the last write that was reported. Without a cache, and in a
        transaction, the database is asked as ever.
        """
        if ttl is not None:
            from ommi.caching.query_cache import checked_positive

            checked_positive("ttl", ttl)
        executor = self._executor.cached(ttl)
        # Middleware is to see each question.
        kind = self._kept_kind if type(executor) is KeptExecutor else type(self)
        return kind(executor, self._select, self._loads)  # type: ignore[return-value]

    def sql(self) -> str:
        """Show the command, with places for its values; nothing is sent."""
        return self._executor.text(self._select)

    def stream(self) -> AsyncGenerator[T, None]:
        """Give the rows one by one; memory stays constant, and later writes do not show."""
        return self._executor.stream(self._select, self._loaded if self._loads else None)

    __aiter__ = stream

    def _with(self, place: int, part: object) -> Self:
        return type(self)(self._executor, self._select.but(place, part), self._loads)

    def _all(self) -> Coroutine[Any, Any, list[T]]:
        return self._selected(self._select)

    def _selected(self, select: Select) -> Coroutine[Any, Any, list[T]]:
        if self._loads:
            return select_with(self._executor, select, self._loads)
        return self._executor.select(select)

    def _loaded(self, found: Sequence[T]) -> Coroutine[Any, Any, None]:
        return load_related(self._executor, found, self._loads)

    async def _first(self) -> T | None:
        found = await self._selected(first_of(self._select))
        return found[0] if found else None

    async def _one(self) -> T:
        # Two rows of any order tell whether there is just one.
        select = self._select
        if select.limit is not None:
            found = await self._selected(select)
        elif self._loads:
            found = await self._selected(select.any_of_them(2))
        else:
            found = await self._executor.select(select, 2)
        return found[0] if len(found) == 1 else self._not_one(found)

    def _not_one(self, found: list[T]) -> NoReturn:
        raise (MultipleFound if found else NotFound)(self.model.name)

    def _count(self) -> Coroutine[Any, Any, int]:
        return self._executor.count(self._select)

    async def _exists(self) -> bool:
        return bool(await self._executor.count(any_one_of(self._select)))

    def _update(self, values: dict[str, object]) -> Callable[[], Coroutine[Any, Any, int]]:
        select = self._select
        if select.limit is not None or select.offset is not None:
            self._refuse_part("update")
        model = select.model
        changed = changes(model, values)
        if model.times or model.version is not None:
            changed.extend(changes_of_all(model))
        # Calling the class takes three times as long.
        statement = _new(Update, (model, tuple(changed), select.where))
        return partial(self._executor.write, statement)

    def _delete(self) -> Callable[[], Coroutine[Any, Any, int]]:
        select = self._select
        if select.limit is not None or select.offset is not None:
            self._refuse_part("delete")
        return partial(self._executor.write, Delete(select.model, select.where))

    def _refuse_part(self, verb: str) -> NoReturn:
        raise QueryError(
            f"{verb}() takes every row that meets the conditions, so it has neither limit nor "
            "offset; select the keys of the page first, and ask with in_"
        )


class Fetching(Operation[list[T]]):
    """The operation that gives every row; `all()` and `one()` raise instead of answering."""

    __slots__ = ("_selection",)

    def __init__(self, selection: Selection[T]) -> None:
        super().__init__(selection._all, (named, selection, "fetch"))  # noqa: SLF001
        self._selection = selection

    def all(self) -> Coroutine[object, None, list[T]]:
        """Give the rows as a list, when awaited."""
        return self.or_raise()

    def one(self) -> Coroutine[object, None, T]:
        """Give the only row, when awaited; raises `NotFound` or `MultipleFound`."""
        return self._selection._one()  # noqa: SLF001


class Finding(Selection[T]):
    """What `find` returns: each of its parts is an operation, which answers with a Result."""

    __slots__ = ()

    def __await__(self) -> Any:  # noqa: ANN401 - what awaiting the operation gives
        return self.fetch.__await__()

    @property
    def fetch(self) -> Fetching[T]:
        """Every row."""
        return Fetching(self)

    @property
    def one(self) -> AsyncResultWrapper[T]:
        """The only row; fails with `NotFound` or `MultipleFound`."""
        return Operation(self._one, (named, self, "one"))

    @property
    def first(self) -> AsyncResultWrapper[T | None]:
        """The first row, or `None`."""
        return Operation(self._first, (named, self, "first"))

    @property
    def count(self) -> AsyncResultWrapper[int]:
        """How many rows there are."""
        return Operation(self._count, (named, self, "count"))

    @property
    def exists(self) -> AsyncResultWrapper[bool]:
        """Whether there is any row."""
        return Operation(self._exists, (named, self, "exists"))

    def update(self, **values: object) -> AsyncResultWrapper[int]:
        """Give fields new values, or expressions of fields; gives the number of rows matched."""
        return WriteOperation(self._update(values), (named, self, "update"))

    set = update

    def delete(self) -> AsyncResultWrapper[int]:
        """Delete the rows; gives their number."""
        return WriteOperation(self._delete(), (named, self, "delete"))

    def explain(self) -> AsyncResultWrapper[Explanation]:
        """Ask the store how it would run the question."""
        run = partial(self._executor.explain, self._select)
        return Operation(run, (named, self, "explain"))


class Query(Selection[T]):
    """What `query` returns: its methods give plain values and raise."""

    __slots__ = ()

    def fetch_all(self) -> Coroutine[Any, Any, list[T]]:
        """Give every row."""
        return self._all()

    def fetch_one(self) -> Coroutine[Any, Any, T | None]:
        """Give the first row, or `None`."""
        return self._first()

    first = fetch_one

    def one(self) -> Coroutine[Any, Any, T]:
        """Give the only row; raises `NotFound` or `MultipleFound`."""
        return self._one()

    def count(self) -> Coroutine[Any, Any, int]:
        """Give the number of rows."""
        return self._count()

    def exists(self) -> Coroutine[Any, Any, bool]:
        """Tell whether there is any row."""
        return self._exists()

    def update(self, **values: object) -> Coroutine[Any, Any, int]:
        """Give fields new values, or expressions of fields; gives the number of rows matched."""
        return self._update(values)()

    def delete(self) -> Coroutine[Any, Any, int]:
        """Delete the rows; gives their number."""
        return self._delete()()

    def explain(self) -> Coroutine[Any, Any, Explanation]:
        """Ask the store how it would run the question."""
        return self._executor.explain(self._select)


def first_of(select: Select) -> Select:
    """Ask for the first row only."""
    return select.but(LIMIT, 1) if select.limit is None else select


def any_one_of(select: Select) -> Select:
    """Ask for some row: it tells whether there is any."""
    return select.any_of_them(1)


def named(selection: Selection[Any], verb: str) -> str:
    return f"find({selection.model.name}).{verb}"
