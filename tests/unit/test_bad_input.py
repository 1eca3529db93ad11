"""Bad input is refused by a clear error before anything is sent, or simply answered."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Protocol
from uuid import UUID

import pytest

from ommi import (
    Auto,
    Aware,
    Digits,
    InvalidValue,
    Key,
    Length,
    ModelCollection,
    ModelError,
    Ommi,
    OmmiError,
    QueryError,
    UnknownField,
    fields,
    ommi_model,
    when,
)
from ommi.drivers.memory import MemoryDriver
from ommi.drivers.sqlite import SQLiteDriver
from ommi.query.nodes import DEEPEST

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()
SECRET = "s3cret"


@ommi_model(collection=COLLECTION)
@dataclass
class Guest:
    name: str
    short: Annotated[str, Length(3)] = ""
    age: int = 0
    height: float = 0.0
    active: bool = False
    photo: bytes = b""
    price: Annotated[Decimal, Digits(6, 2)] = Decimal(0)
    came: datetime | None = None
    seen: Annotated[datetime, Aware] | None = None
    born: date | None = None
    wakes: time | None = None
    stays: timedelta | None = None
    uid: UUID | None = None
    tags: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    id: Annotated[int | None, Key | Auto] = None


class Counting:
    """A driver that counts what is sent through the one that it wraps."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.sent = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def connect(self) -> Any:
        return _Counted(await self._inner.connect(), self)


class _Counted:
    def __init__(self, inner: Any, driver: Counting) -> None:
        self._inner = inner
        self._driver = driver

    # From 3.12 on, whether a connection keeps a schema is seen in its class only.
    async def tables(self, names: Any) -> Any:
        return await self._inner.tables(names)

    async def create_tables(self, tables: Any) -> None:
        await self._inner.create_tables(tables)

    async def drop_tables(self, tables: Any) -> None:
        await self._inner.drop_tables(tables)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)

        def call(*said: Any, **more: Any) -> Any:
            self._driver.sent += 1
            return found(*said, **more)

        return call if callable(found) else found


@pytest.fixture(params=[MemoryDriver, SQLiteDriver])
async def db(request: pytest.FixtureRequest) -> AsyncIterator[Ommi]:
    driver = Counting(request.param())
    async with Ommi(driver) as database:
        await database.use_models(COLLECTION)
        await database.add_all([Guest(f"n{number}", age=number) for number in range(5)]).or_raise()
        yield database


def sent(database: Ommi) -> int:
    driver: Any = database.driver
    return int(driver.sent)


G: Any = fields(Guest)
NAIVE = datetime(2024, 1, 1)  # noqa: DTZ001
AWARE = datetime(2024, 1, 1, tzinfo=UTC)

WRONG_TYPES = [
    ("name", 1234567, "str", "int"),
    ("name", SECRET.encode(), "str", "bytes"),
    ("age", SECRET, "int", "str"),
    ("age", 1.5, "int", "float"),
    ("age", True, "int", "bool"),
    ("age", Decimal(1), "int", "Decimal"),
    ("height", SECRET, "float", "str"),
    ("height", True, "float", "bool"),
    ("active", 1, "bool", "int"),
    ("active", SECRET, "bool", "str"),
    ("photo", SECRET, "bytes", "str"),
    ("price", 1.5, "Decimal", "float"),
    ("price", 1, "Decimal", "int"),
    ("came", SECRET, "datetime", "str"),
    ("came", date(2024, 1, 1), "datetime", "date"),
    ("born", NAIVE, "date", "datetime"),
    ("wakes", NAIVE, "time", "datetime"),
    ("stays", 5, "timedelta", "int"),
    ("uid", SECRET, "UUID", "str"),
]
UNFIT = [
    ("age", 2**63, "64 bit"),
    ("age", -(2**63) - 1, "64 bit"),
    ("age", 10**300, "64 bit"),
    ("height", math.nan, "NaN"),
    ("height", math.inf, "infinity"),
    ("height", 2**53 + 1, "float"),
    ("name", f"{SECRET}\0", "NUL"),
    ("name", f"{SECRET}\ud800", "surrogate"),
    ("price", Decimal("NaN"), "NaN"),
    ("price", Decimal("1.234"), "2"),
    ("price", Decimal(10**7), "4"),
    ("came", AWARE, "time zone"),
    ("seen", NAIVE, "time zone"),
    ("stays", timedelta.max, "timedelta"),
    ("extra", {SECRET: math.nan}, "NaN"),
    ("extra", {1: SECRET}, "found int"),
    ("extra", {"a": object()}, "object"),
    ("extra", {"a": 2**64}, "64 bit"),
    ("tags", [SECRET, 1], "str"),
    ("tags", SECRET, "list"),
]


