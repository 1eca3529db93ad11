from __future__ import annotations

import math
import struct
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal, localcontext
from enum import Enum, IntEnum, IntFlag, StrEnum
from typing import Annotated, Any, Literal, NewType
from uuid import UUID
from zoneinfo import ZoneInfo

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ommi.metadata.annotations import Aware, Digits, Length
from ommi.metadata.codecs import codec_for
from ommi.metadata.storage import LARGEST_INT, SMALLEST_INT, Codec, Kind, StorageType, Unfit
from ommi.metadata.typesystem import TypeSystem
from profiles import examples

UserId = NewType("UserId", int)
NAIVE = datetime(2024, 1, 2, 3, 4, 5, 6)  # noqa: DTZ001
INSTANT = NAIVE.replace(tzinfo=UTC)


class Color(Enum):
    RED = "red"
    GREEN = "green"


class Level(StrEnum):
    LOW = "low"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Rights(IntFlag):
    READ = 1
    WRITE = 2


class Price(Enum):
    CHEAP = Decimal("1.5")


class Mood(Enum):
    GOOD = "good"

    @classmethod
    def _missing_(cls, value: object) -> Mood | None:
        return cls.GOOD if value == "fine" else None


class Ratio(float): ...


class Blob(bytes):
    __slots__ = ()


class Moment(datetime):
    """A class of a date library that knows no more than `datetime`."""


class FinerMoment(datetime):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, FinerMoment)

    __hash__ = datetime.__hash__


class NotATime(datetime):
    year = math.nan  # type: ignore[assignment]


class Day(date): ...


class Clock(time): ...


class Span(timedelta): ...


class DriverUUID(UUID): ...


class NoOffset(tzinfo):
    def utcoffset(self, _: datetime | None) -> None:
        return None


def there_and_back(codec: Codec, value: object) -> object:
    stored = codec.dump(value)
    return stored if codec.load is None else codec.load(stored)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ROUND_TRIPS: dict[object, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(SMALLEST_INT, LARGEST_INT),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: TEXT,
    bytes: st.binary(),
    Decimal: st.integers(1 - 10**28, 10**28 - 1).map(lambda n: Decimal(n).scaleb(-10)),
    Annotated[Decimal, Digits(5, 2)]: st.decimals(-999, 999, places=2),
    datetime: st.datetimes(),
    Annotated[datetime, Aware]: st.datetimes(
        datetime(2, 1, 1),  # noqa: DTZ001
        datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC)
        | st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23))),
    ),
    date: st.dates(),
    time: st.times(),
    timedelta: st.timedeltas(
        timedelta(microseconds=SMALLEST_INT), timedelta(microseconds=LARGEST_INT)
    ),
    UUID: st.uuids(),
    Color: st.sampled_from(Color),
    Size: st.sampled_from(Size),
    Price: st.sampled_from(Price),
    Rights: st.integers(0, 3).map(Rights),
    Literal["a", "b"]: st.sampled_from("ab"),
    Literal[Color.RED]: st.just(Color.RED),
    UserId: st.integers(SMALLEST_INT, LARGEST_INT),
}


@pytest.mark.parametrize("annotation", ROUND_TRIPS, ids=TypeSystem.describe)
@settings(max_examples=examples(100, 5_000))
@given(data=st.data())
def test_every_single_value_comes_back_as_it_was(annotation: object, data: st.DataObject) -> None:
    value = data.draw(ROUND_TRIPS[annotation])

    back = there_and_back(codec_for(annotation), value)

    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    ("annotation", "storage"),
    [
        (bool, StorageType(Kind.BOOL)),
        (int, StorageType(Kind.INT)),
        (int | None, StorageType(Kind.INT)),
        (Annotated[int | None, "anything"], StorageType(Kind.INT)),
        (float, StorageType(Kind.FLOAT)),
        (str, StorageType(Kind.TEXT)),
        (Annotated[str, Length(5)], StorageType(Kind.TEXT, length=5)),
        (Annotated[bytes, Length(5)], StorageType(Kind.BYTES, length=5)),
        (Decimal, StorageType(Kind.DECIMAL, precision=28, scale=10)),
        (Annotated[Decimal, Digits(5, 2)], StorageType(Kind.DECIMAL, precision=5, scale=2)),
        (datetime, StorageType(Kind.DATETIME)),
        (Annotated[datetime, Aware], StorageType(Kind.INSTANT)),
        (pydantic.AwareDatetime, StorageType(Kind.INSTANT)),
        (pydantic.NaiveDatetime, StorageType(Kind.DATETIME)),
        (date, StorageType(Kind.DATE)),
        (time, StorageType(Kind.TIME)),
        (timedelta, StorageType(Kind.DURATION)),
        (UUID, StorageType(Kind.UUID)),
        (Color, StorageType(Kind.TEXT)),
        (Size, StorageType(Kind.INT)),
        (Literal[1, 2], StorageType(Kind.INT)),
        (Literal[Color.RED], StorageType(Kind.TEXT)),
        (UserId, StorageType(Kind.INT)),
        (list[int], StorageType(Kind.JSON)),
    ],
)
def test_an_annotation_has_its_storage_type(annotation: object, storage: StorageType) -> None:
    assert codec_for(annotation).storage == storage


