"""The order and the types of BSON values, as the manual gives them: type by type, then by value.

Lists are compared element by element, documents field by field: type, then name, then value. A
field that is missing comes before null in expressions; filters and sorts take both for null.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cmp_to_key
from math import isnan
from typing import Any

from bson.binary import Binary
from bson.decimal128 import Decimal128
from bson.int64 import Int64

SMALLEST_INT, LARGEST_INT = -(2**31), 2**31 - 1


class Missing:
    """What a path gives where nothing is."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


def type_of(value: Any) -> str:  # noqa: C901 - a table
    """Give the alias of a value's type, as `$type` does."""
    match value:
        case Missing():
            return "missing"
        case None:
            return "null"
        case bool():
            return "bool"
        case Int64():
            return "long"
        case int():
            return "int" if SMALLEST_INT <= value <= LARGEST_INT else "long"
        case float():
            return "double"
        case Decimal128():
            return "decimal"
        case str():
            return "string"
        case dict():
            return "object"
        case list():
            return "array"
        case bytes():
            return "binData"
        case _:
            raise TypeError(f"the evaluator knows no {type(value).__name__}")


_RANKS = {
    "missing": 0, "null": 5, "int": 10, "long": 10, "double": 10, "decimal": 10, "string": 15,
    "object": 20, "array": 25, "binData": 30, "bool": 40,
}  # fmt: skip
NUMBERS = frozenset({"int", "long", "double", "decimal"})


def rank(value: Any) -> int:
    """Give the place of a value's type in the order of types; numbers share one."""
    return _RANKS[type_of(value)]


def number(value: Any) -> Any:
    """Give a number that compares exactly with every other; NaN is below all."""
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    if isinstance(value, float):
        if isnan(value):
            return Decimal("-Infinity")
        return Decimal(value)
    return Decimal(int(value)) if not isinstance(value, Decimal) else value


def compare(left: Any, right: Any) -> int:
    """Give -1, 0 or 1."""
    ranks = rank(left), rank(right)
    if ranks[0] != ranks[1]:
        return -1 if ranks[0] < ranks[1] else 1
    match type_of(left):
        case "missing" | "null":
            return 0
        case "int" | "long" | "double" | "decimal":
            return _sign(number(left), number(right))
        case "string":
            return _sign(left.encode(), right.encode())
        case "array":
            return _lists(left, right)
        case "object":
            return _documents(left, right)
        case "binData":
            return _sign(_binary(left), _binary(right))
        case _:
            return _sign(left, right)


def _sign(left: Any, right: Any) -> int:
    return (left > right) - (left < right)


def _binary(value: Any) -> tuple[int, int, bytes]:
    subtype = value.subtype if isinstance(value, Binary) else 0
    return len(value), subtype, bytes(value)


def _lists(left: list[Any], right: list[Any]) -> int:
    for one, other in zip(left, right, strict=False):
        if found := compare(one, other):
            return found
    return _sign(len(left), len(right))


def _documents(left: dict[str, Any], right: dict[str, Any]) -> int:
    for (name, one), (other_name, other) in zip(left.items(), right.items(), strict=False):
        ranks = _sign(rank(one), rank(other))
        if found := ranks or _sign(name.encode(), other_name.encode()) or compare(one, other):
            return found
    return _sign(len(left), len(right))


by_order = cmp_to_key(compare)