def check_refusal(error: BaseException, name: str, value: object, *words: str) -> None:
    assert isinstance(error, InvalidValue)
    assert isinstance(error, ValueError)
    assert (error.model, error.field) == ("Guest", name)
    message = str(error)
    assert message.startswith(f"Guest.{name}")
    for word in words:
        assert word in message
    for shown in (SECRET, repr(value)):
        assert len(shown) < 4 or shown not in message


@pytest.mark.parametrize(("name", "value", "wanted", "found"), WRONG_TYPES)
async def test_a_value_of_another_type_is_refused_where_the_question_is_written(
    db: Ommi, name: str, value: object, wanted: str, found: str
) -> None:
    before = sent(db)
    expression = getattr(G, name)
    for ask in (
        lambda: expression == value,
        lambda: expression != value,
        lambda: expression < value,
        lambda: expression.in_([value]),
        lambda: expression.not_in([None, value]),
        lambda: expression.between(value, value),
        lambda: db.query(Guest).update(**{name: value}),
        lambda: db.find(Guest).set(**{name: value}),
    ):
        with pytest.raises(InvalidValue) as caught:
            ask()
        check_refusal(caught.value, name, value, wanted, f"found {found}")
    assert sent(db) == before


@pytest.mark.parametrize(("name", "value", "wanted", "found"), WRONG_TYPES)
async def test_a_value_of_another_type_is_a_failure_of_the_write(
    db: Ommi, name: str, value: object, wanted: str, found: str
) -> None:
    before = sent(db)
    bad = Guest("x")
    setattr(bad, name, value)

    errors = [await db.add(bad).error, await db.add_all([Guest("y"), bad]).error]

    for error in errors:
        assert error is not None
        check_refusal(error, name, value, wanted, f"found {found}")
    assert sent(db) == before


@pytest.mark.parametrize(("name", "value", "word"), UNFIT)
async def test_a_value_that_does_not_fit_is_refused_in_question_and_write(
    db: Ommi, name: str, value: object, word: str
) -> None:
    before = sent(db)
    bad = Guest("x")
    setattr(bad, name, value)

    with pytest.raises(InvalidValue) as caught:
        _ = getattr(G, name) == value
    error = await db.add(bad).error

    check_refusal(caught.value, name, value, word)
    assert error is not None
    check_refusal(error, name, value, word)
    assert sent(db) == before


async def test_save_refuses_a_bad_value_and_sends_nothing(db: Ommi) -> None:
    guest = await db.query(Guest, G.age == 1).one()
    before = sent(db)
    guest.age = 2**63

    error = await db.save(guest).error

    assert error is not None
    check_refusal(error, "age", 2**63, "64 bit")
    assert sent(db) == before


