"""Rows become models by generated code, which must agree with code that anybody can read."""

from __future__ import annotations

import gc
import operator
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field
from decimal import Decimal
from typing import Any

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ommi.decorator import ommi_model, register
from ommi.errors import InvalidValue
from ommi.execution.building import spelled
from ommi.execution.collector import COLLECTOR_PAUSED
from ommi.execution.hydration import LARGE_BATCH, assign, hydrator, replaced, runs_user_code
from ommi.metadata.collection import ModelCollection
from ommi.metadata.model import ModelMetadata, metadata_of
from ommi.metadata.relations import Relation
from ommi.planning.plan import ResultColumn
from ommi.relations import Batch, state_of
from profiles import examples

MODELS = ModelCollection()


@ommi_model(collection=MODELS)
@dataclass
class Dataclass:
    id: int
    name: str | None
    active: bool


@ommi_model(collection=MODELS)
@dataclass(slots=True)
class Slotted:
    id: int
    name: str | None
    active: bool


@ommi_model(collection=MODELS)
@dataclass(frozen=True)
class Frozen:
    id: int
    name: str | None
    active: bool


@ommi_model(collection=MODELS)
@dataclass(frozen=True, slots=True)
class FrozenSlotted:
    id: int
    name: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class HalfSlotted:
    id: int
    name: str | None


@ommi_model(collection=MODELS)
@dataclass(frozen=True)
class FrozenMixed(HalfSlotted):
    active: bool


@ommi_model(collection=MODELS)
@dataclass
class KeywordOnly:
    name: str | None = field(kw_only=True)
    id: int
    active: bool


@ommi_model(collection=MODELS)
@dataclass
class WithPseudoFields:
    """Annotates what is no field: a mark, and an argument of the constructor."""

    id: int
    scale: InitVar[int] = 1
    _: KW_ONLY
    name: str | None
    active: bool


@ommi_model(collection=MODELS)
@dataclass
class Hidden:
    id: int
    name: str | None = field(default=None, init=False)
    active: bool


@ommi_model(collection=MODELS)
@dataclass(frozen=True)
class FrozenHidden:
    id: int
    active: bool
    name: str | None = field(default_factory=str, init=False)


@ommi_model(collection=MODELS)
@dataclass
class Finishing:
    id: int
    name: str | None
    active: bool

    def __post_init__(self) -> None:
        self.seen = True


@ommi_model(collection=MODELS)
@dataclass
class HandWritten:
    id: int
    name: str | None
    active: bool

    def __init__(self, active: bool, id: int) -> None:  # noqa: A002
        self.id, self.active = id, active
        self.seen = True


@ommi_model(collection=MODELS)
@attrs.define
class Attrs:
    id: int
    _name: str | None
    active: bool


@ommi_model(collection=MODELS)
@attrs.frozen
class AttrsFrozen:
    id: int
    name: str | None
    active: bool


@ommi_model(collection=MODELS)
class Pydantic(pydantic.BaseModel):
    id: int
    name: str | None
    active: bool


@ommi_model(collection=MODELS)
class PydanticAliased(pydantic.BaseModel):
    id: int = pydantic.Field(alias="class", gt=-(2**63))
    name: str | None = pydantic.Field(alias="full-name")
    active: bool


@ommi_model(collection=MODELS)
class Struct(msgspec.Struct):
    id: int
    name: str | None
    active: bool


@ommi_model(collection=MODELS)
class StructFrozen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    id: int
    name: str | None
    active: bool


@ommi_model(collection=MODELS)
class Plain:
    id: int
    name: str | None
    active: bool


class Registered:
    id: int
    name: str | None
    active: bool

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


register(Registered, collection=MODELS)

BY_CONSTRUCTOR = (Dataclass, Slotted, KeywordOnly, Pydantic, Struct, StructFrozen, Plain)
EVERY: tuple[Any, ...] = (
    *BY_CONSTRUCTOR,
    Frozen,
    FrozenSlotted,
    FrozenMixed,
    WithPseudoFields,
    Hidden,
    FrozenHidden,
    Finishing,
    HandWritten,
    Attrs,
    AttrsFrozen,
    PydanticAliased,
    Registered,
)
every_kind = pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.__name__)

Decode = Callable[[object], object]
Columns = list[ResultColumn]


def as_columns(model: ModelMetadata, **decodes: tuple[Decode, str | None]) -> Columns:
    return [ResultColumn(f, *decodes.get(f.name, (None, None))) for f in model.fields]


def values_of(instance: object) -> dict[str, object]:
    names = [f.name for f in metadata_of(type(instance)).fields]
    return {name: getattr(instance, name) for name in names}


