"""The decorated class behaves as the class did, and answers for its fields besides."""

from __future__ import annotations

import abc
import copy
import dataclasses
import gc
import inspect
import json
import pickle
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Protocol, TypeVar, get_type_hints

import attrs
import msgspec
import pydantic
import pytest

from ommi.decorator import ommi_model, register
from ommi.errors import ModelError, NoCurrentDatabase
from ommi.metadata.annotations import IndexTogether, Key, ReferenceTo, UniqueTogether
from ommi.metadata.collection import DEFAULT_COLLECTION, ModelCollection
from ommi.metadata.model import find_metadata, metadata_of
from ommi.metadata.state import RememberedState, has_inline_values, set_state
from ommi.query.fields import FieldReference, references
from ommi.relations import BATCH, ROW, state_of, use_database

T = TypeVar("T")
MODELS = ModelCollection()


@dataclass
class Plainly:
    """A class that nobody decorated."""

    id: int
    name: str = "x"


@ommi_model(collection=MODELS)
@dataclass
class User:
    """Somebody."""

    id: int
    name: str = "x"
    tags: list[str] = field(default_factory=list)

    def shout(self) -> str:
        return self.name.upper()


@ommi_model(collection=MODELS)
@dataclass(frozen=True, slots=True)
class Point:
    id: int
    name: str = "x"


@ommi_model(collection=MODELS)
@attrs.define
class Spot:
    id: int
    name: str = "x"


@ommi_model(collection=MODELS)
@attrs.frozen
class Mark:
    id: int
    name: str = "x"


@ommi_model(collection=MODELS)
class Place(pydantic.BaseModel):
    id: int
    name: str = "x"


@ommi_model(collection=MODELS)
class Site(msgspec.Struct):
    id: int
    name: str = "x"


@ommi_model(collection=MODELS)
class Stone(msgspec.Struct, frozen=True, tag=True, kw_only=True, rename="upper"):
    id: int
    name: str = "x"


@ommi_model(collection=MODELS)
class Bare:
    id: int
    name: str = "x"


EVERY: tuple[Any, ...] = (User, Point, Spot, Mark, Place, Site, Stone, Bare)
every_kind = pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.__name__)


def remembering(cls: Any) -> Any:
    instance = cls(id=1)
    metadata_of(cls).set_state(instance, ((1, "x"), None))  # type: ignore[misc]
    return instance


