"""What the rows of an answer are ordered by."""

from __future__ import annotations

from ommi.errors import QueryError
from ommi.metadata.storage import Kind
from ommi.query.nodes import Node, Term
from ommi.query.operators import OrderDirection


class Ordering(Node):
    """A term to order by; `None` is the smallest unless `nulls_last` says otherwise."""

    __slots__ = ("direction", "expression", "has_nulls_last")
    expression: Term
    direction: OrderDirection
    has_nulls_last: bool | None

    def __init__(
        self,
        expression: Term,
        direction: OrderDirection = OrderDirection.ASC,
        *,
        has_nulls_last: bool | None = None,
    ) -> None:
        if expression.kind in {None, Kind.JSON}:
            raise QueryError(f"{expression!r} holds JSON of any type, which has no order")
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "direction", direction)
        object.__setattr__(self, "has_nulls_last", has_nulls_last)

    def __call__(self) -> Ordering:
        return self

    def nulls_last(self) -> Ordering:
        """Put `None` behind all values, whichever the direction."""
        return Ordering(self.expression, self.direction, has_nulls_last=True)

    def nulls_first(self) -> Ordering:
        """Put `None` before all values, whichever the direction."""
        return Ordering(self.expression, self.direction, has_nulls_last=False)

    @property
    def puts_nulls_last(self) -> bool:
        """Tell where `None` goes in the end."""
        if self.has_nulls_last is None:
            return self.direction is OrderDirection.DESC
        return self.has_nulls_last

    def shape(self, values: list[object]) -> object:
        """Give the ordering without its values, hashable."""
        return self.expression.shape(values), self.direction, self.has_nulls_last

    def __repr__(self) -> str:
        return f"{self.expression!r}.{self.direction.value}"
