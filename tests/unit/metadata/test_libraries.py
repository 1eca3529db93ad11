"""How each model library is recognised, read, built and copied."""

from __future__ import annotations

import dataclasses
import enum
import types
from dataclasses import InitVar, dataclass, field
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

import attrs
import msgspec
import pydantic
import pytest
from pydantic.dataclasses import dataclass as pydantic_dataclass

from ommi.errors import ModelError
from ommi.metadata.annotations import Key, Length
from ommi.metadata.builtin_values import holds_only_builtins
from ommi.metadata.inspection import inspect_model, library_of
from ommi.metadata.libraries.plain import PlainLibrary
from ommi.metadata.libraries.protocol import Bypass, DeclaredField
from ommi.metadata.model import MISSING
from ommi.metadata.resolution import Annotations

T = TypeVar("T")


def declared(cls: type) -> dict[str, DeclaredField]:
    return {d.name: d for d in library_of(cls).declared_fields(cls, Annotations(cls))}


def bypass(cls: type) -> Bypass:
    return library_of(cls).construction(cls).bypass


def runs_user_code(cls: type) -> bool:
    return library_of(cls).construction(cls).runs_user_code


@dataclass
class Point:
    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)
    seen: ClassVar[int] = 0


@attrs.define
class Spot:
    x: int
    _y: int = 2
    tags: list[str] = attrs.field(factory=list, kw_only=True)


class Place(pydantic.BaseModel):
    x: int
    y: int = pydantic.Field(default=2, alias="why")
    tags: list[str] = pydantic.Field(default_factory=list)


class Site(msgspec.Struct):
    x: int
    y: int = msgspec.field(default=2, name="why")
    tags: list[str] = msgspec.field(default_factory=list)


class Colour(enum.Enum):
    RED = "red"


class Guessing(enum.Enum):
    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> Guessing:
        return cls.RED


class Bare:
    x: int
    y: int = 2
    tags: list[str] = []  # noqa: RUF012 - what users write
    seen: ClassVar[int] = 0


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (Point, "dataclass"),
        (Spot, "attrs"),
        (Place, "pydantic"),
        (Site, "msgspec"),
        (Bare, "plain"),
        (pydantic_dataclass(type("P", (), {"__annotations__": {"x": int}})), "dataclass"),
    ],
)
def test_every_library_recognises_its_own(cls: type, name: str) -> None:
    assert library_of(cls).name == name


@pytest.mark.parametrize("cls", [Point, Spot, Place, Site])
def test_fields_come_in_declared_order_with_their_defaults(cls: type) -> None:
    x, y, tags = declared(cls).values()

    assert (x.default, y.default, tags.default) == (MISSING, 2, MISSING)
    assert x.default_factory is None
    assert tags.default_factory is list
    assert tags.annotation == list[str]


@pytest.mark.parametrize("cls", [Point, Spot, Place, Site, Bare])
def test_an_untouched_class_is_not_frozen(cls: type) -> None:
    assert not library_of(cls).is_frozen(cls)


@pytest.mark.parametrize("cls", [Point, Spot, Place, Site])
def test_no_library_but_plain_prepares_anything(cls: type) -> None:
    before = dict(vars(cls))

    assert library_of(cls).prepare(cls) is cls
    assert dict(vars(cls)) == before


