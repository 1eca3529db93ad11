"""Negations pushed to where a store can best answer them."""

from __future__ import annotations

from typing import cast

from ommi.query.nodes import Comparison, Logical, Predicate
from ommi.query.operators import OPERATORS, LogicalOperator
from ommi.query.related import Exists


def normalised(node: Predicate, *, is_negated: bool = False) -> Predicate:
    """Push every negation to the leaves; what a leaf negates is then a primitive operator.

    Only negative leaves have to think of null, so positive ones still use plain indexes.
    """
    match node:
        case Comparison(left, operator, right):
            primitive = OPERATORS[operator].complement_of
            if primitive is not None:
                operator, is_negated = primitive, not is_negated
            return Comparison.unchecked(
                left, operator, right, is_negated=is_negated is not node.is_negated
            )
        case Logical(LogicalOperator.NOT, (part,)):
            return normalised(cast("Predicate", part), is_negated=not is_negated)
        case Logical(operator, _):
            return Logical(
                _DUAL[operator] if is_negated else operator,
                [
                    normalised(cast("Predicate", p), is_negated=is_negated)
                    for p in node.flattened()
                ],
            )
        case Exists(rows):
            return Exists(rows, is_negated=is_negated is not node.is_negated)
        case _:
            raise TypeError(f"not a checked predicate: {type(node).__name__}")


_DUAL = {LogicalOperator.AND: LogicalOperator.OR, LogicalOperator.OR: LogicalOperator.AND}