def test_the_markers_of_the_field_win_over_those_inside_the_annotation() -> None:
    codec = codec_for(Annotated[str, Length(5)], (Length(3),))

    assert codec.storage.length == 3


TOO_MANY_DIGITS = (
    "wanted Decimal with at most 3 digits before the point and 2 after it, found one with more"
)
MISFITS = [
    (bool, 1, "wanted bool, found int"),
    (int, True, "wanted int (64 bit), found bool"),
    (int, "5", "wanted int (64 bit), found str"),
    (int, 1.0, "wanted int (64 bit), found float"),
    (int, 2**63, "wanted int (64 bit), found int outside 64 bits"),
    (int, -(2**63) - 1, "wanted int (64 bit), found int outside 64 bits"),
    (float, True, "wanted float, found bool"),
    (float, "1", "wanted float, found str"),
    (float, math.nan, "wanted float, found NaN or an infinity"),
    (float, math.inf, "wanted float, found NaN or an infinity"),
    (float, 2**53 + 1, "wanted float, found int that no float holds exactly"),
    (float, 10**400, "wanted float, found int that no float holds exactly"),
    (str, 5, "wanted str, found int"),
    (str, b"a", "wanted str, found bytes"),
    (str, "a\0", "wanted str, found str with a NUL character"),
    (str, "\ud800", "wanted str, found str with a lone surrogate"),
    (Annotated[str, Length(2)], "abc", "wanted str of at most 2 characters, found 3"),
    (bytes, bytearray(b"a"), "wanted bytes, found bytearray"),
    (bytes, memoryview(b"a"), "wanted bytes, found memoryview"),
    (Annotated[bytes, Length(2)], b"abc", "wanted at most 2 bytes, found 3"),
    (Decimal, 1, "wanted Decimal, found int"),
    (Decimal, Decimal("NaN"), "wanted Decimal, found NaN or an infinity"),
    (Decimal, Decimal("sNaN"), "wanted Decimal, found NaN or an infinity"),
    (Decimal, Decimal("-Infinity"), "wanted Decimal, found NaN or an infinity"),
    (
        Annotated[Decimal, Digits(5, 2)],
        Decimal("1.005"),
        TOO_MANY_DIGITS,
    ),
    (
        Annotated[Decimal, Digits(5, 2)],
        Decimal(1000),
        TOO_MANY_DIGITS,
    ),
    (datetime, date(2024, 1, 1), "wanted datetime, found date"),
    (datetime, INSTANT, "wanted datetime without time zone, found one with; see Aware"),
    (datetime, FinerMoment(2024, 1, 1), "wanted datetime, found FinerMoment"),
    (datetime, NotATime(2024, 1, 1), "wanted datetime, found NotATime"),
    (Annotated[datetime, Aware], "now", "wanted datetime, found str"),
    (Annotated[datetime, Aware], NAIVE, "wanted datetime with a time zone, found one without"),
    (
        Annotated[datetime, Aware],
        NAIVE.replace(tzinfo=NoOffset()),
        "wanted datetime with a time zone, found one without",
    ),
    (
        Annotated[datetime, Aware],
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
        "wanted datetime in the years 1 to 9999 of UTC, found one outside",
    ),
    (date, NAIVE, "wanted date, found datetime"),
    (date, "2024-01-01", "wanted date, found str"),
    (time, NAIVE, "wanted time, found datetime"),
    (time, time(tzinfo=UTC), "wanted time without time zone, found one with"),
    (timedelta, 5, "wanted timedelta, found int"),
    (timedelta, timedelta.max, "wanted timedelta (64 bit of microseconds), found a longer one"),
    (UUID, "not a uuid", "wanted UUID, found str"),
    (Color, "red", "wanted Color, found str"),
    (Color, Size.SMALL, "wanted Color, found Size"),
    (Rights, 1, "wanted Rights, found int"),
    (Literal["a", "b"], "c", "wanted Literal['a', 'b'], found another str"),
    (Literal[1], True, "wanted int (64 bit), found bool"),
]


@pytest.mark.parametrize(("annotation", "value", "reason"), MISFITS)
def test_a_misfit_is_refused_by_its_type(annotation: object, value: object, reason: str) -> None:
    with pytest.raises(Unfit) as caught:
        codec_for(annotation).dump(value)

    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("annotation", "value", "stored"),
    [
        (int, Size.SMALL, 1),
        (float, 2**53, 2.0**53),
        (float, Ratio(1.5), 1.5),
        (str, Level.LOW, "low"),
        (str, "Grüße 😀", "Grüße 😀"),
        (Literal["low"], Level.LOW, "low"),
        (Annotated[str, Length(2)], "äß", "äß"),
        (bytes, Blob(b"a"), b"a"),
        (datetime, Moment(2024, 1, 2, 3, 4, 5, 6), NAIVE),
        (Annotated[datetime, Aware], Moment(2024, 1, 2, 3, 4, 5, 6, UTC), INSTANT),
        (date, Day(2024, 1, 1), date(2024, 1, 1)),
        (time, Clock(1, 2, 3, 4), time(1, 2, 3, 4)),
        (timedelta, Span(1), timedelta(1)),
        (UUID, DriverUUID(int=5), UUID(int=5)),
        (Color, Color.RED, "red"),
        (Rights, Rights.READ | Rights.WRITE, 3),
    ],
)
def test_the_stored_form_is_of_the_plain_class(
    annotation: object, value: object, stored: object
) -> None:
    form = codec_for(annotation).dump(value)

    assert form == stored
    assert type(form) is type(stored)


