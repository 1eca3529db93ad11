"""What a store is asked to do: one frozen statement, and its shape without values.

Named tuples, since one is made for every question; like predicates they are never compared.
"""

from __future__ import annotations

from typing import NamedTuple

from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.relations import Relation
from ommi.query.expressions import Expression, Parameter
from ommi.query.nodes import Predicate
from ommi.query.ordering import Ordering

Limit = int | Parameter | None

USUAL_LIMITS = frozenset(
    (
        *(1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 24, 25, 30, 32, 36, 40, 48, 50, 60, 64, 75, 80),
        *(90, 96, 100, 120, 128, 150, 200, 250, 256, 300, 400, 500, 512, 600, 750, 800, 1000),
    )
)
"""Limits that are part of a statement's shape, so that the store knows them when it plans.

PostgreSQL takes an unknown limit for a tenth of all rows, and so plans the statement anew each
time. Others stay values, or each number would be a statement of its own.
"""


class Select(NamedTuple):
    """Rows of a model.

    With a limit or an offset the key is the last thing to order by, so that pages neither repeat
    nor skip rows. `at_most` stops early where any rows will do. With `of_each`, limit and offset
    count among the rows that have the same values of these fields. `beside` are relations to one
    row, which comes in the same row of the answer; where there is none it is all null.
    """

    model: ModelMetadata
    where: Predicate | None = None
    order: tuple[Ordering, ...] = ()
    limit: Limit = None
    offset: Limit = None
    at_most: int | None = None
    of_each: tuple[FieldMetadata, ...] = ()
    beside: tuple[Relation, ...] = ()

    def but(self, place: int, part: object) -> Select:
        """Give the same with another part in a place; `_replace` takes four times as long."""
        return _new(Select, (*self[:place], part, *self[place + 1 :]))

    def any_of_them(self, count: int) -> Select:
        """Ask for any `count` of the rows of a selection without a limit, in no order."""
        model, where, _, limit, offset, _, of_each, beside = self
        return _new(Select, (model, where, (), limit, offset, count, of_each, beside))

    def shape(self, values: list[object]) -> tuple[object, ...]:
        """Give the statement without its values, hashable, and append the values in order.

        It has `PLAIN` parts where there is no order, and no bound but `at_most`.
        """
        model, where, order, limit, offset, at_most, of_each, beside = self
        shape = None if where is None else where.shape(values)
        if not order and limit is None and offset is None and not beside:
            return model, shape, at_most
        ordered = tuple([ordering.shape(values) for ordering in order])
        if limit is not None and limit not in USUAL_LIMITS:
            values.append(limit)
            limit = -1
        if offset is not None:
            values.append(offset)
            offset = -1
        return model, shape, ordered, limit, offset, at_most, of_each, beside


def rows_where(model: ModelMetadata, where: Predicate | None) -> Select:
    """Select the rows that meet a condition; calling the class takes three times as long."""
    return _new(Select, (model, where, (), None, None, None, (), ()))


PLAIN = 3

_new = tuple.__new__
WHERE, ORDER, LIMIT, OFFSET, AT_MOST, BESIDE = map(
    Select._fields.index, ("where", "order", "limit", "offset", "at_most", "beside")
)


class Count(NamedTuple):
    """How many rows a selection has."""

    select: Select

    def shape(self, values: list[object]) -> object:
        """Give the statement without its values, hashable, and append the values in order."""
        return Count, self.select.shape(values)


class Insert(NamedTuple):
    """A row of a model, or many: the fields given, and those the store is to tell."""

    model: ModelMetadata
    fields: tuple[FieldMetadata, ...]
    returning: tuple[FieldMetadata, ...] = ()

    def shape(self, values: list[object]) -> object:  # noqa: ARG002 - rows are bound apart
        """Give the statement without its values, hashable."""
        return Insert, self.model, self.fields, self.returning


class Update(NamedTuple):
    """New values for the rows of a model that match."""

    model: ModelMetadata
    changes: tuple[tuple[FieldMetadata, object], ...]
    where: Predicate | None = None

    def shape(self, values: list[object]) -> object:
        """Give the statement without its values, hashable, and append the values in order."""
        changed: list[object] = []
        for field, value in self.changes:
            if isinstance(value, Expression):
                changed.append((field, value.shape(values)))
            else:
                changed.append(field)
                values.append(value)
        where = None if self.where is None else self.where.shape(values)
        return Update, self.model, tuple(changed), where


class Delete(NamedTuple):
    """The rows of a model that match, away."""

    model: ModelMetadata
    where: Predicate | None = None

    def shape(self, values: list[object]) -> object:
        """Give the statement without its values, hashable, and append the values in order."""
        return Delete, self.model, None if self.where is None else self.where.shape(values)


Statement = Select | Count | Insert | Update | Delete


class Guarded(NamedTuple):
    """A statement that sees only such rows of some models as meet a condition on themselves."""

    statement: Statement
    guards: tuple[tuple[ModelMetadata, Predicate], ...]

    def shape(self, values: list[object]) -> object:
        """Give the statement without its values, hashable, and append the values in order."""
        shape = self.statement.shape(values)
        return Guarded, shape, *[(model, guard.shape(values)) for model, guard in self.guards]
