"""How the rows that a question may mean are found: by key, by an index, or all of them.

What is found is never less than what is meant, and may be more: every row is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import NamedTuple, cast

from ommi.drivers.redis.introspection import Equal, Range, StoredTable, Unique
from ommi.drivers.redis.pending import limits
from ommi.drivers.redis.values import identity, score
from ommi.query.expressions import Parameter
from ommi.query.fields import FieldReference
from ommi.query.nodes import Comparison, Logical, Predicate, Term
from ommi.query.operators import LogicalOperator, QueryOperator

MOST_COMBINATIONS = 10_000
"""How many keys are worked out from lists of values; more are not worth it."""


@dataclass(frozen=True, slots=True)
class Access:
    """What the script that reads is told, and the same for people."""

    how: bytes
    what: tuple[bytes, ...] = ()
    says: str = ""
    values: tuple[bytes, ...] = ()
    """The names of the values that are looked for in an index."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        if self.how == b"keys":
            return not self.what
        return self.how in {b"unique", b"equal"} and not self.values


class Bound(NamedTuple):
    """A comparison that every row in question meets: a column, and the index of the value."""

    column: str
    operator: QueryOperator
    value: int | None


_USABLE = {
    QueryOperator.EQUALS,
    QueryOperator.IN,
    QueryOperator.IS_NULL,
    QueryOperator.GREATER_THAN,
    QueryOperator.GREATER_THAN_OR_EQUAL,
    QueryOperator.LESS_THAN,
    QueryOperator.LESS_THAN_OR_EQUAL,
    QueryOperator.STARTS_WITH,
}
_LOWER = {QueryOperator.GREATER_THAN, QueryOperator.GREATER_THAN_OR_EQUAL}
_UPPER = {QueryOperator.LESS_THAN, QueryOperator.LESS_THAN_OR_EQUAL}


def bounds_of(where: Predicate | Term | None) -> tuple[Bound, ...]:
    """Give the comparisons of own fields with values that a condition cannot do without."""
    return tuple(_bounds(where))


def _bounds(node: Predicate | Term | None) -> Iterator[Bound]:
    if isinstance(node, Logical) and node.operator is LogicalOperator.AND:
        for part in node.flattened():
            yield from _bounds(part)
    if not isinstance(node, Comparison) or node.is_negated or node.operator not in _USABLE:
        return
    if type(node.left) is not FieldReference:
        return
    column = node.left.metadata.column
    if node.operator is QueryOperator.IS_NULL:
        yield Bound(column, node.operator, None)
    elif isinstance(node.right, Parameter):
        yield Bound(column, node.operator, node.right.index)


def access(table: StoredTable, bounds: Sequence[Bound], values: Sequence[object]) -> Access:
    """Choose how to find the rows of a question: the way that promises the fewest comes first."""
    if not bounds:
        return Access(b"all", says=f"every row of {table.name}")
    alike = _alike(bounds, values)
    return (
        _by_key(table, alike)
        or next(filter(None, (_by_unique(each, alike) for each in table.uniques)), None)
        or next(filter(None, (_by_equal(each, alike) for each in table.equals)), None)
        or next(filter(None, (_by_range(each, bounds, values) for each in table.ranges)), None)
        or Access(b"all", says=f"every row of {table.name}")
    )


def access_with(
    table: StoredTable, columns: Sequence[str], wanted: Iterable[tuple[object, ...]]
) -> Access:
    """Choose how to find the rows that have one of several values of columns."""
    names = {column: place for place, column in enumerate(columns)}
    if set(table.schema.key) == set(names):
        places = [names[column] for column in table.schema.key]
        return _keys(identity([values[p] for p in places]) for values in wanted)
    unique = table.unique_of(columns)
    if unique is not None:
        places = [names[column] for column in unique.columns]
        return _unique(unique, (identity([values[p] for p in places]) for values in wanted))
    for equal in table.equals:
        if set(equal.columns) == set(names):
            places = [names[column] for column in equal.columns]
            return _equal(equal, ([values[p] for p in places] for values in wanted))
    return Access(b"all", says=f"every row of {table.name}")


def _alike(bounds: Sequence[Bound], values: Sequence[object]) -> Mapping[str, Sequence[object]]:
    """Give the values that columns may have, where there are few."""
    alike: dict[str, Sequence[object]] = {}
    for column, operator, place in bounds:
        if operator is QueryOperator.EQUALS:
            alike[column] = (values[cast("int", place)],)
        elif operator is QueryOperator.IN:
            alike.setdefault(column, cast("Sequence[object]", values[cast("int", place)]))
        elif operator is QueryOperator.IS_NULL:
            alike[column] = (None,)
    return alike


def _combinations(
    columns: Sequence[str], alike: Mapping[str, Sequence[object]]
) -> Iterator[tuple[object, ...]] | None:
    many = 1
    for column in columns:
        if column not in alike:
            return None
        many *= len(alike[column])
    return product(*(alike[c] for c in columns)) if many <= MOST_COMBINATIONS else None


def _by_key(table: StoredTable, alike: Mapping[str, Sequence[object]]) -> Access | None:
    found = _combinations(table.schema.key, alike)
    return None if found is None else _keys(map(identity, found))


def _by_unique(unique: Unique, alike: Mapping[str, Sequence[object]]) -> Access | None:
    found = _combinations(unique.columns, alike)
    if found is None or any(None in alike[column] for column in unique.columns):
        return None
    return _unique(unique, map(identity, found))


def _by_equal(equal: Equal, alike: Mapping[str, Sequence[object]]) -> Access | None:
    found = _combinations(equal.columns, alike)
    return None if found is None else _equal(equal, found)


def _keys(ids: Iterable[bytes]) -> Access:
    return Access(b"keys", tuple(dict.fromkeys(ids)), "rows by key")


def _unique(unique: Unique, fields: Iterable[bytes]) -> Access:
    says = f"rows by the unique {', '.join(unique.columns)}"
    names = tuple(dict.fromkeys(fields))
    return Access(b"unique", (unique.key, *names), says, names)


def _equal(equal: Equal, wanted: Iterable[Sequence[object]]) -> Access:
    groups = dict.fromkeys(identity(values) for values in wanted)
    what = chain.from_iterable(map(limits, groups))
    says = f"rows by the indexed {', '.join(equal.columns)}"
    return Access(b"equal", (equal.key, *what), says, tuple(groups))


def _by_range(known: Range, bounds: Sequence[Bound], values: Sequence[object]) -> Access | None:
    low: list[object] = []
    high: list[object] = []
    starts: list[str] = []
    for column, operator, place in bounds:
        if column != known.column or place is None:
            continue
        if operator in _LOWER or operator is QueryOperator.EQUALS:
            low.append(values[place])
        if operator in _UPPER or operator is QueryOperator.EQUALS:
            high.append(values[place])
        if operator is QueryOperator.STARTS_WITH:
            starts.append(cast("str", values[place]))
    if not (low or high or starts):
        return None
    says = f"rows by the range of {known.column}"
    if known.is_text:
        lowest = max([*map(str, low), *starts], default="")
        ends = [*(f"{each}".encode() + b"\x01" for each in high)]
        ends.extend(start.encode() + b"\xff" for start in starts)
        last = b"(" + min(ends) if ends else b"+"
        return Access(b"text", (known.key, b"[" + lowest.encode(), last), says)
    lowest_score = repr(max(map(score, low))).encode() if low else b"-inf"
    highest_score = repr(min(map(score, high))).encode() if high else b"+inf"
    return Access(b"score", (known.key, lowest_score, highest_score), says)
