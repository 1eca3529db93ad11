"""Questions as Ommi 0.2 wrote them: `when(...)` with models in it, a limit and an order."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable
from typing import Any, Self

from ommi.errors import QueryError
from ommi.operations import Operations
from ommi.query.builder import when as joined
from ommi.query.nodes import Logical, Predicate
from ommi.query.operators import LogicalOperator
from ommi.selection import Query


class Asked(Logical):
    """Conditions joined by AND, the model that they are about, a limit, a page and an order."""

    __slots__ = ("about", "count", "order", "page")

    def __init__(
        self,
        parts: Iterable[Predicate],
        about: type | None = None,
        *,
        count: int | None = None,
        page: int = 0,
        order: tuple[object, ...] = (),
    ) -> None:
        super().__init__(LogicalOperator.AND, parts)
        for name, value in (("about", about), ("count", count), ("page", page), ("order", order)):
            object.__setattr__(self, name, value)

    about: type | None
    count: int | None
    page: int
    order: tuple[object, ...]

    def And(self, *others: object) -> Asked:  # noqa: N802 - the name of Ommi 0.2
        """Give the conjunction with others."""
        return self._but((*self.parts, *when(*others).parts))  # type: ignore[arg-type]

    def Or(self, *others: object) -> Asked:  # noqa: N802 - the name of Ommi 0.2
        """Give the disjunction with others."""
        return self._but([joined(*self.parts) | joined(*when(*others).parts)])

    def limit(self, count: int, page: int = 0) -> Asked:
        """Take no more than `count` rows, those of a page of that size."""
        return Asked(self.parts, self.about, count=count, page=page, order=self.order)  # type: ignore[arg-type]

    def sort(self, *fields: object) -> Asked:
        """Order by fields."""
        order = (*self.order, *fields)
        return Asked(self.parts, self.about, count=self.count, page=self.page, order=order)  # type: ignore[arg-type]

    def _but(self, parts: Iterable[Predicate]) -> Asked:
        return Asked(parts, self.about, count=self.count, page=self.page, order=self.order)

    def of(self, db: Operations) -> Query[Any]:
        """Give the question on a database."""
        parts = [joined(*self.parts)] if self.parts else []
        if self.about is None:
            found = db.find(*parts)
            query: Query[Any] = Query(found._executor, found._select)  # noqa: SLF001
        else:
            query = db.query(self.about, *parts)
        if self.order:
            query = query.order_by(*self.order)  # type: ignore[arg-type]
        if self.count is not None:
            query = query.limit(self.count).offset(self.count * self.page)
        return query


def when(*conditions: object) -> Asked:
    """Give the conjunction of conditions; the first model among them is what is asked for."""
    if not conditions:
        raise QueryError("when() wants a model or a condition")
    models = [each for each in conditions if isinstance(each, type)]
    rest = [each for each in conditions if not isinstance(each, type)]
    if len(rest) == 1 and isinstance(rest[0], Asked) and not models:
        return rest[0]
    parts = [joined(each) for each in rest]
    return Asked(parts, models[0] if models else None)


class Fetched:
    """What a driver's `fetch` gave: rows one by one, the first one, or all."""

    def __init__(self, query: Query[Any]) -> None:
        self._query = query

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._query.stream()

    def __await__(self) -> Generator[Any, None, Self]:
        return self._self().__await__()

    async def _self(self) -> Self:
        return self

    async def one(self) -> Any:  # noqa: ANN401 - of the user's own class
        """Give the first row; raises `NotFound`."""
        return await self._query.limit(1).one()

    async def one_or(self, default: Any = None) -> Any:  # noqa: ANN401
        """Give the first row, or a default."""
        found = await self._query.first()
        return default if found is None else found

    async def get(self) -> list[Any]:
        """Give all rows."""
        return await self._query.fetch_all()


class Rows(list[Any]):
    """All rows, which may be taken one by one with `async for`, too."""

    async def __aiter__(self) -> AsyncGenerator[Any, None]:
        for row in self:
            yield row

    async def get(self) -> list[Any]:
        """Give all rows."""
        return list(self)

    async def one(self) -> Any:  # noqa: ANN401 - of the user's own class
        """Give the first row; raises `ValueError` where there is none."""
        if not self:
            raise ValueError("there is no row")
        return self[0]