class TestDataclass:
    def test_a_field_outside_the_constructor_has_no_parameter(self) -> None:
        @dataclass
        class Model:
            a: int
            b: int = field(default=0, init=False)

        assert [d.parameter for d in declared(Model).values()] == ["a", None]

    def test_a_field_outside_the_constructor_may_have_a_default_of_the_users_to_run(self) -> None:
        @dataclass
        class Model:
            a: int
            b: int = field(default_factory=int, init=False)

        @dataclass
        class Quiet:
            a: int
            b: int = field(default=0, init=False)

        assert (runs_user_code(Model), runs_user_code(Quiet)) == (True, False)

    def test_keyword_only_fields_say_so(self) -> None:
        @dataclass
        class Model:
            a: int
            b: int = field(kw_only=True)

        assert [d.is_keyword_only for d in declared(Model).values()] == [False, True]

    def test_an_init_variable_without_default_is_refused(self) -> None:
        @dataclass
        class Model:
            a: int
            secret: InitVar[int]

        with pytest.raises(ModelError, match=r"Model\.secret: is an InitVar"):
            declared(Model)

    def test_an_init_variable_with_default_is_no_field(self) -> None:
        @dataclass
        class Model:
            a: int
            secret: InitVar[int] = 1

        assert list(declared(Model)) == ["a"]
        assert not runs_user_code(Model)

    def test_fields_of_a_base_come_first(self) -> None:
        @dataclass
        class Model(Point):
            z: int = 3

        assert list(declared(Model)) == ["x", "y", "tags", "z"]

    def test_annotations_that_dataclass_never_saw_are_refused(self) -> None:
        class Model(Point):
            z: int
            count: ClassVar[int]

        with pytest.raises(ModelError, match=r"Model\.z: .* make it a @dataclass too"):
            declared(Model)

    def test_a_derived_class_without_fields_of_its_own_is_fine(self) -> None:
        class Model(Point):
            pass

        assert list(declared(Model)) == ["x", "y", "tags"]

    def test_a_hand_written_constructor_is_called_by_keyword(self) -> None:
        @dataclass
        class Model:
            a: int
            b: int

            def __init__(self, b: int, a: int) -> None:
                self.a, self.b = a, b

        assert all(d.is_keyword_only for d in declared(Model).values())
        assert runs_user_code(Model)

    def test_a_hand_written_constructor_may_want_nothing_but_fields(self) -> None:
        @dataclass
        class Model:
            a: int

            def __init__(self, a: int, clock: object) -> None:
                self.a = a

        with pytest.raises(ModelError, match=r"Model\.clock: its constructor wants 'clock'"):
            declared(Model)

    def test_a_hand_written_constructor_need_not_take_every_field(self) -> None:
        @dataclass
        class Model:
            a: int
            b: int

            def __init__(self, a: int) -> None:
                self.a, self.b = a, 0

        assert [d.parameter for d in declared(Model).values()] == ["a", None]

    def test_a_constructor_that_takes_anything_takes_every_field(self) -> None:
        @dataclass
        class Model:
            a: int
            b: int

            def __init__(self, *parts: int, **named: int) -> None:
                self.a, self.b = named["a"], named["b"]

        assert [d.parameter for d in declared(Model).values()] == ["a", "b"]

    @pytest.mark.parametrize(
        "body",
        [
            {"__post_init__": lambda self: None},
            {"__new__": lambda cls, *_: object.__new__(cls)},
            {"__setattr__": lambda self, name, value: object.__setattr__(self, name, value)},
            {"__getattribute__": lambda self, name: object.__getattribute__(self, name)},
        ],
    )
    def test_what_the_user_wrote_into_construction_is_seen(self, body: dict[str, object]) -> None:
        cls = dataclass(type("Model", (), {"__annotations__": {"a": int}, **body}))

        assert runs_user_code(cls)

    def test_a_field_that_is_a_property_is_code_of_the_users(self) -> None:
        @dataclass
        class Model:
            a: int

            @property  # type: ignore[no-redef]
            def a(self) -> int:
                return 1

            @a.setter
            def a(self, value: int) -> None:
                pass

        assert runs_user_code(Model)

    def test_a_metaclass_that_makes_instances_is_code_of_the_users(self) -> None:
        class Meta(type):
            def __call__(cls, *args: Any) -> Any:
                return super().__call__(*args)

        @dataclass
        class Model(metaclass=Meta):
            a: int

        assert runs_user_code(Model)

    def test_only_frozen_classes_need_a_way_around_their_constructor(self) -> None:
        @dataclass(frozen=True)
        class Frozen:
            a: int

        @dataclass(frozen=True, slots=True)
        class Slotted:
            a: int

        @dataclass(frozen=True)
        class Mixed(Slotted):
            b: int

        assert [bypass(cls) for cls in (Point, Frozen, Slotted, Mixed)] == [
            Bypass.PLAIN,
            Bypass.DICT,
            Bypass.ASSIGN,
            Bypass.ASSIGN,
        ]
        assert library_of(Frozen).is_frozen(Frozen)

    def test_a_frozen_class_with_code_of_the_users_is_built_by_its_constructor(self) -> None:
        @dataclass(frozen=True)
        class Model:
            a: int

            def __post_init__(self) -> None:
                pass

        assert bypass(Model) is Bypass.NONE

    def test_a_copy_keeps_what_the_constructor_does_not_take(self) -> None:
        @dataclass(frozen=True)
        class Model:
            a: int
            b: int = field(default=0, init=False)
            c: int = field(default=0, init=False)
            d: int = field(init=False)

        before = Model(1)
        object.__setattr__(before, "b", 5)

        copy: Any = library_of(Model).replace(before, {"a": 2, "c": 7})

        assert (copy.a, copy.b, copy.c) == (2, 5, 7)
        assert not hasattr(copy, "d")


