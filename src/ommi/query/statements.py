"""What a store is asked to do: one frozen statement, and its shape without values.

Named tuples, since one is made for every question; like predicates they are never compared.
"""

from __future__ import annotations

from typing import NamedTuple

from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.query.expressions import Expression, Ordering, Parameter
from ommi.query.nodes import Predicate

Limit = int | Parameter | None


class Select(NamedTuple):
    """Rows of a model.

    With a limit or an offset the key is the last thing to order by, so that pages neither repeat
    nor skip rows. `at_most` stops early where any rows will do. With `of_each`, limit and offset
    count among the rows that have the same values of these fields.
    """

    model: ModelMetadata
    where: Predicate | None = None
    order: tuple[Ordering, ...] = ()
    limit: Limit = None
    offset: Limit = None
    at_most: int | None = None
    of_each: tuple[FieldMetadata, ...] = ()

    def but(self, place: int, part: object) -> Select:
        """Give the same with another part in a place; `_replace` takes four times as long."""
        return _new(Select, (*self[:place], part, *self[place + 1 :]))

    def shape(self, values: list[object]) -> object:
        """Give the statement without its values, hashable, and append the values in order."""
        model, where, order, limit, offset, at_most, of_each = self
        shape = None if where is None else where.shape(values)
        if not order and limit is None and offset is None:
            return model, shape, at_most
        ordered = tuple([ordering.shape(values) for ordering in order])
        bounds = 0
        if limit is not None:
            values.append(limit)
            bounds = 1
        if offset is not None:
            values.append(offset)
            bounds += 2
        return model, shape, ordered, bounds, at_most, of_each


_new = tuple.__new__
WHERE, ORDER, LIMIT, OFFSET, AT_MOST = map(
    Select._fields.index, ("where", "order", "limit", "offset", "at_most")
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
