"""How far a question reaches: to the row asked for alone or to others, and how deep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from ommi.errors import QueryError
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Kind
from ommi.query.expressions import Arithmetic, Parameter
from ommi.query.fields import Equality, FieldReference, JsonPath
from ommi.query.nodes import Comparison, Joinable, Logical, Predicate, Term
from ommi.query.operators import LogicalOperator, QueryOperator
from ommi.query.related import Exists, RowCount
from ommi.query.statements import Select

MOST_NESTED = 5
"""How deep questions about related rows nest in each other; a parser's stack is bounded."""


def is_own(node: Joinable, model: ModelMetadata) -> bool:
    """Tell whether a question names the row asked for and no other; asked of every question."""
    waiting: list[object] = [node]
    while waiting:
        part = waiting.pop()
        kind = type(part)
        if kind is Comparison or kind is Equality:
            comparison = cast("Comparison", part)
            waiting.append(comparison.left)
            if isinstance(comparison.right, Term):
                waiting.append(comparison.right)
        elif kind is FieldReference:
            if cast("FieldReference[object]", part).owner is not model:
                return False
        elif kind is Logical:
            waiting.extend(cast("Logical", part).parts)
        elif kind is JsonPath:
            waiting.append(cast("JsonPath", part).root)
        elif kind is Arithmetic:
            calculation = cast("Arithmetic", part)
            waiting.extend(s for s in (calculation.left, calculation.right) if isinstance(s, Term))
        elif kind is not Parameter:
            return False
    return True


def key_asked_for(select: Select) -> FieldReference[object] | None:
    """Give the key of the model, if a lifted selection is that of the row with a key."""
    where, keys = select.where, select.model.keys
    if len(keys) != 1 or not isinstance(where, Comparison) or where.is_negated or select.beside:
        return None
    left = where.left
    if type(left) is not FieldReference or left.metadata is not keys[0]:
        return None
    is_equality = where.operator is QueryOperator.EQUALS and isinstance(where.right, Parameter)
    is_whole = not isinstance(select.limit, Parameter) and select.offset is None
    return left if is_equality and is_whole else None


def goes_along_keys(select: Select) -> bool:
    """Tell whether a lifted selection is of rows in the order of an int key, from anywhere on."""
    where, keys = select.where, select.model.keys
    if len(keys) != 1 or keys[0].storage.kind is not Kind.INT or not select.order:
        return False
    if not _is_field(select.order[0].expression, keys[0]):
        return False
    return where is None or (
        isinstance(where, Comparison)
        and _is_field(where.left, keys[0])
        and isinstance(where.right, Parameter)
    )


def _is_field(term: object, field: FieldMetadata) -> bool:
    return isinstance(term, FieldReference) and term.metadata is field


def refuse_too_deep(node: Predicate | Term) -> None:
    if _nesting(node) > MOST_NESTED:
        raise QueryError(
            f"a question about related rows inside another, more than {MOST_NESTED} levels deep; "
            "ask in two steps, the second with in_(keys)"
        )


def _nesting(node: object) -> int:
    """Say how many subqueries nest; rows that are only a way to others are joined in one."""
    match node:
        case Comparison(left, _, right):
            return max(_nesting(left), _nesting(right))
        case Arithmetic(left=left, right=right):
            return max(_nesting(left), _nesting(right))
        case Logical():
            return max(map(_nesting, parts_of(node)))
        case Exists(rows):
            condition = rows.condition
            is_way = isinstance(condition, Exists) and not condition.is_negated
            return _nesting(condition) + (0 if is_way else 1)
        case RowCount(rows=rows):
            return _nesting(rows.condition) + 1
        case _:
            return 0


def parts_of(node: Logical) -> Iterable[Predicate | Term]:
    """Give what a logical node joins, or what it negates."""
    return node.parts if node.operator is LogicalOperator.NOT else node.flattened()