class TestAttrs:
    def test_parameters_are_aliases(self) -> None:
        assert [d.parameter for d in declared(Spot).values()] == ["x", "y", "tags"]
        assert [d.is_keyword_only for d in declared(Spot).values()] == [False, False, True]

    def test_an_attribute_without_annotation_has_the_type_that_attrs_was_told(self) -> None:
        @attrs.define
        class Model:
            a = attrs.field(type=int)

        assert declared(Model)["a"].annotation is int

    def test_a_factory_that_wants_the_instance_is_no_default_that_ommi_can_make(self) -> None:
        @attrs.define
        class Model:
            a: int
            b: int = attrs.Factory(lambda self: self.a, takes_self=True)

        found = declared(Model)["b"]

        assert (found.default, found.default_factory) == (MISSING, None)

    def test_an_attribute_without_any_type_is_refused(self) -> None:
        @attrs.define
        class Model:
            a = attrs.field()

        with pytest.raises(ModelError, match=r"Model\.a: has no annotation; give it one"):
            inspect_model(Model)

    def test_annotations_that_attrs_never_saw_are_refused(self) -> None:
        class Model(Spot):
            z: int

        with pytest.raises(ModelError, match=r"Model\.z: .* make it an attrs class too"):
            declared(Model)

    def test_a_hand_written_constructor_is_called_by_name(self) -> None:
        @attrs.define
        class Model:
            _a: int

            def __init__(self, _a: int) -> None:
                self._a = _a

        assert [(d.parameter, d.is_keyword_only) for d in declared(Model).values()] == [
            ("_a", True)
        ]
        assert runs_user_code(Model)

    @pytest.mark.parametrize(
        "made",
        [
            attrs.field(type=int, converter=int),
            attrs.field(type=int, validator=attrs.validators.instance_of(int)),
            attrs.field(type=int, init=False, factory=int),
        ],
    )
    def test_converters_validators_and_hidden_fields_are_code_to_run(self, made: Any) -> None:
        assert runs_user_code(attrs.define(type("Model", (), {"a": made})))

    @pytest.mark.parametrize("hook", ["__attrs_pre_init__", "__attrs_post_init__"])
    def test_hooks_are_code_to_run(self, hook: str) -> None:
        cls = attrs.define(type("Model", (), {"a": attrs.field(), hook: lambda self: None}))

        assert runs_user_code(cls)

    def test_assignment_hooks_of_attrs_do_not_count(self) -> None:
        @attrs.define(on_setattr=lambda instance, attribute, value: value)
        class Model:
            a: int

        assert not runs_user_code(Model)

    def test_only_frozen_classes_need_a_way_around_their_constructor(self) -> None:
        @attrs.frozen
        class Slotted:
            a: int

        @attrs.frozen(slots=False)
        class Frozen:
            a: int

        @attrs.frozen(cache_hash=True)
        class Hashed:
            a: int

        @attrs.frozen
        class Validated:
            a: int = attrs.field(converter=int)

        classes = (Spot, Slotted, Frozen, Hashed, Validated)
        assert [bypass(cls) for cls in classes] == [
            Bypass.PLAIN,
            Bypass.ASSIGN,
            Bypass.DICT,
            Bypass.NONE,
            Bypass.NONE,
        ]
        assert library_of(Frozen).is_frozen(Frozen)

    def test_one_frozen_attribute_makes_a_class_frozen(self) -> None:
        @attrs.define
        class Model:
            a: int = attrs.field(on_setattr=attrs.setters.frozen)

        assert library_of(Model).is_frozen(Model)

    def test_a_copy_takes_names_of_fields_and_keeps_what_the_constructor_does_not_take(
        self,
    ) -> None:
        @attrs.define
        class Model:
            _a: int
            b: int = attrs.field(default=0, init=False)
            c: int = attrs.field(default=0, init=False)
            d: int = attrs.field(init=False)

        before = Model(a=1)
        before.b = 5

        copy: Any = library_of(Model).replace(before, {"_a": 2, "c": 7})

        assert (copy._a, copy.b, copy.c) == (2, 5, 7)


