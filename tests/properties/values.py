"""Values of each stored type, good ones and bad ones, and which are which."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from hypothesis import strategies as st

from ommi import Aware, Digits, Length


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"
    NONE = ""


@dataclass(frozen=True)
class Point:
    x: float
    name: str | None = None
    at: Annotated[datetime, Aware] | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sort:
    """A type of field: how it is written, values for it, and which of them it must take."""

    annotation: Any
    values: st.SearchStrategy[Any]
    fits: Callable[[Any], bool] = lambda value: True


def _is_int(value: Any) -> bool:
    return -(2**63) <= value < 2**63


def _is_text(value: str) -> bool:
    return "\0" not in value and not any(0xD800 <= ord(char) < 0xE000 for char in value)


def _digits(precision: int, scale: int) -> Callable[[Decimal], bool]:
    def fits(value: Decimal) -> bool:
        if not value.is_finite():
            return False
        _, digits, exponent = value.as_tuple()
        number = int("".join(map(str, digits)))
        shift = int(exponent) + scale
        if number and shift > precision:
            return False
        scaled, rest = (number * 10**shift, 0) if shift >= 0 else divmod(number, 10**-shift)
        return not rest and scaled < 10**precision

    return fits


def _is_instant(value: datetime) -> bool:
    try:
        return bool(value.astimezone(UTC))
    except OverflowError:
        return False


def _is_short(value: str) -> bool:
    return len(value) <= 5 and _is_text(value)


def _is_point(value: Point) -> bool:
    return (
        math.isfinite(value.x)
        and (value.name is None or _is_text(value.name))
        and (value.at is None or _is_instant(value.at))
        and all(map(_is_int, value.parts))
    )


_zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_instants = st.datetimes(timezones=st.just(UTC) | _zones)
_texts = st.text(max_size=12) | st.text(st.characters(codec=None), max_size=4)
_short = st.text(max_size=4)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _floats | _short,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_short, inner, max_size=3),
    max_leaves=6,
)
_edges = st.sampled_from((2**63, 2**63 - 1, -(2**63), -(2**63) - 1))
_points = st.builds(
    Point,
    st.floats(),
    st.none() | _texts,
    st.none() | _instants,
    st.lists(st.integers(-(2**64), 2**64), max_size=2).map(tuple),
)
_decimals = st.decimals() | st.decimals(-(10**6), 10**6, places=3) | st.decimals(0, 1, places=11)

SORTS: dict[str, Sort] = {
    "bool": Sort(bool, st.booleans()),
    "int": Sort(int, st.integers() | _edges, _is_int),
    "float": Sort(float, st.floats(), math.isfinite),
    "str": Sort(str, _texts, _is_text),
    "short str": Sort(Annotated[str, Length(5)], _texts, _is_short),
    "bytes": Sort(bytes, st.binary(max_size=20)),
    "decimal": Sort(Decimal, _decimals, _digits(28, 10)),
    "scaled decimal": Sort(Annotated[Decimal, Digits(9, 3)], _decimals, _digits(9, 3)),
    "datetime": Sort(datetime, st.datetimes()),
    "instant": Sort(Annotated[datetime, Aware], _instants, _is_instant),
    "date": Sort(date, st.dates()),
    "time": Sort(time, st.times()),
    "timedelta": Sort(
        timedelta, st.timedeltas(), lambda span: _is_int(span // timedelta(microseconds=1))
    ),
    "uuid": Sort(UUID, st.uuids()),
    "enum": Sort(Mood, st.sampled_from(Mood)),
    "literal": Sort(Literal["a", "A", ""], st.sampled_from(("a", "A", ""))),
    "list": Sort(list[str], st.lists(_texts, max_size=4), lambda texts: all(map(_is_text, texts))),
    "set": Sort(frozenset[int], st.frozensets(st.integers(-9, 9))),
    "plain": Sort(
        dict[str, Any],
        st.dictionaries(_short, _plain, max_size=4),
        lambda document: _holds_text(document),
    ),
    "nested": Sort(Point, _points, _is_point),
}


def _holds_text(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_holds_text, (*value.keys(), *value.values())))
    if isinstance(value, list):
        return all(map(_holds_text, value))
    return not isinstance(value, str) or _is_text(value)
