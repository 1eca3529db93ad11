from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, NotRequired, Protocol, TypedDict
from uuid import UUID

import pytest

from ommi.metadata.annotations import Aware, Length
from ommi.metadata.codecs import codec_for
from ommi.metadata.forms import Misplaced
from ommi.metadata.storage import Unfit


class Color(Enum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


@dataclass
class Address:
    city: str
    zip: Annotated[str, Length(5)] = "00000"
    tags: list[str] = field(default_factory=list)


@dataclass
class Person:
    name: str
    home: Address | None = None


class Slotted:
    __slots__ = ("x",)
    x: int


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Better(Address): ...


CYCLE: list[object] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("annotation", "value", "reason"),
    [
        (list[str], ["a", 1], "[1]: wanted str, found int"),
        (list[str], ("a",), "wanted list, found tuple"),
        (tuple[int, ...], [1], "wanted tuple, found list"),
        (tuple[int, ...], (1, True), "[1]: wanted int (64 bit), found bool"),
        (tuple[int, str], [1, "a"], "wanted tuple, found list"),
        (tuple[int, str], (1,), "wanted 2 items, found 1"),
        (tuple[int, str], (1, 2), "[1]: wanted str, found int"),
        (set[str], frozenset(), "wanted set, found frozenset"),
        (set[str], {1}, "[...]: wanted str, found int"),
        (dict[str, int], [], "wanted dict, found list"),
        (dict[str, int], {1: 1}, "a key: wanted str, found int"),
        (dict[str, list[int]], {"a": [1, "b"]}, "[...][1]: wanted int (64 bit), found str"),
        (Address, {"city": "x"}, "wanted Address, found dict"),
        (Address, Better("x"), "wanted Address, found Better"),
        (Address, Address("x", "123456"), "zip: wanted str of at most 5 characters, found 6"),
        (Address, Address("x", tags=["a", 2]), "tags[1]: wanted str, found int"),  # type: ignore[list-item]
        (Person, Person(name="x", home=Address(5)), "home.city: wanted str, found int"),  # type: ignore[arg-type]
        (Slotted, Slotted(), "x: has no value"),
        (Movie, [], "wanted Movie, found list"),
        (Movie, {"year": 1}, "wanted Movie, found a dict without title"),
        (Movie, {"title": "x", "more": 1}, "wanted Movie, found a dict with other keys"),
        (Movie, {"title": "x", "year": "y"}, "year: wanted int (64 bit), found str"),
        (int | str, True, "wanted int | str, found bool"),
        (int | str, 1.5, "wanted int | str, found float"),
        (int | list[int], [True], "[0]: wanted int (64 bit), found bool"),
        (Any, (1,), "wanted plain JSON, found tuple"),
        (Any, {1: 1}, "[...]: wanted str for every key, found int"),
        (Any, [math.nan], "[0]: wanted float, found NaN or an infinity"),
        (Any, {"a": ["\0"]}, "[...][0]: wanted str, found str with a NUL character"),
        (Any, {"\ud800": 1}, "[...]: wanted str, found str with a lone surrogate"),
        (Any, [2**63], "[0]: wanted int (64 bit), found int outside 64 bits"),
        (list[None], [1], "[0]: wanted None, found int"),
        (list, CYCLE, "nests too deeply, or holds itself"),
    ],
)
def test_a_misfit_inside_is_named_by_its_place(
    annotation: object, value: object, reason: str
) -> None:
    with pytest.raises(Unfit) as caught:
        codec_for(annotation).dump(value)

    assert str(caught.value) == reason


def test_two_keys_with_one_text_are_refused() -> None:
    zones = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC, fold=1))

    class Apart(datetime):
        __eq__ = object.__eq__
        __hash__ = object.__hash__

    keys = [Apart.fromisoformat(zone.isoformat()) for zone in zones]

    with pytest.raises(Unfit, match="two keys of the same text"):
        codec_for(dict[Annotated[datetime, Aware], int]).dump(dict.fromkeys(keys, 1))


