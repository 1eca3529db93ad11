from __future__ import annotations

import typing
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ommi.metadata.annotations import Aware, Digits, Length
from ommi.metadata.codecs import codec_for
from ommi.metadata.documents import json_codec
from ommi.metadata.json_text import canonical_json, parse_json
from ommi.metadata.storage import Kind, StorageType
from ommi.metadata.typesystem import TypeSystem
from profiles import examples

T = TypeVar("T")
UserId = NewType("UserId", int)


class TypeAliasType:
    """As a `type` statement makes it: the value may refer to the alias itself."""

    __name__ = "JsonTree"
    __value__: object


JsonTree = TypeAliasType()
JsonTree.__value__ = list[JsonTree] | dict[str, JsonTree] | int | None  # type: ignore[valid-type]


class Color(Enum):
    RED = "red"
    GREEN = "green"


class Size(IntEnum):
    SMALL = 1


@dataclass
class Address:
    city: str
    zip: Annotated[str, Length(5)] = "00000"
    tags: list[str] = field(default_factory=list)
    kind: ClassVar[str] = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str
    home: Address | None = None
    others: dict[str, list[Address]] = field(default_factory=dict)
    born: date = date(2000, 1, 1)


@dataclass
class Node:
    name: str
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None


@dataclass
class Box(Generic[T]):
    held: T
    spare: list[T] = field(default_factory=list)


@dataclass
class DateBox(Box[date]):
    label: str = ""


@dataclass
class Circle:
    radius: float
    area: float = field(init=False)

    def __post_init__(self) -> None:
        self.area = self.radius * 2


@attrs.define
class Secret:
    _code: int
    salt: bytes = b""


@attrs.frozen
class Reading:
    at: Annotated[datetime, Aware]


class Plain:
    name: str
    size: int = 1
    count: ClassVar[int] = 0
    unresolved: ClassVar[Nowhere]  # type: ignore[name-defined]  # noqa: F821

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


class Slotted:
    __slots__ = ("x",)
    x: int


class Built:
    name: str

    def __init__(self, name: str, *_: object, **__: object) -> None:
        self.name = name.strip()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Built) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]


class Movie(TypedDict):
    title: Required[str]
    year: NotRequired[int]


class Series(Movie, total=False):
    seasons: int


class Crate(TypedDict, Generic[T]):
    held: T


class Point(NamedTuple):
    x: int
    y: int = 0


