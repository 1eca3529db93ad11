"""Every kind of value through MariaDB and back, on every way there and back."""

# ruff: noqa: F811 - fixtures are imported, and asked for by their names
# ruff: noqa: DTZ001, DTZ901 - a datetime without a zone is a type of its own

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest

from ommi import (
    ArithmeticOverflow,
    Auto,
    Aware,
    Collation,
    DatabaseError,
    Default,
    Digits,
    Index,
    InvalidValue,
    Key,
    Length,
    ModelCollection,
    Ommi,
    UnsupportedOperation,
    fields,
    ommi_model,
)
from services.mariadb import Peer, Server, database, on_mariadb, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION, table="items")
@dataclass
class Item:
    truth: bool | None = None
    whole: int | None = None
    real: float | None = None
    text: str | None = None
    blob: bytes | None = None
    price: Annotated[Decimal | None, Digits(30, 12)] = None
    moment: datetime | None = None
    instant: Annotated[datetime | None, Aware] = None
    day: date | None = None
    clock: time | None = None
    span: timedelta | None = None
    serial: UUID | None = None
    data: dict[str, Any] | None = None
    other: int | None = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION, table="words")
@dataclass
class Word:
    text: Annotated[str, Key]
    code: Annotated[bytes, Index] = b""
    long: Annotated[str, Length(1000)] = ""


@ommi_model(collection=COLLECTION, table="stamps")
@dataclass
class Stamp:
    seen: Annotated[datetime | None, Default(sql="CURRENT_TIMESTAMP(6)")] = None
    id: Annotated[int | None, Key | Auto] = None


I: Any = fields(Item)  # noqa: E741
W: Any = fields(Word)

VALUES: dict[str, list[Any]] = {
    "truth": [True, False],
    "whole": [0, -1, 2**63 - 1, -(2**63), 2**53 + 1],
    "real": [0.1, 5e-324, 1.7976931348623157e308, 2.0**53 + 2, 1 / 3, -1e-7],
    "text": ["", " ", "a ", "A", "é", "e\u0301", "😀", "\\", "'", '"', "%s", "?", "x" * 70_000],
    "blob": [b"", b"\0", b"'\\\"", bytes(range(256)), b"\xff" * 70_000],
    "price": [Decimal(0), Decimal("-0.000000000001"), Decimal("123456789012345678.123456789012")],
    "moment": [datetime.min, datetime.max, datetime(999, 1, 2, 3, 4, 5, 6), datetime(2038, 2, 1)],
    "instant": [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(2024, 3, 31, 2, 30, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
    ],
    "day": [date.min, date.max, date(2024, 2, 29)],
    "clock": [time.min, time.max, time(12, 0, 0, 1)],
    "span": [timedelta(0), timedelta(microseconds=-1), timedelta(days=200_000, microseconds=1)],
    "serial": [UUID(int=0), UUID(int=2**128 - 1), UUID("12345678-1234-5678-1234-567812345678")],
    "data": [
        {},
        {"z": 1, "a": [1.0, 1, True, None, "é\n"], 'q"\\': {"n": 5e-324}},
        {"big": 1.25e18, "huge": 1e300, "int": 2**63 - 1, "tiny": -1e-7},
    ],
}  # fmt: skip
CASES = [(name, value) for name, values in VALUES.items() for value in values]


@pytest.fixture
async def db(server: Server, database: str) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(database)) as db:
        await db.use_models(COLLECTION)
        yield db


def types(value: Any) -> Any:
    """Give the types inside a value, so that 1 is not 1.0."""
    if isinstance(value, dict):
        return {key: types(part) for key, part in value.items()}
    if isinstance(value, list):
        return [types(part) for part in value]
    return type(value)


async def test_every_value_comes_back_as_it_was(db: Ommi) -> None:
    added = await db.add_all(Item(**{name: value}) for name, value in CASES).or_raise()

    for ways in ("fetch", "stream"):
        query = db.query(Item).order_by("id")
        found = await query.fetch_all() if ways == "fetch" else [i async for i in query.stream()]
        assert found == added
        for (name, value), item in zip(CASES, found, strict=True):
            assert types(getattr(item, name)) == types(value), name


