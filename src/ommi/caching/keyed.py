"""Statements about one row at most, named by its key: what other rows do means nothing to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from ommi.metadata.model import ModelMetadata
from ommi.metadata.references import references_of, touched_by_deletion
from ommi.metadata.storage import Kind
from ommi.planning.plan import Compiled, Parameters
from ommi.query.expressions import Parameter
from ommi.query.fields import FieldReference
from ommi.query.nodes import Comparison, Logical, Predicate, Term
from ommi.query.operators import LogicalOperator, QueryOperator
from ommi.query.reach import is_own
from ommi.query.statements import Count, Delete, Insert, Select, Statement, Update

_KINDS = frozenset({Kind.INT, Kind.UUID})
"""Kinds whose equality is the same everywhere; that of texts depends on a collation."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """The column of a key, and which of a command's parameters is its value."""

    table: str
    column: str
    place: int

    def number(self, parameters: Parameters) -> int | None:
        """Give a number that is the same for equal keys; `None` where nobody can tell."""
        value = parameters[self.place]
        if type(value) is int:
            return value
        return value.int if isinstance(value, UUID) else None


def key_place(statement: Statement, compiled: Compiled) -> KeyPlace | None:
    """Give where the key of the one row stands that a statement is about.

    `None` where others may count as well: rows of other tables, or the same row under another key.
    """
    match statement:
        case Select() | Count():
            select = statement.select if isinstance(statement, Count) else statement
            model, where, is_alone = select.model, select.where, _is_of_own_row(select)
        case Update(model, changes, where):
            is_alone = not any(field.is_key for field, _ in changes)
        case Delete(model, where):
            is_alone = _takes_itself_alone(model)
        case Insert():
            return None
    if not is_alone or where is None or len(model.keys) != 1:
        return None
    [key] = model.keys
    if key.storage.kind not in _KINDS:
        return None
    for part in _conjuncts(where):
        match part:
            case Comparison(left, QueryOperator.EQUALS, Parameter() as value) if (
                type(left) is FieldReference and left.metadata is key and not part.is_negated
            ):
                place = _place_of(value, compiled)
                return None if place is None else KeyPlace(model.table, key.column, place)
    return None


def _is_of_own_row(select: Select) -> bool:
    terms = [ordering.expression for ordering in select.order]
    parts = terms if select.where is None else [select.where, *terms]
    return not (select.beside or select.of_each) and all(
        is_own(part, select.model) for part in parts
    )


def _takes_itself_alone(model: ModelMetadata) -> bool:
    refers_to_itself = any(each.target is model for each in references_of(model))
    return touched_by_deletion(model) == (model,) and not refers_to_itself


def _conjuncts(where: Predicate) -> Iterator[Predicate | Term]:
    if isinstance(where, Logical) and where.operator is LogicalOperator.AND:
        yield from where.flattened()
    else:
        yield where


def _place_of(value: Parameter, compiled: Compiled) -> int | None:
    if not compiled.slots:
        # Then the values themselves are the parameters.
        return value.index
    for place, slot in enumerate(compiled.slots):
        if slot.index == value.index and slot.position is None:
            return place
    return None
