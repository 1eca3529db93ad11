"""Rewrites of questions: values taken out, and every name given its row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never, cast

from ommi.errors import QueryError
from ommi.metadata.model import ModelMetadata
from ommi.metadata.storage import Kind, StorageType
from ommi.query.expressions import Arithmetic, Parameter
from ommi.query.fields import FieldReference, JsonPath, references
from ommi.query.guards import guarded
from ommi.query.negation import normalised
from ommi.query.nodes import Comparison, Logical, Predicate, Term, inline_count
from ommi.query.operators import OPERATORS, LogicalOperator, Operand, QueryOperator
from ommi.query.ordering import Ordering
from ommi.query.prepared_select import PreparedSelect
from ommi.query.related import AnyRelated, RelatedCount, RelatedRows
from ommi.query.scopes import resolved, resolved_ordering
from ommi.query.statements import (
    USUAL_LIMITS,
    Count,
    Delete,
    Guarded,
    Insert,
    Select,
    Statement,
    Update,
)


def checked(node: object) -> Predicate:
    """Give the predicate that a condition is: a bare bool field asks for `True`.

    Raises `QueryError` for a bare field of another type, anywhere in the tree, and `TypeError` for
    what is no condition at all.
    """
    if isinstance(node, Comparison | AnyRelated):
        return node
    if isinstance(node, Logical):
        return _checked_logical(node)
    if isinstance(node, Term):
        if node.kind is Kind.BOOL:
            return Comparison(node, QueryOperator.EQUALS, True)  # noqa: FBT003 - an operand
        raise QueryError(
            f"{node!r} stands alone as a condition, but only a bool field is one; compare it, and "
            "put each comparison in parentheses: (a > 1) & (b == 2)"
        )
    raise TypeError(
        f"a condition is a predicate such as User.age > 18, found {type(node).__name__}"
    )


def _checked_logical(node: Logical) -> Predicate:
    parts = list(node.flattened()) if node.operator is not LogicalOperator.NOT else node.parts
    sound = [checked(part) for part in parts]
    if all(new is old for new, old in zip(sound, parts, strict=True)):
        return node
    return Logical(node.operator, sound)


def models_of(node: Predicate | Term) -> Iterator[object]:
    """Give the metadata of every model that a predicate names, with repetitions."""
    if isinstance(node, Term):
        yield from node.models()
    elif isinstance(node, Comparison):
        yield from node.left.models()
        if isinstance(node.right, Term):
            yield from node.right.models()
    elif isinstance(node, Logical):
        parts = node.parts if node.operator is LogicalOperator.NOT else node.flattened()
        for part in parts:
            yield from models_of(part)
    elif isinstance(node, AnyRelated):
        yield node.rows.place.base


def with_key(order: tuple[Ordering, ...], model: ModelMetadata) -> tuple[Ordering, ...]:
    """Give an ordering that leaves no ties: the fields of the key come last."""
    # A row that a reference leads to may be of the same model, and is another.
    named = {o.expression.metadata for o in order if type(o.expression) is FieldReference}
    known = references(model)
    return (*order, *(known[key.name].asc for key in model.keys if key not in named))


class Lifter:
    """Takes the values out of a statement, in the order in which its shape lists them."""

    def __init__(self) -> None:
        self._count = 0

    def statement(self, statement: Statement | Guarded) -> Statement:
        """Give the statement with parameters for values, and every name resolved."""
        match statement:
            case Guarded(inner, guards):
                lifted = self.statement(inner)
                known = {model: normalised(self.predicate(guard)) for model, guard in guards}
                return guarded(lifted, known)
            case Select():
                return self._select(statement)
            case PreparedSelect():
                return self._select(statement.form)
            case Count(select):
                # One that was prepared is counted, too.
                whole = select.form if isinstance(select, PreparedSelect) else select
                return Count(self._select(whole))
            case Insert():
                return statement
            case Update(model, changes, where):
                changed = tuple((field, self._operand(v, field.storage)) for field, v in changes)
                return Update(model, changed, self._where(where, model))
            case Delete(model, where):
                return Delete(model, self._where(where, model))
            case _:
                assert_never(statement)

    def _select(self, select: Select) -> Select:
        where = self._where(select.where, select.model)
        order = tuple(self._ordering(ordering, select.model) for ordering in select.order)
        if select.limit is not None or select.offset is not None:
            order = with_key(order, select.model)
        limit = select.limit
        if limit is not None and limit not in USUAL_LIMITS:
            limit = self._parameter(_INT)
        offset = None if select.offset is None else self._parameter(_INT)
        return select._replace(where=where, order=order, limit=limit, offset=offset)

    def _ordering(self, ordering: Ordering, model: ModelMetadata) -> Ordering:
        lifted = self.expression(ordering.expression)
        return resolved_ordering(
            Ordering(lifted, ordering.direction, has_nulls_last=ordering.has_nulls_last), model
        )

    def _where(self, where: Predicate | None, model: ModelMetadata) -> Predicate | None:
        return None if where is None else normalised(resolved(self.predicate(where), model))

    def predicate(self, node: Predicate | Term) -> Predicate:
        """Give a predicate with parameters for its values."""
        match node:
            case Comparison(left, operator, right):
                lifted = self.expression(left)
                return Comparison.unchecked(lifted, operator, self._right(node, right))
            case Logical(operator, _):
                parts = node.parts if operator is LogicalOperator.NOT else node.flattened()
                return Logical(operator, [self.predicate(part) for part in parts])
            case AnyRelated(rows):
                return AnyRelated(self._rows(rows), is_negated=node.is_negated)
            case _:
                raise TypeError(f"not a checked predicate: {type(node).__name__}")

    def _right(self, node: Comparison, right: object) -> object:
        match OPERATORS[node.operator].operand:
            case Operand.NOTHING:
                return None
            case Operand.LIST:
                known = cast("tuple[object, ...]", right)
                # Under a path of unknown type the values, all of one type, say which.
                storage = node.left.storage or _STORAGE_OF[type(known[0]) if known else list]
                return self._parameter(storage, inline_count(known))
            case _ if isinstance(right, Term):
                return self.expression(right)
            case _ if node.left.kind is None:
                return self._parameter(_STORAGE_OF[type(right)])
            case _:
                return self._parameter(node.left.storage)

    def expression(self, node: Term) -> Term:
        """Give an expression with parameters for its values."""
        match node:
            case Arithmetic():
                left = self._operand(node.left, node.storage)
                right = self._operand(node.right, node.storage)
                return Arithmetic.unchecked(node.operator, left, right, node.storage)
            case FieldReference() | JsonPath():
                return node
            case RelatedCount(rows):
                return RelatedCount(self._rows(rows))
            case _:
                raise TypeError(f"not an expression of a question: {type(node).__name__}")

    def _rows(self, rows: RelatedRows) -> RelatedRows:
        if rows.condition is None:
            return rows
        return rows._replace(condition=self.predicate(rows.condition))

    def _operand(self, value: object, storage: StorageType) -> object:
        if isinstance(value, Term):
            return self.expression(value)
        return self._parameter(storage)

    def _parameter(self, storage: StorageType | None, count: int | None = None) -> Parameter:
        parameter = Parameter(self._count, storage, count)
        self._count += 1
        return parameter


_INT = StorageType(Kind.INT)
_STORAGE_OF: dict[type, StorageType] = {
    bool: StorageType(Kind.BOOL),
    int: _INT,
    float: StorageType(Kind.FLOAT),
    str: StorageType(Kind.TEXT),
    list: StorageType(Kind.JSON),
    dict: StorageType(Kind.JSON),
}