class TestPydantic:
    def test_parameters_are_aliases_unless_names_are_accepted(self) -> None:
        class Named(pydantic.BaseModel):
            model_config = pydantic.ConfigDict(populate_by_name=True)
            y: int = pydantic.Field(alias="why")

        class Chosen(pydantic.BaseModel):
            y: int = pydantic.Field(
                validation_alias=pydantic.AliasChoices(pydantic.AliasPath("a", 0), "why")
            )

        assert declared(Place)["y"].parameter == "why"
        assert declared(Named)["y"].parameter == "y"
        assert declared(Chosen)["y"].parameter == "why"

    def test_a_field_behind_a_path_only_is_refused(self) -> None:
        class Model(pydantic.BaseModel):
            y: int = pydantic.Field(validation_alias=pydantic.AliasPath("a", 0))

        with pytest.raises(ModelError, match=r"Model\.y: can only be given by an alias path"):
            declared(Model)

    def test_private_attributes_and_computed_fields_are_no_fields(self) -> None:
        class Model(pydantic.BaseModel):
            x: int
            _secret: int = 0

            @pydantic.computed_field  # type: ignore[prop-decorator]
            @property
            def double(self) -> int:
                return self.x * 2

        assert list(declared(Model)) == ["x"]

    def test_a_generic_model_has_the_types_that_it_was_given(self) -> None:
        class Box(pydantic.BaseModel, Generic[T]):
            content: Annotated[T, Key]

        class IntBox(Box[int]):
            pass

        assert declared(Box[int])["content"].annotation == Annotated[int, Key]
        assert declared(IntBox)["content"].annotation == Annotated[int, Key]

    def test_a_model_with_nothing_to_validate_needs_no_constructor(self) -> None:
        class Model(pydantic.BaseModel):
            x: Annotated[int, Key]
            tags: list[str] | None = None

        assert bypass(Model) is Bypass.PYDANTIC

    @pytest.mark.parametrize(
        "annotation",
        [
            Annotated[int, pydantic.Field(gt=0)],
            Annotated[int, pydantic.AfterValidator(abs)],
            list[Annotated[int, pydantic.Field(gt=0)]],
            Place,
            list[Place],
        ],
    )
    def test_a_field_with_something_to_validate_is_validated(self, annotation: Any) -> None:
        cls = pydantic.create_model("Model", x=(annotation, ...))

        assert runs_user_code(cls)

    @pytest.mark.parametrize(
        "config", [{"extra": "allow"}, {"str_to_lower": True}, {"use_enum_values": True}]
    )
    def test_settings_that_change_values_are_obeyed(self, config: Any) -> None:
        cls = pydantic.create_model("Model", __config__=config, x=(str, ...))

        assert runs_user_code(cls)

    def test_hooks_and_validators_are_code_to_run(self) -> None:
        class Checked(pydantic.BaseModel):
            x: int

            @pydantic.field_validator("x")
            @classmethod
            def check(cls, value: int) -> int:
                return value

        class Finished(pydantic.BaseModel):
            x: int

            def model_post_init(self, context: object) -> None:
                pass

        class Private(pydantic.BaseModel):
            x: int
            _secret: int = 0

        assert [runs_user_code(cls) for cls in (Checked, Finished, Private)] == [True] * 3

    def test_a_hand_written_constructor_is_called_with_what_it_spells_out(self) -> None:
        class Model(pydantic.BaseModel):
            x: int
            y: int = pydantic.Field(alias="why")

            def __init__(self, x: int, **data: Any) -> None:
                super().__init__(x=x, **data)

        assert [d.parameter for d in declared(Model).values()] == ["x", "why"]
        assert runs_user_code(Model)

    def test_a_hand_written_constructor_must_take_every_field(self) -> None:
        class Model(pydantic.BaseModel):
            x: int
            y: int = 0

            def __init__(self, x: int) -> None:
                super().__init__(x=x)

        with pytest.raises(ModelError, match=r"Model\.y: its own __init__ does not take"):
            declared(Model)

    def test_a_frozen_field_makes_a_model_frozen(self) -> None:
        class Model(pydantic.BaseModel):
            x: int = pydantic.Field(frozen=True)

        class Whole(pydantic.BaseModel, frozen=True):
            x: int

        assert library_of(Model).is_frozen(Model)
        assert library_of(Whole).is_frozen(Whole)

    def test_a_copy_has_the_changes(self) -> None:
        copy = library_of(Place).replace(Place(x=1), {"x": 3})

        assert copy == Place(x=3)


