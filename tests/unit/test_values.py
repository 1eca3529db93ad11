"""A frozen value is what a frozen dataclass with slots is."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any

import pytest

from ommi.values import frozen


@dataclass(frozen=True, slots=True)
class Usual:
    """A value."""

    name: str
    size: int = 3
    tags: list[str] = field(default_factory=list, compare=False)
    secret: str = field(default="", repr=False)


@frozen
class Value:
    """A value."""

    name: str
    size: int = 3
    tags: list[str] = field(default_factory=list, compare=False)
    secret: str = field(default="", repr=False)


@frozen(eq=False)
class Itself:
    name: str


BOTH = pytest.mark.parametrize("cls", [Usual, Value])


@BOTH
def test_it_is_made_by_position_and_by_name(cls: Any) -> None:
    made = cls("a", tags=["x"])

    assert (made.name, made.size, made.tags, made.secret) == ("a", 3, ["x"], "")
    assert cls("a").tags == []
    assert cls("a").tags is not cls("a").tags
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        cls()
    assert list(inspect.signature(cls).parameters) == ["name", "size", "tags", "secret"]


@BOTH
def test_it_is_equal_to_one_of_its_class_with_the_same_compared_parts(cls: Any) -> None:
    assert cls("a", tags=["x"]) == cls("a", tags=["y"])
    assert hash(cls("a", tags=["x"])) == hash(cls("a", tags=["y"]))
    assert cls("a") != cls("a", 4)
    assert cls("a") != cls("a", secret="s")
    assert Usual("a") != Value("a")


@BOTH
def test_it_shows_all_but_what_is_hidden(cls: Any) -> None:
    assert repr(cls("a", secret="s")) == f"{cls.__name__}(name='a', size=3, tags=[])"


@BOTH
def test_it_does_not_change(cls: Any) -> None:
    made = cls("a")

    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        made.name = "b"
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'name'"):
        del made.name
    with pytest.raises(
        (FrozenInstanceError, TypeError)
    ):  # `dataclass` stumbles over its own slots
        made.other = 1
    assert not hasattr(made, "__dict__")


@BOTH
def test_it_is_copied_pickled_replaced_and_matched(cls: Any) -> None:
    made = cls("a", 4, ["x"])

    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert (other, other.tags) == (made, ["x"])
    assert dataclasses.replace(made, size=5) == cls("a", 5)
    match made:
        case cls(name, size):
            assert (name, size) == ("a", 4)


def test_without_equality_it_is_equal_to_itself_only() -> None:
    made = Itself("a")

    assert made == made  # noqa: PLR0124
    assert made != Itself("a")
    assert len({made, Itself("a")}) == 2


def test_what_a_class_defines_itself_stays() -> None:
    @frozen
    class Own:
        parts: tuple[str, ...]

        def __init__(self, *parts: str) -> None:
            object.__setattr__(self, "parts", parts)

        def __repr__(self) -> str:
            return "own"

    assert Own("a", "b").parts == ("a", "b")
    assert repr(Own()) == "own"
