"""What every question means, in Python: the meaning that each store is tested against.

Logic is two-valued: a predicate is True or False of every row, and `~p` is exactly the rest. A
comparison with `None` is False, equality aside; `None` equals `None`.

Rows are mappings from columns to stored forms; values are the parameters of the question. The
functions made here are what the memory driver runs. A question about related rows wants rows that
are `Situated`: they know the rows around them, and where to find others.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import partial
from math import isfinite
from typing import Any, Protocol, cast

from ommi.errors import ArithmeticOverflow
from ommi.metadata.paths import Path
from ommi.metadata.storage import LARGEST_INT, SMALLEST_INT
from ommi.query.expressions import Arithmetic, Parameter
from ommi.query.fields import FieldReference, JsonPath
from ommi.query.nodes import Comparison, Logical, Predicate, Term
from ommi.query.operators import (
    OPERATORS,
    ArithmeticOperator,
    LogicalOperator,
    OrderDirection,
    QueryOperator,
    same,
)
from ommi.query.ordering import Ordering
from ommi.query.related import Exists, OuterField, RowCount, Rows

Row = Mapping[str, object]
Values = Sequence[object]
Reader = Callable[[Row, Values], object]
Condition = Callable[[Row, Values], bool]


class Related(Protocol):
    """Where related rows are found."""

    def rows_with(
        self, table: str, columns: tuple[str, ...], values: tuple[object, ...]
    ) -> Sequence[Row]:
        """Give the rows of a table that have these values; all of them for no columns."""
        ...


class Situated(Mapping[str, object]):
    """A row, the row of the scope around it, and where others are found."""

    __slots__ = ("found", "outer", "row")

    def __init__(self, row: Row, found: Related, outer: Situated | None = None) -> None:
        self.row: Row = row
        self.found: Related = found
        self.outer: Situated | None = outer

    def __getitem__(self, column: str) -> object:
        return self.row[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self.row)

    def __len__(self) -> int:
        return len(self.row)


EXACT = Context(prec=100, traps=[InvalidOperation, Overflow, Inexact])
"""Decimals are calculated exactly or not at all."""


def condition(predicate: Predicate | Term) -> Condition:
    """Give the function that tells whether a predicate is True of a row."""
    if isinstance(predicate, Comparison):
        return _comparison(predicate)
    if isinstance(predicate, Exists):
        return _exists(predicate)
    if not isinstance(predicate, Logical):
        raise TypeError(f"not a checked predicate: {type(predicate).__name__}")
    if predicate.operator is LogicalOperator.NOT:
        part = condition(predicate.parts[0])
        return lambda row, values: not part(row, values)
    parts = [condition(part) for part in predicate.flattened()]
    if len(parts) == 2:  # noqa: PLR2004 - most have; a generator for each row would cost more
        one, other = parts
        if predicate.operator is LogicalOperator.AND:
            return lambda row, values: one(row, values) and other(row, values)
        return lambda row, values: one(row, values) or other(row, values)
    if predicate.operator is LogicalOperator.AND:
        return lambda row, values: all(part(row, values) for part in parts)
    return lambda row, values: any(part(row, values) for part in parts)


def _exists(node: Exists) -> Condition:
    find, is_negated = _related(node.rows), node.is_negated
    return lambda row, values: any(True for _ in find(row, values)) is not is_negated


def _related(rows: Rows) -> Callable[[Row, Values], Iterator[Situated]]:
    """Give the function that finds the rows that are meant; nothing is related to `None`."""
    table, columns = rows.model.table, tuple(far.column for _, far in rows.pairs)
    reads = [reader(near) for near, _ in rows.pairs]
    holds = None if rows.condition is None else condition(rows.condition)

    def find(row: Row, values: Values) -> Iterator[Situated]:
        here = cast("Situated", row)
        wanted = tuple([read(here, values) for read in reads])
        if None in wanted:
            return
        for each in here.found.rows_with(table, columns, wanted):
            inside = Situated(each, here.found, here)
            if holds is None or holds(inside, values):
                yield inside

    return find


def _outer(level: int, path: Path, column: str) -> Reader:
    """Give the function that reads a row further out, or one that single references lead to."""
    hops = [
        (
            hop.far.table,
            tuple(n.column for n, _ in hop.pairs),
            tuple(f.column for _, f in hop.pairs),
        )
        for hop in path
    ]

    def read(row: Row, _: Values) -> object:
        here = cast("Situated", row)
        for _scope in range(level):
            here = cast("Situated", here.outer)
        found: Row = here.row
        for table, near, far in hops:
            wanted = tuple([found[name] for name in near])
            there = [] if None in wanted else here.found.rows_with(table, far, wanted)
            if not there:
                return None
            found = there[0]
        return found[column]

    return read


def _comparison(node: Comparison) -> Condition:
    facts = OPERATORS[node.operator]
    if facts.complement_of is not None:
        twin = Comparison.unchecked(node.left, facts.complement_of, node.right)
        positive = _positive(twin)
        is_negated = not node.is_negated
    else:
        positive = _positive(node)
        is_negated = node.is_negated
    if is_negated:
        return lambda row, values: not positive(row, values)
    return positive


def _positive(node: Comparison) -> Condition:
    left = reader(node.left)
    if node.operator is QueryOperator.IS_NULL:
        return lambda row, values: left(row, values) is None
    right = operand(node.right)
    if node.operator is QueryOperator.EQUALS:
        return lambda row, values: same(left(row, values), right(row, values))
    meaning = cast("Callable[[object, object], bool]", OPERATORS[node.operator].meaning)

    def compare(row: Row, values: Values) -> bool:
        value, other = left(row, values), right(row, values)
        return value is not None and other is not None and meaning(value, other)

    return compare


def operand(node: object) -> Reader:
    """Give the function that reads an operand: an expression, or a literal as it stands."""
    if isinstance(node, Term):
        return reader(node)
    return lambda _row, _values: node


def reader(expression: Term) -> Reader:
    """Give the function that reads an expression's value in a row."""
    match expression:
        case Parameter(index=index):
            return lambda _, values: values[index]
        case OuterField(metadata=field, level=level, path=path):
            return _outer(level, path, field.column)
        case FieldReference(metadata=field):
            column = field.column
            return lambda row, _: row[column]
        case JsonPath(root=root, path=path):
            read = reader(root)
            return lambda row, values: follow(read(row, values), path)
        case Arithmetic(operator=operator, left=left, right=right):
            return partial(_calculated, operator, operand(left), operand(right))
        case RowCount(rows=rows):
            find = _related(rows)
            return lambda row, values: sum(1 for _ in find(row, values))
        case _:
            raise TypeError(f"not an expression of a question: {type(expression).__name__}")