def is_one(value: object) -> object:
    return value == 1


BOOLS = st.sampled_from([(0, False), (1, True)])
DECODED = {
    "plain": {},
    "called": {"active": (is_one, None)},
    "inline": {"active": (is_one, "{value} == 1")},
}


def interpreted(columns: Columns, rows: Sequence[tuple[object, ...]]) -> list[dict[str, object]]:
    """Do slowly what the generated code does: the values of each model, by name."""
    return [
        {
            column.field.name: value
            if value is None or column.decode is None
            else column.decode(value)
            for column, value in zip(columns, row, strict=True)
        }
        for row in rows
    ]


@every_kind
@pytest.mark.parametrize("way", DECODED)
@settings(max_examples=examples(50, 2_000))  # for each of fifty combinations
@given(data=st.data())
def test_generated_code_agrees_with_the_interpreted_twin(
    cls: Any, way: str, data: st.DataObject
) -> None:
    model = metadata_of(cls)
    columns = data.draw(st.permutations(as_columns(model, **DECODED[way])))
    bools = st.booleans() if way == "plain" else st.integers(0, 1)
    kinds = {"id": st.integers(-9, 9), "active": bools, "name": st.none() | st.text()}
    one = st.tuples(*(kinds[c.field.name.lstrip("_")] for c in columns))
    rows = data.draw(st.lists(one, max_size=6))

    found = hydrator(model, columns)(rows, Batch(None))

    assert [type(instance) for instance in found] == [cls] * len(rows)
    assert [values_of(instance) for instance in found] == interpreted(columns, rows)


@every_kind
def test_an_instance_from_a_row_equals_one_that_the_user_made(cls: Any) -> None:
    model = metadata_of(cls)
    values = {"id": 1, "name": "a", "_name": "a", "active": True}
    row = tuple(values[f.name] for f in model.fields)

    [found] = hydrator(model, as_columns(model))([row], None)

    if cls in (Hidden, FrozenHidden, HandWritten):
        made = cls(id=1, active=True)
        object.__setattr__(made, "name", "a")
    elif cls is PydanticAliased:
        made = cls(**{"class": 1, "full-name": "a", "active": True})
    elif cls is Registered:
        made = cls()
        vars(made).update(id=1, name="a", active=True)
    else:
        made = cls(id=1, name="a", active=True)
    assert found == made
    assert getattr(found, "__dict__", None) == getattr(made, "__dict__", None)


def test_pydantic_knows_which_fields_were_set() -> None:
    model = metadata_of(Pydantic)

    first, second = hydrator(model, as_columns(model))([(1, "a", True), (2, "b", True)], None)

    assert first.model_fields_set == {"id", "name", "active"}  # type: ignore[attr-defined]
    assert first.model_fields_set is not second.model_fields_set  # type: ignore[attr-defined]
    assert first.model_copy(update={"name": "c"}).name == "c"  # type: ignore[attr-defined]
    assert first.model_dump() == {"id": 1, "name": "a", "active": True}  # type: ignore[attr-defined]


@pytest.mark.parametrize("cls", [Finishing, HandWritten])
def test_what_the_user_wrote_runs(cls: Any) -> None:
    model = metadata_of(cls)

    [found] = hydrator(model, as_columns(model))([(1, "a", True)], None)

    assert found.seen  # type: ignore[attr-defined]


def test_a_row_without_every_field_leaves_defaults() -> None:
    @ommi_model(collection=ModelCollection())
    @dataclass(frozen=True)
    class Model:
        id: int
        name: str = "default"
        size: int = 0

    model = metadata_of(Model)
    columns = [ResultColumn(model.field("id")), ResultColumn(model.field("size"))]

    [found] = hydrator(model, columns)([(1, 5)], Batch(None))

    assert found == Model(1, size=5)
    assert state_of(found) is None