class TestClass:
    @every_kind
    def test_a_field_answers_on_the_class(self, cls: Any) -> None:
        assert isinstance(cls.id, FieldReference)
        assert cls.id is references(metadata_of(cls))["id"]
        assert cls.name.metadata is metadata_of(cls).field("name")

    @every_kind
    def test_the_class_is_registered(self, cls: Any) -> None:
        assert cls in MODELS
        assert metadata_of(cls).cls is cls

    @every_kind
    def test_the_class_looks_as_it_did(self, cls: Any) -> None:
        original = cls.__base__

        assert cls.__name__ == original.__name__
        assert cls.__qualname__ == original.__qualname__
        assert cls.__module__ == __name__
        assert cls.__doc__ == original.__doc__
        assert cls.__annotations__ == original.__annotations__
        assert inspect.signature(cls) == inspect.signature(original)
        assert get_type_hints(cls) == get_type_hints(original)
        assert repr(cls) == repr(original)
        assert getattr(cls, "__match_args__", None) == getattr(original, "__match_args__", None)
        assert type(cls).__name__ == type(original).__name__

    def test_an_unknown_attribute_is_missed_in_pythons_words(self) -> None:
        with pytest.raises(AttributeError, match="type object 'User' has no attribute 'nothing'"):
            User.nothing  # type: ignore[attr-defined]

    def test_the_bare_form_uses_the_common_collection(self) -> None:
        @ommi_model
        @dataclass
        class Common:
            id: int

        assert Common in DEFAULT_COLLECTION

    def test_the_decorator_takes_groups_and_a_table(self) -> None:
        @ommi_model(
            UniqueTogether("id", "a"),
            IndexTogether("a"),
            collection=ModelCollection(),
            table="things",
        )
        @dataclass
        class Thing:
            id: int
            a: int

        model = metadata_of(Thing)
        assert (model.table, model.unique_together, model.index_together) == (
            "things",
            (("id", "a"),),
            (("a",),),
        )

    def test_names_of_the_function_around_are_found(self) -> None:
        class Local(dataclasses.make_dataclass("Base", [])):  # type: ignore[misc]
            pass

        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model:
            id: int
            it: list[Local] | None = None

        assert metadata_of(Model).namespace["Local"] is Local

    def test_a_module_gives_no_names_to_keep(self) -> None:
        assert metadata_of(User).namespace == {}

    def test_the_source_is_found(self) -> None:
        assert "def shout" in inspect.getsource(User)

    def test_a_reference_to_a_field_is_kept(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Post:
            id: int
            author: Annotated[int, ReferenceTo(User.id)]

        reference = metadata_of(Post).field("author").reference
        assert reference is not None
        assert reference.target is User.id

    def test_a_class_that_cannot_be_mapped_is_not_registered(self) -> None:
        collection = ModelCollection()

        with pytest.raises(ModelError, match=r"Wrong\.it"):

            @ommi_model(collection=collection)
            @dataclass
            class Wrong:
                id: int
                it: object

        assert len(collection) == 0

    def test_a_table_that_is_taken_leaves_nothing_behind(self) -> None:
        with pytest.raises(ModelError, match="its table 'User' is already that of User") as caught:

            @ommi_model(collection=MODELS, table="User")
            @dataclass
            class Other:
                id: int

        assert all(model.name != "Other" for model in MODELS)
        assert caught.value.model == "Other"

    def test_the_name_of_the_state_is_taken(self) -> None:
        with pytest.raises(ModelError, match=r"Model\._ommi: is the name under which Ommi"):

            @ommi_model(collection=ModelCollection())
            @dataclass
            class Model:
                id: int
                _ommi: int


class TestExcludedNames:
    def test_names_of_the_metaclass_and_of_our_methods_stay_what_they_are(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model:
            id: int
            mro: int = 2
            register: int = 3
            save: int = 4
            __hidden__: int = 5

        assert (Model.mro, Model.register, Model.save, Model.__hidden__) == (2, 3, 4, 5)
        assert Model(1).mro == 2
        assert set(references(metadata_of(Model))) >= {"mro", "register", "save"}


class TestInstances:
    @every_kind
    def test_instances_are_equal_shown_and_read_as_before(self, cls: Any) -> None:
        original = cls.__base__

        assert cls(id=1) == cls(id=1)
        assert cls(id=1) != cls(id=2)
        assert repr(cls(id=1)) == repr(original(id=1))
        assert (cls(id=1).id, cls(id=1).name) == (1, "x")
        assert isinstance(cls(id=1), original)

    @every_kind
    def test_the_state_is_kept_and_seen_by_nobody(self, cls: Any) -> None:
        instance = remembering(cls)

        assert state_of(instance) == ((1, "x"), None)
        assert instance == cls(id=1)
        assert repr(instance) == repr(cls(id=1))

    @pytest.mark.parametrize("cls", [User, Bare], ids=lambda cls: cls.__name__)
    def test_the_state_is_not_in_the_dict_of_the_instance(self, cls: Any) -> None:
        assert vars(remembering(cls)) == vars(cls(id=1))

    @every_kind
    def test_a_new_instance_has_no_state(self, cls: Any) -> None:
        assert state_of(cls(id=1)) is None

    @every_kind
    def test_a_state_can_be_replaced(self, cls: Any) -> None:
        instance = remembering(cls)

        metadata_of(cls).set_state(instance, ((2, "y"), None))  # type: ignore[misc]

        assert state_of(instance) == ((2, "y"), None)

    @every_kind
    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_a_pickle_has_the_values_and_not_the_state(self, cls: Any, protocol: int) -> None:
        back = pickle.loads(pickle.dumps(remembering(cls), protocol))

        assert type(back) is cls
        assert back == cls(id=1)
        assert state_of(back) is None

    @every_kind
    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
    def test_a_copy_has_the_values_and_not_the_state(
        self, cls: Any, copied: Callable[[object], object]
    ) -> None:
        back = copied(remembering(cls))

        assert type(back) is cls
        assert back == cls(id=1)
        assert state_of(back) is None

    def test_libraries_copy_with_changes(self) -> None:
        assert dataclasses.replace(remembering(User), name="b") == User(1, "b")
        assert attrs.evolve(remembering(Spot), name="b") == Spot(1, "b")
        assert remembering(Place).model_copy(update={"name": "b"}) == Place(id=1, name="b")
        assert msgspec.structs.replace(remembering(Site), name="b") == Site(1, "b")

    def test_libraries_give_the_fields_and_nothing_else(self) -> None:
        values = {"id": 1, "name": "x"}

        assert dataclasses.asdict(remembering(Point)) == values
        assert attrs.asdict(remembering(Mark)) == values
        assert remembering(Place).model_dump() == values
        assert dict(remembering(Place)) == values
        assert msgspec.structs.asdict(remembering(Site)) == values
        assert [f.name for f in dataclasses.fields(User)] == ["id", "name", "tags"]
        assert [a.name for a in attrs.fields(Spot)] == ["id", "name"]

    def test_pydantic_validates_and_describes_as_before(self) -> None:
        made = Place.model_validate_json('{"id": 1, "name": "y"}')

        assert type(made) is Place
        assert made == Place(id=1, name="y")
        assert Place.model_json_schema() == Place.__base__.model_json_schema()  # type: ignore[union-attr]
        assert json.loads(remembering(Place).model_dump_json()) == {"id": 1, "name": "x"}
        with pytest.raises(pydantic.ValidationError):
            Place(id="no")  # type: ignore[arg-type]

    def test_msgspec_encodes_and_decodes_as_before(self) -> None:
        assert msgspec.json.encode(remembering(Site)) == b'{"id":1,"name":"x"}'
        assert msgspec.json.encode(remembering(Stone)) == b'{"type":"Stone","ID":1,"NAME":"x"}'
        assert msgspec.json.decode(b'{"type":"Stone","ID":1}', type=Stone) == Stone(id=1)
        assert type(msgspec.convert({"id": 1}, Site)) is Site

    def test_frozen_stays_frozen(self) -> None:
        for cls in (Point, Mark, Stone):
            with pytest.raises(AttributeError):
                remembering(cls).name = "y"

    def test_slots_stay_slots(self) -> None:
        with pytest.raises(AttributeError):
            Spot(1).other = 1  # type: ignore[attr-defined]
        assert not hasattr(Point(1), "__dict__")

    def test_instances_match_patterns(self) -> None:
        match User(1, "a"):
            case User(number, name):
                assert (number, name) == (1, "a")

    def test_methods_are_kept(self) -> None:
        assert User(1, "a").shout() == "A"

    def test_a_state_of_its_own_survives_when_python_pickles_by_slots(self) -> None:
        made = ommi_model(collection=ModelCollection())(_Slotted)
        instance = made(1)
        metadata_of(made).set_state(instance, ((1,), None))  # type: ignore[misc]

        assert copy.copy(instance).id == 1
        assert not any(hasattr(copy.copy(instance), part) for part in (ROW, BATCH))


class _Slotted:
    __slots__ = ("id",)
    id: int


class TestDerivedClasses:
    def test_a_derived_dataclass_has_its_defaults_and_answers_as_python_does(self) -> None:
        @dataclass
        class Admin(User):
            level: int = 3
            name: str = "admin"

        assert Admin(1) == Admin(1, "admin", [], 3)
        assert Admin.name == "admin"
        assert Admin.level == 3
        assert find_metadata(Admin) is None
        with pytest.raises(AttributeError, match="type object 'Admin' has no attribute 'id'"):
            Admin.id

    def test_a_derived_dataclass_may_have_slots(self) -> None:
        @dataclass(frozen=True, slots=True)
        class Spatial(Point):
            z: int = 0

        assert Spatial(1, "a", 2).z == 2
        assert Spatial.__slots__ == ("z",)

    def test_both_a_model_and_one_derived_from_it_answer_for_themselves(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Admin(User):
            level: int = 3

        assert Admin.id.owner.cls is Admin
        assert Admin.level.owner.cls is Admin
        assert User.id.owner.cls is User
        assert Admin(1, level=2).level == 2

    def test_a_derived_pydantic_model_may_define_a_field_anew(self) -> None:
        class Town(Place):
            name: str = "town"
            size: int = 1

        assert Town(id=1) == Town(id=1, name="town", size=1)
        assert list(Town.model_fields) == ["id", "name", "size"]
        with pytest.raises(AttributeError):
            Town.name

    def test_a_derived_struct_and_attrs_class_work(self) -> None:
        class Town(Site):
            size: int = 1

        @attrs.define
        class Dot(Spot):
            size: int = 1

        assert Town(1, "a", 2).size == 2
        assert Dot(1, "a", 2) == Dot(1, "a", 2)
        assert pickle.loads(pickle.dumps(Site(1))) == Site(1)

    def test_attributes_of_a_derived_class_can_be_set_and_deleted(self) -> None:
        class Derived(User):
            pass

        Derived.name = "set"
        assert Derived.name == "set"
        assert Derived(1).name == "x"
        del Derived.name
        assert Derived.name == "x"
        assert isinstance(User.name, FieldReference)

    def test_an_attribute_that_is_not_there_cannot_be_deleted(self) -> None:
        class Derived(User):
            pass

        with pytest.raises(AttributeError):
            del Derived.id
        assert isinstance(User.id, FieldReference)

    def test_setting_a_field_of_the_model_itself_keeps_the_answer(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model:
            id: int
            name: str = "x"

        Model.name = "y"

        assert isinstance(Model.name, FieldReference)
        assert vars(Model)["name"] == "y"

    def test_a_field_answers_while_an_attribute_of_a_derived_class_is_set(self) -> None:
        seen: list[object] = []

        class Meta(type):
            def __setattr__(cls, name: str, value: object) -> None:
                if cls.__name__ == "Derived":
                    seen.append(Model.name)
                super().__setattr__(name, value)

        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model(metaclass=Meta):
            id: int
            name: str

        class Derived(Model):
            pass

        Derived.name = "set"

        assert seen
        assert all(found is Model.name for found in seen)
        assert Derived.name == "set"

    def test_descriptors_of_a_derived_class_are_honoured(self) -> None:
        class Derived(User):
            @classmethod
            def name(cls) -> str:  # type: ignore[override]
                return cls.__name__

        assert Derived.name() == "Derived"

    def test_hooks_of_the_user_hear_of_each_class_once(self) -> None:
        heard: list[tuple[str, str]] = []

        class Base:
            def __init_subclass__(cls, *, kind: str, **rest: object) -> None:
                super().__init_subclass__(**rest)
                heard.append((cls.__name__, kind))

        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model(Base, kind="model"):
            id: int

        @dataclass
        class Derived(Model, kind="derived"):
            pass

        assert heard == [("Model", "model"), ("Derived", "derived")]
        assert Model.__mro__[1:] == (Model.__base__, Base, object)
        assert Derived(1).id == 1

    def test_hooks_of_pydantic_hear_of_each_class_once(self) -> None:
        heard: list[str] = []

        class Base(pydantic.BaseModel):
            @classmethod
            def __pydantic_init_subclass__(cls, **said: Any) -> None:
                heard.append(cls.__name__)

        @ommi_model(collection=ModelCollection())
        class Model(Base):
            id: int

        assert heard == ["Model"]
        assert Model(id=1).id == 1

    def test_a_metaclass_of_the_users_hears_of_each_class_once(self) -> None:
        heard: list[str] = []

        class Meta(abc.ABCMeta):
            def __new__(cls, name: str, bases: Any, body: Any, *, kind: str) -> Any:
                heard.append(kind)
                return super().__new__(cls, name, bases, body)

        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model(metaclass=Meta, kind="first"):
            id: int

        assert heard == ["first"]
        assert isinstance(Model, Meta)
        assert isinstance(Model.id, FieldReference)

    def test_super_without_arguments_works(self) -> None:
        class Base:
            def hello(self) -> str:
                return "base"

        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model(Base):
            id: int

            def hello(self) -> str:
                return "model " + super().hello()

        assert Model(1).hello() == "model base"

    def test_abstract_methods_stay_abstract(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model(abc.ABC):
            id: int

            @abc.abstractmethod
            def act(self) -> None: ...

        class Acting(Model):
            def act(self) -> None:
                pass

        with pytest.raises(TypeError, match="abstract"):
            Model(1)  # type: ignore[abstract]
        assert Acting(1).id == 1

    def test_a_class_that_follows_a_protocol_works(self) -> None:
        class HasId(Protocol):
            id: int

        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model(HasId):
            id: int

        assert Model(1).id == 1

    def test_a_generic_class_stays_generic(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Box(Generic[T]):
            id: int

            def content(self) -> list[T]:
                return []

        class IntBox(Box[int]):
            pass

        assert Box.__parameters__ == (T,)  # type: ignore[attr-defined]
        assert Box[int](1).id == 1
        assert IntBox.__orig_bases__ == (Box[int],)  # type: ignore[attr-defined]

    def test_a_generic_class_with_a_hook_stays_generic(self) -> None:
        class Base:
            def __init_subclass__(cls, *, kind: str = "", **rest: object) -> None:
                super().__init_subclass__(**rest)

        @ommi_model(collection=ModelCollection())
        @dataclass
        class Box(Base, Generic[T], kind="box"):
            id: int

        assert Box.__parameters__ == (T,)  # type: ignore[attr-defined]
        assert Box[int](1).id == 1

    def test_a_generic_pydantic_model_stays_generic(self) -> None:
        @ommi_model(collection=ModelCollection())
        class Box(pydantic.BaseModel, Generic[T]):
            id: int

        assert Box[int](id=1).id == 1

    def test_a_generic_struct_stays_generic(self) -> None:
        @ommi_model(collection=ModelCollection())
        class Box(msgspec.Struct, Generic[T]):
            id: int

        assert msgspec.json.decode(b'{"id": 1}', type=Box[int]).id == 1

    def test_a_class_that_refers_to_itself_in_a_function_works(self) -> None:
        @ommi_model(collection=ModelCollection())
        class Node(pydantic.BaseModel):
            id: int
            children: list[Node] = []

        assert Node.model_validate({"id": 1, "children": [{"id": 2}]}).children[0].id == 2

    def test_class_getitem_of_the_users_works(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model:
            id: int

            def __class_getitem__(cls, item: str) -> str:
                return f"{cls.__name__}/{item}"

        assert Model["a"] == "Model/a"


class FakeDatabase:
    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    def save(self, instance: Any) -> Any:
        self.asked.append(("save", instance))

    def delete(self, instance: Any) -> Any:
        self.asked.append(("delete", instance))

    def reload(self, instance: Any) -> Any:
        self.asked.append(("reload", instance))


class TestMethods:
    @every_kind
    def test_an_instance_asks_its_database(self, cls: Any) -> None:
        database = FakeDatabase()
        instance = cls(id=1)

        with use_database(database):
            instance.save()
            instance.delete()
            instance.reload()

        assert database.asked == [("save", instance), ("delete", instance), ("reload", instance)]

    def test_an_instance_without_a_database_says_so(self) -> None:
        with pytest.raises(NoCurrentDatabase, match="User: which database is meant"):
            User(1).save()  # type: ignore[attr-defined]

    def test_methods_and_fields_of_the_class_win(self) -> None:
        @ommi_model(collection=ModelCollection())
        @dataclass
        class Model:
            id: int
            delete: bool

            def save(self) -> str:
                return "mine"

        assert Model(1, True).save() == "mine"
        assert Model(1, True).delete is True
        assert callable(Model(1, True).reload)  # type: ignore[attr-defined]


class TestRegister:
    def test_a_registered_class_is_not_touched(self) -> None:
        before = dict(vars(Plainly))
        collection = ModelCollection()

        assert (
            register(Plainly, UniqueTogether("name"), collection=collection, table="t") is Plainly
        )

        assert dict(vars(Plainly)) == before
        assert type(Plainly) is type
        model = metadata_of(Plainly)
        assert (model.table, model.set_state, model.unique_together) == ("t", None, (("name",),))
        assert Plainly in collection

    def test_a_plain_class_gets_no_constructor(self) -> None:
        class Model:
            id: int

        register(Model, collection=ModelCollection())

        assert "__init__" not in vars(Model)

    def test_the_common_collection_is_used_unless_said(self) -> None:
        @dataclass
        class RegisteredForAll:
            id: Annotated[int, Key]

        register(RegisteredForAll)

        assert RegisteredForAll in DEFAULT_COLLECTION


class Holder:
    row, batch = RememberedState(0), RememberedState(1)

    def __eq__(self, other: object) -> bool:
        raise AssertionError("nobody may compare instances")

    __hash__ = None  # type: ignore[assignment]


class TestStateOnAWeakReference:
    def test_it_is_kept_replaced_and_read_as_attributes(self) -> None:
        one, other = Holder(), Holder()
        keep = weakref.ref(one)

        set_state(one, ("first", "batch"))
        set_state(one, ("second", "its batch"))
        set_state(other, ("other", "batch"))

        assert (one.row, one.batch, keep()) == ("second", "its batch", one)
        assert (other.row, other.batch) == ("other", "batch")

    def test_two_of_them_are_never_equal(self) -> None:
        one, other = Holder(), Holder()
        for each in (one, other):
            set_state(each, ("same", "same"))

        [first], [second] = weakref.getweakrefs(one), weakref.getweakrefs(other)

        assert (first == second, first == weakref.getweakrefs(one)[0]) == (False, True)

    def test_an_instance_without_one_misses_the_attribute(self) -> None:
        with pytest.raises(AttributeError, match="'Holder' object has no attribute 'batch'"):
            Holder().batch

    def test_it_goes_with_its_instance(self) -> None:
        class State:
            pass

        one, state = Holder(), State()
        gone = weakref.ref(state)
        set_state(one, (state, None))
        del one, state
        gc.collect()

        assert gone() is None

    def test_it_is_used_where_a_slot_would_be_slow(self) -> None:
        assert has_inline_values(Plainly) is (sys.version_info >= (3, 13))
        assert not has_inline_values(Point)
