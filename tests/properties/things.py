"""One wide model, with a field of every stored type, and the hostile values of its rows."""

# ruff: noqa: DTZ001, DTZ901 - times without a zone and look-alike letters are the point

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, get_type_hints
from uuid import UUID

from ommi import Aware, Digits, Key, Length, ModelCollection, ommi_model

EXACT_IN_A_FLOAT = 2**53
LARGEST = 2**63 - 1

COLLECTION = ModelCollection()


class Colour(Enum):
    RED = "red"
    GREEN = "Green"
    NONE = ""


class Level(IntEnum):
    LOW = -1
    ZERO = 0
    HIGH = LARGEST


@dataclass(frozen=True)
class Place:
    street: str
    number: int | None = None
    height: float = 0.0
    is_home: bool | None = None
    since: date | None = None
    seen: datetime | None = None
    checked: Annotated[datetime, Aware] | None = None
    opens: time | None = None
    stay: timedelta | None = None
    code: UUID | None = None
    fee: Decimal | None = None
    colour: Colour | None = None
    lines: tuple[str, ...] = ()


@ommi_model(collection=COLLECTION)
@dataclass
class Thing:
    key: Annotated[str, Key]
    truth: bool
    maybe_truth: bool | None
    whole: int
    maybe_whole: int | None
    small: int
    maybe_small: int | None
    real: float
    maybe_real: float | None
    weight: float
    maybe_weight: float | None
    text: str
    maybe_text: str | None
    short: Annotated[str, Length(6)]
    maybe_short: Annotated[str | None, Length(6)]
    blob: bytes
    maybe_blob: bytes | None
    price: Annotated[Decimal, Digits(12, 3)]
    maybe_price: Annotated[Decimal, Digits(12, 3)] | None
    amount: Decimal
    maybe_amount: Decimal | None
    most: Annotated[Decimal, Digits(18, 0)]
    moment: datetime
    maybe_moment: datetime | None
    instant: Annotated[datetime, Aware]
    maybe_instant: Annotated[datetime, Aware] | None
    day: date
    maybe_day: date | None
    clock: time
    maybe_clock: time | None
    span: timedelta
    maybe_span: timedelta | None
    uid: UUID
    maybe_uid: UUID | None
    colour: Colour
    maybe_colour: Colour | None
    level: Level
    letter: Literal["a", "b", "A"]
    place: Place
    maybe_place: Place | None
    anything: dict[str, Any]
    maybe_anything: dict[str, Any] | None
    tags: list[str]
    maybe_tags: list[str] | None
    numbers: list[float | None]
    labels: set[str]
    counts: dict[str, int]


BOOLS = (True, False)
INTS = (
    0, 1, -1, 2, 7, 10, 100, EXACT_IN_A_FLOAT - 1, EXACT_IN_A_FLOAT, EXACT_IN_A_FLOAT + 1,
    -EXACT_IN_A_FLOAT - 1, LARGEST, LARGEST - 1, -LARGEST, -LARGEST - 1,
)  # fmt: skip
SMALL_INTS = (-100, -7, -2, -1, 0, 1, 2, 3, 10, 99)
FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.1, 0.30000000000000004, 1.5, 5e-324, -5e-324, 2.2250738585072014e-308,
    1.7976931348623157e308, -1.7976931348623157e308, 1e16, 123456789.12345679, 9007199254740993.0,
    2.0**63, 1e23, 8.41e21, 9.5e-5,
)  # fmt: skip
SMALL_FLOATS = (0.0, -0.0, 0.1, 0.2, 0.3, -1.5, 3.0, 1e15, 5e-324, 1 / 3)
_USUAL_TEXTS = ("", " ", "a", "a ", "A", "b", "\n", "a\n", "a\nb", "é", "É", "😀", "a😀c")
TEXTS = (
    *_USUAL_TEXTS * 3, " a", "ab", "aB", "abc", "a%c", "a_c", "%", "_", "\\", "a\\c", "|", "a|c",
    "'", '"', "a'b\"c", "b\na", "\t", "e\u0301", "ß", "ss", "SS", "ẞ", "İ",
    "i", "I", "ı", "i\u0307", "Σ", "σ", "ς", "ΑΣ", "ας", "ǆ", "ǅ", "😁",
    "\U0010ffff", "\ud7ff", "\ue000", "\uffff", "null", "0", "1", "10", "9", "true", "ab" * 40,
)  # fmt: skip
SHORT_TEXTS = tuple(text for text in TEXTS if len(text) <= 6)
BLOBS = (
    b"", b"\0", b"a", b"A", b"a\0", b"ab", b"abc", b"b", b"%", b"\xff", b"\xff\xff", b"\xf0\x9f",
    bytes(range(256)),
)  # fmt: skip
PRICES = tuple(
    map(
        Decimal, ["0", "-0.001", "0.001", "1", "1.5", "-1.5", "9", "10", "99999.999", "-99999.999"]
    )
)
_AMOUNTS = """0 1 9 10 -9 -10 0.1 0.0000000001 -0.0000000001 1.005 0.5
    123456789012345678.1234567891 999999999999999999.9999999999 -999999999999999999.9999999999"""
