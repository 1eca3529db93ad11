"""Sums, differences and products with Python's result, or an error of the server's.

The server makes a double of an integer that outgrows 64 bits, an infinity of a double, and rounds
a decimal to 34 digits. So a result is let through only where it is of the type it must be; else
`$switch` finds no branch, which is an error. That a decimal needs no more than 34 digits is worked
out from the digits of its parts before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from sys import float_info
from typing import cast

from ommi.drivers.mongodb.storage import MOST_DIGITS, STORE
from ommi.drivers.mongodb.templates import Template, Value
from ommi.errors import UnsupportedOperation
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import Parameters
from ommi.query.expressions import Arithmetic, Parameter
from ommi.query.operators import ArithmeticOperator

NO_BRANCH = 40066
"""The server's code for a `$switch` in which no branch applies."""

OPERATORS: Mapping[ArithmeticOperator, str] = {
    ArithmeticOperator.ADD: "$add",
    ArithmeticOperator.SUBTRACT: "$subtract",
    ArithmeticOperator.MULTIPLY: "$multiply",
}


def calculated(
    operator: ArithmeticOperator, kind: Kind, left: Template, right: Template
) -> Template:
    """Give the expression of a calculation; null where either side is."""
    result = {OPERATORS[operator]: [left, right]}
    if kind is Kind.DECIMAL:
        return result
    return _only_where(result, {"$lte": ["$$r", None]}, _is_sound(kind))


def _is_sound(kind: Kind) -> Template:
    if kind is Kind.INT:
        return {"$in": [{"$type": "$$r"}, ["int", "long"]]}
    # NaN is smaller than every number there.
    bounds = [{"$gte": ["$$r", -float_info.max]}, {"$lte": ["$$r", float_info.max]}]
    return {"$and": bounds}


def fitted(storage: StorageType, result: Template) -> Template:
    """Let a calculated value through only where it fits its field."""
    if storage.kind is not Kind.DECIMAL or storage.precision is None or storage.scale is None:
        return result
    bound = Decimal(10) ** (storage.precision - storage.scale)
    fits = [
        {"$gt": ["$$r", -bound]},
        {"$lt": ["$$r", bound]},
        {"$eq": ["$$r", {"$trunc": ["$$r", storage.scale]}]},
    ]
    return _only_where(result, {"$lte": ["$$r", None]}, {"$and": fits})


def _only_where(result: Template, *cases: Template) -> Template:
    branches = [{"case": case, "then": "$$r"} for case in cases]
    return {"$let": {"vars": {"r": result}, "in": {"$switch": {"branches": branches}}}}


@dataclass(frozen=True, slots=True)
class Digits:
    """How many digits a decimal has at most, before the point and behind it."""

    before: int
    behind: int

    def with_(self, operator: ArithmeticOperator, other: Digits) -> Digits:
        """Give the digits of a result."""
        if operator is ArithmeticOperator.MULTIPLY:
            return Digits(self.before + other.before, self.behind + other.behind)
        return Digits(max(self.before, other.before) + 1, max(self.behind, other.behind))


Count = Callable[[Parameters], Digits]
Check = Callable[[Parameters], None]


def digits_check(node: Arithmetic, numbers: Mapping[int, Value]) -> Check:
    """Give what refuses a calculation whose exact result may need too many digits."""
    count = _digits_of(node, numbers)

    def check(parameters: Parameters) -> None:
        digits = count(parameters)
        if digits.before + digits.behind > MOST_DIGITS:
            raise UnsupportedOperation(
                f"calculate a decimal that may have {digits.before + digits.behind} digits",
                STORE,
                f"Decimal128 keeps {MOST_DIGITS} and would round; use fewer Digits",
            )

    return check


def _digits_of(node: object, numbers: Mapping[int, Value]) -> Count:
    if isinstance(node, Arithmetic):
        left, right = (_digits_of(side, numbers) for side in (node.left, node.right))
        operator = node.operator

        def both(parameters: Parameters) -> Digits:
            total = left(parameters).with_(operator, right(parameters))
            if total.before + total.behind > MOST_DIGITS:
                # What was rounded once cannot be made good by a later step.
                return Digits(MOST_DIGITS + 1, total.behind)
            return total

        return both
    if isinstance(node, Parameter):
        place = numbers[node.index].number
        return lambda parameters: _digits(cast("Decimal", parameters[place]))
    storage = cast("StorageType", getattr(node, "storage"))  # noqa: B009 - a term of decimals
    digits = Digits((storage.precision or 0) - (storage.scale or 0), storage.scale or 0)
    return lambda _: digits


def _digits(number: Decimal) -> Digits:
    _, digits, exponent = number.normalize(Context(prec=100)).as_tuple()
    scale = cast("int", exponent)
    return Digits(max(0, len(digits) + scale), max(0, -scale))


def checked(checks: Sequence[Check], parameters: Parameters) -> None:
    """Run checks of a command before it is sent."""
    for check in checks:
        check(parameters)
