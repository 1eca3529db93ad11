from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
import pydantic
import pydantic.dataclasses
import pytest

from ommi.metadata.codecs import codec_for
from ommi.metadata.json_text import canonical_json, parse_json
from ommi.metadata.storage import Unfit

T = TypeVar("T")


class Color(Enum):
    RED = "red"


class Inner(pydantic.BaseModel):
    amount: Decimal


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True, extra="forbid")

    when: datetime
    key: UUID
    color: Color = Color.RED
    named: int = pydantic.Field(1, alias="Other")
    by_id: dict[int, list[Inner]] = {}
    tags: set[str] = set()

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def label(self) -> str:
        return f"{self.color}"


class Root(pydantic.RootModel[list[int]]): ...


class Wide(pydantic.BaseModel):
    ratio: float = 0.0
    text: str = ""
    count: int = 0


@pydantic.dataclasses.dataclass
class Checked:
    size: int


class Item(msgspec.Struct, rename="camel"):
    item_name: str
    when: date | None = None
    by_id: dict[int, list[UUID]] = {}


class Row(msgspec.Struct, array_like=True):
    x: int
    y: float


class Box(msgspec.Struct, Generic[T]):
    held: T


STRICT = Strict(when=datetime(2024, 1, 1, tzinfo=UTC), key=UUID(int=5), Other=2, tags={"b", "a"})
STRICT.by_id[1] = [Inner(amount=Decimal("1.50"))]


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Strict, STRICT),
        (list[Strict | None], [STRICT, None]),
        (Root, Root([1, 2])),
        (Checked, Checked(5)),
        (Item, Item("x", date(2024, 1, 1), {1: [UUID(int=5)]})),
        (dict[str, Item], {"a": Item("x")}),
        (Row, Row(1, 2.0)),
        (Row | dict[str, int], Row(1, 2.5)),
        (Root | None, Root([])),
        (Box[date], Box(date(2024, 1, 1))),
    ],
)
def test_an_instance_of_another_library_comes_back_as_it_was(
    annotation: object, value: object
) -> None:
    codec = codec_for(annotation)
    assert codec.load is not None

    back = codec.load(parse_json(canonical_json(codec.dump(value))))

    assert back == value
    assert type(back) is type(value)


def test_a_pydantic_model_is_stored_under_the_names_of_its_fields() -> None:
    stored = codec_for(Strict).dump(STRICT)

    assert isinstance(stored, dict)
    assert stored.keys() == {"when", "key", "color", "named", "by_id", "tags"}


def test_a_struct_is_stored_under_the_names_that_it_encodes() -> None:
    assert codec_for(Item).dump(Item("x")) == {"itemName": "x", "when": None, "byId": {}}


def changed(make: Callable[..., Any], **values: object) -> object:
    instance = make()
    for name, value in values.items():
        setattr(instance, name, value)
    return instance


@pytest.mark.parametrize(
    ("annotation", "value", "reason"),
    [
        (Wide, changed(Wide, count="secret"), "does not fit what Wide declares"),
        (Wide, Inner(amount=Decimal(1)), "wanted Wide, found Inner"),
        (Wide, {"count": 1}, "wanted Wide, found dict"),
        (Wide, Wide(ratio=float("nan")), "[...]: wanted float, found NaN or an infinity"),
        (Wide, Wide(text="\0"), "[...]: wanted str, found str with a NUL character"),
        (Wide, Wide(count=2**63), "[...]: wanted int (64 bit), found int outside 64 bits"),
        (Checked, changed(lambda: Checked(1), size="x"), "size: wanted int (64 bit), found str"),
        (Item, Item(5), "itemName: does not fit what Item declares"),  # type: ignore[arg-type]
        (Item, Item("x", object()), "does not fit what Item declares"),  # type: ignore[arg-type]
        (Item, Item("\0"), "[...]: wanted str, found str with a NUL character"),
        (Box[date], Box("x"), "held: does not fit what Box declares"),
    ],
)
def test_an_instance_that_does_not_fit_is_refused_without_showing_it(
    annotation: object, value: object, reason: str
) -> None:
    with pytest.raises(Unfit) as caught:
        codec_for(annotation).dump(value)

    assert str(caught.value) == reason
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("annotation", "stored", "reason"),
    [
        (Strict, {"when": "secret", "key": str(UUID(int=5))}, "when: does not fit"),
        (Strict, [], "does not fit what Strict declares"),
        (Inner, {}, "amount: does not fit what Inner declares"),
        (Inner, {"amount": [float("inf")]}, "[...][0]: wanted float, found NaN or an infinity"),
        (Item, {"itemName": 5}, "itemName: does not fit what Item declares"),
        (list[Item], [{}], "[0]: does not fit what Item declares"),
    ],
)
def test_a_stored_document_that_the_library_refuses_is_refused(
    annotation: object, stored: object, reason: str
) -> None:
    load = codec_for(annotation).load

    assert load is not None
    with pytest.raises(Unfit) as caught:
        load(stored)
    assert str(caught.value).startswith(reason)
    assert caught.value.__cause__ is None


def test_a_model_of_any_json_cannot_be_told_from_others() -> None:
    with pytest.raises(TypeError, match="could not be told apart"):
        codec_for(Root | int)
