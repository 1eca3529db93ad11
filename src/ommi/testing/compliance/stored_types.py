"""Every stored type: it comes back equal and of the same class, or it is refused unsent."""

from __future__ import annotations

import operator
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Literal, NewType, TypedDict
from uuid import UUID

import pytest

from ommi.database import Ommi
from ommi.decorator import ommi_model
from ommi.errors import InvalidValue
from ommi.metadata.annotations import Auto, Aware, Digits, Key, Length
from ommi.query.fields import fields
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.models import new_collection


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 3


class Point(TypedDict):
    x: int
    y: float


@dataclass(frozen=True)
class Address:
    city: str
    since: date
    color: Color = Color.RED


Celsius = NewType("Celsius", float)


@ommi_model(collection=new_collection())
@dataclass
class Value:
    """A row with a field of each stored type."""

    boolean: bool | None = None
    integer: int | None = None
    real: float | None = None
    text: str | None = None
    short: Annotated[str | None, Length(3)] = None
    binary: bytes | None = None
    decimal: Decimal | None = None
    price: Annotated[Decimal | None, Digits(5, 2)] = None
    large: Annotated[Decimal | None, Digits(34, 10)] = None
    naive: datetime | None = None
    instant: Annotated[datetime | None, Aware] = None
    day: date | None = None
    clock: time | None = None
    span: timedelta | None = None
    uuid: UUID | None = None
    color: Color | None = None
    level: Level | None = None
    word: Literal["yes", "no"] | None = None
    celsius: Celsius | None = None
    numbers: list[int] | None = None
    names: set[str] | None = None
    pair: tuple[int, str] | None = None
    counts: dict[str, int] | None = None
    point: Point | None = None
    address: Address | None = None
    addresses: list[Address] | None = None
    either: int | str | None = None
    id: Annotated[int | None, Key | Auto] = None


PLUS_FIVE = timezone(timedelta(hours=5, minutes=30))
HOME = Address("Łódź", date(2024, 2, 29), Color.BLUE)

STORED: dict[str, tuple[object, ...]] = {
    "boolean": (True, False),
    "integer": (0, -1, 2**53 + 1, 2**63 - 1, -(2**63)),
    "real": (0.0, 0.1, 5e-324, sys.float_info.max, -1.5, 2.0**53),
    "text": ("", " a ", "naïve", "e\u0301", "😀", "a\nb\r\n", "'\"`\\%_$1?", "\x01\x7f", "\ufeff"),
    "short": ("", "abc", "😀😀😀"),
    "binary": (b"", b"\x00\xff", bytes(range(256))),
    "decimal": (Decimal("0.0000000000"), Decimal("-123456789012345678.0123456789")),
    "price": (Decimal("1.50"), Decimal("-999.99"), Decimal("0.00")),
    "large": (Decimal("123456789012345678901234.0123456789"),),
    "naive": (
        datetime(1, 1, 1),  # noqa: DTZ001
        datetime(2024, 2, 29, 23, 59, 59, 999999),  # noqa: DTZ001
        datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
    ),
    "instant": (datetime(2024, 2, 29, 12, 0, 0, 1, UTC), datetime(1969, 12, 31, tzinfo=UTC)),
    "day": (date.min, date(2024, 2, 29), date.max),
    "clock": (time.min, time(23, 59, 59, 999999)),
    "span": (timedelta(0), timedelta(days=-3, microseconds=1), timedelta(days=10_000)),
    "uuid": (UUID(int=0), UUID("12345678-1234-5678-1234-567812345678"), UUID(int=2**128 - 1)),
    "color": (Color.RED, Color.BLUE),
    "level": (Level.LOW, Level.HIGH),
    "word": ("yes", "no"),
    "celsius": (36.6,),
    "numbers": ([], [1, 2, 2**63 - 1], [-1]),
    "names": (set(), {"a", "é"}),
    "pair": ((1, "a"),),
    "counts": ({}, {"a.b": 1, "$c": 2, "": 3, 'd"e': 4}),
    "point": (Point(x=1, y=2.5),),
    "address": (HOME,),
    "addresses": ([], [HOME, Address("b", date.min)]),
    "either": (1, "1", ""),
}

REFUSED: dict[str, tuple[object, ...]] = {
    "boolean": (1, 0, "true"),
    "integer": (True, 1.0, "1", 2**63, -(2**63) - 1),
    "real": (float("nan"), float("inf"), -float("inf"), True, "1.0", 2**53 + 1, 10**400),
    "text": (1, b"a", "nul \x00", "half \ud800"),
    "short": ("abcd",),
    "binary": ("a", [1]),
    "decimal": (1.5, "1", Decimal("NaN"), Decimal("Infinity"), Decimal("0.00000000001")),
    "price": (Decimal("1.005"), Decimal(1000)),
    "naive": (datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 1), "2024-01-01"),
    "instant": (datetime(2024, 1, 1), 0),  # noqa: DTZ001
    "day": (datetime(2024, 1, 1), "2024-01-01"),  # noqa: DTZ001
    "clock": ("12:00", time(12, tzinfo=UTC)),
    "span": (1, "1"),
    "uuid": ("12345678-1234-5678-1234-567812345678", 1),
    "color": ("red", Level.LOW),
    "level": (1, Color.RED),
    "word": ("maybe", 1),
    "numbers": ((1,), [1, "2"], [True], {1}),
    "names": (["a"], {1}),
    "pair": ((1,), (1, "a", 2), [1, "a"]),
    "counts": ({"a": "b"}, {1: 1}, []),
    "point": ({"x": 1}, {"x": 1, "y": 2.0, "z": 3}),
    "address": ({"city": "a"}, "a"),
    "addresses": ([{"city": "a"}],),
    "either": (1.5, b"a"),
}

