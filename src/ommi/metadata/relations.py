"""The relations of a model: which rows of another belong to a row, and by what fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from keyword import iskeyword
from operator import attrgetter
from typing import Any

from ommi.errors import InvalidValue, NotFound, QueryError
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.relations import ATTACHED, Attachments, batch_of, state_of

KeyOf = Callable[[Any], object]
Pair = tuple[FieldMetadata, FieldMetadata]
"""A field of the near model, and the field of the far model that has the same value."""


@dataclass(frozen=True, eq=False)
class Association:
    """The model between the two sides of a many-to-many relation.

    `pairs` lead from it to the relation's target; the relation's own `pairs` lead to it.
    """

    model: ModelMetadata
    pairs: tuple[Pair, ...]

    @property
    def far_fields(self) -> tuple[FieldMetadata, ...]:
        """The fields of the target that it refers to."""
        return tuple(far for _, far in self.pairs)

    @cached_property
    def key_of(self) -> KeyOf:
        """Gives the key that an instance of the association has of the target."""
        return key_reader([near for near, _ in self.pairs])

    @cached_property
    def far_key_of(self) -> KeyOf:
        """Gives the same key for an instance of the target."""
        return key_reader(self.far_fields)


@dataclass(frozen=True, eq=False)
class Relation:
    """From a row of `owner` to the rows of `target` that belong to it.

    `pairs` are the fields of the owner with those of the target that have the same values; several
    for a composite reference. With an `association` they lead to that model instead, and its pairs
    go on to the target. `is_reversed` says that the other side holds the reference. `is_nullable`
    says that the row of a relation to one may be missing.
    """

    name: str
    owner: ModelMetadata
    target: ModelMetadata
    is_many: bool
    is_reversed: bool
    is_nullable: bool
    pairs: tuple[Pair, ...]
    association: Association | None = None
    key_of: KeyOf = field(init=False, repr=False)
    """Gives the stored forms of an instance's near fields; `None` where one is missing."""

    def __repr__(self) -> str:
        return f"{self.owner.name}.{self.name}"

    def __post_init__(self) -> None:
        object.__setattr__(self, "key_of", key_reader(self.near_fields))

    @property
    def key_name(self) -> str | None:
        """The name of the field whose value `key_of` gives as it is, where there is one."""
        return key_name(self.near_fields)

    @cached_property
    def far_key_of(self) -> KeyOf:
        """Gives the same key for an instance of the target, or of the association."""
        return key_reader(self.far_fields)

    def without_key(self, instance: object) -> object:
        """Give what belongs to an instance without a key: nothing, if that may be."""
        missing = next(f for f in self.near_fields if getattr(instance, f.name, None) is None)
        if missing.is_nullable and not missing.is_auto:
            return [] if self.is_many else None
        advice = "add the instance first" if missing.is_key else "give it a value"
        raise InvalidValue(
            f"is None, so nothing belongs to the relation {self.name!r}; {advice}",
            model=self.owner.name,
            field=missing.name,
        )

    def without_row(self, instance: object) -> None:
        """Accept that no row belongs to an instance; raises `NotFound` where one must."""
        if not self.is_nullable:
            names = ", ".join(field.name for field in self.near_fields)
            raise NotFound(
                self.target.name,
                f"{self!r}: there is no {self.target.name} that {names} of this "
                f"{type(instance).__name__} refers to",
            )

    def attach(self, instance: object, others: Sequence[object]) -> None:
        """Let others be added with an instance; raises `QueryError` if that is stored already."""
        set_state = self.owner.set_state
        if set_state is None or state_of(instance) is not None:
            raise QueryError(f"{self!r}: the instance is in the store already; {self._advice}")
        for other in others:
            if not isinstance(other, self.target.cls):
                raise InvalidValue(
                    f"wanted {self.target.name}, found {type(other).__name__}",
                    model=self.owner.name,
                    field=self.name,
                )
        batch = batch_of(instance)
        if not isinstance(batch, Attachments):
            batch = Attachments()
            set_state(instance, (None, batch))
            ATTACHED.add(type(instance))
        known = batch.attached.get(self.name, []) if self.is_many else []
        batch.attached[self.name] = [*known, *others]

    @property
    def _advice(self) -> str:
        if self.association is not None:
            return f"add a {self.association.model.name}"
        if not self.is_reversed:
            return f"assign {self.near_fields[0].name} and save it"
        return f"add the {self.target.name} itself, with {self.far_fields[0].name}"

    @property
    def near_fields(self) -> tuple[FieldMetadata, ...]:
        """The fields of the owner that say which rows are meant."""
        return tuple(near for near, _ in self.pairs)

    @property
    def far_fields(self) -> tuple[FieldMetadata, ...]:
        """What they are compared with: fields of the target, or of the association."""
        return tuple(far for _, far in self.pairs)


def key_reader(fields: Sequence[FieldMetadata]) -> KeyOf:
    """Make the function that gives the stored forms of these fields of an instance.

    It gives the only one, or a tuple of several; `None` where one of them is `None`.
    """
    if len(fields) == 1:
        [field] = fields
        if field.required_codec.load is None:
            return attrgetter(field.name)
        return lambda instance: _stored(instance, field)

    def read(instance: object) -> object:
        key = tuple([_stored(instance, field) for field in fields])
        return None if None in key else key

    return read


def _stored(instance: object, field: FieldMetadata) -> object:
    value = getattr(instance, field.name)
    return value if value is None else field.dump(value)


def key_name(fields: Sequence[FieldMetadata]) -> str | None:
    """Give the name of the only one of these fields, if its values are their stored forms.

    It may stand in source text.
    """
    [first, *others] = fields
    if others or first.required_codec.load is not None or iskeyword(first.name):
        return None
    return first.name if first.name.isidentifier() else None