def _calculated(
    operator: ArithmeticOperator, left: Reader, right: Reader, row: Row, values: Values
) -> object:
    return calculate(operator, left(row, values), right(row, values))


def follow(document: object, path: Sequence[str | int]) -> object:
    """Give what stands at a path inside a JSON value, `None` where nothing does."""
    found = document
    for step in path:
        if isinstance(step, str):
            found = found.get(step) if isinstance(found, dict) else None
        else:
            found = found[step] if isinstance(found, list) and step < len(found) else None
    return found


_CALCULATIONS: dict[ArithmeticOperator, Callable[[Any, Any], Any]] = {
    ArithmeticOperator.ADD: python.add,
    ArithmeticOperator.SUBTRACT: python.sub,
    ArithmeticOperator.MULTIPLY: python.mul,
}
_EXACTLY: dict[ArithmeticOperator, Callable[[Decimal, Decimal], Decimal]] = {
    ArithmeticOperator.ADD: EXACT.add,
    ArithmeticOperator.SUBTRACT: EXACT.subtract,
    ArithmeticOperator.MULTIPLY: EXACT.multiply,
}


def calculate(operator: ArithmeticOperator, left: object, right: object) -> object:
    """Calculate as Python does, `None` with any side `None`.

    Raises `ArithmeticOverflow` for an int outside 64 bits, a float that is not finite, and a
    decimal of more than 100 digits.
    """
    if left is None or right is None:
        return None
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        try:
            return _EXACTLY[operator](left, right)
        except (InvalidOperation, Overflow, Inexact):
            raise _overflow(operator, "100 digits") from None
    result = _CALCULATIONS[operator](left, right)
    if isinstance(result, float):
        if not isfinite(result):
            raise _overflow(operator, "a float")
    elif not SMALLEST_INT <= result <= LARGEST_INT:
        raise _overflow(operator, "64 bits")
    return result


def _overflow(operator: ArithmeticOperator, bound: str) -> ArithmeticOverflow:
    return ArithmeticOverflow(f"a result of {operator.value} does not fit {bound}")


Sorter = Callable[[list[Any], Values], None]


def sorter(order: Sequence[Ordering]) -> Sorter:
    """Give the function that sorts rows in place; `None` is smaller than every value."""
    steps = [
        (
            reader(ordering.expression),
            ordering.direction is OrderDirection.DESC,
            ordering.puts_nulls_last,
        )
        for ordering in reversed(order)
    ]

    def sort(rows: list[Any], values: Values) -> None:
        # Sorts are stable, so the last key goes first.
        for read, is_descending, puts_nulls_last in steps:
            known = [row for row in rows if read(row, values) is not None]
            unknown = [row for row in rows if read(row, values) is None]
            known.sort(key=lambda row, read=read: read(row, values), reverse=is_descending)  # type: ignore[misc]
            rows[:] = known + unknown if puts_nulls_last else unknown + known

    return sort
