# No future import: these annotations are types, and the texts among them are texts.

import typing
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import pytest

from ommi.metadata.hints import annotated_names, hint

T = TypeVar("T")
U = TypeVar("U")


@dataclass
class Pair(Generic[T, U]):
    first: T
    second: list[U]
    counted: ClassVar[int] = 0
    also_counted: "typing.ClassVar[Nowhere]" = 0  # noqa: F821
    bare: ClassVar = 0


class Mixin(Generic[U]):
    """A generic base without members."""


class Swapped(Mixin[bytes], Pair[U, T], Generic[T, U]): ...


class Half(Swapped[int, T]):
    third: "Half"
    nothing: None


class Unsaid(Pair): ...


def test_class_variables_are_no_members() -> None:
    assert annotated_names(Half) == ("first", "second", "third", "nothing")


@pytest.mark.parametrize(
    ("annotation", "name", "found"),
    [
        (Pair[int, str], "first", int),
        (Pair[int, str], "second", list[str]),
        (Swapped[int, str], "first", str),
        (Swapped[int, str], "second", list[int]),
        (Half[str], "first", str),
        (Half[str], "second", list[int]),
        (Half, "third", Half),
        (Half, "nothing", type(None)),
        (Pair, "first", T),
        (Unsaid, "first", T),
    ],
)
def test_the_annotation_of_a_member_is_found(annotation: object, name: str, found: object) -> None:
    assert hint(annotation, name) == found


def test_a_member_without_annotation_is_named() -> None:
    with pytest.raises(TypeError, match=r"^Pair\.third has no annotation$"):
        hint(Pair, "third")


def test_a_local_class_may_refer_to_itself() -> None:
    class Node:
        next: "Node"

    assert hint(Node, "next") is Node
