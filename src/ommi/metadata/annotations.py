"""The markers that a user writes inside `Annotated[...]`.

They combine with a comma or with `|`: `Annotated[int | None, Key | Auto]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from ommi.values import frozen

OnDelete = Literal["restrict", "cascade", "set_null"]


class Marker:
    """Something said about a field."""

    __slots__ = ()

    def __or__(self, other: Marker) -> Markers:
        return Markers((*markers(self), *markers(other)))


@frozen
class Markers(Marker):
    """Several markers joined with `|`."""

    parts: tuple[Marker, ...]


def markers(said: object) -> Iterator[Marker]:
    """Give the single markers in one item of `Annotated`; other people's items give none."""
    if isinstance(said, Markers):
        yield from said.parts
    elif isinstance(said, Marker):
        yield said


@frozen
class Flag(Marker):
    """A marker that is either there or not."""

    name: str

    def __repr__(self) -> str:
        return self.name


Key: Final = Flag("Key")
"""The field is the key, or a part of it."""
Auto: Final = Flag("Auto")
"""The store gives the value when it is `None` on `add`."""
Unique: Final = Flag("Unique")
"""No two rows have the same value; any number may have `None`."""
Index: Final = Flag("Index")
"""The store keeps an index of the field."""
Aware: Final = Flag("Aware")
"""The `datetime` is an instant: it must have a time zone and is kept in UTC."""
Version: Final = Flag("Version")
"""Counts the writes to a row; a write to a row that moved on is a `ConflictError`."""
CreatedAt: Final = Flag("CreatedAt")
"""Filled with the time of `add`."""
UpdatedAt: Final = Flag("UpdatedAt")
"""Filled with the time of every write."""
Expires: Final = Flag("Expires")
"""The instant from which the row is no longer there; with `None` it stays.

The store's clock decides. A store that cannot do it refuses at `use_models`.
"""


@frozen
class StoreAs(Marker):
    """The name of the field in the store."""

    column: str


@frozen
class FieldId(Marker):
    """By what migrations know the field, however it is renamed: the column's first name.

    `full_name: Annotated[str, FieldId("name")]` is the field that was `name` when it was made.
    """

    id: str


@frozen
class Length(Marker):
    """The most characters a `str`, or bytes a `bytes`, may have."""

    maximum: int


@frozen
class Digits(Marker):
    """How many digits a `Decimal` has in all (`precision`), and after the point (`scale`)."""

    precision: int
    scale: int


@frozen
class Collation(Marker):
    """`Collation("database")`: compare as the existing column does, not by code point."""

    name: Literal["database"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Default(Marker):
    """The store fills the field with this SQL expression when it is `None` on `add`."""

    sql: str


@frozen
class ReferenceTo(Marker):
    """The field holds the key of a row of another model.

    `target` is a model, a field of one (`User.id`), or `"Model.field"` where the model is defined
    later. Restrict (the default) refuses to delete a row that others refer to.
    """

    target: object
    on_delete: OnDelete = "restrict"


@frozen
class Through(Marker):
    """A `LazyList` leads through this model, which refers to both sides; a name may stand for it.

    `tags: ClassVar[Annotated[LazyList["Tag"], Through(PostTag)]]`
    """

    model: object


@frozen
class Using(Marker):
    """The relation goes by the reference that this field holds, where several would do.

    With `Through` it is the field that refers to the model itself; a second one, the field that
    refers to the target.
    """

    fields: tuple[str, ...]

    def __init__(self, field: str, target_field: str | None = None) -> None:
        fields = (field,) if target_field is None else (field, target_field)
        object.__setattr__(self, "fields", fields)


@frozen
class UniqueTogether:
    """No two rows have the same values of all these fields; said to the decorator."""

    fields: tuple[str, ...]

    def __init__(self, *fields: str) -> None:
        object.__setattr__(self, "fields", fields)


@frozen
class IndexTogether:
    """The store keeps one index over these fields, in this order; said to the decorator."""

    fields: tuple[str, ...]

    def __init__(self, *fields: str) -> None:
        object.__setattr__(self, "fields", fields)
