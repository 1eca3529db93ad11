"""What a question reads, as expressions of an aggregation; values stand in `$literal`."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from ommi.drivers.mongodb.calculations import Check, calculated, digits_check
from ommi.drivers.mongodb.documents import place_of, stored_name
from ommi.drivers.mongodb.scopes import Scope
from ommi.drivers.mongodb.storage import BSON_TYPES, NUMBERS, STORE, codec
from ommi.drivers.mongodb.templates import Template, Value
from ommi.errors import UnsupportedOperation
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import Conversion, Slot
from ommi.query.expressions import Arithmetic, Parameter
from ommi.query.fields import FieldReference, JsonPath
from ommi.query.nodes import Predicate, Term
from ommi.query.related import OuterField, RowCount, Rows

Where = Callable[[Predicate, Scope], Template]


class Expressions:
    """Writes the terms of one statement, and collects the slots of its values."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.checks: list[Check] = []
        self._numbers: dict[int, Value] = {}
        self.where: Where

    def slot(self, parameter: Parameter, encode: Conversion | None) -> Value:
        """Give the place of a value, encoded in its own way."""
        self.slots.append(Slot(parameter.index, encode))
        return Value(len(self.slots) - 1)

    def encoded(self, parameter: Parameter) -> Value:
        """Give the place of a value as its column's type is stored."""
        storage = cast("StorageType", parameter.storage)
        return self.slot(parameter, codec(storage).encode)

    def path(self, term: Term, scope: Scope) -> str | None:
        """Give where a term rests in the documents of a scope, if that is all that it is."""
        if isinstance(term, OuterField):
            if term.level:
                return None
            if term.path:
                owner = term.path[-1].far
                return f"{scope.reached(0, term.path)}.{place_of(owner, term.metadata)}"
        if isinstance(term, FieldReference):
            return place_of(term.owner, term.metadata)
        return None

    def known(self, term: object, scope: Scope) -> Template:
        """Give an expression whose value is never missing, but null."""
        value = self.value(term, scope)
        may_be_missing = isinstance(term, FieldReference | JsonPath) and term.is_nullable
        return {"$ifNull": [value, None]} if may_be_missing else value

    def value(self, term: object, scope: Scope) -> Template:
        """Give an expression for a term; it may be missing where the term is null."""
        match term:
            case Parameter():
                return {"$literal": self.encoded(term)}
            case OuterField(metadata=field, level=level, path=path):
                if not path:
                    return scope.path(level, place_of(term.owner, field))
                return f"${scope.reached(level, path)}.{place_of(path[-1].far, field)}"
            case FieldReference(metadata=field):
                return f"${place_of(term.owner, field)}"
            case JsonPath(root=root, path=path):
                return self._inside(self.value(root, scope), path)
            case Arithmetic():
                return self._calculated(term, scope)
            case RowCount(rows=rows):
                name = self._related(rows, scope, [{"$count": "n"}])
                return f"${scope.keep({'$ifNull': [{'$first': f'${name}.n'}, 0]})}"
            case _:
                raise TypeError(f"not an expression of a question: {type(term).__name__}")

    def _inside(self, document: Template, path: tuple[str | int, ...]) -> Template:
        """Follow a path; a dotted one would also go through every list on its way."""
        found = document
        for step in path:
            if isinstance(step, str):
                found = {"$getField": {"field": stored_name(step), "input": found}}
            else:
                element = {"$arrayElemAt": [found, step]}
                found = {"$cond": [{"$isArray": [found]}, element, None]}
        return found

    def _calculated(self, node: Arithmetic, scope: Scope, *, is_outer: bool = True) -> Template:
        sides: list[Template] = []
        for side in (node.left, node.right):
            if isinstance(side, Arithmetic):
                sides.append(self._calculated(side, scope, is_outer=False))
                continue
            if isinstance(side, Parameter):
                place = self._numbers[side.index] = self.encoded(side)
                sides.append({"$literal": place})
            else:
                sides.append(self.value(side, scope))
        kind = cast("Kind", node.kind)
        if kind is Kind.DECIMAL and is_outer:
            self.checks.append(digits_check(node, self._numbers))
        return calculated(node.operator, kind, sides[0], sides[1])

    def exists(self, rows: Rows, scope: Scope) -> str:
        """Look related rows up, one at most; give the field with the list."""
        return self._related(rows, scope, [{"$limit": 1}, {"$project": {"_id": 1}}])

    def _related(self, rows: Rows, scope: Scope, then: list[Template]) -> str:
        near = [(self.value(near, scope), far) for near, far in rows.pairs]
        inner, conditions = Scope(scope), []
        if rows.condition is not None:
            conditions = [{"$match": self.where(rows.condition, inner)}]
        stages = [*inner.stages, *conditions, *then]
        return scope.lookup(rows.model, near, stages, is_scope=True)


def refuse_order_of_bytes(kind: Kind | None) -> None:
    """Raise for an order that MongoDB has otherwise: of bytes, the shorter come first there."""
    if kind is Kind.BYTES:
        raise UnsupportedOperation("compare bytes by their order", STORE, "ask for equal ones")


def types_like(kind: Kind | None) -> list[Template]:
    """Give the types whose values have an order with those of a kind, inside documents."""
    if kind in {Kind.INT, Kind.FLOAT}:
        return list(NUMBERS)
    return [] if kind in {Kind.JSON, None} else list(BSON_TYPES[cast("Kind", kind)])
