"""Which rows a statement means, for stores whose questions are answered in Python.

They find rows that may be meant; what is written here keeps those that are, in order, and the page
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from ommi.errors import ArithmeticOverflow
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Unfit
from ommi.query.evaluate import (
    Condition,
    Reader,
    Related,
    Row,
    Situated,
    Sorter,
    Values,
    condition,
    operand,
    sorter,
)
from ommi.query.expressions import Arithmetic
from ommi.query.nodes import Predicate
from ommi.query.ordering import Ordering
from ommi.query.reach import is_own
from ommi.query.statements import Count, Select, Statement


@dataclass(frozen=True, slots=True)
class Matching:
    """The rows of one table that meet a condition; `is_related` if other rows are asked about."""

    where: Condition | None
    is_related: bool

    @classmethod
    def of(
        cls, model: ModelMetadata, where: Predicate | None, order: Sequence[Ordering] = ()
    ) -> Matching:
        """Give what a condition means, with an order that may need related rows, too."""
        asked = [*([] if where is None else [where]), *(key.expression for key in order)]
        is_related = not all(is_own(node, model) for node in asked)
        return cls(None if where is None else condition(where), is_related)

    def rows(self, rows: Iterable[Row], related: Related, values: Values) -> list[Row]:
        """Give the rows that match, situated if other rows are asked about."""
        if self.is_related:
            rows = [Situated(row, related) for row in rows]
        where = self.where
        return list(rows) if where is None else [row for row in rows if where(row, values)]

    def taken(self, rows: Iterable[Row], related: Related, values: Values) -> list[Row]:
        """Give the rows that match, as they were given."""
        found = self.rows(rows, related, values)
        return [cast("Situated", row).row for row in found] if self.is_related else found


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of one table that a statement means, in order, and the page of them."""

    matching: Matching
    sort: Sorter | None
    limit: Reader | None
    offset: Reader | None
    at_most: int | None
    of_each: tuple[str, ...]

    @classmethod
    def of(cls, select: Select) -> Selection:
        """Give what a statement means."""
        return cls(
            Matching.of(select.model, select.where, select.order),
            sorter(select.order) if select.order else None,
            None if select.limit is None else operand(select.limit),
            None if select.offset is None else operand(select.offset),
            select.at_most,
            tuple(field.column for field in select.of_each),
        )

    def rows(self, rows: Iterable[Row], related: Related, values: Values) -> list[Row]:
        """Give the rows of the page."""
        found = self.matching.rows(rows, related, values)
        if self.sort is not None:
            self.sort(found, values)
        if self.of_each:
            groups: dict[object, list[Row]] = {}
            for row in found:
                groups.setdefault(tuple([row[c] for c in self.of_each]), []).append(row)
            return [row for group in groups.values() for row in self._page(group, values)]
        return self._page(found, values)

    def _page(self, found: list[Row], values: Values) -> list[Row]:
        if self.offset is not None:
            found = found[cast("int", self.offset({}, values)) :]
        if self.limit is not None:
            found = found[: cast("int", self.limit({}, values))]
        return found if self.at_most is None else found[: self.at_most]


class Found:
    """The rows of all tables by the values that they were looked for with."""

    def __init__(self, rows_of: Callable[[str], Iterable[Row]]) -> None:
        self._rows_of = rows_of
        self._known: dict[tuple[str, tuple[str, ...]], dict[tuple[object, ...], list[Row]]] = {}

    def rows_with(
        self, table: str, columns: tuple[str, ...], values: tuple[object, ...]
    ) -> Sequence[Row]:
        """Give the rows of a table that have these values."""
        known = self._known.get((table, columns))
        if known is None:
            known = self._known[table, columns] = {}
            for row in self._rows_of(table):
                known.setdefault(tuple([row[column] for column in columns]), []).append(row)
        return known.get(values, ())


def assigned(field: FieldMetadata, value: object) -> Reader:
    """Give the function that reads what an update puts into a field of a row."""
    read = operand(value)
    if not isinstance(value, Arithmetic):
        return read

    def fitted(row: Row, values: Values) -> object:
        result = read(row, values)
        try:
            return None if result is None else field.required_codec.dump(result)
        except Unfit as error:
            raise ArithmeticOverflow(
                f"a calculated value does not fit {field.model}.{field.name}: {error}"
            ) from None

    return fitted


def described(statement: Statement) -> str:
    """Say a statement in words, without values."""
    select = statement.select if isinstance(statement, Count) else statement
    words = [type(statement).__name__.lower(), select.model.table]
    where = getattr(select, "where", None)
    if where is not None:
        words.append(f"where {where!r}")
    order = getattr(select, "order", ())
    if order:
        words.append(f"order by {', '.join(map(repr, order))}")
    return " ".join(words)