class TestState:
    @pytest.mark.parametrize(
        "cls", [cls for cls in EVERY if cls is not Registered], ids=lambda cls: cls.__name__
    )
    @pytest.mark.parametrize("count", [0, 1, 2, 7])
    def test_instances_remember_row_and_batch(self, cls: Any, count: int) -> None:
        model = metadata_of(cls)
        values = {"id": 1, "name": "a", "_name": "a", "active": True}
        rows = [tuple(values[f.name] for f in model.fields)] * count
        batch = Batch(None)

        found = hydrator(model, as_columns(model))(rows, batch)

        assert [state_of(instance) for instance in found] == [(row, batch) for row in rows]

    def test_the_row_is_remembered_in_the_order_of_the_fields(self) -> None:
        model = metadata_of(Dataclass)
        columns = list(reversed(as_columns(model, active=(is_one, None))))
        batch = Batch(None)

        [found] = hydrator(model, columns)([(1, "a", 7)], batch)

        assert found == Dataclass(7, "a", True)
        assert state_of(found) == ((7, "a", 1), batch)

    def test_without_a_batch_nothing_is_remembered(self) -> None:
        model = metadata_of(Dataclass)

        [found] = hydrator(model, as_columns(model))([(1, "a", True)], None)

        assert state_of(found) is None

    def test_a_registered_class_remembers_nothing(self) -> None:
        model = metadata_of(Registered)

        [found] = hydrator(model, as_columns(model))([(1, "a", True)], Batch(None))

        assert state_of(found) is None