@pytest.mark.parametrize(
    ("annotation", "stored", "reason"),
    [
        (list[int], {}, "wanted list, found dict"),
        (list[int], [1, "a"], "[1]: wanted int (64 bit), found str"),
        (list[date], ["secret"], "[0]: wanted date as text, found other text"),
        (list[date], [5], "[0]: wanted date as text, found int"),
        (list[Decimal], ["x"], "[0]: wanted Decimal as text, found other text"),
        (list[bytes], ["?"], "[0]: wanted bytes as text, found other text"),
        (list[UUID], ["x"], "[0]: wanted UUID as text, found other text"),
        (
            list[datetime],
            ["2024-01-01T00:00+00:00"],
            "[0]: wanted datetime without time zone, found one with; see Aware",
        ),
        (list[timedelta], ["1"], "[0]: wanted timedelta as microseconds (64 bit), found str"),
        (list[Color], ["blue"], "[0]: wanted a value of Color, found another"),
        (list[Size], [True], "[0]: wanted int (64 bit), found bool"),
        (tuple[int, str], [1], "wanted 2 items, found 1"),
        (set[int], [1, 1], "wanted set, found a list with an item twice"),
        (set, [[]], "wanted set, found a list with items of no hash"),
        (dict[int, int], {"x": 1}, "a key: wanted a number as text, found other text"),
        (dict[int, int], {"1.5": 1}, "a key: wanted int (64 bit), found float"),
        (dict[int, int], {1: 1}, "a key: wanted a number as text, found int"),
        (Address, [], "wanted Address, found list"),
        (Address, {}, "wanted Address, found a dict without city"),
        (Address, {"city": "x", "more": 1}, "wanted Address, found a dict with other keys"),
        (Address, {"city": "x", "tags": [1]}, "tags[0]: wanted str, found int"),
        (int | str, None, "wanted int | str, found NoneType"),
        (Any, math.inf, "wanted float, found NaN or an infinity"),
    ],
)
def test_a_stored_document_that_does_not_fit_is_refused(
    annotation: object, stored: object, reason: str
) -> None:
    load = codec_for(annotation).load

    assert load is not None
    with pytest.raises(Unfit) as caught:
        load(stored)
    assert str(caught.value) == reason


def test_the_place_of_a_misfit_survives_a_pickle() -> None:
    error = Misplaced(".tags[1]", "wanted str, found int")

    rebuilt = type(error)(*error.args)

    assert str(rebuilt) == "tags[1]: wanted str, found int"


@dataclass
class Needy:
    x: int
    extra: InitVar[int]


@dataclass
class Lost:
    x: Missing  # type: ignore[name-defined]  # noqa: F821


class Area(Protocol):
    area: int


class Words(list[str]):
    name: str


Untyped = namedtuple("Untyped", "x")  # noqa: PYI024


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (object, "object is of no type that can be stored"),
        (list[object], "object is of no type that can be stored"),
        (Area, "Area is of no type that can be stored"),
        (Words, "Words is of no type that can be stored"),
        ("Later", "Later is of no type that can be stored"),
        (Untyped, "Untyped.x has no annotation"),
        (Lost, "the annotation of Lost.x: name 'Missing' is not defined"),
        (
            Needy,
            (
                "Needy cannot be built again: its constructor needs 'extra', which is none of its "
                "members"
            ),
        ),
        (dict[tuple[int, int], int], "tuple[int, int] cannot be the key of a stored dict"),
        (dict[int | None, int], "int | None cannot be the key of a stored dict"),
        (
            str | date,
            (
                "str | date cannot be stored: str and date are both text in JSON, and could not "
                "be told apart when read"
            ),
        ),
        (
            Address | Person,
            (
                "Address | Person cannot be stored: Address and Person are both objects in JSON, "
                "and could not be told apart when read"
            ),
        ),
        (
            timedelta | float,
            (
                "timedelta | float cannot be stored: timedelta and float are both numbers in "
                "JSON, and could not be told apart when read"
            ),
        ),
        (
            list[int] | set[int],
            (
                "list[int] | set[int] cannot be stored: list[int] and set[int] are both lists in "
                "JSON, and could not be told apart when read"
            ),
        ),
        (
            bool | Any,
            (
                "bool | Any cannot be stored: bool and Any are both true or false in JSON, and "
                "could not be told apart when read"
            ),
        ),
    ],
)
def test_an_annotation_that_json_cannot_hold_is_refused_with_the_reason(
    annotation: object, reason: str
) -> None:
    with pytest.raises(TypeError) as caught:
        codec_for(annotation)

    assert str(caught.value) == reason
