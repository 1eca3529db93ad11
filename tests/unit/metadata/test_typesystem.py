# The older spellings of unions and containers must work as well as the newer.
# ruff: noqa: F821, PYI061, UP006, UP007, UP045

from __future__ import annotations

import typing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum, IntEnum
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Protocol,
    TypedDict,
    TypeVar,
    Union,
)

import pydantic
import pytest
import typing_extensions

from ommi.metadata.annotations import Aware, Index, Key, Length
from ommi.metadata.model import FieldMetadata
from ommi.metadata.typesystem import TypeSystem, without_none

T = TypeVar("T")
Bounded = TypeVar("Bounded", bound=int)
Constrained = TypeVar("Constrained", int, str)
UserId = NewType("UserId", int)
MaybeInt = typing_extensions.TypeAliasType("MaybeInt", int | None)
Pair = typing_extensions.TypeAliasType("Pair", tuple[T, T], type_params=(T,))


class TypeAliasType:
    """As a `type` statement makes it: the value may refer to the alias itself."""

    __name__ = "JsonList"
    __value__: object


JsonList = TypeAliasType()
JsonList.__value__ = list[JsonList] | int  # type: ignore[valid-type]


class Color(Enum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Crate(TypedDict, Generic[T]):
    held: T


class Point(NamedTuple):
    x: int


@dataclass
class Box(Generic[T]):
    held: T
    spare: list[T]


class Shape(Protocol):
    area: int


class Mapped(Generic[T]):
    """A generic class without a member to check."""


def test_field_metadata_is_used_as_the_reference_document_shows() -> None:
    field = FieldMetadata("name", Optional[str], default=None)

    assert (field.name, field.default, field.is_optional) == ("name", None, True)
    assert field.inner_type is str
    assert field.validate_value("Alice")
    assert field.validate_value(None)
    assert not field.validate_value(5)


@pytest.mark.parametrize(
    "annotation",
    [
        Optional[int],
        int | None,
        None | int,
        Union[int, str, None],
        int | str | None,
        Annotated[int | None, Key],
        Annotated[int, Key] | None,
        Literal["a", None],
        Literal[None],
        MaybeInt,
        Union[MaybeInt, str],
        typing.Final[int | None],
    ],
)
def test_every_union_with_none_is_optional(annotation: object) -> None:
    assert TypeSystem.is_optional(annotation)


@pytest.mark.parametrize(
    "annotation", [int, None, type(None), Any, int | str, list[int | None], Literal["a"], T, "X"]
)
def test_other_annotations_are_not_optional(annotation: object) -> None:
    assert not TypeSystem.is_optional(annotation)


@pytest.mark.parametrize(
    ("annotation", "inner"),
    [
        (Optional[int], int),
        (int | None, int),
        (int | str | None, int | str),
        (Annotated[int | None, Key], int),
        (Annotated[int, Key] | None, Annotated[int, Key]),
        (Literal["a", None], Literal["a"]),
        (Literal[None], type(None)),
        (MaybeInt, int),
        (Annotated[int, Key], Annotated[int, Key]),
        (int, int),
        (None, None),
    ],
)
def test_the_inner_type_is_the_annotation_without_none(annotation: object, inner: object) -> None:
    assert TypeSystem.get_optional_inner_type(annotation) == inner


@pytest.mark.parametrize(
    ("annotation", "is_list", "item"),
    [
        (list[int], True, int),
        (typing.List[str], True, str),
        (Annotated[list[int], Key], True, int),
        (list, False, Any),
        (list[int] | None, False, Any),
        (tuple[int, ...], False, Any),
        (int, False, Any),
        (typing.List, True, Any),
    ],
)
def test_lists_are_told_from_the_rest(annotation: object, is_list: bool, item: object) -> None:
    assert TypeSystem.is_generic_list(annotation) is is_list
    assert TypeSystem.get_list_item_type(annotation) is item


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (1, int),
        (Size.SMALL, int),
        (1, float),
        (1.5, float),
        (True, bool),
        (None, None),
        (object(), Any),
        (None, Optional[int]),
        (1, int | str),
        ("a", Literal["a", "b"]),
        (None, Literal["a", None]),
        (Color.RED, Color),
        (Color.RED, Literal[Color.RED]),
        (1, UserId),
        (1, Annotated[int, "anything"]),
        (1, Bounded),
        ("a", Constrained),
        (object(), T),
        (None, MaybeInt),
        ((1, 2), Pair[int]),
        ([[], 1], JsonList),
        (date(2024, 1, 1), date),
        (datetime(2024, 1, 1), datetime),  # noqa: DTZ001
        (datetime(2024, 1, 1, tzinfo=UTC), Annotated[datetime, Aware | Index]),
        (datetime(2024, 1, 1, tzinfo=UTC), pydantic.AwareDatetime),
        ([1], list),
        ([1], list[int]),
        ([], typing.List),
        ([None], list[int | None]),
        ({1}, set[int]),
        (frozenset({1}), frozenset[int]),
        ((1, "a"), tuple[int, str]),
        ((1, 2, 3), tuple[int, ...]),
        ((), tuple[()]),
        ((1, "a"), typing.Tuple),
        ({"a": [1]}, dict[str, list[int]]),
        ({1: 2}, typing.Dict),
        ({"title": "x"}, Movie),
        ({"title": "x", "year": 1}, Movie),
        ({"held": 1}, Crate[int]),
        (Point(1), Point),
        (Box(1, [2]), Box),
        (Box(1, [2]), Box[int]),
    ],
)
def test_a_value_of_the_type_is_valid(value: object, annotation: object) -> None:
    assert TypeSystem.validate_value(value, annotation)


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (True, int),
        (True, float),
        (1, bool),
        (2**53 + 1, float),
        (10**400, float),
        ("1", float),
        ("1", int),
        (0, None),
        (1.0, int),
        (1.5, int | str),
        (True, Literal[1]),
        ("c", Literal["a", "b"]),
        ("red", Color),
        ("a", UserId),
        ("a", Bounded),
        (1.5, Constrained),
        ("a", MaybeInt),
        ((1, "a"), Pair[int]),
        (datetime(2024, 1, 1), date),  # noqa: DTZ001
        (datetime(2024, 1, 1, tzinfo=UTC), datetime),
        (datetime(2024, 1, 1), Annotated[datetime, Aware]),  # noqa: DTZ001
        (date(2024, 1, 1), datetime),
        ((1,), list[int]),
        (["a"], list[int]),
        ([1], set[int]),
        ({"a"}, set[int]),
        ((1,), tuple[int, str]),
        ((1, 2), tuple[int, str]),
        ((1, "a"), tuple[int, ...]),
        ([1], tuple[int, ...]),
        ([], dict[str, int]),
        ({1: 1}, dict[str, int]),
        ({"a": "a"}, dict[str, int]),
        ({}, Movie),
        ([], Movie),
        ({"title": 1}, Movie),
        ({"title": "x", "more": 1}, Movie),
        ({"held": "a"}, Crate[int]),
        (Box("a", []), Box[int]),
        (Box(1, ["a"]), Box[int]),
        (1, Box[int]),
    ],
)
def test_a_value_of_another_type_is_not_valid(value: object, annotation: object) -> None:
    assert not TypeSystem.validate_value(value, annotation)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (typing.Sequence[int], "Sequence[int]"),
        (typing.Callable[[int], str], "Callable[[int], str]"),
        (Mapped[int], "Mapped[int]"),
        (Shape, "Shape"),
        ("Unresolved", "Unresolved"),
        (list["Unresolved"], "Unresolved"),
    ],
)
def test_an_annotation_that_cannot_be_checked_is_named(annotation: object, words: str) -> None:
    with pytest.raises(TypeError) as caught:
        TypeSystem.validate_value([1], annotation)

    assert str(caught.value) == f"a value cannot be checked against {words}"


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "int"),
        (None, "None"),
        (Any, "Any"),
        (None | str, "str | None"),
        (Optional[int], "int | None"),
        (list[str], "list[str]"),
        (typing.List, "list"),
        (dict[str, list[Color]], "dict[str, list[Color]]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Literal["a", 1], "Literal['a', 1]"),
        (Annotated[list[int], Key], "list[int]"),
        (NotRequired[int], "int"),
        (UserId, "UserId"),
        (T, "T"),
        (MaybeInt, "MaybeInt"),
        (Pair[int], "Pair[int]"),
        (Box[int], "Box[int]"),
        ("User", "User"),
        (list["User"], "list[User]"),
        (typing.List["User"], "list[User]"),
        (pydantic.AwareDatetime, "AwareDatetime"),
        (5, "5"),
    ],
)
def test_an_annotation_is_described_in_few_words(annotation: object, words: str) -> None:
    assert TypeSystem.describe(annotation) == words


def test_the_outermost_marker_comes_last() -> None:
    name = NewType("name", Annotated[str, Length(5)])  # type: ignore[valid-newtype]

    inner, markers = without_none(Annotated[Annotated[name, Length(4)] | None, Key | Length(3)])

    assert inner is str
    assert markers == (Length(5), Length(4), Key, Length(3))
