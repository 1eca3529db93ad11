"""What Ommi knows of a model: one frozen `ModelMetadata` with one `FieldMetadata` per field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ommi.errors import InvalidValue, ModelError, UnknownField
from ommi.metadata.storage import Codec, StorageType, Unfit
from ommi.metadata.typesystem import TypeSystem
from ommi.values import frozen

if TYPE_CHECKING:
    from ommi.metadata.annotations import OnDelete
    from ommi.metadata.collection import ModelCollection
    from ommi.metadata.declared_relations import DeclaredRelation
    from ommi.metadata.libraries.protocol import Library
    from ommi.metadata.relations import Relation


class Missing:
    """There is no default; `None` would be one."""

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = Missing()


@frozen
class Reference:
    """A field holds a key of another model: the target as it was written, resolved when used."""

    target: object
    on_delete: OnDelete


class FieldMetadata:
    """The facts about one field of a model.

    It can be made from a name and an annotation alone, and then validates values; a field of a
    model also knows its model's name, its column and its markers.
    """

    __slots__ = (
        "codec",
        "column",
        "default",
        "default_factory",
        "field_id",
        "has_database_collation",
        "inner_type",
        "is_auto",
        "is_created_at",
        "is_expiry",
        "is_indexed",
        "is_key",
        "is_optional",
        "is_unique",
        "is_updated_at",
        "is_version",
        "model",
        "name",
        "reference",
        "server_default",
        "type_annotation",
    )

    name: str
    type_annotation: object
    default: object
    default_factory: Callable[[], object] | None
    is_optional: bool
    inner_type: object
    codec: Codec | None
    model: str
    column: str
    field_id: str | None
    is_key: bool
    is_auto: bool
    is_unique: bool
    is_indexed: bool
    is_version: bool
    is_created_at: bool
    is_expiry: bool
    is_updated_at: bool
    has_database_collation: bool
    server_default: str | None
    reference: Reference | None

    def __init__(
        self,
        name: str,
        type_annotation: object,
        default: object = MISSING,
        *,
        codec: Codec | None = None,
        model: str = "",
        column: str | None = None,
        field_id: str | None = None,
        default_factory: Callable[[], object] | None = None,
        is_key: bool = False,
        is_auto: bool = False,
        is_unique: bool = False,
        is_indexed: bool = False,
        is_version: bool = False,
        is_created_at: bool = False,
        is_updated_at: bool = False,
        is_expiry: bool = False,
        has_database_collation: bool = False,
        server_default: str | None = None,
        reference: Reference | None = None,
    ) -> None:
        self.name = name
        self.type_annotation = type_annotation
        self.default = default
        self.default_factory = default_factory
        self.is_optional = TypeSystem.is_optional(type_annotation)
        self.inner_type = TypeSystem.get_optional_inner_type(type_annotation)
        self.codec = codec
        self.model = model
        self.column = name if column is None else column
        self.field_id = field_id
        self.is_key = is_key
        self.is_auto = is_auto
        self.is_unique = is_unique
        self.is_indexed = is_indexed
        self.is_version = is_version
        self.is_created_at = is_created_at
        self.is_updated_at = is_updated_at
        self.is_expiry = is_expiry
        self.has_database_collation = has_database_collation
        self.server_default = server_default
        self.reference = reference

    def __repr__(self) -> str:
        return f"<field {self.model}.{self.name}: {self.type_annotation}>"

    @property
    def is_nullable(self) -> bool:
        """Whether a stored row may have `None` here; a key never has."""
        return self.is_optional and not self.is_key

    @property
    def is_generated(self) -> bool:
        """Whether the store fills the field when it is `None` on `add`."""
        return self.is_auto or self.server_default is not None

    @property
    def may_be_left_out(self) -> bool:
        """Whether an instance may have `None` here on `add`."""
        return self.is_optional or self.is_generated or self.is_created_at or self.is_updated_at

    @property
    def storage(self) -> StorageType:
        """The storage type of the field."""
        return self.required_codec.storage

    @property
    def required_codec(self) -> Codec:
        """The codec; every field of a model has one."""
        if self.codec is None:
            raise ModelError("has no codec", model=self.model or "?", field=self.name)
        return self.codec

    def validate_value(self, value: object) -> bool:
        """Tell whether `value` fits the annotation."""
        return TypeSystem.validate_value(value, self.type_annotation)

    def dump(self, value: object) -> object:
        """Give the stored form of `value`; raises `InvalidValue` naming model and field."""
        if value is None:
            if self.may_be_left_out:
                return None
            raise InvalidValue(
                f"wanted {TypeSystem.describe(self.type_annotation)}, found None",
                model=self.model,
                field=self.name,
            )
        codec = self.codec or self.required_codec
        try:
            return codec.dump(value)
        except Unfit as error:
            raise InvalidValue(str(error), model=self.model, field=self.name) from None

    def load(self, stored: object) -> object:
        """Give the value of a stored form; raises `InvalidValue` if it cannot be decoded."""
        load = self.required_codec.load
        if stored is None or load is None:
            return stored
        try:
            return load(stored)
        except (ValueError, TypeError, KeyError, LookupError) as error:
            raise InvalidValue(
                f"a stored {type(stored).__name__} cannot be decoded as "
                f"{TypeSystem.describe(self.type_annotation)}",
                model=self.model,
                field=self.name,
            ) from error


@dataclass(frozen=True, eq=False)
class ModelMetadata:
    """The facts about one model: its class, its table and its fields, in declared order.

    `set_state` puts what Ommi remembers of an instance where nobody else sees it; `None` for
    classes registered from outside, which are not touched.
    """

    cls: type
    table: str
    fields: tuple[FieldMetadata, ...]
    library: Library
    collection: ModelCollection
    set_state: Callable[[object, tuple[Any, Any]], None] | None = None
    unique_together: tuple[tuple[str, ...], ...] = ()
    index_together: tuple[tuple[str, ...], ...] = ()
    namespace: Mapping[str, object] = field(default_factory=dict, repr=False)
    declared_relations: Mapping[str, DeclaredRelation] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.cls.__name__

    @cached_property
    def by_name(self) -> Mapping[str, FieldMetadata]:
        """The fields by their names."""
        return MappingProxyType({f.name: f for f in self.fields})

    @cached_property
    def keys(self) -> tuple[FieldMetadata, ...]:
        """The fields of the key, in declared order; never empty."""
        return tuple(f for f in self.fields if f.is_key)

    @cached_property
    def version(self) -> FieldMetadata | None:
        """The field that counts writes, if there is one."""
        return next((f for f in self.fields if f.is_version), None)

    @cached_property
    def expiry(self) -> FieldMetadata | None:
        """The field that says from when a row is no longer there, if there is one."""
        return next((f for f in self.fields if f.is_expiry), None)

    @cached_property
    def generated(self) -> tuple[FieldMetadata, ...]:
        """The fields that the store fills when they are `None` on `add`."""
        return tuple(f for f in self.fields if f.is_generated)

    @cached_property
    def times(self) -> tuple[FieldMetadata, ...]:
        """The fields that record when a row was written."""
        return tuple(f for f in self.fields if f.is_created_at or f.is_updated_at)

    def field(self, name: str) -> FieldMetadata:
        """Give the field of that name; raises `UnknownField`."""
        try:
            return self.by_name[name]
        except KeyError:
            raise UnknownField(self.name, name, tuple(self.by_name)) from None

    def begins_an_index(self, field: FieldMetadata) -> bool:
        """Tell whether rows can be looked up by a field; of a key or an index, by its first."""
        several = [self.unique_together, self.index_together]
        firsts = [self.keys[0].name, *(names[0] for each in several for names in each)]
        return field.is_unique or field.is_indexed or field.name in firsts

    @cached_property
    def relations(self) -> Mapping[str, Relation]:
        """The relations by their names; raises `ModelError` for one that leads nowhere."""
        return MappingProxyType({name: self.relation(name) for name in self.declared_relations})

    def relation(self, name: str) -> Relation:
        """Give the relation of that name, found when first used.

        Raises `UnknownField`, and `ModelError` for one that leads nowhere or to several places.
        """
        found = self._resolved.get(name)
        if found is None:
            declared = self.declared_relations.get(name)
            if declared is None:
                raise UnknownField(self.name, name, (*self.by_name, *self.declared_relations))
            found = self._resolved[name] = declared.resolved(self)
        return found

    @cached_property
    def _resolved(self) -> dict[str, Relation]:
        return {}


_REGISTRY: dict[type, ModelMetadata] = {}


def remember(model: ModelMetadata) -> None:
    """Make a model known to `metadata_of`."""
    _REGISTRY[model.cls] = model


def known_models() -> Iterator[ModelMetadata]:
    """Give every model that there is."""
    yield from tuple(_REGISTRY.values())


def find_metadata(cls: object) -> ModelMetadata | None:
    """Give the metadata of exactly this class, if it is a model; a base's does not count."""
    return _REGISTRY.get(cls) if isinstance(cls, type) else None


def metadata_of(cls: type) -> ModelMetadata:
    """Give the metadata of a model class; raises `ModelError` for any other class."""
    model = _REGISTRY.get(cls)
    if model is None:
        raise ModelError(
            "is not a model; decorate it with @ommi_model or register() it",
            model=getattr(cls, "__name__", repr(cls)),
        )
    return model