async def test_one_row_at_a_time_comes_back_as_it_was(db: Ommi) -> None:
    for name, value in CASES:
        added = await db.add(Item(**{name: value})).or_raise()
        assert await db.find(I.id == added.id).one.or_raise() == added


async def test_every_value_is_found_by_itself_alone_and_in_lists(db: Ommi) -> None:
    await db.add_all(Item(**{name: value}) for name, value in CASES).or_raise()

    for name, value in CASES:
        field = getattr(I, name)
        asked = [field == value]
        if name != "data":
            many = VALUES[name] * 20
            asked += [field.in_([value]), field.in_([value] * 20), field.in_(many) & asked[0]]
        for condition in asked:
            found = await db.query(Item).where(condition).fetch_all()
            assert [getattr(item, name) for item in found] == [value]


async def test_every_value_can_be_set(db: Ommi) -> None:
    added = await db.add(Item()).or_raise()

    for name, value in CASES:
        assert await db.find(I.id == added.id).update(**{name: value}).or_raise() == 1
        found = await db.find(I.id == added.id).one.or_raise()
        assert getattr(found, name) == value


async def test_the_sign_of_zero_is_lost_and_nothing_else(db: Ommi) -> None:
    await db.add(Item(real=-0.0, data={"zero": -0.0})).or_raise()

    [found] = await db.query(Item).fetch_all()

    assert (found.real, found.data) == (0.0, {"zero": 0.0})
    assert await db.find(I.data == {"zero": 0}).count.or_raise() == 1


async def test_a_hundred_thousand_values_are_asked_for(db: Ommi) -> None:
    await db.add_all([Item(whole=n, text=str(n)) for n in range(-5, 5)]).or_raise()
    numbers = range(100_000)

    assert await db.find(I.whole.in_(numbers)).count.or_raise() == 5
    assert await db.find(I.whole.not_in(numbers)).count.or_raise() == 5
    assert await db.find(I.text.in_(map(str, numbers))).count.or_raise() == 5
    assert await db.find(I.whole.in_(numbers)).update(real=1.0).or_raise() == 5
    assert await db.find(I.whole.in_(numbers)).delete().or_raise() == 5


async def test_a_text_in_a_list_is_only_a_text(db: Ommi) -> None:
    hostile = ["'", "\\", "\\'", "') OR 1=1 -- ", '"', "\x1a", "a\\", "?", "%s", "`", "\n"]
    await db.add_all([Item(text=text) for text in hostile]).or_raise()

    for text in hostile:
        found = await db.query(Item).where(I.text.in_([text] * 17)).fetch_all()
        assert [item.text for item in found] == [text]


async def test_a_text_that_no_length_bounds_has_255_characters_in_a_key(db: Ommi) -> None:
    assert await db.add(Word("é" * 255)).error is None

    refused = await db.add(Word("é" * 256)).error
    changed = await db.find(W.code == b"").update(code=b"x" * 256).error

    assert isinstance(refused, InvalidValue)
    assert (refused.model, refused.field) == ("Word", "text")
    assert "Annotated[str, Length(n)]" in str(refused)
    assert isinstance(changed, InvalidValue)
    assert changed.field == "code"
    assert await db.find(W.text == "é" * 256).count.or_raise() == 0


@on_mariadb
async def test_a_key_of_text_is_found_by_its_index(db: Ommi) -> None:
    await db.add_all([Word(f"a{n}", b"x" * 100) for n in range(500)]).or_raise()

    for condition in (
        W.text == "a1",
        W.text.in_(["a1", "a2"]),
        W.text.in_([f"a{n}" for n in range(20)]),
        W.text.starts_with("a33"),
        W.text > "a99",
    ):
        explained = await db.find(condition).explain().or_raise()
        assert "PRIMARY" in str(explained.plan)
    assert "filesort" not in str((await db.query(Word).order_by("text").limit(1).explain()).plan)


@on_mariadb
async def test_long_texts_are_ordered_to_the_end_or_refused(db: Ommi) -> None:
    prefix = "x" * 5_000
    await db.add_all([Item(text=prefix + end) for end in "cab"]).or_raise()

    found = await db.query(Item).order_by("text").fetch_all()

    assert [(item.text or "")[-1] for item in found] == ["a", "b", "c"]
    await db.add(Item(text="x" * 6_000)).or_raise()
    with pytest.raises(ArithmeticOverflow):
        await db.query(Item).order_by("text").fetch_all()


