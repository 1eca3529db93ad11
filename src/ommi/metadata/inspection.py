"""From a class to its `ModelMetadata`: every fact is read here, once, and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ommi.errors import ModelError
from ommi.metadata.annotations import IndexTogether, UniqueTogether
from ommi.metadata.collection import DEFAULT_COLLECTION, ModelCollection
from ommi.metadata.declared_relations import DeclaredRelation, declared_relations
from ommi.metadata.field_rules import check_field, check_identifier, field_metadata
from ommi.metadata.hints import look_through
from ommi.metadata.libraries.attrs import AttrsLibrary
from ommi.metadata.libraries.constructor import taken_for_a_field
from ommi.metadata.libraries.dataclass import DataclassLibrary
from ommi.metadata.libraries.installed import installed_library
from ommi.metadata.libraries.msgspec import MsgspecLibrary
from ommi.metadata.libraries.plain import PlainLibrary
from ommi.metadata.libraries.protocol import Library
from ommi.metadata.libraries.pydantic import PydanticLibrary
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.resolution import Annotations
from ommi.metadata.storage import Kind
from ommi.metadata.typesystem import TypeSystem

Together = UniqueTogether | IndexTogether

LIBRARIES: tuple[Library, ...] = (
    PydanticLibrary(),
    MsgspecLibrary(),
    AttrsLibrary(),
    DataclassLibrary(),
    PlainLibrary(),
)

_NO_KEYS = frozenset({Kind.BOOL, Kind.FLOAT, Kind.JSON})


def library_of(cls: type) -> Library:
    """Give the model library that made a class: one of Ommi's own, or one that is installed."""
    own = next(library for library in LIBRARIES if library.recognises(cls))
    return installed_library(cls, is_plain=own is LIBRARIES[-1]) or own


def inspect_model(
    cls: type,
    *,
    table: str | None = None,
    collection: ModelCollection = DEFAULT_COLLECTION,
    together: Sequence[Together] = (),
    namespace: Mapping[str, object] | None = None,
) -> ModelMetadata:
    """Read the facts about a class, and change nothing.

    `namespace` holds the names that the function around the class can see. Raises `ModelError` for
    a class that cannot be mapped.
    """
    library = library_of(cls)
    relations = declared_relations(cls, dict(namespace or {}))
    _refuse_relations_as_fields(library, cls, relations)
    declared = library.declared_fields(cls, Annotations(cls, namespace))
    fields = tuple(field_metadata(cls.__name__, each) for each in declared)
    if not fields:
        raise ModelError("has no fields; annotate its attributes (name: str)", model=cls.__name__)
    _choose_key(cls.__name__, fields)
    for field in fields:
        check_field(cls.__name__, field)
    _check_together(cls.__name__, fields, together)
    _refuse_lookalikes(cls.__name__, fields)
    _refuse_several(cls.__name__, "Version", [f for f in fields if f.is_version])
    _refuse_several(cls.__name__, "Expires", [f for f in fields if f.is_expiry])
    _refuse_several(cls.__name__, "Auto", [f for f in fields if f.is_auto])
    name = collection.table_name(cls.__name__) if table is None else table
    check_identifier(name, "table name", model=cls.__name__)
    return ModelMetadata(
        cls=cls,
        table=name,
        fields=fields,
        library=library,
        collection=collection,
        unique_together=_groups(together, UniqueTogether),
        index_together=_groups(together, IndexTogether),
        namespace=dict(namespace or {}),
        declared_relations=relations,
    )


def without_relations(cls: type, namespace: Mapping[str, object]) -> type:
    """Give the class after relations that were written as fields are none any more."""
    relations = declared_relations(cls, namespace)
    fields = [name for name, each in relations.items() if not each.is_class_variable]
    own = [name for name in fields if relations[name].owner is cls]
    library = library_of(cls)
    if own:
        cls = library.without_relations(cls, own)
    return cls


def _refuse_relations_as_fields(
    library: Library, cls: type, relations: Mapping[str, DeclaredRelation]
) -> None:
    for name, each in relations.items():
        if not each.is_class_variable and not isinstance(library, PlainLibrary):
            raise taken_for_a_field(library.name, cls, name)


def _choose_key(model: str, fields: tuple[FieldMetadata, ...]) -> None:
    keys = [field for field in fields if field.is_key]
    if not keys:
        keys = [_natural_key(fields)]
        keys[0].is_key = True
    for key in keys:
        if key.storage.kind in _NO_KEYS:
            raise ModelError(
                f"cannot be the key, being {TypeSystem.describe(key.type_annotation)}; mark "
                "another field: Annotated[..., Key]",
                model=model,
                field=key.name,
            )
    only = keys[0]
    if len(keys) == 1 and _is_int(only) and only.default is None and only.reference is None:
        only.is_auto = only.server_default is None


def _natural_key(fields: tuple[FieldMetadata, ...]) -> FieldMetadata:
    named = [field for field in fields if field.column == "_id" or field.name == "id"]
    numbers = [field for field in fields if _is_int(field) and not field.is_version]
    return (*named, *numbers, *fields)[0]


def _is_int(field: FieldMetadata) -> bool:
    return field.storage.kind is Kind.INT and look_through(field.inner_type)[0] is int


def _refuse_lookalikes(model: str, fields: tuple[FieldMetadata, ...]) -> None:
    for what, names in (
        ("field", [(field.name, field.name) for field in fields]),
        ("column", [(field.name, field.column) for field in fields]),
    ):
        seen: dict[str, str] = {}
        for name, said in names:
            other = seen.setdefault(said.casefold(), name)
            if other != name:
                raise ModelError(
                    f"its {what} {said!r} differs from that of {other} by case at most, which "
                    f"stores cannot tell apart; give it another with StoreAs or rename it",
                    model=model,
                    field=name,
                )


def _refuse_several(model: str, marker: str, fields: list[FieldMetadata]) -> None:
    if len(fields) > 1:
        names = ", ".join(field.name for field in fields)
        raise ModelError(f"several fields are marked {marker} ({names}); mark one", model=model)


def _check_together(
    model: str, fields: tuple[FieldMetadata, ...], together: Iterable[Together]
) -> None:
    known = [field.name for field in fields]
    for group in together:
        text = f"{type(group).__name__}({', '.join(map(repr, group.fields))})"
        unknown = [name for name in group.fields if name not in known]
        if unknown:
            raise ModelError(
                f"{text} names {unknown[0]!r}, which is no field; it has {', '.join(known)}",
                model=model,
            )
        if not group.fields or len(set(group.fields)) < len(group.fields):
            raise ModelError(f"{text} must name fields, and each once", model=model)


def _groups(together: Iterable[Together], kind: type[Together]) -> tuple[tuple[str, ...], ...]:
    return tuple(group.fields for group in together if isinstance(group, kind))