AMOUNTS = tuple(map(Decimal, _AMOUNTS.split()))
SMALL_AMOUNTS = tuple(map(Decimal, ["0", "1", "-2.5", "0.1", "1E+2"]))
MOST = (Decimal(0), Decimal(1), Decimal(-1), Decimal(10**18 - 1), Decimal(1 - 10**18))
MOMENTS = (
    datetime.min, datetime.max, datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(1970, 1, 1),
    datetime(2024, 2, 29), datetime(2024, 2, 29, microsecond=1), datetime(2024, 2, 29, 12),
    datetime(2024, 2, 29, 12, 0, 0, 500000), datetime(999, 1, 1),
)  # fmt: skip
_ZONES = (UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-9, minutes=-30)))
INSTANTS = (
    datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC),
    *(moment.replace(tzinfo=zone) for moment in MOMENTS[2:] for zone in _ZONES),
)  # fmt: skip
DAYS = (date.min, date.max, date(1970, 1, 1), date(2024, 2, 29), date(2024, 3, 1), date(999, 1, 1))
CLOCKS = (time.min, time.max, time(12), time(12, 0, 0, 1), time(12, 0, 0, 500000), time(1, 2, 3))
SPANS = (
    timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1), timedelta(days=-1),
    timedelta(days=1), timedelta(hours=100), timedelta(microseconds=LARGEST),
    timedelta(microseconds=-LARGEST - 1),
)  # fmt: skip
UIDS = (
    UUID(int=0), UUID(int=1), UUID(int=2**128 - 1), UUID(int=2**127), UUID(int=0xA << 120),
    UUID("12345678-1234-5678-1234-567812345678"),
)  # fmt: skip
COLOURS = tuple(Colour)
LEVELS = tuple(Level)
LETTERS: tuple[Literal["a", "b", "A"], ...] = ("a", "b", "A")

KEYS = ("a", "b", "a.b", "$", "", "é", "a b", "[0]", "0", "A", "'", "%s", "a😀")
"""Keys of documents that a path can name on every store."""
HOSTILE_KEYS = (*KEYS, 'a"b', "a\\b", "\n")
PARTS = (
    None, True, False, 0, 1, 1.0, -0.0, 0.1, EXACT_IN_A_FLOAT + 1, LARGEST, "", "1", "true",
    "null", "a", "A", "é", "a\nb", "%", [], {}, [1], [True], [1.0], [None], ["a", ["b"]], {"b": 1},
    {"b": True}, {"b": None}, {"b": {"a": [1, 2.5, "x"]}}, {"a": 1, "b": 2}, {"b": 2, "a": 1},
)  # fmt: skip
DOCUMENTS: tuple[dict[str, Any], ...] = (
    {}, {"a": 1}, {"a": True}, {"a": 1.0, "b": None}, {"b": None, "a": 1}, {"a": None}, {"b": {}},
    {"a": {"b": 2, "a": 1}}, {"a": {"a": 1, "b": 2.0}}, {"a": [1, {"b": "ß"}]},
)  # fmt: skip
NUMBERS = (None, 0.0, 1.0, 0.1, 5e-324, 1e23, 123456789.12345679, 2.0**63)


def _places(rng: random.Random) -> Place:
    return Place(
        street=rng.choice(TEXTS),
        number=_maybe(rng, INTS),
        height=rng.choice(FLOATS),
        is_home=_maybe(rng, BOOLS),
        since=_maybe(rng, DAYS),
        seen=_maybe(rng, MOMENTS),
        checked=_maybe(rng, INSTANTS),
        opens=_maybe(rng, CLOCKS),
        stay=_maybe(rng, SPANS),
        code=_maybe(rng, UIDS),
        fee=_maybe(rng, AMOUNTS),
        colour=_maybe(rng, COLOURS),
        lines=tuple(_some(rng, TEXTS)),
    )


def _documents(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.5:
        return rng.choice(DOCUMENTS)
    return {key: rng.choice(PARTS) for key in _some(rng, HOSTILE_KEYS, 5)}


def _some(rng: random.Random, values: Any, most: int = 3) -> list[Any]:
    return [rng.choice(values) for _ in range(rng.randrange(most + 1))]


def _maybe(rng: random.Random, values: Any) -> Any:
    return None if rng.random() < 0.25 else rng.choice(values)


POOLS: dict[str, tuple[Any, ...]] = {
    "truth": BOOLS, "whole": INTS, "small": SMALL_INTS, "real": FLOATS, "weight": SMALL_FLOATS,
    "text": TEXTS, "short": SHORT_TEXTS, "blob": BLOBS, "price": PRICES, "amount": AMOUNTS,
    "most": MOST, "moment": MOMENTS, "instant": INSTANTS, "day": DAYS, "clock": CLOCKS,
    "span": SPANS, "uid": UIDS, "colour": COLOURS, "level": LEVELS, "letter": LETTERS,
}  # fmt: skip
_MADE = {
    "place": _places,
    "anything": _documents,
    "tags": lambda rng: _some(rng, TEXTS),
    "numbers": lambda rng: _some(rng, NUMBERS),
    "labels": lambda rng: set(_some(rng, TEXTS)),
    "counts": lambda rng: {key: rng.choice(INTS) for key in _some(rng, KEYS)},
}
_NAMES = tuple(field.name for field in fields(Thing) if field.name != "key")
HINTS = get_type_hints(Thing, include_extras=True)


def value_of(name: str, rng: random.Random) -> Any:
    """Give a value for a field; `None` for a quarter of those that may be `None`."""
    kind = name.removeprefix("maybe_")
    if name != kind and rng.random() < 0.25:
        return None
    return rng.choice(POOLS[kind]) if kind in POOLS else _MADE[kind](rng)


def things(seed: int, smallest: int = 80, largest: int = 200) -> list[Thing]:
    """Give rows with hostile values, the same for the same seed, in no order of their keys."""
    rng = random.Random(seed)
    keys = rng.sample([f"{number:03}" for number in range(1000)], rng.randint(smallest, largest))
    return [Thing(key=key, **{name: value_of(name, rng) for name in _NAMES}) for key in keys]