async def test_two_fields_change_places(db: Ommi) -> None:
    await db.add(Item(whole=1, other=2)).or_raise()

    await db.find(I.id > 0).update(whole=I.other, other=I.whole).or_raise()

    [found] = await db.query(Item).fetch_all()
    assert (found.whole, found.other) == (2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"whole": I.whole + 1},
        {"whole": I.whole * 2},
        {"real": I.real * 2},
        {"price": I.price * Decimal("1.5")},
        {"price": I.price * Decimal("0.00000000001")},
    ],
)
@on_mariadb
async def test_an_overflow_or_a_rounding_is_an_error(db: Ommi, change: dict[str, Any]) -> None:
    most = Decimal("999999999999999999.999999999999")
    added = await db.add(Item(whole=2**63 - 1, real=1.7e308, price=most)).or_raise()

    failed = await db.find(I.id == added.id).update(**change).error

    assert isinstance(failed, ArithmeticOverflow)
    assert await db.find(I.id == added.id).one.or_raise() == added


@on_mariadb
async def test_a_product_that_would_be_cut_off_is_refused(db: Ommi) -> None:
    with pytest.raises(UnsupportedOperation, match="38 digits behind the point"):
        await db.find(I.price * I.price * I.price * I.price > Decimal(0)).count.or_raise()
    with pytest.raises(UnsupportedOperation, match="14 digits behind the point"):
        await db.find(I.price * Decimal("1e-15") > Decimal(0)).count.or_raise()


async def test_a_document_with_a_float_of_hidden_digits_is_found_or_refused(db: Ommi) -> None:
    data = {"big": 1.2345678901234567e18}

    added = await db.add(Item(data=data)).or_use(None)

    if db.driver.name == "MariaDB":
        assert added is not None
        assert await db.find(I.data == {"big": int(data["big"])}).fetch.all() == [added]
    else:
        error = await db.add(Item(data=data)).error
        assert isinstance(error, UnsupportedOperation)
        assert "give an int" in str(error)


@on_mariadb
async def test_a_default_of_the_server_is_told(db: Ommi) -> None:
    one = await db.add(Stamp()).or_raise()
    several = await db.add_all([Stamp(), Stamp()]).or_raise()

    assert all(isinstance(stamp.seen, datetime) for stamp in [one, *several])
    assert await db.query(Stamp).order_by("id").fetch_all() == [one, *several]


async def test_a_table_of_somebody_else_is_compared_by_code_points(db: Ommi, peer: Peer) -> None:
    await peer.ask(
        "CREATE TABLE folk (name VARCHAR(40) COLLATE utf8mb4_general_ci PRIMARY KEY, "
        "nick VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL)"
    )
    await db.use_models(Folk)
    await db.add_all([Folk("b", "b"), Folk("A", "B"), Folk("é", "é ")]).or_raise()
    f: Any = fields(Folk)

    assert await db.find(f.name == "a").count.or_raise() == 0
    assert await db.find(f.nick == "B").count.or_raise() == 2
    assert await db.find(f.name == f.nick).count.or_raise() == 1
    assert [x.name for x in await db.query(Folk).order_by("name").fetch_all()] == ["A", "b", "é"]


@ommi_model(collection=ModelCollection(), table="folk")
@dataclass
class Folk:
    name: Annotated[str, Key, Length(40)]
    nick: Annotated[str, Length(40), Collation("database")]


@on_mariadb
async def test_a_document_that_nests_too_deeply_is_refused(db: Ommi) -> None:
    nested: Any = {}
    for _ in range(40):
        nested = {"in": nested}

    failed = await db.add(Item(data=nested)).error

    assert isinstance(failed, DatabaseError)
    assert await db.find(I.data == nested).count.or_raise() == 0


def test_the_cases_name_every_field() -> None:
    names = {field.name for field in dataclass_fields(Item)}

    assert names - {"id", "other"} == set(VALUES)
    assert replace(Item(), id=1) == Item(id=1)
