"""Models become rows of stored forms by generated code, or are refused."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ommi.decorator import ommi_model, register
from ommi.errors import InvalidValue
from ommi.execution.extraction import Encoding, extractor, extractor_of_alike, row_of
from ommi.metadata.annotations import Auto, Key, Length
from ommi.metadata.collection import ModelCollection
from ommi.metadata.model import metadata_of


class Colour(enum.Enum):
    RED = "red"


@ommi_model(collection=ModelCollection())
@dataclass
class Thing:
    name: Any
    short: Annotated[str, Length(3)]
    colour: Colour | None
    tags: list[str]
    ratio: float
    number: int | None = None
    id: Annotated[int | None, Key | Auto] = None


MODEL = metadata_of(Thing)


def thing(**values: Any) -> Thing:
    usual = {"name": "n", "short": "abc", "colour": Colour.RED, "tags": ["a"], "ratio": 1.5}
    return Thing(**{**usual, **values})


def extracted(*instances: Thing) -> list[tuple[object, ...]]:
    return extractor(MODEL.fields)(instances)


def test_values_come_in_stored_form() -> None:
    assert extracted(thing(), thing(colour=None, number=3, id=4, ratio=2)) == [
        ("n", "abc", "red", ["a"], 1.5, None, None),
        ("n", "abc", None, ["a"], 2.0, 3, 4),
    ]


def test_only_the_fields_asked_for_are_read() -> None:
    fields = [MODEL.field("number"), MODEL.field("short")]

    assert extractor(fields)([thing(number=1)]) == [(1, "abc")]
    assert extractor([])([thing()]) == [()]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"short": "abcd"}, r"Thing\.short"),
        ({"short": None}, r"Thing\.short: wanted str, found None"),
        ({"colour": "red"}, r"Thing\.colour: wanted Colour, found str"),
        ({"tags": ["a", 1]}, r"Thing\.tags"),
        ({"ratio": float("nan")}, r"Thing\.ratio"),
        ({"number": True}, r"Thing\.number: wanted int .*, found bool"),
        ({"id": 2**63}, r"Thing\.id: wanted int"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidValue, match=reason):
        extracted(thing(), thing(**values))


def test_a_generated_field_may_be_none_though_it_is_not_optional() -> None:
    @dataclass
    class Model:
        id: Annotated[int, Key | Auto]
        name: str

    model = metadata_of(register(Model, collection=ModelCollection()))

    assert extractor(model.fields)([Model(None, "a")]) == [(None, "a")]  # type: ignore[arg-type]


def test_a_field_that_an_instance_lacks_counts_as_none() -> None:
    @dataclass(slots=True)
    class Model:
        name: str
        id: Annotated[int, Key | Auto] = field(init=False)

    model = metadata_of(register(Model, collection=ModelCollection()))

    assert extractor(model.fields)([Model("a")]) == [("a", None)]


ANYTHING: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(Colour)
    | st.lists(st.text(max_size=3) | st.integers(), max_size=2)
)


@given(
    values=st.fixed_dictionaries(
        dict.fromkeys(("name", "short", "colour", "tags", "ratio", "number", "id"), ANYTHING)
    )
)
def test_generated_code_agrees_with_the_interpreted_twin(values: dict[str, Any]) -> None:
    instance = Thing(**values)
    try:
        expected = row_of(instance, MODEL.fields)
    except InvalidValue as error:
        with pytest.raises(InvalidValue, match=f"^{re.escape(str(error))}$"):
            extracted(instance)
    else:
        assert repr(extracted(instance)) == repr([expected])


def measured(value: object) -> object:
    return len(str(value))


class TestAlike:
    """Instances that are added by one command are found out while they are read."""

    FIELDS = tuple(f for f in MODEL.fields if f.name != "id")
    ENCODINGS = tuple(
        Encoding(measured, "len({value})") if f.name == "short" else Encoding() for f in FIELDS
    )

    def rows(self, *instances: object) -> list[tuple[object, ...]] | None:
        extract = extractor_of_alike(MODEL, self.FIELDS, [MODEL.field("id")], self.ENCODINGS)
        return extract(instances)

    def test_stored_forms_are_encoded_on_the_way(self) -> None:
        assert self.rows(thing(), thing(short="ab")) == [
            ("n", 3, "red", ["a"], 1.5, None),
            ("n", 2, "red", ["a"], 1.5, None),
        ]

    def test_what_lacks_a_field_is_encoded_too(self) -> None:
        instance = thing()
        del instance.number

        assert self.rows(instance) == [("n", 3, "red", ["a"], 1.5, None)]

    def test_one_that_has_a_key_is_added_otherwise(self) -> None:
        assert self.rows(thing(), thing(id=1)) is None

    def test_one_that_lacks_a_key_is_added_otherwise(self) -> None:
        extract = extractor_of_alike(MODEL, MODEL.fields, [], [Encoding()] * len(MODEL.fields))

        assert extract([thing(id=1)]) is not None
        assert extract([thing(id=1), thing()]) is None

    def test_one_of_another_class_is_added_otherwise(self) -> None:
        @dataclass
        class Derived(Thing):
            pass

        derived = Derived("n", "abc", None, [], 1.5)
        assert self.rows(thing(), derived) is None
