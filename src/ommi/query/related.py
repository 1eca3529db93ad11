"""What is asked of related rows: their fields, whether there are any, and how many.

First as it is written, where a place is said by a model's name or by the argument of a lambda;
then resolved (`scopes.py`), where every place is a number of rows further out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from ommi.errors import InvalidValue
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.paths import Hop, Path
from ommi.metadata.storage import LARGEST_INT, SMALLEST_INT, Kind, StorageType
from ommi.query.expressions import Expression, operators_for
from ommi.query.fields import FieldReference
from ommi.query.nodes import Predicate

if TYPE_CHECKING:
    from ommi.query.operators import QueryOperator

T_co = TypeVar("T_co", covariant=True)

WEIGHT = 4
"""How many levels of a predicate a subquery counts for: a parser keeps so much more of it."""


class Scope:
    """The row that a lambda inside `any(...)` is asked with; `depth` counts the lambdas around."""

    __slots__ = ("depth", "model")

    def __init__(self, model: ModelMetadata, depth: int) -> None:
        self.model: ModelMetadata = model
        self.depth: int = depth


class Place(NamedTuple):
    """A row: that of a model in the question, or of a lambda, and where references lead from it.

    Every hop of the path leads to one row or to none.
    """

    base: ModelMetadata
    path: Path = ()
    scope: Scope | None = None

    @property
    def model(self) -> ModelMetadata:
        """The model of the row at the end."""
        return self.path[-1].far if self.path else self.base

    def shape(self) -> object:
        """Give the place so that the same question gives the same, hashable."""
        return self.base, self.path, None if self.scope is None else self.scope.depth

    def __repr__(self) -> str:
        return ".".join((self.base.name, *(hop.name for hop in self.path)))


class RelatedField(FieldReference[T_co]):
    """A field of a row that references lead to; `None` where they lead to no row."""

    __slots__ = ("reached_from",)
    reached_from: Place

    def __init__(self, field: FieldMetadata, place: Place) -> None:
        super().__init__(field, place.model)
        object.__setattr__(self, "reached_from", place)

    @property
    def is_nullable(self) -> bool:
        return bool(self.reached_from.path) or super().is_nullable

    def shape(self, values: list[object]) -> object:  # noqa: ARG002 - a field has none
        return self.metadata, self.reached_from.shape()

    def models(self) -> Iterator[ModelMetadata]:
        yield self.reached_from.base

    def __repr__(self) -> str:
        return f"{self.reached_from!r}.{self.metadata.name}"


class OuterField(FieldReference[T_co]):
    """A field, resolved: of the row `level` scopes further out, or of one `path` leads to."""

    __slots__ = ("level", "path")
    level: int
    path: Path

    def __init__(
        self, field: FieldMetadata, owner: ModelMetadata, level: int, path: Path = ()
    ) -> None:
        super().__init__(field, owner)
        object.__setattr__(self, "level", level)
        object.__setattr__(self, "path", path)

    @property
    def is_nullable(self) -> bool:
        return bool(self.path) or super().is_nullable

    def __repr__(self) -> str:
        start = self.path[0].near if self.path else self.owner
        steps = (f"{'^' * self.level}{start.name}", *(hop.name for hop in self.path))
        return ".".join((*steps, self.metadata.name))


class RelatedRows(NamedTuple):
    """The rows that a relation leads to from a place, or those of them that meet a condition."""

    place: Place
    hops: tuple[Hop, ...]
    condition: Predicate | None = None
    scope: Scope | None = None

    @property
    def depth(self) -> int:
        """How deep the condition nests, this level counted."""
        return WEIGHT + (0 if self.condition is None else self.condition.depth)

    def shape(self, values: list[object]) -> object:
        """Give the rows without values, hashable, and append the values in order."""
        condition = None if self.condition is None else self.condition.shape(values)
        scope = None if self.scope is None else self.scope.depth
        return self.place.shape(), self.hops, condition, scope

    def __repr__(self) -> str:
        asked = "" if self.condition is None else repr(self.condition)
        return f"{self.place!r}.{self.hops[0].name}({asked})"


class AnyRelated(Predicate):
    """True where there is any such row; with `is_negated`, where there is none.

    A `~` in its place would ask of the row at the start, too, that there be none.
    """

    __slots__ = ("depth", "is_negated", "rows")
    __match_args__ = ("rows",)
    rows: RelatedRows
    is_negated: bool
    depth: int

    def __init__(self, rows: RelatedRows, *, is_negated: bool = False) -> None:
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "is_negated", is_negated)
        object.__setattr__(self, "depth", rows.depth)

    def shape(self, values: list[object]) -> object:
        return AnyRelated, self.is_negated, self.rows.shape(values)

    def __repr__(self) -> str:
        return f"{'no' if self.is_negated else 'any'} {self.rows!r}"


class _Count(Expression[int]):
    """A number of rows: an int, and never `None`."""

    __slots__ = ()
    operators: frozenset[QueryOperator] = operators_for(Kind.INT)

    @property
    def is_nullable(self) -> bool:
        return False

    @property
    def storage(self) -> StorageType:
        return _INT

    def dump(self, value: object) -> object:
        is_int = isinstance(value, int) and not isinstance(value, bool)
        if not is_int or not SMALLEST_INT <= cast("int", value) <= LARGEST_INT:
            raise InvalidValue(f"{self!r}: wanted int, found {type(value).__name__}")
        return value


_INT = StorageType(Kind.INT)


class RelatedCount(_Count):
    """How many such rows there are; two ways to one row count it once."""

    __slots__ = ("rows",)
    __match_args__ = ("rows",)
    rows: RelatedRows

    def __init__(self, rows: RelatedRows) -> None:
        object.__setattr__(self, "rows", rows)

    def shape(self, values: list[object]) -> object:
        return RelatedCount, self.rows.shape(values)

    def models(self) -> Iterator[ModelMetadata]:
        yield self.rows.place.base

    def __repr__(self) -> str:
        return f"count {self.rows!r}"


class Rows(NamedTuple):
    """Rows of a model, resolved: those whose fields have the values that the pairs read.

    The left of a pair is read in the scope around, its right and the condition in the rows'. A
    null has no equal here.
    """

    model: ModelMetadata
    pairs: tuple[tuple[FieldReference[object], FieldMetadata], ...]
    condition: Predicate | None = None

    def __repr__(self) -> str:
        joined = [f"{far.name} = {near!r}" for near, far in self.pairs]
        asked = [] if self.condition is None else [repr(self.condition)]
        return f"{self.model.name} where {' and '.join((*joined, *asked))}"


class Exists(Predicate):
    """True where there is any of the rows; with `is_negated`, where there is none."""

    __slots__ = ("depth", "is_negated", "rows")
    __match_args__ = ("rows",)
    rows: Rows
    is_negated: bool
    depth: int

    def __init__(self, rows: Rows, *, is_negated: bool = False) -> None:
        condition = rows.condition
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "is_negated", is_negated)
        object.__setattr__(self, "depth", WEIGHT + (0 if condition is None else condition.depth))

    def __repr__(self) -> str:
        return f"{'no' if self.is_negated else 'any'} {self.rows!r}"


class RowCount(_Count):
    """The number of the rows."""

    __slots__ = ("rows",)
    rows: Rows

    def __init__(self, rows: Rows) -> None:
        object.__setattr__(self, "rows", rows)

    def __repr__(self) -> str:
        return f"count of {self.rows!r}"
