"""Every stored type there and back, and what PostgreSQL itself makes of it."""

# Naive times are meant; fixtures are imported, and asked for by their names.
# ruff: noqa: DTZ001, DTZ901, F811

from __future__ import annotations

import json
import pickle
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ommi import ArithmeticOverflow, Aware, Digits, Key, Length, ModelCollection, Ommi, ommi_model
from ommi.drivers.postgresql.documents import exact_number, write_document
from ommi.metadata.json_text import parse_json
from services.postgresql import Server, database, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION, table="values")
@dataclass
class Values:
    id: Annotated[int, Key]
    truth: bool | None = None
    whole: int | None = None
    real: float | None = None
    text: str | None = None
    short: Annotated[str | None, Length(3)] = None
    blob: bytes | None = None
    price: Annotated[Decimal, Digits(9, 2)] | None = None
    moment: datetime | None = None
    instant: Annotated[datetime, Aware] | None = None
    day: date | None = None
    clock: time | None = None
    span: timedelta | None = None
    uid: UUID | None = None
    document: Any = 0


@pytest.fixture
async def db(server: Server, database: str) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(database)) as opened:
        await opened.use_models(COLLECTION)
        yield opened


EAST = timezone(timedelta(hours=14))
CASES: dict[str, tuple[Any, ...]] = {
    "truth": (True, False),
    "whole": (0, -(2**63), 2**63 - 1),
    "real": (0.0, 5e-324, 1.7976931348623157e308, 0.1, 1e16, 2.0**63),
    "text": ("", " ", "a ", "'", '"', "\\", "%", "é", "😀", "\ud7ff", "\U0010ffff", "\n\t\x01"),
    "short": ("", "abc", "ab ", "😀😀😀"),
    "blob": (b"", b"\0", bytes(range(256))),
    "price": (Decimal("0.00"), Decimal("-0.01"), Decimal("9999999.99")),
    "moment": (datetime.min, datetime.max, datetime(2024, 2, 29, 1, 2, 3, 4)),
    "instant": (
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(2024, 2, 29, 1, tzinfo=EAST),
    ),
    "day": (date.min, date.max, date(2024, 2, 29)),
    "clock": (time.min, time.max),
    "span": (timedelta(0), timedelta(microseconds=-(2**63)), timedelta(microseconds=2**63 - 1)),
    "uid": (UUID(int=0), UUID(int=2**128 - 1)),
    "document": (
        0, -1, 2**63 - 1, 0.0, 1.0, -1.5, 0.001, 1e16, 1e23, 5e-324, 1.7976931348623157e308,
        2.0**63, 2.0**62, True, False, "", '"', "1e+16", "\\", "é\n", [], {},
        [1, 1.0, None, "a", [True]],
        {"": None, "a": {"b": [1e300]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_values_come_back_as_they_were_and_are_found(db: Ommi, name: str) -> None:
    rows = [Values(n, **{name: value}) for n, value in enumerate(CASES[name])]

    await db.add_all(rows).or_raise()

    found = await db.query(Values).order_by("id").fetch_all()
    assert [repr(getattr(row, name)) for row in found] == [
        repr(value.astimezone(UTC) if name == "instant" else value) for value in CASES[name]
    ]
    for row in rows:
        field = getattr(Values, name)
        asked = await db.query(Values).where(field == getattr(row, name)).fetch_all()
        assert row.id in [each.id for each in asked]


async def test_rows_that_were_copied_are_what_rows_that_were_inserted_are(db: Ommi) -> None:
    filled = [
        {name: values[n % len(values)] for name, values in CASES.items()} for n in range(100)
    ]
    one_by_one = [Values(n, **values) for n, values in enumerate(filled)]
    at_once = [Values(1000 + n, **values) for n, values in enumerate(filled)]

    for row in one_by_one:
        await db.add(row).or_raise()
    await db.add_all(at_once).or_raise()

    found = await db.query(Values).order_by("id").fetch_all()
    assert [{**vars(row), "id": 0} for row in found[:100]] == [
        {**vars(row), "id": 0} for row in found[100:]
    ]


async def test_an_identifier_is_of_the_standard_library_and_can_be_pickled(db: Ommi) -> None:
    await db.add(Values(1, uid=UUID(int=5))).or_raise()

    row = await db.query(Values).one()

    assert type(row.uid) is UUID
    assert pickle.loads(pickle.dumps(row.uid)) == UUID(int=5)


async def test_a_number_in_a_document_equals_what_python_says(db: Ommi) -> None:
    numbers = (2**53 + 1, 2.0**53, 0.1, 1, 1.0, 2.0**63, 2**63 - 1, 1e23, -0.0, 0)
    await db.add_all([Values(n, document={"x": x}) for n, x in enumerate(numbers)]).or_raise()

    for number in numbers:
        query = db.query(Values).where(Values.document["x"] == number)
        found = sorted([row.id for row in await query.fetch_all()])
        assert found == [n for n, x in enumerate(numbers) if x == number]


async def test_documents_are_equal_where_python_says_so(db: Ommi) -> None:
    documents = ([1], [1.0], [True], {"a": 1e23}, {"a": 2**63 - 1}, {"a": 2.0**63}, [-0.0], [0])
    await db.add_all([Values(n, document=d) for n, d in enumerate(documents)]).or_raise()

    for document in documents:
        query = db.query(Values).where(Values.document == document)
        found = sorted([row.id for row in await query.fetch_all()])
        expected = [
            n for n, d in enumerate(documents) if d == document and repr(True) not in repr(d)
        ]
        assert found == ([2] if document == [True] and document[0] is True else expected)


async def test_a_step_finds_what_is_in_a_list_or_an_object_and_nothing_else(db: Ommi) -> None:
    documents = (["a"], {"0": "a"}, "a", [["a"]], {"k": "a"}, {"k": ["a"]}, 0)
    await db.add_all([Values(n, document=d) for n, d in enumerate(documents)]).or_raise()

    async def found(path: Any) -> list[int]:
        rows = await db.query(Values).where(path == "a").order_by("id").fetch_all()
        return [row.id for row in rows]

    assert await found(Values.document[0]) == [0]
    assert await found(Values.document["0"]) == [1]
    assert await found(Values.document[0][0]) == [3]
    assert await found(Values.document["k"]) == [4]
    assert await found(Values.document["k"][0]) == [5]
    assert await found(Values.document[2**40]) == []


async def test_a_product_too_small_for_a_float_is_zero_and_one_too_large_an_error(
    db: Ommi,
) -> None:
    reals = (5e-324, -5e-324, 1e-200, 1.0, 1e200, 0.0, 2.0**-537)
    await db.add_all([Values(n, real=real) for n, real in enumerate(reals)]).or_raise()

    for factor in (0.5, 0.6, 1e-200, 2.0**-538, 2.0**-537, 1.0, 1e-10):
        await db.query(Values).update(price=None)
        products = [real * factor for real in reals]
        for product in products:
            rows = await db.query(Values).where(Values.real * factor == product).fetch_all()
            assert {row.id for row in rows} == {n for n, p in enumerate(products) if p == product}

    with pytest.raises(ArithmeticOverflow):
        await db.query(Values).where(Values.real * 1e200 > 0.0).fetch_all()


async def test_an_integer_that_leaves_64_bits_is_an_error_and_writes_nothing(db: Ommi) -> None:
    await db.add(Values(1, whole=2**63 - 1)).or_raise()

    with pytest.raises(ArithmeticOverflow):
        await db.query(Values).update(whole=Values.whole + 1)

    assert (await db.query(Values).one()).whole == 2**63 - 1


async def test_a_decimal_that_was_calculated_is_never_rounded(db: Ommi) -> None:
    await db.add_all([Values(1, price=Decimal("1.01")), Values(2)]).or_raise()

    with pytest.raises(ArithmeticOverflow):
        await db.query(Values).update(price=Values.price * Decimal("1.01"))
    with pytest.raises(ArithmeticOverflow):
        await db.query(Values).update(price=Values.price * Decimal(10**8))
    assert await db.query(Values).update(price=Values.price * Decimal("1.00")) == 2

    assert [row.price for row in await db.query(Values).order_by("id").fetch_all()] == [
        Decimal("1.01"),
        None,
    ]


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab-0.e+", max_size=9), inner)
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_a_document_is_read_as_it_was_written(stored: Any) -> None:
    assert repr(parse_json(write_document(stored))) == repr(stored)


@given(PLAIN)
def test_no_number_of_a_document_is_written_with_a_large_exponent(stored: Any) -> None:
    numbers: list[str] = []

    json.loads(write_document(stored), parse_float=numbers.append)

    assert not any("e+" in number for number in numbers)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63 - 1))
def test_exact_numbers_compare_as_numbers_do(real: float, whole: int) -> None:
    assert (exact_number(real) == exact_number(whole)) is (real == whole)
    assert (exact_number(real) < exact_number(whole)) is (real < whole)
    assert (exact_number(float(whole)) < exact_number(whole)) is (float(whole) < whole)
