"""What is asked of the server, as values: a collection, and templates of what is sent to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from ommi.drivers.mongodb.calculations import Check
from ommi.drivers.mongodb.documents import Read
from ommi.drivers.mongodb.templates import Fill, Template, Value, filler, shown
from ommi.planning.plan import Parameters


@dataclass(frozen=True, slots=True)
class Command:
    """What every command has; `names` are the model's fields by the places of their columns."""

    collection: str
    model: str
    names: Mapping[str, str]
    text: str
    checks: tuple[Check, ...] = ()

    def check(self, parameters: Parameters) -> None:
        """Raise what is wrong with values before anything is sent."""
        for check in self.checks:
            check(parameters)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which part of the rows is wanted: numbers, or the places of parameters that give them."""

    skip: Value | int | None = None
    limit: Value | int | None = None
    at_most: int | None = None

    def are_empty(self, parameters: Parameters) -> bool:
        """Tell whether no row is wanted; to the server a limit of 0 is none."""
        return self.limit is not None and _number(self.limit, parameters) == 0

    def of(self, parameters: Parameters) -> tuple[int, int]:
        """Give how many to skip and at most to give, 0 for all."""
        skip, limit = _number(self.skip, parameters), _number(self.limit, parameters)
        return skip, limit or self.at_most or 0


def _number(bound: Value | int | None, parameters: Parameters) -> int:
    if isinstance(bound, Value):
        bound = cast("int", parameters[bound.number])
    return bound or 0


@dataclass(frozen=True, slots=True)
class Find(Command):
    """Documents of a collection by a filter."""

    filter: Template = field(kw_only=True)
    sort: tuple[tuple[str, int], ...] = field(kw_only=True)
    bounds: Bounds = field(kw_only=True)
    read: Read = field(kw_only=True)
    fill: Fill = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Aggregate(Command):
    """Documents that a pipeline makes."""

    pipeline: list[Template] = field(kw_only=True)
    bounds: Bounds = field(kw_only=True)
    read: Read = field(kw_only=True)
    fill: Fill = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Count(Command):
    """The number of documents that a pipeline makes."""

    bounds: Bounds = field(kw_only=True)
    fill: Fill = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Insert(Command):
    """Documents of the values at these places; `generated` is where a key is to be drawn.

    `given` is the place of a generated key in `places` when it is given after all.
    """

    places: tuple[str, ...] = field(kw_only=True)
    generated: str | None = field(kw_only=True)
    given: int | None = field(kw_only=True)
    key: str = field(kw_only=True)
    """The place of the model's generated key."""


@dataclass(frozen=True, slots=True)
class Matching:
    """The documents that a write is about: by a filter, or by a pipeline that gives their keys.

    `own` is then a filter for what they must still be like themselves when they are written.
    """

    fill: Fill
    own: Fill | None = None

    @property
    def is_pipeline(self) -> bool:
        """Whether keys must be found first."""
        return self.own is not None

    def is_of_one(self, parameters: Parameters) -> bool:
        """Tell whether it is one document's key that is asked for."""
        if self.is_pipeline:
            return False
        key = cast("Mapping[str, object]", self.fill(parameters)).get("_id")
        return isinstance(key, dict) and key.keys() == {"$eq"}


@dataclass(frozen=True, slots=True)
class Update(Command):
    """New values for documents; with `is_calculated` they are expressions of a pipeline."""

    matching: Matching = field(kw_only=True)
    changes: tuple[tuple[str, Fill], ...] = field(kw_only=True)
    is_calculated: bool = field(kw_only=True)

    def document(self, parameters: Parameters) -> object:
        """Give what the server takes for an update; a null is a field that is not there."""
        values = [(place, fill(parameters)) for place, fill in self.changes]
        if self.is_calculated:
            return [{"$set": dict(values)}]
        given = {place: value for place, value in values if value is not None}
        gone = {place: "" for place, value in values if value is None}
        parts = {"$set": given, "$unset": gone}
        return {sign: part for sign, part in parts.items() if part}


@dataclass(frozen=True, slots=True)
class Delete(Command):
    """Documents away."""

    matching: Matching = field(kw_only=True)


def matching(template: Template, *, own: Template = None) -> Matching:
    """Give the documents that a filter means; with `own`, that a pipeline means."""
    return Matching(filler(template), None if own is None else filler(own))


def described(verb: str, collection: str, parts: Sequence[tuple[str, Template]]) -> str:
    """Show a command to a person, without values."""
    said = ", ".join(f"{name}: {shown(part)}" for name, part in parts if part is not None)
    return f"{verb} {collection} {{{said}}}" if said else f"{verb} {collection}"
