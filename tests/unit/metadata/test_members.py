from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypedDict, TypeVar
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest

from ommi.metadata.annotations import Aware, Length
from ommi.metadata.documents import element_codec, member_annotation, member_codec
from ommi.metadata.storage import Kind, Unfit

T = TypeVar("T")


class Color(Enum):
    RED = "red"


@dataclass
class Address:
    city: str
    tags: list[str]
    next: Address | None = None


@dataclass
class Box(Generic[T]):
    held: T


@attrs.define
class Secret:
    _code: int


class Movie(TypedDict):
    title: str


class Point(NamedTuple):
    x: int


class Plain:
    size: int


class Root(pydantic.RootModel[dict[str, int]]): ...


class Model(pydantic.BaseModel):
    name: str = pydantic.Field("", alias="Name")
    when: date | None = None
    price: Decimal = Decimal(0)
    counts: dict[str, list[int | None]] = {}
    dates: list[date] = []
    color: Color = Color.RED
    other: Root | None = None
    odd: int | str = 0
    anything: Any = None


class Struct(msgspec.Struct, rename="camel"):
    city_name: str = ""
    bare: list = []


@pytest.mark.parametrize(
    ("annotation", "step", "found"),
    [
        (Any, "x", Any),
        (Any, 0, Any),
        (dict, "x", Any),
        (list, 0, Any),
        (tuple, 0, Any),
        (list[int], 5, int),
        (Annotated[list[int] | None, "extra"], 0, int),
        (tuple[int, str], 1, str),
        (tuple[int, ...], 9, int),
        (dict[str, list[int]], "x", list[int]),
        (dict[int, str], 1, str),
        (dict[UUID, str], "x", str),
        (Address, "city", str),
        (Address | None, "tags", list[str]),
        (Box[int], "held", int),
        (Box, "held", T),
        (Secret, "_code", int),
        (Movie, "title", str),
        (Point, "x", int),
        (Plain, "size", int),
        (Address | int, "city", str),
        (Address | list[str], "tags", list[str]),
        (Address | list[str], 0, str),
        (dict[str, int] | Address, "city", Any),
        (Model, "name", str),
        (Model, "counts", dict[str, list[int | None]]),
        (Model, "color", Color),
        (Model, "odd", int | str),
        (Model, "other", Root | None),
        (Root, "x", int),
        (Struct, "cityName", str),
        (Struct, "bare", list),
    ],
)
def test_the_annotation_under_a_step_is_found(
    annotation: object, step: str | int, found: object
) -> None:
    assert member_annotation(annotation, step) == found


@pytest.mark.parametrize("name", ["when", "price", "dates", "anything"])
def test_what_a_library_may_write_otherwise_is_not_known(name: str) -> None:
    assert member_annotation(Model, name) is Any


def test_a_recursive_structure_has_members_at_any_depth() -> None:
    once = member_annotation(Address, "next")

    assert member_annotation(once, "city") is str


@pytest.mark.parametrize(
    ("annotation", "step", "words"),
    [
        (int, "x", "int has no member 'x'"),
        (str, 0, "str has no member 0"),
        (Literal["a"], "x", "Literal['a'] has no member 'x'"),
        (Color, "RED", "Color has no member 'RED'"),
        (list[int], "x", "list[int] has no member 'x'"),
        (tuple[int, str], "x", "tuple[int, str] has no member 'x'"),
        (tuple[int, str], 2, "tuple[int, str] has no member 2"),
        (set[int], 0, "set[int] has no member 0"),
        (dict[str, int], 0, "dict[str, int] has no member 0"),
        (dict[int, int], "x", "dict[int, int] has no member 'x'"),
        (Address, "street", "Address has no member 'street'"),
        (Address, 0, "Address has no member 0"),
        (Secret, "code", "Secret has no member 'code'"),
        (Model, "Name", "Model has no member 'Name'"),
        (Struct, "city_name", "Struct has no member 'city_name'"),
        (int | str, "x", "int | str has no member 'x'"),
    ],
)
def test_a_step_to_nothing_is_refused(annotation: object, step: str | int, words: str) -> None:
    with pytest.raises(LookupError) as caught:
        member_annotation(annotation, step)

    assert caught.value.args == (words,)


@pytest.mark.parametrize(
    ("annotation", "value", "kind", "stored"),
    [
        (bool, True, Kind.BOOL, True),
        (int | None, 5, Kind.INT, 5),
        (float, 1.5, Kind.FLOAT, 1.5),
        (Annotated[str, Length(2)], "longer", Kind.TEXT, "longer"),
        (Color, Color.RED, Kind.TEXT, "red"),
        (date, date(2024, 1, 1), Kind.TEXT, "2024-01-01"),
        (
            Annotated[datetime, Aware],
            datetime(2024, 1, 1, tzinfo=UTC),
            Kind.TEXT,
            "2024-01-01T00:00:00.000000+00:00",
        ),
        (timedelta, timedelta(seconds=1), Kind.INT, 1_000_000),
        (Decimal, Decimal("1.5"), Kind.TEXT, "1.5000000000"),
        (bytes, b"\xff", Kind.TEXT, "/w=="),
        (list[date], [date(2024, 1, 1)], Kind.JSON, ["2024-01-01"]),
        (int | str, "a", Kind.JSON, "a"),
        (Any, {"a": 1}, Kind.JSON, {"a": 1}),
    ],
)
def test_a_member_is_asked_for_in_the_form_that_it_has_inside(
    annotation: object, value: object, kind: Kind, stored: object
) -> None:
    codec = member_codec(annotation)

    assert codec.storage.kind is kind
    assert codec.dump(value) == stored


@pytest.mark.parametrize(
    ("annotation", "value", "stored"),
    [
        (list[date], date(2024, 1, 1), "2024-01-01"),
        (list[int | None] | None, None, None),
        (list, "a", "a"),
        (set[Color], Color.RED, "red"),
        (frozenset[int], 1, 1),
        (tuple[date, ...], date(2024, 1, 1), "2024-01-01"),
        (tuple[int, date], date(2024, 1, 1), "2024-01-01"),
        (tuple[str, date], "2024-01-01", "2024-01-01"),
        (tuple[()], 1, 1),
        (str | list[int], 1, 1),
        (Any, [1], [1]),
    ],
)
def test_an_element_is_asked_for_in_the_form_that_it_has_inside(
    annotation: object, value: object, stored: object
) -> None:
    codec = element_codec(annotation)

    assert codec is not None
    assert codec.dump(value) == stored


def test_an_element_of_another_type_is_refused() -> None:
    codec = element_codec(list[int])

    assert codec is not None
    with pytest.raises(Unfit):
        codec.dump("a")


@pytest.mark.parametrize("annotation", [int, str, dict[str, int], Address, int | str])
def test_what_is_no_list_has_no_elements(annotation: object) -> None:
    assert element_codec(annotation) is None