MEANINGLESS: list[tuple[Callable[[Ommi], Any], type[OmmiError], str]] = [
    (lambda db: G.nam == "x", UnknownField, "Guest has no field 'nam'"),
    (lambda db: db.query(Guest).order_by("nam"), UnknownField, "Guest has no field 'nam'"),
    (lambda db: db.query(Guest).order_by("-nam"), UnknownField, "Guest has no field 'nam'"),
    (lambda db: db.query(Guest).order_by(""), UnknownField, "Guest has no field ''"),
    (lambda db: db.query(Guest).order_by(3), QueryError, "found int"),
    (lambda db: db.query(Guest).order_by(G.extra), QueryError, "no order"),
    (lambda db: db.query(Guest).update(nam=1), UnknownField, "Guest has no field 'nam'"),
    (lambda db: db.query(Guest).update(), QueryError, "at least one field"),
    (lambda db: db.query(Guest).update(id=3), QueryError, "the key"),
    (lambda db: db.query(Guest).update(age=G.height), QueryError, "Guest.age is stored as int"),
    (lambda db: G.extra["a"]["b"][-1], QueryError, "negative"),
    (lambda db: G.age["a"], QueryError, "Guest.age is stored as int"),
    (lambda db: G.age.contains(1), QueryError, "Guest.age is stored as int"),
    (lambda db: G.age.starts_with("1"), QueryError, "Guest.age is stored as int"),
    (lambda db: G.active.regex("a"), QueryError, "Guest.active is stored as bool"),
    (lambda db: G.born.ilike("a"), QueryError, "Guest.born is stored as date"),
    (lambda db: G.tags < ["a"], QueryError, "Guest.tags is stored as json"),
    (lambda db: G.name + "a", QueryError, "Guest.name is stored as text"),
    (lambda db: G.age + 1.5, InvalidValue, "wanted int, found float"),
    (lambda db: G.age + True, InvalidValue, "wanted int, found bool"),
    (lambda db: G.age + G.height, QueryError, "do not mix"),
    (lambda db: G.age == G.name, QueryError, "same type"),
    (lambda db: G.age < None, InvalidValue, "is_null"),
    (lambda db: G.name.in_("abc"), InvalidValue, "list of values, found str"),
    (lambda db: G.name.in_(5), InvalidValue, "list of values, found int"),
    (lambda db: G.name.regex("("), QueryError, "unbalanced"),
    (lambda db: G.name.regex(5), InvalidValue, "found int"),
    (lambda db: G.name.ilike("a\\"), QueryError, "ilike pattern"),
    (lambda db: G.name.icontains(5), InvalidValue, "found int"),
    (lambda db: db.query(Guest).limit(-1), InvalidValue, "0 or more"),
    (lambda db: db.query(Guest).offset(-1), InvalidValue, "0 or more"),
    (lambda db: db.query(Guest).limit(True), InvalidValue, "found bool"),
    (lambda db: db.query(Guest).limit(1.0), InvalidValue, "found float"),
    (lambda db: db.query(Guest).limit("1"), InvalidValue, "found str"),
    (lambda db: db.query(Guest).limit(10**30), InvalidValue, "at most"),
    (lambda db: db.query(Guest).limit(1).delete(), QueryError, "limit"),
    (lambda db: db.find(Guest, G.name), QueryError, "stands alone"),
    (lambda db: db.find(Guest, G.active & G.name), QueryError, "stands alone"),
    (lambda db: db.find(), QueryError, "which model"),
    (lambda db: db.find(int), QueryError, "int is not a model"),
    (lambda db: db.add(), QueryError, "at least one"),
    (lambda db: when(), QueryError, "at least one"),
]


@pytest.mark.parametrize(("ask", "kind", "words"), MEANINGLESS)
async def test_a_question_without_a_meaning_is_refused_where_it_is_written(
    db: Ommi, ask: Callable[[Ommi], Any], kind: type[OmmiError], words: str
) -> None:
    before = sent(db)

    with pytest.raises(kind) as caught:
        ask(db)

    assert words in str(caught.value)
    assert sent(db) == before


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: bool(G.age > 1), "&"),
    (lambda: (G.age > 1) and (G.age < 3), "&"),
    (lambda: (G.age > 1) or (G.age < 3), "|"),
    (lambda: not (G.age > 1), "~"),
    (lambda: 1 < G.age < 3, "between"),
    (lambda: G.active and (G.age < 3), "&"),
    (lambda: "a" in G.name, "contains"),
    (lambda: (G.age > 1) == (G.age < 3), "parentheses"),
    (lambda: 1 & (G.age < 3), "parentheses"),
    (lambda: (G.age < 3) | "x", "parentheses"),
    (lambda: when("age > 3"), "condition"),
    (lambda: when(True), "condition"),
]


@pytest.mark.parametrize(("write", "advice"), MISTAKES)
def test_what_python_would_do_with_a_predicate_says_what_to_write(
    write: Callable[[], Any], advice: str
) -> None:
    with pytest.raises(TypeError) as caught:
        write()

    assert advice in str(caught.value)


def test_an_iteration_over_a_field_is_refused() -> None:
    with pytest.raises(TypeError):
        list(G.tags)


class Strange(Protocol):
    def meet(self) -> None: ...


def unmappable() -> Any:
    return [
        (Callable[[], int], "Callable"),
        (Strange, "Strange"),
        (object, "object"),
        (complex, "complex"),
        (None, "None"),
    ]


@pytest.mark.parametrize(("annotation", "word"), unmappable())
def test_a_class_with_a_field_of_no_known_type_is_refused(annotation: Any, word: str) -> None:
    cls = type("Odd", (), {"__annotations__": {"id": int, "part": annotation}})

    with pytest.raises(ModelError) as caught:
        ommi_model(collection=ModelCollection())(dataclass(cls))

    assert (caught.value.model, caught.value.field) == ("Odd", "part")
    assert word in str(caught.value)


def test_a_class_without_fields_is_refused() -> None:
    with pytest.raises(ModelError, match="Empty"):
        ommi_model(collection=ModelCollection())(dataclass(type("Empty", (), {})))


def chained(step: Callable[[Any, Any, int], Any], count: int = 10_000) -> Any:
    made: Any = G.age >= 0
    for number in range(count):
        made = step(made, G.age >= -number, number)
    return made