def plain(name: str, size: int) -> Plain:
    made = Plain()
    made.name, made.size = name, size
    return made


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
INTS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer())
INSTANTS = st.datetimes(timezones=st.just(UTC))
ADDRESSES = st.builds(Address, TEXT, TEXT, st.lists(TEXT, max_size=3))
DECIMALS = st.integers(1 - 10**28, 10**28 - 1).map(lambda n: Decimal(n).scaleb(-10))
NODES: st.SearchStrategy[Node] = st.recursive(
    st.builds(Node, TEXT),
    lambda inner: st.builds(
        Node, TEXT, st.lists(inner, max_size=3), st.none() | st.builds(Node, TEXT)
    ),
    max_leaves=6,
)
TREES = st.recursive(
    st.none() | INTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
JSON = st.recursive(
    st.none() | st.booleans() | INTS | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ROUND_TRIPS: dict[object, st.SearchStrategy[Any]] = {
    Any: JSON,
    list: st.lists(JSON, max_size=3),
    dict: st.dictionaries(TEXT, JSON, max_size=3),
    tuple: st.lists(JSON, max_size=3).map(tuple),
    set: st.sets(INTS | TEXT, max_size=3),
    list[int]: st.lists(INTS),
    list[float]: st.lists(st.floats(allow_nan=False, allow_infinity=False)),
    list[bool | None]: st.lists(st.none() | st.booleans()),
    list[bytes]: st.lists(st.binary()),
    list[Decimal]: st.lists(DECIMALS),
    list[datetime]: st.lists(st.datetimes()),
    list[Annotated[datetime, Aware]]: st.lists(INSTANTS),
    list[date]: st.lists(st.dates()),
    list[time]: st.lists(st.times()),
    list[timedelta]: st.lists(st.timedeltas(timedelta(-(10**8)), timedelta(10**8))),
    list[UUID]: st.lists(st.uuids()),
    list[Color]: st.lists(st.sampled_from(Color)),
    list[Size | None]: st.lists(st.none() | st.sampled_from(Size)),
    list[Literal["a"] | None]: st.lists(st.sampled_from(["a", None])),
    list[UserId]: st.lists(INTS),
    tuple[int, str]: st.tuples(INTS, TEXT),
    tuple[int, ...]: st.lists(INTS).map(tuple),
    tuple[()]: st.just(()),
    typing.Tuple: st.lists(INTS).map(tuple),  # noqa: UP006
    set[Color]: st.sets(st.sampled_from(Color)),
    frozenset[date]: st.frozensets(st.dates()),
    set[Point]: st.sets(st.builds(Point, INTS, INTS)),
    dict[str, None]: st.dictionaries(TEXT, st.none()),
    dict[int, int]: st.dictionaries(INTS, INTS),
    dict[float, int]: st.dictionaries(FLOATS, INTS),
    dict[bool, int]: st.dictionaries(st.booleans(), INTS),
    dict[UUID, Color]: st.dictionaries(st.uuids(), st.sampled_from(Color)),
    dict[Color, list[date]]: st.dictionaries(st.sampled_from(Color), st.lists(st.dates())),
    dict[timedelta, int]: st.dictionaries(st.timedeltas(timedelta(0), timedelta(9)), INTS),
    Address: ADDRESSES,
    list[Address | None]: st.lists(st.none() | ADDRESSES, max_size=3),
    Person: st.builds(
        Person,
        name=TEXT,
        home=st.none() | ADDRESSES,
        others=st.dictionaries(TEXT, st.lists(ADDRESSES, max_size=2), max_size=2),
        born=st.dates(),
    ),
    Node: NODES,
    Box[date]: st.builds(Box, st.dates(), st.lists(st.dates())),
    Box: st.builds(Box, JSON, st.lists(JSON, max_size=2)),
    DateBox: st.builds(DateBox, st.dates(), st.lists(st.dates()), TEXT),
    Circle: st.builds(Circle, FLOATS),
    Secret: st.builds(Secret, INTS, st.binary()),
    Reading: st.builds(Reading, INSTANTS),
    Plain: st.builds(plain, TEXT, INTS),
    Built: st.builds(Built, TEXT),
    Movie: st.builds(Movie, title=TEXT) | st.builds(Movie, title=TEXT, year=INTS),
    Series: st.builds(Series, title=TEXT) | st.builds(Series, title=TEXT, seasons=INTS),
    Crate[date]: st.builds(dict, held=st.dates()),
    Point: st.builds(Point, INTS, INTS),
    int | str: INTS | TEXT,
    bool | int | list[int] | dict[str, int] | None: (
        st.booleans() | INTS | st.lists(INTS) | st.dictionaries(TEXT, INTS)
    ),
    int | float: INTS | FLOATS,
    float | str: FLOATS | TEXT,
    date | Address | set[int]: st.dates() | ADDRESSES | st.sets(INTS),
    Movie | Literal["none", "all"]: st.just({"title": "x"}) | st.sampled_from(["none", "all"]),
    Color | tuple[int, int]: st.sampled_from(Color) | st.tuples(INTS, INTS),
    Annotated[int | str, Length(5)]: INTS | TEXT,
    JsonTree: TREES.filter(lambda tree: tree is not None),
}


@pytest.mark.parametrize("annotation", ROUND_TRIPS, ids=TypeSystem.describe)
@settings(max_examples=examples(50, 2_000))
@given(data=st.data())
def test_every_structure_comes_back_as_it_was(annotation: object, data: st.DataObject) -> None:
    value = data.draw(ROUND_TRIPS[annotation])
    codec = codec_for(annotation)
    assert codec.load is not None

    stored = parse_json(canonical_json(codec.dump(value)))
    back = codec.load(stored)

    assert codec.storage == StorageType(Kind.JSON)
    assert back == value
    assert type(back) is type(value)
    assert canonical_json(codec.dump(back)) == canonical_json(stored)


@pytest.mark.parametrize(
    ("annotation", "value", "stored"),
    [
        (list[datetime], [datetime(2024, 1, 2)], ["2024-01-02T00:00:00.000000"]),  # noqa: DTZ001
        (
            list[Annotated[datetime, Aware]],
            [datetime(2024, 1, 2, tzinfo=UTC)],
            ["2024-01-02T00:00:00.000000+00:00"],
        ),
        (list[time], [time(1)], ["01:00:00.000000"]),
        (list[Annotated[Decimal, Digits(5, 2)]], [Decimal("1.5"), Decimal(0)], ["1.50", "0.00"]),
        (list[bytes], [b"\xff"], ["/w=="]),
        (list[timedelta], [timedelta(seconds=1)], [1_000_000]),
        (list[float], [1], [1.0]),
        (set[str], {"b", "a"}, ["a", "b"]),
        (dict[Size, int], {Size.SMALL: 1}, {"1": 1}),
        (dict[str, int], OrderedDict(a=1), {"a": 1}),
        (Any, [Size.SMALL, OrderedDict(a=1)], [1, {"a": 1}]),
        (int | str, Size.SMALL, 1),
        (float | str, 1, 1.0),
        (Point, Point(1), {"x": 1, "y": 0}),
        (Secret, Secret(1), {"_code": 1, "salt": ""}),
    ],
)
def test_the_stored_form_is_plain_json(annotation: object, value: object, stored: object) -> None:
    form = codec_for(annotation).dump(value)

    assert form == stored
    assert repr(form) == repr(stored)


def test_a_single_value_can_be_asked_for_as_json() -> None:
    codec = json_codec(date | None)

    assert codec.dump(date(2024, 1, 1)) == "2024-01-01"
    assert codec.dump(None) is None


def test_what_the_user_changes_later_does_not_change_the_stored_form() -> None:
    value = {"a": [1]}

    stored = codec_for(dict[str, list[int]]).dump(value)
    value["a"].append(2)

    assert stored == {"a": [1]}


def test_what_the_user_changes_after_loading_does_not_change_the_stored_form() -> None:
    codec = codec_for(Any)
    stored: dict[str, list[int]] = {"a": [1]}
    assert codec.load is not None

    loaded = codec.load(stored)
    assert isinstance(loaded, dict)
    loaded["a"].append(2)

    assert stored == {"a": [1]}


def test_a_member_that_an_older_document_lacks_has_its_default() -> None:
    load = codec_for(Address).load

    assert load is not None
    assert load({"city": "x"}) == Address("x")


def test_the_extras_of_other_libraries_need_no_hash() -> None:
    codec = codec_for(list[Annotated[date, ["an extra without a hash"]]])

    assert codec.dump([date(2024, 1, 1)]) == ["2024-01-01"]


def test_a_structure_may_hold_others_of_its_own_class() -> None:
    codec = codec_for(Node)
    tree = Node("a", [Node("b", [Node("c")])], Node("d"))
    assert codec.load is not None

    assert codec.load(codec.dump(tree)) == tree


def test_an_instance_is_built_through_its_constructor() -> None:
    load = codec_for(Built).load

    assert load is not None
    assert load({"name": " x "}) == Built("x")
