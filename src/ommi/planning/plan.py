"""A plan: a statement compiled for one store, ready to bind and run as often as wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.query.statements import Statement

Parameters = Sequence[object]
Rows = Sequence[Sequence[object]]
Conversion = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class StoreCodec:
    """How a store's client library wants a stored form, and how it gives it back.

    `None` where it takes or gives the stored form as it is; neither sees `None`. `inline` is
    `decode`, and `encode_inline` is `encode`, as an expression in `{value}`, for generated code.
    """

    encode: Conversion | None = None
    decode: Conversion | None = None
    inline: str | None = None
    encode_inline: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a parameter of the command comes from: the value's index, and its encoding.

    `position` picks one value of a list; a list shorter than its slots repeats its last value.
    """

    index: int
    encode: Conversion | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ByKeys:
    """How rows that are asked for by one key each are asked for together.

    `bind` makes the parameters of a list of keys; `place` is where the key stands in a row.
    """

    command: object
    bind: Callable[[Sequence[object]], Parameters]
    place: int


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of the rows that a command gives, and how it becomes the field's value."""

    field: FieldMetadata
    decode: Conversion | None = None
    inline: str | None = None

    def value(self, raw: object) -> object:
        """Give the field's value for what the client library gave."""
        return raw if raw is None or self.decode is None else self.decode(raw)


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a store's compiler makes of a statement; only the driver knows the command."""

    command: object
    slots: tuple[Slot, ...] = ()
    columns: tuple[ResultColumn, ...] = ()


class Hydrator(Protocol):
    """Turns rows into models; made once per plan."""

    def __call__(self, rows: Rows, batch: object, /) -> list[object]:
        """Build one model per row."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything about a statement that does not depend on its values.

    `statement` has parameters where values stood. `bind` turns the values into the command's
    parameters, one for each of `slots`; `hydrate` turns rows into models, and runs the user's code
    if `runs_user_code`.
    """

    command: object
    statement: Statement
    slots: tuple[Slot, ...]
    bind: Callable[[Sequence[object]], Parameters]
    columns: tuple[ResultColumn, ...]
    hydrate: Hydrator | None
    runs_user_code: bool
    model: ModelMetadata


def binder(slots: Sequence[Slot]) -> Callable[[Sequence[object]], Parameters]:
    """Give the function that makes a command's parameters of a statement's values."""
    if all(
        slot.index == number and slot.encode is None and slot.position is None
        for number, slot in enumerate(slots)
    ):
        return unchanged
    if all(slot.position is None for slot in slots):
        steps = [(slot.index, slot.encode) for slot in slots]
        return lambda values: [
            values[index] if encode is None or values[index] is None else encode(values[index])
            for index, encode in steps
        ]
    return lambda values: [_parameter(slot, values) for slot in slots]


def unchanged(values: Sequence[object]) -> Parameters:
    """Give the values as they are: the binding of a command that takes them so."""
    return values


def _parameter(slot: Slot, values: Sequence[object]) -> object:
    value = values[slot.index]
    if slot.position is not None:
        every: Sequence[object] = value  # type: ignore[assignment]
        value = every[min(slot.position, len(every) - 1)]
    return value if slot.encode is None or value is None else slot.encode(value)


def composed(first: Conversion | None, then: Conversion | None) -> Conversion | None:
    """Give the conversion that does one after the other."""
    if first is None or then is None:
        return then if first is None else first
    return lambda value: then(first(value))
