"""From a class to its metadata: fields, key, markers, and every refusal."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, make_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, NewType, TypeVar
from uuid import UUID

import pydantic
import pytest

from ommi.errors import ModelError
from ommi.metadata.annotations import (
    Auto,
    Aware,
    Collation,
    CreatedAt,
    Default,
    Digits,
    Expires,
    Index,
    IndexTogether,
    Key,
    Length,
    ReferenceTo,
    StoreAs,
    Unique,
    UniqueTogether,
    UpdatedAt,
    Version,
)
from ommi.metadata.collection import DEFAULT_COLLECTION, ModelCollection
from ommi.metadata.inspection import inspect_model
from ommi.metadata.libraries.plain import PlainLibrary
from ommi.metadata.model import FieldMetadata, ModelMetadata, Reference
from ommi.metadata.resolution import Annotations
from ommi.metadata.storage import Kind, StorageType

T = TypeVar("T")
UserId = NewType("UserId", int)


class Colour(enum.Enum):
    RED = "red"


def model_of(*fields: Any, **options: Any) -> ModelMetadata:
    """Inspect a dataclass of fields written `(name, annotation[, default])`."""
    made = [f if len(f) < 3 else (f[0], f[1], field(default=f[2])) for f in fields]
    return inspect_model(make_dataclass("Model", made, kw_only=True), **options)


def only(annotation: Any, *default: object) -> FieldMetadata:
    """Inspect a model of a key and a field of that annotation; give the field."""
    return model_of(("key", Annotated[str, Key]), ("it", annotation, *default)).fields[1]


def keys(model: ModelMetadata) -> list[str]:
    return [key.name for key in model.keys]


class TestNames:
    def test_a_table_is_called_as_its_class(self) -> None:
        assert model_of(("id", int)).table == "Model"

    def test_a_collection_may_name_tables(self) -> None:
        collection = ModelCollection(naming=str.lower)

        assert model_of(("id", int), collection=collection).table == "model"
        assert model_of(("id", int), collection=collection, table="T").table == "T"

    def test_the_collection_is_the_common_one_unless_said(self) -> None:
        assert model_of(("id", int)).collection is DEFAULT_COLLECTION

    def test_inspecting_registers_nothing(self) -> None:
        collection = ModelCollection()

        model_of(("id", int), collection=collection)

        assert len(collection) == 0

    def test_a_column_may_have_another_name(self) -> None:
        assert only(Annotated[int, StoreAs("col")]).column == "col"
        assert only(int).column == "it"

    @pytest.mark.parametrize(
        ("column", "reason"),
        [
            ("", "is empty"),
            ("a\0b", "contains a NUL"),
            ("ä" * 32, "is 64 bytes long; stores take 63"),
            ("\ud800", "contains a lone surrogate"),
        ],
    )
    def test_a_name_that_not_every_store_takes_is_refused(self, column: str, reason: str) -> None:
        with pytest.raises(ModelError, match=rf"Model\.it: its column .* {reason}"):
            only(Annotated[int, StoreAs(column)])

    @pytest.mark.parametrize("name", ["two words", "class", "x = print('run')"])
    def test_a_field_must_be_an_attribute_that_python_can_write(self, name: str) -> None:
        with pytest.raises(ModelError, match="is no name that Python can write after a dot"):
            inspect_model(type("Model", (), {"__annotations__": {name: int}}))

    def test_a_table_name_is_checked_too(self) -> None:
        with pytest.raises(ModelError, match="Model: its table name '' is empty"):
            model_of(("id", int), table="")

    def test_the_longest_name_is_taken(self) -> None:
        assert len(only(Annotated[int, StoreAs("c" * 63)]).column) == 63

    def test_fields_that_differ_by_case_are_refused(self) -> None:
        with pytest.raises(
            ModelError, match=r"Model\.Name: its field 'Name' differs from .* name"
        ):
            model_of(("name", str), ("Name", Annotated[str, StoreAs("other")]))

    def test_columns_that_differ_by_case_are_refused(self) -> None:
        with pytest.raises(ModelError, match=r"Model\.b: its column 'A' differs from that of a"):
            model_of(("a", int), ("b", Annotated[int, StoreAs("A")]))

    def test_columns_that_are_the_same_are_refused(self) -> None:
        with pytest.raises(ModelError, match=r"Model\.b: its column 'a'"):
            model_of(("a", int), ("b", Annotated[int, StoreAs("a")]))


class TestKey:
    def test_marked_fields_are_the_key(self) -> None:
        model = model_of(("id", int), ("a", Annotated[str, Key]), ("b", Annotated[int, Key]))

        assert keys(model) == ["a", "b"]

    @pytest.mark.parametrize(
        ("fields", "key"),
        [
            ([("a", int), ("b", Annotated[str, StoreAs("_id")]), ("c", int)], "b"),
            ([("a", int), ("id", str)], "id"),
            ([("a", str), ("b", float), ("c", int), ("d", int)], "c"),
            ([("a", str), ("b", bool), ("c", Literal[1, 2])], "a"),
            ([("a", str), ("b", UserId)], "b"),
            ([("a", str), ("b", Annotated[int, Version])], "a"),
        ],
    )
    def test_an_unmarked_key_is_found(self, fields: Any, key: str) -> None:
        assert keys(model_of(*fields)) == [key]

    @pytest.mark.parametrize("annotation", [bool, float, list[int], dict[str, int]])
    def test_what_cannot_be_compared_exactly_is_no_key(self, annotation: Any) -> None:
        with pytest.raises(ModelError, match=r"Model\.it: cannot be the key, being .*; mark anot"):
            model_of(("it", Annotated[annotation, Key]))

    @pytest.mark.parametrize("annotation", [str, bytes, Decimal, datetime, UUID, Colour, UserId])
    def test_any_other_scalar_may_be_the_key(self, annotation: Any) -> None:
        assert keys(model_of(("it", Annotated[annotation, Key]))) == ["it"]

    def test_an_int_key_with_default_none_is_auto(self) -> None:
        assert model_of(("id", int | None, None)).keys[0].is_auto

    @pytest.mark.parametrize(
        "fields",
        [
            [("id", int)],
            [("id", int | None)],
            [("id", int, 0)],
            [("id", str | None, None)],
            [("id", Annotated[int | None, ReferenceTo("Other")], None)],
            [("id", Annotated[int | None, Default(sql="1")], None)],
            [("id", Annotated[int | None, Key], None), ("b", Annotated[int, Key])],
        ],
    )
    def test_no_other_key_is_auto_by_itself(self, fields: Any) -> None:
        assert not model_of(*fields).keys[0].is_auto

    def test_a_part_of_a_key_may_be_marked_auto(self) -> None:
        model = model_of(("a", Annotated[int, Key | Auto]), ("b", Annotated[int, Key]))

        assert [key.is_auto for key in model.keys] == [True, False]

    def test_only_a_key_can_be_auto(self) -> None:
        with pytest.raises(ModelError, match=r"Model\.b: is Auto, but only a key can be"):
            model_of(("id", int), ("b", Annotated[int, Auto]))

    def test_one_field_at_most_is_auto(self) -> None:
        with pytest.raises(ModelError, match=r"several fields are marked Auto \(a, b\)"):
            model_of(("a", Annotated[int, Key, Auto]), ("b", Annotated[int, Key, Auto]))


class TestMarkers:
    def test_markers_are_read_from_a_comma_and_from_a_bar(self) -> None:
        comma = only(Annotated[str, Unique, Index])
        bar = only(Annotated[str, Unique | Index | StoreAs("x")])

        assert (comma.is_unique, comma.is_indexed) == (True, True)
        assert (bar.is_unique, bar.is_indexed, bar.column) == (True, True, "x")

    def test_markers_inside_an_optional_count(self) -> None:
        found = only(Annotated[str, Length(5)] | None)

        assert found.storage == StorageType(Kind.TEXT, length=5)
        assert found.is_optional

    def test_extras_of_other_people_are_ignored(self) -> None:
        assert only(Annotated[str, "hello", pydantic.Field(min_length=2)]).storage.length is None

    def test_every_marker_has_its_effect(self) -> None:
        assert only(Annotated[Decimal, Digits(5, 2)]).storage == StorageType(
            Kind.DECIMAL, precision=5, scale=2
        )
        assert only(Annotated[datetime, Aware]).storage.kind is Kind.INSTANT
        assert only(Annotated[datetime, CreatedAt]).is_created_at
        assert only(Annotated[datetime, UpdatedAt, Aware]).is_updated_at
        assert only(Annotated[int, Version]).is_version
        assert only(Annotated[datetime | None, Aware | Expires]).is_expiry
        assert only(Annotated[pydantic.AwareDatetime, Expires]).is_expiry
        assert only(Annotated[str, Collation("database")]).has_database_collation
        assert only(Annotated[int, Default(sql="7")]).server_default == "7"

    def test_a_moment_of_pydantic_is_an_instant(self) -> None:
        assert only(pydantic.AwareDatetime).storage.kind is Kind.INSTANT

    def test_a_reference_is_kept_as_it_was_written(self) -> None:
        found = only(Annotated[int | None, ReferenceTo("User.id", on_delete="set_null")])

        assert found.reference == Reference("User.id", "set_null")

    @pytest.mark.parametrize(
        ("annotation", "reason"),
        [
            (Annotated[str, Auto], "Auto, which is for int, but its annotation is str"),
            (Annotated[float, Version], "Version, which is for int"),
            (Annotated[str, CreatedAt], "CreatedAt, which is for datetime"),
            (Annotated[int, UpdatedAt], "UpdatedAt, which is for datetime"),
            (Annotated[datetime, Expires], r"Expires, which is for an instant, as in Annotated\["),
            (Annotated[str, Aware], "Aware, which is for datetime"),
            (Annotated[int, Length(3)], "Length, which is for str or bytes"),
            (Annotated[float, Digits(3, 1)], "Digits, which is for Decimal"),
            (Annotated[int, Collation("database")], "Collation, which is for str"),
        ],
    )
    def test_a_marker_on_the_wrong_type_is_refused(self, annotation: Any, reason: str) -> None:
        with pytest.raises(ModelError, match=rf"Model\.it: is marked {reason}"):
            only(annotation)

    @pytest.mark.parametrize(
        ("annotation", "reason"),
        [
            (Annotated[int, Auto, Default(sql="1")], "both Auto and Default"),
            (Annotated[int, Auto, ReferenceTo("A")], "both Auto and ReferenceTo"),
            (Annotated[int, Version, Key], "both Version and Key"),
            (Annotated[datetime, CreatedAt, UpdatedAt], "both CreatedAt and UpdatedAt"),
            (Annotated[datetime, Aware, Expires, UpdatedAt], "both Expires and UpdatedAt"),
            (Annotated[int, StoreAs("a"), StoreAs("b")], "StoreAs 2 times; keep one"),
            (Annotated[int, ReferenceTo("A"), ReferenceTo("B")], "ReferenceTo 2 times"),
        ],
    )
    def test_markers_that_contradict_each_other_are_refused(
        self, annotation: Any, reason: str
    ) -> None:
        with pytest.raises(ModelError, match=rf"Model\.it: is marked {reason}"):
            only(annotation)

    def test_a_marker_without_its_arguments_is_refused(self) -> None:
        with pytest.raises(
            ModelError, match=r"is marked Length without arguments; write Length\("
        ):
            only(Annotated[str, Length])

    def test_a_bound_without_meaning_is_refused(self) -> None:
        with pytest.raises(ModelError, match=r"Model\.it: its annotation str cannot be stored"):
            only(Annotated[str, Length(0)])

    def test_one_field_at_most_counts_writes(self) -> None:
        with pytest.raises(ModelError, match=r"several fields are marked Version \(a, b\)"):
            model_of(("id", int), ("a", Annotated[int, Version]), ("b", Annotated[int, Version]))

    def test_an_unknown_rule_of_deletion_is_refused(self) -> None:
        with pytest.raises(ModelError, match="its on_delete='vanish' is none of restrict, casc"):
            only(Annotated[int, ReferenceTo("A", on_delete="vanish")])  # type: ignore[arg-type]

    def test_only_an_optional_field_is_set_to_none(self) -> None:
        with pytest.raises(ModelError, match=r"on_delete='set_null'.* add \| None"):
            only(Annotated[int, ReferenceTo("A", on_delete="set_null")])


class TestAnnotations:
    def test_an_unknown_type_is_refused(self) -> None:
        with pytest.raises(ModelError, match=r"Model\.it: its annotation object cannot be stored"):
            only(object)

    def test_a_class_without_fields_is_refused(self) -> None:
        with pytest.raises(ModelError, match=r"Model: has no fields; annotate its attributes"):
            model_of()

    def test_an_attribute_without_annotation_is_refused(self) -> None:
        with pytest.raises(ModelError, match=r"Model\.it: its annotation None cannot be stored"):
            only(None)

    def test_strings_are_resolved_in_the_module_and_the_function(self) -> None:
        class Local(enum.Enum):
            A = 1

        @dataclass
        class Model:
            id: UserId
            colour: Colour | None
            local: Local
            final: Final[int]
            hidden: ClassVar[Nowhere]  # type: ignore[name-defined] # noqa: F821

        model = inspect_model(Model, namespace=locals())

        assert [f.name for f in model.fields] == ["id", "colour", "local", "final"]
        assert model.fields[2].inner_type is Local
        assert model.fields[3].storage.kind is Kind.INT
        assert model.namespace["Local"] is Local

    def test_strings_are_resolved_in_the_body_of_the_class(self) -> None:
        @dataclass
        class Model:
            class Inner(enum.Enum):
                A = 1

            id: int
            inner: Inner

            def int(self) -> None:
                """Hide the type of the same name, for people who read text."""

        assert inspect_model(Model).fields[1].inner_type is Model.Inner

    def test_a_default_does_not_hide_the_type_of_its_name(self) -> None:
        model = inspect_model(
            make_dataclass("M", [("id", "int"), ("datetime", "datetime | None", None)]),
            namespace={"datetime": datetime},
        )

        assert model.fields[1].inner_type is datetime

    def test_a_name_that_nobody_knows_is_refused(self) -> None:
        @dataclass
        class Model:
            id: int
            it: list[Nowhere]  # type: ignore[name-defined] # noqa: F821

        with pytest.raises(
            ModelError,
            match=r"Model\.it: its annotation 'list\[Nowhere\]' cannot be resolved: nam",
        ):
            inspect_model(Model)

    def test_a_string_inside_a_type_is_resolved(self) -> None:
        made = make_dataclass("Model", [("id", int), ("it", list["Colour"])])
        made.__module__ = __name__

        assert inspect_model(made).fields[1].inner_type == list[Colour]

    def test_a_broken_annotation_that_is_no_string_is_shown(self) -> None:
        made = make_dataclass("Model", [("id", int), ("it", list["Nowhere"])])  # type: ignore[name-defined] # noqa: F821

        with pytest.raises(ModelError, match=r"Model\.it: its annotation .*Nowhere"):
            inspect_model(made)

    def test_a_type_variable_is_what_a_derived_class_says(self) -> None:
        @dataclass
        class Box(Generic[T]):
            id: T
            content: list[T]

        @dataclass
        class Crate(Box[UUID]):
            pass

        model = inspect_model(Crate)

        assert model.keys[0].storage.kind is Kind.UUID
        assert model.fields[1].inner_type == list[UUID]

    def test_a_class_variable_of_a_derived_class_is_no_field(self) -> None:
        class Model:
            id: int
            kind: str

        class Derived(Model):
            kind: ClassVar[str] = "derived"

        assert [f.name for f in inspect_model(Derived).fields] == ["id"]

    def test_a_class_of_no_module_is_read_all_the_same(self) -> None:
        made = make_dataclass("Model", [("id", "int")])
        made.__module__ = "nowhere.at.all"

        assert inspect_model(made).keys[0].name == "id"

    def test_as_many_annotations_as_fields_are_there(self) -> None:
        class Model:
            id: int
            kind: ClassVar[int]

        annotations = Annotations(Model)

        assert len(annotations) == 1
        assert "kind" not in annotations

    def test_defaults_are_kept(self) -> None:
        class Model:
            id: int
            name: str = "x"
            tags: list[str] = field(default_factory=list)

        model = inspect_model(PlainLibrary().prepare(Model))

        assert model.fields[1].default == "x"
        assert model.fields[2].default_factory is list


class TestTogether:
    def test_groups_are_kept_in_order(self) -> None:
        model = model_of(
            ("a", int),
            ("b", int),
            together=(UniqueTogether("a", "b"), IndexTogether("b", "a"), UniqueTogether("b")),
        )

        assert model.unique_together == (("a", "b"), ("b",))
        assert model.index_together == (("b", "a"),)

    @pytest.mark.parametrize(
        ("group", "reason"),
        [
            (UniqueTogether("a", "z"), r"UniqueTogether\('a', 'z'\) names 'z', which is no field"),
            (
                IndexTogether("a", "a"),
                r"IndexTogether\('a', 'a'\) must name fields, and each once",
            ),
            (IndexTogether(), r"IndexTogether\(\) must name fields"),
        ],
    )
    def test_a_group_without_meaning_is_refused(self, group: Any, reason: str) -> None:
        with pytest.raises(ModelError, match=reason):
            model_of(("a", int), together=(group,))
