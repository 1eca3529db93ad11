"""A relation written as a field, as Ommi 0.2 had it, is none to anybody."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import attrs
import msgspec
import pydantic
import pytest

from ommi import (
    Auto,
    Key,
    Lazy,
    LazyList,
    ModelCollection,
    ModelError,
    ReferenceTo,
    ommi_model,
    register,
)
from ommi.metadata.model import metadata_of

Identity = Annotated[int | None, Key | Auto]
HERE = ModelCollection()


@ommi_model(collection=HERE)
@dataclass
class Owner:
    name: str
    id: Identity = None


def annotated(namespace: dict[str, object], relation: object) -> dict[str, object]:
    namespace["__annotations__"] = {
        "name": str,
        "owner_id": Annotated[int, ReferenceTo(Owner)],
        "owner": relation,
        "id": Identity,
    }
    return {"__module__": __name__, **namespace}


def dataclass_of(relation: object, **options: bool) -> type:
    made = type("Pet", (), annotated({"id": None, "owner": None}, relation))
    return dataclass(**options)(made)


def attrs_of(relation: object, make: Callable[..., Any] = attrs.define, **options: bool) -> type:
    made = type("Pet", (), annotated({"id": None, "owner": None}, relation))
    cls: type = make(made, **options)
    return cls


def pydantic_of(relation: object) -> type:
    return type(pydantic.BaseModel)(
        "Pet", (pydantic.BaseModel,), annotated({"id": None, "owner": None}, relation)
    )


def plain_of(relation: object) -> type:
    return type("Pet", (), annotated({"id": None}, relation))


KINDS: dict[str, Callable[[object], type]] = {
    "dataclass": dataclass_of,
    "dataclass with slots": lambda r: dataclass_of(r, slots=True),
    "frozen dataclass": lambda r: dataclass_of(r, frozen=True),
    "frozen dataclass with slots": lambda r: dataclass_of(r, frozen=True, slots=True),
    "dataclass in order": lambda r: dataclass_of(r, order=True),
    "dataclass by keyword": lambda r: dataclass_of(r, kw_only=True),
    "attrs": attrs_of,
    "attrs without slots": lambda r: attrs_of(r, slots=False),
    "frozen attrs": lambda r: attrs_of(r, attrs.frozen),
    "attrs in order": lambda r: attrs_of(r, order=True),
    "pydantic": pydantic_of,
    "plain class": plain_of,
}
SPELLINGS = {
    "type": Lazy[Owner],
    "text": "Lazy[Owner]",
    "text inside": Lazy["Owner"],
    "optional": Lazy[Owner | None],
    "annotated": Annotated[Lazy[Owner], "a note"],
}


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Callable[[object], type]:
    return KINDS[request.param]


@pytest.fixture(params=SPELLINGS)
def pet(request: pytest.FixtureRequest, make: Callable[[object], type]) -> Any:
    return ommi_model(collection=ModelCollection())(make(SPELLINGS[request.param]))


def test_it_is_no_field(pet: Any) -> None:
    assert list(metadata_of(pet).by_name) == ["name", "owner_id", "id"]
    assert metadata_of(pet).relation("owner").target is metadata_of(Owner)


def test_constructor_equality_and_repr_leave_it_out(pet: Any) -> None:
    made = pet(name="a", owner_id=1)

    assert list(inspect.signature(pet).parameters) == ["name", "owner_id", "id"]
    assert "owner=" not in repr(made)
    assert "owner_id=1" in repr(made)
    assert made == pet(name="a", owner_id=1, id=None)
    assert made != pet(name="a", owner_id=2)
    assert isinstance(made.owner, Lazy)


def test_dumps_leave_it_out(pet: Any) -> None:
    made = pet(name="a", owner_id=1)
    dumps: list[Callable[[Any], dict[str, object]]] = [
        dump
        for is_one, dump in (
            (dataclasses.is_dataclass(pet), dataclasses.asdict),
            (attrs.has(pet), attrs.asdict),
            (hasattr(pet, "model_dump"), lambda made: made.model_dump()),
        )
        if is_one
    ]

    for dump in dumps:
        assert dump(made) == {"name": "a", "owner_id": 1, "id": None}
    if hasattr(pet, "model_json_schema"):
        assert set(pet.model_json_schema()["properties"]) == {"name", "owner_id", "id"}


def test_copies_work(pet: Any) -> None:
    made = pet(name="a", owner_id=1)

    assert copy.copy(made) == copy.deepcopy(made) == made


def test_frozen_and_ordered_classes_stay_so() -> None:
    frozen: Any = ommi_model(collection=ModelCollection())(KINDS["frozen dataclass"](Lazy[Owner]))
    with pytest.raises(dataclasses.FrozenInstanceError):
        frozen(name="a", owner_id=1).name = "b"
    assert hash(frozen(name="a", owner_id=1)) == hash(frozen(name="a", owner_id=1))

    for name in ("dataclass in order", "attrs in order"):
        cls: Any = ommi_model(collection=ModelCollection())(KINDS[name](Lazy[Owner]))
        assert cls("a", 1) < cls("b", 1)


def test_without_a_default_it_is_left_out_too() -> None:
    here = ModelCollection()

    @ommi_model(collection=here)
    @dataclass
    class House:
        owner_id: Annotated[int, ReferenceTo(Owner)]
        owner: Lazy[Owner]
        rooms: list[int] = dataclasses.field(default_factory=list)
        id: Identity = None

    assert House(1).rooms == []
    assert House(1, [2]) == House(1, [2])


def test_own_methods_and_hooks_of_the_class_stay() -> None:
    here = ModelCollection()

    @ommi_model(collection=here)
    @attrs.define
    class Checked:
        owner_id: Annotated[int, ReferenceTo(Owner)] = attrs.field(
            converter=int, validator=attrs.validators.gt(0)
        )
        owner: Lazy[Owner] = None  # type: ignore[assignment]
        tags: list[str] = attrs.field(factory=list)
        id: Identity = None

        def __attrs_post_init__(self) -> None:
            self.tags.append("made")

        def __repr__(self) -> str:
            return "mine"

    made = Checked("3")  # type: ignore[arg-type]
    assert (made.owner_id, made.tags, repr(made)) == (3, ["made"], "mine")
    with pytest.raises(ValueError, match="owner_id"):
        Checked(0)
    with pytest.raises(ValueError, match="owner_id"):
        made.owner_id = 0


def test_msgspec_is_shown_the_other_form() -> None:
    class Dog(msgspec.Struct):
        owner_id: Annotated[int, ReferenceTo(Owner)]
        owner: "Lazy[Owner]" = None  # type: ignore[assignment]

    with pytest.raises(ModelError, match=r"owner: ClassVar\[Lazy\[Owner\]\]"):
        ommi_model(collection=ModelCollection())(Dog)


def test_a_base_that_is_no_model_is_not_changed() -> None:
    @dataclass
    class Owned:
        owner_id: Annotated[int, ReferenceTo(Owner)]
        owner: Lazy[Owner]

    @dataclass
    class Pet(Owned):
        id: Identity = None

    with pytest.raises(ModelError, match=r"owner: ClassVar\["):
        ommi_model(collection=ModelCollection())(Pet)


def test_a_registered_class_is_not_changed_either() -> None:
    @dataclass
    class Pet:
        owner_id: Annotated[int, ReferenceTo(Owner)]
        owner: Lazy[Owner]
        id: Identity = None

    with pytest.raises(ModelError, match=r"owner: ClassVar\["):
        register(Pet, collection=ModelCollection())
    assert len(dataclasses.fields(Pet)) == 3


@ommi_model(collection=HERE)
@dataclass(slots=True)
class Toy:
    name: str
    pets: ClassVar[LazyList["Pet"]]  # type: ignore[name-defined]  # noqa: F821
    owner_id: Annotated[int, ReferenceTo(Owner)] = 1
    owner: Lazy[Owner] = None  # type: ignore[assignment]
    id: Identity = None


def test_instances_are_pickled() -> None:
    toy = Toy("ball")

    assert pickle.loads(pickle.dumps(toy)) == toy
