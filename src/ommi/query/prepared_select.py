"""Selections that were worked out before their values were known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ommi.metadata.model import ModelMetadata
from ommi.query.nodes import Predicate
from ommi.query.statements import AT_MOST, LIMIT, ORDER, Limit, Select

Values = list[object]
Arguments = tuple[object, ...]

_USUAL = frozenset(((LIMIT, 1), (AT_MOST, 1), (AT_MOST, 2), (ORDER, ())))
"""The other forms of a selection that are asked for all the time."""


class Form:
    """A selection with blanks, and its shape.

    `ask` gives the selection with arguments in the place of the blanks, put together anew.
    """

    __slots__ = ("_of_any", "_others", "ask", "select", "shape", "values")

    def __init__(self, select: Select, ask: Callable[[Arguments], Select]) -> None:
        self.select: Select = select
        self.ask: Callable[[Arguments], Select] = ask
        self.values: Values = []
        self.shape: object = select.shape(self.values)
        self._others: dict[tuple[int, object], Form | None] = {}
        self._of_any: dict[int, object] = {}

    def but(self, place: int, part: object) -> Form | None:
        """Give the form with another part in a place; `None` where its values would be others."""
        key = place, part
        if key in self._others:
            return self._others[key]
        if key not in _USUAL:
            return None
        form = Form(self.select.but(place, part), self.ask)
        known = form if len(form.values) == len(self.values) else None
        self._others[key] = known
        return known

    def shape_of_any(self, count: int) -> object:
        """Give the shape of any `count` of the rows, in no order; it has the same values.

        `None` where the order has values, too.
        """
        if count not in self._of_any:
            values: Values = []
            shape = self.select.any_of_them(count).shape(values)
            self._of_any[count] = shape if len(values) == len(self.values) else None
        return self._of_any[count]


class PreparedSelect:
    """A selection of a form, with values; it goes for a `Select` wherever one is asked for.

    It is asked by its form's shape, which the ordinary question has too, and so shares its plan.
    """

    __slots__ = ("_arguments", "_form", "_values")

    def __init__(self, form: Form, values: Values, arguments: Arguments) -> None:
        self._form = form
        self._values = values
        self._arguments = arguments

    def shape(self, values: Values) -> object:
        """Give what the form's shape is, and append the values in order."""
        values += self._values
        return self._form.shape

    def but(self, place: int, part: object) -> Select | PreparedSelect:
        """Give the same with another part in a place."""
        form = self._form.but(place, part)
        if form is None:
            return self.whole.but(place, part)
        return PreparedSelect(form, self._values, self._arguments)

    def asked_of_any(self, count: int) -> tuple[object, Values]:
        """Give the shape of any `count` of the rows, or `None`, and the values."""
        return self._form.shape_of_any(count), self._values

    def any_of_them(self, count: int) -> Select | PreparedSelect:
        """Ask for any `count` of the rows of a selection without a limit, in no order."""
        some = self.but(AT_MOST, count)
        return some.but(ORDER, ()) if some.order else some

    @property
    def whole(self) -> Select:
        """The selection as it is without having been prepared."""
        return self._form.ask(self._arguments)

    @property
    def form(self) -> Select:
        """The selection with blanks, of the same shape."""
        return self._form.select

    @property
    def model(self) -> ModelMetadata:
        return self._form.select.model

    @property
    def where(self) -> Predicate | None:
        return self.whole.where

    @property
    def order(self) -> tuple[Any, ...]:
        return self._form.select.order

    @property
    def limit(self) -> Limit:
        return self._form.select.limit

    @property
    def offset(self) -> Limit:
        return self._form.select.offset

    @property
    def at_most(self) -> int | None:
        return self._form.select.at_most
