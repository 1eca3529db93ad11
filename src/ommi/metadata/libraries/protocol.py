"""What Ommi asks of a model library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import Enum, auto
from typing import Protocol

from ommi.metadata.model import MISSING
from ommi.values import frozen


@frozen
class DeclaredField:
    """A field as the library sees it.

    `parameter` is the name of the constructor's parameter, `None` where the constructor does not
    take the field. `annotation` is resolved and keeps its `Annotated` extras.
    """

    name: str
    annotation: object
    default: object = MISSING
    default_factory: Callable[[], object] | None = None
    parameter: str | None = None
    is_keyword_only: bool = False


class Bypass(Enum):
    """How an instance may be made without the constructor, when that runs no user code."""

    NONE = auto()
    PLAIN = auto()
    """`object.__new__`, then assignment, as the constructor would do it."""
    ASSIGN = auto()
    """`object.__new__`, then `object.__setattr__` per field (frozen classes)."""
    DICT = auto()
    """`object.__new__`, then the fields put into `__dict__` (frozen classes without slots)."""
    PYDANTIC = auto()
    """`__new__`, then `__dict__` and pydantic's own three attributes."""


@frozen
class Construction:
    """How instances of a class are built from values that came from the store."""

    runs_user_code: bool
    bypass: Bypass = Bypass.NONE


class Library(Protocol):
    """A model library: dataclasses, attrs, pydantic, msgspec, or none at all."""

    @property
    def name(self) -> str:
        """The library's name, for messages."""
        ...

    def recognises(self, cls: type) -> bool:
        """Tell whether this library made `cls`."""
        ...

    def prepare(self, cls: type) -> type:
        """Give the class ready for use; only plain classes are changed, in place."""
        ...

    def without_relations(self, cls: type, names: Collection[str]) -> type:
        """Give the class after these annotations, which it took for fields, became `ClassVar`s.

        The class is changed in place. Raises `ModelError` where that cannot be done.
        """
        ...

    def declared_fields(
        self, cls: type, annotations: Mapping[str, object]
    ) -> tuple[DeclaredField, ...]:
        """List the fields in declared order; `annotations` are resolved."""
        ...

    def construction(self, cls: type) -> Construction:
        """Tell how instances are built; asked once per plan, after the class is complete."""
        ...

    def is_frozen(self, cls: type) -> bool:
        """Tell whether fields of an instance cannot be assigned."""
        ...

    def replace(self, instance: object, changes: Mapping[str, object]) -> object:
        """Give a copy with other values, the library's own way."""
        ...