class TestMsgspec:
    def test_keyword_only_fields_say_so_and_come_last(self) -> None:
        class Model(msgspec.Struct):
            a: int

        class Derived(Model, kw_only=True):
            b: int
            c: int = 3

        assert [(d.name, d.is_keyword_only, d.default) for d in declared(Derived).values()] == [
            ("a", False, MISSING),
            ("b", True, MISSING),
            ("c", True, 3),
        ]

    def test_a_name_in_json_is_no_parameter(self) -> None:
        assert declared(Site)["y"].parameter == "y"

    def test_only_a_hook_is_code_to_run(self) -> None:
        class Model(msgspec.Struct):
            a: int

            def __post_init__(self) -> None:
                pass

        assert runs_user_code(Model)
        assert not runs_user_code(Site)

    def test_a_copy_of_a_frozen_struct_has_the_changes(self) -> None:
        class Model(msgspec.Struct, frozen=True):
            a: int

        assert library_of(Model).is_frozen(Model)
        assert library_of(Model).replace(Model(1), {"a": 2}) == Model(2)


class TestPlain:
    def prepared(self, cls: type) -> Any:
        return PlainLibrary().prepare(cls)

    def test_a_prepared_class_works_as_a_dataclass_would(self) -> None:
        class Model:
            x: int
            y: int = 2

        made = self.prepared(Model)

        assert repr(made(1)).endswith("Model(x=1, y=2)")
        assert made(1) == made(x=1, y=2)
        assert made(1) != made(2)
        assert made.__init__.__qualname__.endswith("Model.__init__")
        assert library_of(Model).name == "plain"
        assert not dataclasses.is_dataclass(Model)

    def test_equal_instances_do_not_hash_by_identity(self) -> None:
        class Model:
            x: int

        with pytest.raises(TypeError, match="unhashable"):
            hash(self.prepared(Model)(1))

    def test_a_mutable_default_is_a_copy_for_each_instance(self) -> None:
        class Model:
            tags: list[str] = []  # noqa: RUF012 - what users write

        made = self.prepared(Model)
        made().tags.append("a")

        assert made().tags == []
        assert declared(Model)["tags"].default_factory is not None

    def test_a_factory_is_understood(self) -> None:
        class Model:
            x: int = field(default=1)
            tags: list[str] = field(default_factory=list)

        made = self.prepared(Model)

        assert (made().x, made().tags, made.x) == (1, [], 1)
        assert not hasattr(made, "tags")
        assert declared(Model)["tags"].default_factory is list

    def test_what_the_class_defines_is_left_alone(self) -> None:
        class Model:
            x: int

            def __init__(self, x: int) -> None:
                self.x = x + 1

            def __eq__(self, other: object) -> bool:
                return True

            def __hash__(self) -> int:
                return 1

            def __repr__(self) -> str:
                return "it"

        made = self.prepared(Model)

        assert (made(1).x, made(1) == made(5), repr(made(1)), hash(made(1))) == (2, True, "it", 1)
        assert runs_user_code(Model)
        assert declared(Model)["x"].parameter == "x"

    def test_a_derived_class_gets_a_constructor_for_all_fields(self) -> None:
        class Model:
            x: int

        class Derived(self.prepared(Model)):  # type: ignore[misc]
            y: int = 2

        made = self.prepared(Derived)

        assert (made(1, 3).x, made(1, 3).y) == (1, 3)
        assert list(declared(Derived)) == ["x", "y"]

    def test_a_required_field_after_a_default_is_refused(self) -> None:
        class Model:
            x: int = 1
            y: int

        with pytest.raises(ModelError, match=r"Model: non-default argument 'y'"):
            self.prepared(Model)

    def test_a_registered_class_is_assigned_to(self) -> None:
        class Model:
            x: int
            tags: list[str] = []  # noqa: RUF012 - what users write

        found = declared(Model)

        assert [d.parameter for d in found.values()] == [None, None]
        assert found["tags"].default is MISSING
        assert not runs_user_code(Model)
        assert "__init__" not in vars(Model)

    def test_a_prepared_class_runs_nothing_of_the_users(self) -> None:
        class Model:
            x: int

        assert not runs_user_code(self.prepared(Model))

    def test_slots_are_no_defaults(self) -> None:
        class Model:
            __slots__ = ("x",)
            x: int

        assert self.prepared(Model)(1).x == 1
        assert declared(Model)["x"].default is MISSING

    def test_keyword_only_parameters_stay_so(self) -> None:
        class Model:
            x: int = field(kw_only=True)
            y: int = 2

        self.prepared(Model)

        assert [d.is_keyword_only for d in declared(Model).values()] == [True, False]

    def test_a_copy_has_the_changes(self) -> None:
        class Model:
            x: int
            y: int

        made = self.prepared(Model)

        copy = PlainLibrary().replace(made(1, 2), {"y": 3})

        assert copy == made(1, 3)
        assert not PlainLibrary().is_frozen(Model)

    def test_a_tuple_is_no_model(self) -> None:
        class Model(NamedTuple):
            x: int

        with pytest.raises(ModelError, match="is a tuple, which cannot be a model"):
            self.prepared(Model)

    def test_a_model_of_pydantic_1_is_refused(self) -> None:
        cls = type("Model", (), {"__fields__": {}, "__validators__": {}})

        with pytest.raises(ModelError, match="use pydantic v2"):
            declared(cls)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, True),
        (int | None, True),
        (list[dict[str, float]], True),
        (tuple[int, ...], True),
        (list, True),
        (Any, True),
        (Annotated[str, Length(3)], True),
        (Literal["a"], True),
        (Colour, True),
        (Guessing, False),
        (Point, False),
        (list[Point], False),
        (types.SimpleNamespace, False),
        (Generic, False),
        (type[int], False),
    ],
)
def test_which_annotations_hold_only_values_of_pythons_own(
    annotation: object, expected: object
) -> None:
    assert holds_only_builtins(annotation) is expected