async def test_a_predicate_with_ten_thousand_not_is_answered(db: Ommi) -> None:
    assert await db.query(Guest, chained(lambda made, _, __: ~made)).count() == 5
    assert await db.query(Guest, chained(lambda made, _, __: ~made, 9_999)).count() == 0


ONE_SIGN: dict[str, Callable[[Any, Any, int], Any]] = {
    "and": lambda made, more, _: made & more,
    "or": lambda made, more, _: made | more,
}


@pytest.mark.parametrize("sign", ONE_SIGN)
async def test_a_predicate_ten_thousand_deep_on_one_sign_is_answered(db: Ommi, sign: str) -> None:
    made = chained(ONE_SIGN[sign])

    assert await db.query(Guest, made).count() == 5
    assert repr(made)


async def test_the_side_on_which_a_predicate_is_deep_does_not_matter(db: Ommi) -> None:
    made = chained(lambda made, more, _: more & made, 1_000)

    assert await db.query(Guest, made).count() == 5


ALTERNATING: dict[str, Callable[[Any, Any, int], Any]] = {
    "left": lambda made, more, n: made & more if n % 2 else made | more,
    "right": lambda made, more, n: more & made if n % 2 else more | made,
    "with not": lambda made, more, n: ~(made & more),
}


@pytest.mark.parametrize("way", ALTERNATING)
async def test_a_predicate_that_alternates_ten_thousand_deep_is_refused(
    db: Ommi, way: str
) -> None:
    with pytest.raises(QueryError, match="alternate"):
        chained(ALTERNATING[way])


@pytest.mark.parametrize("way", ALTERNATING)
async def test_the_deepest_predicate_that_can_be_written_is_answered(db: Ommi, way: str) -> None:
    made: Any = G.age >= 0
    number = 0
    while made.depth < DEEPEST - 1:
        made = ALTERNATING[way](made, G.age >= -number, number)
        number += 1

    found = await db.query(Guest, made).count()

    assert found + await db.query(Guest, ~made).count() == 5
    assert repr(made)
    await db.query(Guest, made).fetch_all()
    assert await db.query(Guest, made).update(short="x") == found
    assert await db.query(Guest, made).delete() == found


MANY = 100_000
LISTS: dict[str, tuple[Any, list[Any], int]] = {
    "ints": (G.age, list(range(MANY)), 5),
    "strings": (G.name, [f"n{number}" for number in range(MANY)], 5),
    "floats": (G.height, [number / 4 for number in range(MANY)], 5),
    "bytes": (G.photo, [str(number).encode() for number in range(1, MANY)] + [b""], 5),
    "decimals": (G.price, [Decimal(number) / 100 for number in range(MANY)], 5),
    "calculated": (G.age + 1, list(range(MANY)), 5),
    "inside a document": (G.extra["a"], [*range(MANY), "x", True], 0),
}


@pytest.mark.parametrize("kind", LISTS)
async def test_a_list_of_a_hundred_thousand_values_is_answered(db: Ommi, kind: str) -> None:
    expression, values, found = LISTS[kind]

    assert await db.query(Guest, expression.in_(values)).count() == found
    assert await db.query(Guest, expression.not_in(values)).count() == 5 - found


async def test_a_text_of_ten_megabytes_is_stored_and_found(db: Ommi) -> None:
    big = "ä" + "x" * 10_000_000

    await db.add(Guest(big)).or_raise()

    for asks in (
        G.name == big,
        G.name.contains(big[1:]),
        G.name.starts_with(big[:-1]),
        G.name.ends_with(big[1:]),
        G.name.icontains("Äxxx"),
        G.name.in_([big]),
    ):
        assert await db.query(Guest, asks).count() == 1
    [found] = await db.query(Guest, G.name == big).fetch_all()
    assert found.name == big


async def test_a_pattern_of_ten_megabytes_is_refused(db: Ommi) -> None:
    big = SECRET + "x" * 10_000_000

    for write in (
        lambda: G.name.ilike(big),
        lambda: G.name.icontains(big),
        lambda: G.name.regex(big),
        lambda: db.query(Guest).order_by(big),
    ):
        with pytest.raises(QueryError) as caught:
            write()
        assert len(str(caught.value)) < 500


async def test_a_regex_that_would_take_long_on_a_long_text_is_refused(db: Ommi) -> None:
    await db.add(Guest("x" * 10_000_000)).or_raise()

    with pytest.raises(QueryError, match="too costly"):
        await db.query(Guest, G.name.regex("x*y")).count()
