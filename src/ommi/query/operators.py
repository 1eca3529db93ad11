"""Every operator, as a table: its operand, the kinds it is for, and what it means.

The meaning is a Python function on stored forms that are not `None`; a comparison with a field
that is `None` is False, `is_null` and the complements aside. An operator that is the complement of
another has no meaning of its own.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ommi.metadata.json_text import canonical_json
from ommi.metadata.storage import Kind
from ommi.query.ilike import ilike_matches
from ommi.values import frozen


class QueryOperator(Enum):
    """What a comparison asks."""

    EQUALS = "eq"
    NOT_EQUALS = "ne"
    GREATER_THAN = "gt"
    GREATER_THAN_OR_EQUAL = "gte"
    LESS_THAN = "lt"
    LESS_THAN_OR_EQUAL = "lte"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    REGEX = "regex"
    ILIKE = "ilike"
    IS_NULL = "is_null"
    IS_NOT_NULL = "is_not_null"

    # Members are singletons; Enum's own hash is a Python call on the way of every question.
    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__


class LogicalOperator(Enum):
    """How predicates are put together."""

    AND = "and"
    OR = "or"
    NOT = "not"

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__


class ArithmeticOperator(Enum):
    """What is calculated from fields."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__


class OrderDirection(Enum):
    """Which way an ordering goes; `None` is smaller than every value."""

    ASC = "asc"
    DESC = "desc"

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__


class Operand(Enum):
    """What stands on the right of an operator."""

    VALUE = "a value or a field of the same type"
    LIST = "a list of values"
    ELEMENT = "a part of the text, or an element of the list"
    TEXT = "a text"
    NOTHING = "nothing"


@frozen
class OperatorFacts:
    """One row of the table."""

    method: str
    operand: Operand
    kinds: frozenset[Kind]
    meaning: Callable[[object, object], bool] | None = None
    complement_of: QueryOperator | None = None


EVERY_KIND = frozenset(Kind)
ORDERED_KINDS = EVERY_KIND - {Kind.JSON}
TEXT_KINDS = frozenset({Kind.TEXT})
CONTAINER_KINDS = frozenset({Kind.TEXT, Kind.BYTES, Kind.JSON})


def same(left: object, right: object) -> bool:
    """Tell whether two stored forms are equal; inside JSON, `True` is not `1`."""
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return canonical_json(left) == canonical_json(right)
    return left == right and isinstance(left, bool) is isinstance(right, bool)


def has(container: object, part: object) -> bool:
    """Tell whether a text has a substring, or a list an element."""
    if isinstance(container, str) and isinstance(part, str):
        return part in container
    if isinstance(container, bytes) and isinstance(part, bytes):
        return part in container
    return isinstance(container, list) and any(same(element, part) for element in container)


def _is_text(function: Callable[[str, str], bool]) -> Callable[[object, object], bool]:
    def meaning(subject: object, operand: object) -> bool:
        return isinstance(subject, str) and isinstance(operand, str) and function(subject, operand)

    return meaning


def _ordered(function: Callable[[Any, Any], Any]) -> Callable[[object, object], bool]:
    def meaning(left: object, right: object) -> bool:
        return _comparable(left, right) and bool(function(left, right))

    return meaning


def _comparable(left: object, right: object) -> bool:
    # Values found under JSON paths may be of any type; only alike ones have an order.
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return True
    return type(left) is type(right) and not isinstance(left, list | dict)


def _row(
    method: str,
    operand: Operand,
    kinds: frozenset[Kind],
    meaning: Callable[[object, object], bool] | None = None,
    complement_of: QueryOperator | None = None,
) -> OperatorFacts:
    return OperatorFacts(method, operand, kinds, meaning, complement_of)


def _among(value: object, values: object) -> bool:
    return isinstance(values, tuple | list | frozenset) and any(same(value, v) for v in values)


@cache
def _search() -> Callable[[str, str], bool]:
    # Only stores whose questions are answered in Python need it, and only for such a question.
    from ommi.query.regex import search

    return search


OPERATORS: Mapping[QueryOperator, OperatorFacts] = MappingProxyType(
    {
        QueryOperator.EQUALS: _row("==", Operand.VALUE, EVERY_KIND, same),
        QueryOperator.NOT_EQUALS: _row(
            "!=", Operand.VALUE, EVERY_KIND, complement_of=QueryOperator.EQUALS
        ),
        QueryOperator.GREATER_THAN: _row(">", Operand.VALUE, ORDERED_KINDS, _ordered(python.gt)),
        QueryOperator.GREATER_THAN_OR_EQUAL: _row(
            ">=", Operand.VALUE, ORDERED_KINDS, _ordered(python.ge)
        ),
        QueryOperator.LESS_THAN: _row("<", Operand.VALUE, ORDERED_KINDS, _ordered(python.lt)),
        QueryOperator.LESS_THAN_OR_EQUAL: _row(
            "<=", Operand.VALUE, ORDERED_KINDS, _ordered(python.le)
        ),
        QueryOperator.IN: _row("in_", Operand.LIST, ORDERED_KINDS, _among),
        QueryOperator.NOT_IN: _row(
            "not_in", Operand.LIST, ORDERED_KINDS, complement_of=QueryOperator.IN
        ),
        QueryOperator.CONTAINS: _row("contains", Operand.ELEMENT, CONTAINER_KINDS, has),
        QueryOperator.NOT_CONTAINS: _row(
            "not_contains", Operand.ELEMENT, CONTAINER_KINDS, complement_of=QueryOperator.CONTAINS
        ),
        QueryOperator.STARTS_WITH: _row(
            "starts_with", Operand.TEXT, TEXT_KINDS, _is_text(str.startswith)
        ),
        QueryOperator.ENDS_WITH: _row(
            "ends_with", Operand.TEXT, TEXT_KINDS, _is_text(str.endswith)
        ),
        QueryOperator.REGEX: _row(
            "regex", Operand.TEXT, TEXT_KINDS, _is_text(lambda text, regex: _search()(regex, text))
        ),
        QueryOperator.ILIKE: _row(
            "ilike", Operand.TEXT, TEXT_KINDS, _is_text(lambda text, p: ilike_matches(p, text))
        ),
        QueryOperator.IS_NULL: _row("is_null", Operand.NOTHING, EVERY_KIND),
        QueryOperator.IS_NOT_NULL: _row(
            "is_not_null", Operand.NOTHING, EVERY_KIND, complement_of=QueryOperator.IS_NULL
        ),
    }
)
