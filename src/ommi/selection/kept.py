"""Questions whose answers may be kept ones: those are given without anything to wait for."""

from __future__ import annotations

from typing import Any, TypeVar

from ommi.execution.executor import Asked, KeptExecutor, Of, counting, only_number
from ommi.planning.plan import Rows
from ommi.query.loads import Load
from ommi.query.statements import Select, Statement
from ommi.relations import Batch
from ommi.results import NOT_YET, AsyncResultWrapper, ReadyOperation, Success
from ommi.selection.questions import (
    Finding,
    Query,
    Selection,
    any_one_of,
    first_of,
    named,
)

T = TypeVar("T")


class KeptSelection(Selection[T]):
    """A selection whose answers may be kept ones: those are given without anything to wait for.

    A question that is asked again is made ready once. It is looked up when it is awaited, since a
    write may come after the call.
    """

    __slots__ = ("_asked", "_of")
    _executor: KeptExecutor
    _asked: Asked
    _of: Of | None

    def __init__(self, executor: KeptExecutor, select: Select, loads: tuple[Load, ...]) -> None:
        self._executor = executor
        self._select = select
        self._loads = loads
        self._of = None

    def _all_now(self) -> list[T]:
        rows = self._rows(_as_it_is)
        if rows is None:
            return NOT_YET  # type: ignore[no-any-return]
        return self._asked[0](rows, Batch(self._executor.database))

    def _first_now(self) -> T | None:
        rows = self._rows(first_of)
        if rows is None:
            return NOT_YET  # type: ignore[no-any-return]
        found: list[T] = self._asked[0](rows, Batch(self._executor.database))
        return found[0] if found else None

    def _one_now(self) -> T:
        rows = self._rows(_any_two)
        if rows is None:
            return NOT_YET  # type: ignore[no-any-return]
        found: list[T] = self._asked[0](rows, Batch(self._executor.database))
        return found[0] if len(found) == 1 else self._not_one(found)

    async def _all(self) -> list[T]:
        found = self._all_now()
        return await super()._all() if found is NOT_YET else found

    async def _first(self) -> T | None:
        found = self._first_now()
        return await super()._first() if found is NOT_YET else found

    async def _one(self) -> T:
        found = self._one_now()
        return await super()._one() if found is NOT_YET else found

    async def _count(self) -> int:
        rows = self._rows(counting)
        return await super()._count() if rows is None else only_number(rows)

    async def _exists(self) -> bool:
        rows = self._rows(_counting_one)
        return await super()._exists() if rows is None else bool(only_number(rows))

    def _rows(self, of: Of) -> Rows | None:
        """Give kept rows; relations are loaded the usual way, each from what is kept."""
        view = self._executor.view
        if view is None or self._loads:
            return None
        if self._of is not of:
            asked = self._executor.asked(of, self._select, view)
            if asked is None:
                return None
            self._asked = asked
        rows = view.at_once(self._asked[1])
        if rows is None:
            # The next answer is kept under another key, if the plan has to be made again.
            self._executor.missed(self._asked)
            self._of = None
        else:
            self._of = of
        return rows


class KeptFinding(KeptSelection[T], Finding[T]):
    """What `find(...).cached()` returns."""

    __slots__ = ()

    def __await__(self) -> Any:  # noqa: ANN401 - what awaiting the operation gives
        try:
            found = self._all_now()
        except Exception:  # noqa: BLE001 - the operation says what it was
            found = NOT_YET
        if found is not NOT_YET:
            return Success(found)
        return (yield from self.fetch.__await__())

    @property
    def one(self) -> AsyncResultWrapper[T]:
        """The only row; fails with `NotFound` or `MultipleFound`."""
        return ReadyOperation(self._one_now, self._one, (named, self, "one"))

    @property
    def first(self) -> AsyncResultWrapper[T | None]:
        """The first row, or `None`."""
        return ReadyOperation(self._first_now, self._first, (named, self, "first"))


class KeptQuery(KeptSelection[T], Query[T]):
    """What `query(...).cached()` returns."""

    __slots__ = ()

    # As those of the other do, with a call less on the way.

    async def fetch_all(self) -> list[T]:
        found = self._all_now()
        return await Selection._all(self) if found is NOT_YET else found  # noqa: SLF001

    async def one(self) -> T:
        found = self._one_now()
        return await Selection._one(self) if found is NOT_YET else found  # noqa: SLF001


# They cannot know these.
Finding._kept_kind, Query._kept_kind = KeptFinding, KeptQuery  # noqa: SLF001


def _as_it_is(select: Select) -> Select:
    return select


def _any_two(select: Select) -> Select:
    return select.any_of_them(2) if select.limit is None else select


def _counting_one(select: Select) -> Statement:
    return counting(any_one_of(select))