ORDERED = (
    *("boolean", "integer", "real", "text", "binary", "decimal", "price", "naive", "instant"),
    *("day", "clock", "span", "uuid", "color", "level"),
)


def row_with(name: str, value: object) -> Value:
    return Value(**{name: value})  # type: ignore[arg-type]


@pytest.mark.anyio
class TestTypes:
    @pytest.fixture
    async def db(self, database: Ommi) -> AsyncGenerator[Ommi, None]:
        async with tables(database, Value):
            yield database

    @pytest.mark.parametrize("name", STORED)
    async def test_values_come_back_as_they_were(self, db: Ommi, name: str) -> None:
        await db.add_all(row_with(name, value) for value in STORED[name]).or_raise()

        found = [getattr(row, name) for row in await db.query(Value).order_by("id").fetch_all()]

        assert found == list(STORED[name])
        assert [type(value) for value in found] == [type(value) for value in STORED[name]]

    @pytest.mark.parametrize("name", STORED)
    async def test_values_can_be_saved(self, db: Ommi, name: str) -> None:
        row = await db.add(Value()).or_raise()

        for value in (*STORED[name], None):
            setattr(row, name, value)
            await db.save(row).or_raise()

            assert await db.query(Value).fetch_all() == [row]

    @pytest.mark.parametrize("name", STORED)
    async def test_values_can_be_given_to_an_update(self, db: Ommi, name: str) -> None:
        await db.add(Value()).or_raise()

        for value in (*STORED[name], None):
            await db.find(Value).update(**{name: value}).or_raise()

            assert getattr(await db.query(Value).one(), name) == value

    @pytest.mark.parametrize("name", STORED)
    async def test_rows_are_found_by_their_values(self, db: Ommi, name: str) -> None:
        rows = [Value(), *(row_with(name, value) for value in STORED[name])]
        await db.add_all(rows).or_raise()

        for value in STORED[name]:
            asked = getattr(fields(Value), name) == value
            found = await db.query(Value, asked).fetch_all()

            assert [getattr(row, name) for row in found] == [value]
            assert await db.find(Value, ~asked).count.or_raise() == len(rows) - 1

    @pytest.mark.parametrize("name", REFUSED)
    async def test_values_that_do_not_fit_are_refused_unsent(self, db: Ommi, name: str) -> None:
        for value in REFUSED[name]:
            failure = await db.add(row_with(name, value))

            assert isinstance(failure.error, InvalidValue), ascii(value)
            assert (failure.error.model, failure.error.field) == ("Value", name)
        assert await db.query(Value).count() == 0

    # A text longer than its field may be asked for; no row has it.
    @pytest.mark.parametrize("name", [name for name in REFUSED if name != "short"])
    async def test_values_that_do_not_fit_are_not_asked_for(self, name: str) -> None:
        field = getattr(fields(Value), name)

        for value in REFUSED[name]:
            with pytest.raises(InvalidValue):
                operator.eq(field, value)

    @pytest.mark.parametrize("name", ORDERED)
    async def test_values_are_ordered_as_in_python(self, db: Ommi, name: str) -> None:
        await db.add_all(row_with(name, value) for value in reversed(STORED[name])).or_raise()

        found = [getattr(row, name) for row in await db.query(Value).order_by(name).fetch_all()]

        plain = [value.value if isinstance(value, Enum) else value for value in found]
        assert len(plain) == len(STORED[name])
        assert plain == sorted(plain)

    async def test_an_instant_is_the_same_in_every_time_zone(self, db: Ommi) -> None:
        there = datetime(2024, 1, 1, 12, tzinfo=PLUS_FIVE)
        await db.add(Value(instant=there)).or_raise()

        found = await db.find(Value, fields(Value).instant == there).one.or_raise()

        assert found.instant == there
        assert found.instant is not None
        assert found.instant.tzinfo is UTC

    async def test_zero_is_zero_whatever_its_sign(self, db: Ommi) -> None:
        await db.add(Value(real=-0.0), Value(real=0.0)).or_raise()

        for zero in (0.0, -0.0):
            assert await db.find(Value, fields(Value).real == zero).count.or_raise() == 2

    async def test_a_decimal_comes_back_with_the_scale_of_its_field(self, db: Ommi) -> None:
        await db.add(Value(price=Decimal("1.5"))).or_raise()

        assert str((await db.query(Value).one()).price) == "1.50"

    async def test_a_whole_number_may_be_given_for_a_float(self, db: Ommi) -> None:
        await db.add(Value(real=2)).or_raise()

        found = (await db.query(Value).one()).real
        assert (found, type(found)) == (2.0, float)

    async def test_every_field_of_one_row_comes_back(self, db: Ommi) -> None:
        full = Value(**{name: values[-1] for name, values in STORED.items()})  # type: ignore[arg-type]
        empty = Value()

        await db.add(full, empty).or_raise()

        assert await db.query(Value).order_by("id").fetch_all() == [full, empty]

    async def test_a_large_text_and_a_large_document_come_back(self, db: Ommi) -> None:
        row = Value(text="é" * 200_000, numbers=list(range(20_000)), binary=b"\xff" * 200_000)

        await db.add(row).or_raise()

        assert await db.query(Value).fetch_all() == [row]

    async def test_parts_of_documents_can_be_asked_for(self, db: Ommi) -> None:
        await db.add(Value(address=HOME, counts={"a.b": 1}), Value()).or_raise()
        value = fields(Value)

        assert await db.find(Value, value.address.city == "Łódź").count.or_raise() == 1
        assert await db.find(Value, value.counts["a.b"] == 1).count.or_raise() == 1
        assert await db.find(Value, value.counts["a"] == 1).count.or_raise() == 0
