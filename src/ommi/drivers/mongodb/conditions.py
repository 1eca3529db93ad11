"""Predicates as filters: on a column in the language of queries, which indexes serve, or `$expr`.

A filter on a column is two-valued by itself: `$ne`, `$nin` and `$not` take every document that the
positive one leaves, missing fields included, and comparisons keep to one type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from ommi.drivers.mongodb.documents import place_of
from ommi.drivers.mongodb.expressions import Expressions, Where, refuse_order_of_bytes, types_like
from ommi.drivers.mongodb.patterns import REGEXES
from ommi.drivers.mongodb.scopes import Scope
from ommi.drivers.mongodb.storage import codec
from ommi.drivers.mongodb.templates import Template
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import Conversion
from ommi.query.expressions import Parameter
from ommi.query.fields import FieldReference, JsonPath
from ommi.query.nodes import Comparison, Logical, Predicate, Term
from ommi.query.operators import LogicalOperator, QueryOperator
from ommi.query.related import Exists

ORDERS: Mapping[QueryOperator, str] = {
    QueryOperator.GREATER_THAN: "$gt",
    QueryOperator.GREATER_THAN_OR_EQUAL: "$gte",
    QueryOperator.LESS_THAN: "$lt",
    QueryOperator.LESS_THAN_OR_EQUAL: "$lte",
}
_COSTLY = frozenset({QueryOperator.REGEX, QueryOperator.ILIKE})
"""Where the engine gives such a pattern up, `$regexMatch` fails and `$regex` answers wrongly."""


class Conditions(Expressions):
    """Writes the predicates of one statement."""

    def __init__(self) -> None:
        super().__init__()
        self.where: Where = self.condition

    def condition(self, node: Predicate, scope: Scope) -> Template:
        """Give the filter for a predicate whose negations stand at its leaves."""
        match node:
            case Comparison():
                return self._comparison(node, scope)
            case Logical(operator, _):
                sign = "$and" if operator is LogicalOperator.AND else "$or"
                parts: Sequence[object] = [cast("Predicate", part) for part in node.flattened()]
                if operator is LogicalOperator.AND:
                    parts = self.by_key(cast("Sequence[Predicate]", parts))
                return {
                    sign: [
                        self.condition(part, scope) if isinstance(part, Predicate) else part
                        for part in parts
                    ]
                }
            case Exists(rows):
                is_empty: Template = {"$size": 0}
                found = self.exists(rows, scope)
                return {found: is_empty if node.is_negated else {"$not": is_empty}}
            case _:
                raise TypeError(f"not a checked predicate: {type(node).__name__}")

    def by_key(self, parts: Sequence[Predicate]) -> Sequence[Predicate | Template]:
        """Ask for a key of several fields as a whole: only so it has an index."""
        asked = {
            part.left.metadata: part
            for part in parts
            if isinstance(part, Comparison)
            and part.operator is QueryOperator.EQUALS
            and not part.is_negated
            and type(part.left) is FieldReference
            and isinstance(part.right, Parameter)
        }
        for part in asked.values():
            model = cast("FieldReference[object]", part.left).owner
            if len(model.keys) > 1 and set(model.keys) <= asked.keys():
                key = {
                    place_of(model, field).partition(".")[2]: self.encoded(
                        cast("Parameter", asked[field].right)
                    )
                    for field in model.keys
                }
                used = {id(asked[field]) for field in model.keys}
                return [{"_id": {"$eq": key}}, *(p for p in parts if id(p) not in used)]
        return parts

    def _comparison(self, node: Comparison, scope: Scope) -> Template:
        if node.operator in ORDERS or node.operator is QueryOperator.CONTAINS:
            refuse_order_of_bytes(node.left.kind)
        has_literal = node.right is None or isinstance(node.right, Parameter)
        if has_literal and node.left.kind is not Kind.JSON and node.operator not in _COSTLY:
            path = self.path(node.left, scope)
            if path is not None:
                return {path: self._of_column(node)}
        asked = self._of_expression(node, scope)
        return {"$expr": {"$not": [asked]} if node.is_negated else asked}

    def _of_column(self, node: Comparison) -> Template:
        operator, is_negated = node.operator, node.is_negated
        if operator is QueryOperator.IS_NULL:
            return {"$ne" if is_negated else "$eq": None}
        right = cast("Parameter", node.right)
        if operator is QueryOperator.EQUALS:
            return {"$ne" if is_negated else "$eq": self.encoded(right)}
        if operator is QueryOperator.IN:
            return {"$nin" if is_negated else "$in": self._list(right)}
        if operator in ORDERS:
            asked: Template = {ORDERS[operator]: self.encoded(right)}
        else:
            asked = {"$regex": self.slot(right, REGEXES[operator])}
        return {"$not": asked} if is_negated else asked

    def _list(self, parameter: Parameter) -> Template:
        encode = codec(cast("StorageType", parameter.storage)).encode
        return self.slot(parameter, _each(encode))

    def _of_expression(self, node: Comparison, scope: Scope) -> Template:
        operator, left = node.operator, node.left
        match operator:
            case QueryOperator.IS_NULL:
                return {"$lte": [self.value(left, scope), None]}
            case QueryOperator.EQUALS:
                return {"$eq": [self.known(left, scope), self.known(node.right, scope)]}
            case QueryOperator.IN:
                known = {"$literal": self._list(cast("Parameter", node.right))}
                return {"$in": [self.known(left, scope), known]}
            case _ if operator in ORDERS:
                return self._ordered(node, scope)
            case QueryOperator.CONTAINS if left.kind is Kind.JSON:
                return self._element(node, scope)
            case _:
                return self._matched(node, scope)

    def _ordered(self, node: Comparison, scope: Scope) -> Template:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        compared = {ORDERS[node.operator]: [left, right]}
        sides = ((node.left, left), (cast("Term", node.right), right))
        if any(isinstance(term, JsonPath) for term, _ in sides):
            kind = node.left.kind or cast("Term", node.right).kind
            tests = [{"$in": [{"$type": value}, types_like(kind)]} for _, value in sides]
            return {"$and": [*tests, compared]}
        # Null is the smallest there is, so it is enough that the smaller side is none.
        smaller = left if ORDERS[node.operator] in {"$lt", "$lte"} else right
        return {"$and": [{"$gt": [smaller, None]}, compared]}

    def _element(self, node: Comparison, scope: Scope) -> Template:
        held, part = self.value(node.left, scope), self.value(node.right, scope)
        found = {"$and": [{"$gt": [part, None]}, {"$in": [part, held]}]}
        return {"$cond": [{"$isArray": [held]}, found, False]}

    def _matched(self, node: Comparison, scope: Scope) -> Template:
        encode = REGEXES[node.operator]
        subject = self.value(node.left, scope)
        pattern = {"$literal": self.slot(cast("Parameter", node.right), encode)}
        found = {"$regexMatch": {"input": subject, "regex": pattern}}
        if not isinstance(node.left, JsonPath):
            return found
        return {"$cond": [{"$eq": [{"$type": subject}, "string"]}, found, False]}


def _each(encode: Conversion | None) -> Conversion:
    if encode is None:
        return lambda values: list(cast("tuple[object, ...]", values))
    return lambda values: [encode(value) for value in cast("tuple[object, ...]", values)]