def test_an_instant_is_stored_in_utc() -> None:
    there = datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))

    stored = codec_for(Annotated[datetime, Aware]).dump(there)

    assert isinstance(stored, datetime)
    assert (stored.tzinfo, stored.hour) == (UTC, 10)


@pytest.mark.parametrize(
    ("value", "text"), [("1.5", "1.50"), ("-0", "0.00"), ("1E+2", "100.00"), ("2.500", "2.50")]
)
def test_a_decimal_is_stored_with_the_digits_of_its_column(value: str, text: str) -> None:
    assert str(codec_for(Annotated[Decimal, Digits(5, 2)]).dump(Decimal(value))) == text


def test_the_user_s_decimal_context_changes_nothing() -> None:
    codec = codec_for(Decimal)

    with localcontext() as context:
        context.prec = 2
        stored = codec.dump(Decimal("123456.789"))

    assert stored == Decimal("123456.789")


@pytest.mark.parametrize(
    ("annotation", "stored"),
    [(Color, "blue"), (Color, []), (Rights, "x"), (Literal["a"], "b"), (Literal[Color.RED], "b")],
)
def test_a_stored_value_outside_the_set_is_refused(annotation: object, stored: object) -> None:
    load = codec_for(annotation).load

    assert load is not None
    with pytest.raises(ValueError, match=r"^wanted .*, found another"):
        load(stored)


def test_an_enumeration_may_know_more_stored_values_than_it_has_members() -> None:
    load = codec_for(Mood).load

    assert load is not None
    assert load("fine") is Mood.GOOD


class Mixed(Enum):
    A = 1
    B = "b"


class Empty(Enum): ...


class Structured(Enum):
    A = (1, 2)


class Huge(Enum):
    A = 2**64


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (Mixed, "the values of Mixed must have one type, found int, str"),
        (Empty, "the values of Empty must have one type, found none"),
        (Structured, "the values of Structured are of no type that can be stored"),
        (
            Huge,
            "a value of Huge cannot be stored: wanted int (64 bit), found int outside 64 bits",
        ),
        (Literal["a", 1], "the values of Literal['a', 1] must have one type, found int, str"),
        (Literal[True, 1], "the values of Literal[True, 1] must have one type, found bool, int"),
        (
            Annotated[Literal["long"], Length(2)],
            (
                "a value of Literal['long'] cannot be stored: "
                "wanted str of at most 2 characters, found 4"
            ),
        ),
        (Text, "Text is of no type that can be stored"),
        (None, "None has no value to store"),
        (
            Annotated[str, Length(0)],
            "Length(0) leaves room for nothing; it must be at least 1",
        ),
        (
            Annotated[Decimal, Digits(2, 3)],
            (
                "Digits(2, 3) is impossible: the scale is the part of the precision that comes "
                "after the point"
            ),
        ),
        (
            Annotated[Decimal, Digits(0, 0)],
            (
                "Digits(0, 0) is impossible: the scale is the part of the precision that comes "
                "after the point"
            ),
        ),
    ],
)
def test_an_annotation_without_a_codec_is_refused_with_the_reason(
    annotation: object, reason: str
) -> None:
    with pytest.raises(TypeError) as caught:
        codec_for(annotation)

    assert str(caught.value) == reason


BITS = st.binary(min_size=8, max_size=8).map(lambda bits: struct.unpack("d", bits)[0])
ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.sampled_from([SMALLEST_INT - 1, SMALLEST_INT, LARGEST_INT, LARGEST_INT + 1])
    | BITS
    | st.text(st.characters(categories=["Lu", "Cs", "Cc", "Ll"]), max_size=4)
    | st.binary(max_size=4)
    | st.sampled_from([*Size, *Level])
)


@given(
    st.sampled_from(
        [bool, int, float, str, bytes, Annotated[str, Length(2)], Annotated[bytes, Length(2)]]
    ),
    ANYTHING,
)
def test_what_passes_in_line_is_dumped_unchanged(annotation: object, value: object) -> None:
    codec = codec_for(annotation)
    assert codec.passes is not None

    if eval(codec.passes.format(value="v"), {"v": value}):
        assert codec.dump(value) is value


def test_zero_is_stored_without_a_sign() -> None:
    codec = codec_for(float, ())

    assert str(codec.dump(-0.0)) == "0.0"
    assert codec.passes is not None
    assert not eval(codec.passes.replace("{value}", "-0.0"))
