"""Values to come: what the parameters of a prepared question are while it is prepared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from ommi.query.nodes import Term

if TYPE_CHECKING:
    from ommi.metadata.storage import StorageType
    from ommi.query.operators import QueryOperator

Convert = Callable[[object], object]


class Blank:
    """Where a value to come stands in a question; `convert` gives its stored form, or raises.

    It is no term, so a question takes it for a value.
    """

    __slots__ = ("convert", "place")

    def __init__(self, place: int, convert: Convert) -> None:
        self.place: int = place
        self.convert: Convert = convert


class Placeholder(Term):
    """A parameter of a prepared question: compared with a field, it leaves a blank there.

    `blanks` are all that it left. It `varies` where another value makes another question of it.
    What Python would answer of it by itself, such as its truth, is a `TypeError`.
    """

    __slots__ = ("_before", "_notes", "blanks", "name", "place")
    operators: frozenset[QueryOperator] = frozenset()
    name: str
    place: int
    blanks: list[Blank]
    _before: Convert | None
    _notes: set[str]

    def __init__(self, name: str, place: int) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "place", place)
        object.__setattr__(self, "blanks", [])
        object.__setattr__(self, "_before", None)
        object.__setattr__(self, "_notes", set())

    @property
    def storage(self) -> StorageType | None:
        return None  # It takes that of the field.

    @property
    def varies(self) -> bool:
        """Whether the question is another one for another value, and not only its value."""
        return bool(self._notes)

    def blank(self, convert: Convert) -> Blank:
        """Leave a blank for the value."""
        before = self._before
        whole = convert if before is None else lambda value: convert(before(value))
        blank = Blank(self.place, whole)
        self.blanks.append(blank)
        return blank

    def through(self, before: Convert) -> Placeholder:
        """Give the placeholder of what a function makes of the value."""
        other = Placeholder(self.name, self.place)
        object.__setattr__(other, "blanks", self.blanks)
        object.__setattr__(other, "_notes", self._notes)
        object.__setattr__(other, "_before", before)
        return other

    def varied(self) -> tuple[()]:
        """Take note that the question varies, and give a list that stands for the value."""
        self._notes.add("varies")
        return ()

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self.name!r} is neither True nor False yet")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Term) and not isinstance(other, Placeholder):
            return NotImplemented
        raise TypeError(f"{self.name!r} has no value yet to compare with; compare it with a field")

    def __ne__(self, other: object) -> bool:
        return self == other

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__

    def __str__(self) -> str:
        raise TypeError(f"{self.name!r} has no text yet")

    def __repr__(self) -> str:
        return f"<placeholder {self.name}>"
