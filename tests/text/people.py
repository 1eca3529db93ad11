"""The rows that every dialect is asked about, and what a case says of a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

from ommi import Auto, Digits, Key, ModelCollection, fields, ommi_model

COLLECTION = ModelCollection()


@dataclass
class Home:
    city: str
    rooms: int | None = None
    size: float = 0.0


@ommi_model(collection=COLLECTION, table="people")
@dataclass
class Person:
    name: str
    nick: str | None = None
    age: int = 0
    height: float | None = None
    active: bool = False
    photo: bytes = b""
    price: Annotated[Decimal, Digits(9, 2)] = Decimal(0)
    worth: Decimal = Decimal(0)
    tags: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    home: Home | None = None
    id: Annotated[int | None, Key | Auto] = None


PEOPLE = (
    Person("Ann", None, 30, 1.5, True, b"\0a", Decimal("1.50"), Decimal(10), ["a", "b"], {"k": 1}),
    Person("bob", "Bo%b", 40, None, False, b"", Decimal(2), Decimal(9), [], {"k": True},
           Home("A", 1)),
    Person("Ännchen", "ann", 30, -0.5, True, b"a", Decimal(-1), Decimal("0.1"), ["ab"], {}),
    Person("", "", -1, 2.0, False, b"\xff", Decimal(0), Decimal(-5), ["a"], {"k": "1", "d": [5]},
           Home("", None, 1.5)),
)  # fmt: skip
P: Any = fields(Person)
LONG = [*"abcdefghijklmnop", "bob"]


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What a question is in each dialect; `@name` is a column."""

    sqlite: str
    postgresql: str
    mariadb: str


@dataclass(frozen=True)
class Case(Texts):
    """A question, and the keys of the rows that it gives everywhere."""

    asks: Callable[..., Any]
    keys: list[int]