class TestFailures:
    def test_a_value_that_cannot_be_decoded_names_model_and_field(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model:
            id: int
            price: Decimal | None

        model = metadata_of(Model)
        columns = as_columns(model, price=(Decimal, None))  # type: ignore[arg-type]

        with pytest.raises(
            InvalidValue, match=r"Model\.price: a stored str cannot be decoded as Decimal \| None"
        ) as caught:
            hydrator(model, columns)([(1, None), (2, "1"), (3, "no number")], None)

        assert (caught.value.model, caught.value.field) == ("Model", "price")
        assert "no number" not in str(caught.value)
        assert isinstance(caught.value.__cause__, ArithmeticError)

    def test_what_a_constructor_raises_comes_out_as_it_is(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model:
            id: int

            def __post_init__(self) -> None:
                raise LookupError("mine")

        model = metadata_of(Model)

        with pytest.raises(LookupError, match="mine"):
            hydrator(model, as_columns(model, id=(operator.index, None)))([(1,)], None)  # type: ignore[arg-type]


class TestUserCode:
    @pytest.mark.parametrize(
        ("cls", "expected"),
        [(Dataclass, False), (Finishing, True), (PydanticAliased, True), (Pydantic, False)],
    )
    def test_construction_decides(self, cls: Any, expected: object) -> None:
        assert runs_user_code(metadata_of(cls)) is expected

    def test_a_structure_of_the_users_is_built_by_its_code(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model:
            id: int
            inner: list[Address]

        assert runs_user_code(metadata_of(Model))


@dataclass
class Address:
    city: str


class Watching:
    """Tells whether the collector was on while an instance was made."""

    seen: bool | None = None

    @classmethod
    def look(cls, value: object) -> object:
        cls.seen = gc.isenabled()
        return value


class TestCollector:
    @pytest.mark.parametrize(
        ("cls", "count", "is_on"),
        [
            (Dataclass, LARGE_BATCH - 1, True),
            (Dataclass, LARGE_BATCH, False),
            (Finishing, LARGE_BATCH, True),
        ],
    )
    def test_it_rests_for_large_batches_without_code_of_the_users(
        self, cls: Any, count: int, is_on: object
    ) -> None:
        model = metadata_of(cls)
        hydrate = hydrator(model, as_columns(model, id=(Watching.look, None)))

        hydrate([(1, "a", True)] * count, None)

        assert Watching.seen is is_on
        assert gc.isenabled()

    def test_it_is_on_again_after_a_failure(self) -> None:
        with pytest.raises(LookupError), COLLECTOR_PAUSED:
            raise LookupError

        assert gc.isenabled()

    def test_the_last_to_leave_switches_it_on(self) -> None:
        with COLLECTOR_PAUSED:
            with COLLECTOR_PAUSED:
                pass
            assert not gc.isenabled()
        assert gc.isenabled()

    def test_a_collector_that_was_off_stays_off(self) -> None:
        gc.disable()
        try:
            with COLLECTOR_PAUSED:
                pass
            assert not gc.isenabled()
        finally:
            gc.enable()


def related(cls: Any, owner: type = Dataclass) -> Relation:
    """Give a relation between rows whose first values are the same."""
    near, far = metadata_of(owner), metadata_of(cls)
    return Relation(
        name="other",
        owner=near,
        target=far,
        is_many=False,
        is_reversed=False,
        is_nullable=True,
        pairs=((near.field("id"), far.fields[0]),),
    )


class TestBeside:
    """Rows with those of related models beside them."""

    @pytest.mark.parametrize(
        "owner", [cls for cls in EVERY if cls is not Registered], ids=lambda cls: cls.__name__
    )
    @every_kind
    def test_both_are_as_if_built_apart(self, cls: Any, owner: Any) -> None:
        model, far = metadata_of(owner), metadata_of(cls)
        relation = related(cls, owner)
        columns, theirs = as_columns(model), as_columns(far)
        own = [row_of(model, key) for key in (1, 2, 1, 3)]
        others = {key: row_of(far, key) for key in (1, 2)}
        nothing = (None,) * len(theirs)
        batch = Batch(None)

        found = hydrator(model, columns, [(relation, theirs)])(
            [row + others.get(key, nothing) for row, key in zip(own, (1, 2, 1, 3), strict=True)],
            batch,
        )

        assert [values_of(each) for each in found] == interpreted(columns, own)
        assert [state_of(each) for each in found] == [(row, batch) for row in own]
        known = batch.known(relation)
        assert {*known} == {1, 2, 3}
        assert known[3] is None
        assert [type(known[key]) for key in others] == [cls, cls]
        assert [values_of(known[key]) for key in others] == interpreted(theirs, [*others.values()])
        states = [state_of(known[key]) for key in others]
        if cls is Registered:
            assert states == [None, None]
            return
        [there] = {state[1] for state in states if state is not None}
        assert states == [(row, there) for row in others.values()]
        assert there is not batch

    def test_nothing_belongs_to_a_row_without_a_key(self) -> None:
        relation = related(Slotted)
        columns = as_columns(metadata_of(Dataclass))
        batch = Batch(None)

        hydrator(metadata_of(Dataclass), columns, [(relation, as_columns(metadata_of(Slotted)))])(
            [(None, "a", True, None, None, None)], batch
        )

        assert not batch.known(relation)

    def test_several_relations_lead_to_instances_of_their_own(self) -> None:
        first, second = related(Slotted), related(Slotted)
        theirs = as_columns(metadata_of(Slotted), active=(is_one, None))
        batch = Batch(None)

        hydrator(
            metadata_of(Dataclass),
            as_columns(metadata_of(Dataclass)),
            [(first, theirs), (second, theirs)],
        )([(1, "a", True, 1, "b", 1, 1, "c", 0)], batch)

        assert batch.known(first) == {1: Slotted(1, "b", True)}
        assert batch.known(second) == {1: Slotted(1, "c", False)}

    @pytest.mark.parametrize("cls", [Slotted, Finishing])
    def test_what_cannot_be_decoded_names_the_model_beside(self, cls: Any) -> None:
        theirs = as_columns(metadata_of(cls), active=(Decimal, None))
        columns = as_columns(metadata_of(Dataclass))
        hydrate = hydrator(metadata_of(Dataclass), columns, [(related(cls), theirs)])

        with pytest.raises(InvalidValue) as caught:
            hydrate([(1, "a", True, 1, "b", [])], Batch(None))

        assert (caught.value.model, caught.value.field) == (cls.__name__, "active")

    @pytest.mark.parametrize(("cls", "is_on"), [(Slotted, False), (Finishing, True)])
    def test_the_collector_rests_without_code_of_the_users(self, cls: Any, is_on: object) -> None:
        theirs = as_columns(metadata_of(cls), id=(Watching.look, None))
        columns = as_columns(metadata_of(Dataclass))
        hydrate = hydrator(metadata_of(Dataclass), columns, [(related(cls), theirs)])

        hydrate([(k, "a", True, k, "b", True) for k in range(LARGE_BATCH)], Batch(None))

        assert Watching.seen is is_on


def row_of(model: ModelMetadata, key: int) -> tuple[object, ...]:
    values = {"id": key, "name": "a", "_name": "a", "active": True}
    return tuple(values[field.name] for field in model.fields)


class TestAssigning:
    def test_a_mutable_instance_is_changed(self) -> None:
        instance = Dataclass(1, "a", True)

        assert assign(metadata_of(Dataclass), instance, {"id": 2}) is instance
        assert instance.id == 2

    def test_a_frozen_instance_is_replaced(self) -> None:
        instance = Frozen(1, "a", True)

        changed = assign(metadata_of(Frozen), instance, {"id": 2})

        assert changed == Frozen(2, "a", True)
        assert instance.id == 1

    def test_a_replaced_instance_remembers_nothing(self) -> None:
        model = metadata_of(Dataclass)
        [instance] = hydrator(model, as_columns(model))([(1, "a", True)], Batch(None))

        copy = replaced(model, instance, {"name": "b"})

        assert copy == Dataclass(1, "b", True)
        assert state_of(copy) is None


@pytest.mark.parametrize("name", ["", "a b", "x = print('run')", "class", "1"])
def test_only_identifiers_get_into_generated_code(name: str) -> None:
    with pytest.raises(ValueError, match="is no identifier"):
        spelled(name)
