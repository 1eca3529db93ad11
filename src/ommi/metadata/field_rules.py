"""From a declared field to its `FieldMetadata`, and what its markers may say."""

from __future__ import annotations

from collections.abc import Iterable
from keyword import iskeyword
from typing import TypeVar, get_args

from ommi.errors import ModelError
from ommi.metadata.annotations import (
    Auto,
    Aware,
    Collation,
    CreatedAt,
    Default,
    Digits,
    Expires,
    FieldId,
    Index,
    Key,
    Length,
    Marker,
    OnDelete,
    ReferenceTo,
    StoreAs,
    Unique,
    UpdatedAt,
    Version,
)
from ommi.metadata.codecs import codec_for
from ommi.metadata.hints import look_through
from ommi.metadata.libraries.protocol import DeclaredField
from ommi.metadata.model import FieldMetadata, Reference
from ommi.metadata.storage import Codec, Kind
from ommi.metadata.typesystem import TypeSystem, without_none

M = TypeVar("M", bound=Marker)

LONGEST_IDENTIFIER = 63
"""Bytes of UTF-8 that every store takes for a name."""

_MOMENTS = frozenset({Kind.DATETIME, Kind.INSTANT})
_FITS: tuple[tuple[Marker | type[Marker], frozenset[Kind], str], ...] = (
    (Auto, frozenset({Kind.INT}), "int"),
    (Version, frozenset({Kind.INT}), "int"),
    (CreatedAt, _MOMENTS, "datetime"),
    (UpdatedAt, _MOMENTS, "datetime"),
    (Aware, frozenset({Kind.INSTANT}), "datetime"),
    (Expires, frozenset({Kind.INSTANT}), "an instant, as in Annotated[datetime, Aware]"),
    (Length, frozenset({Kind.TEXT, Kind.BYTES}), "str or bytes"),
    (Digits, frozenset({Kind.DECIMAL}), "Decimal"),
    (Collation, frozenset({Kind.TEXT}), "str"),
)
_CONTRADICTIONS: tuple[tuple[Marker | type[Marker], Marker | type[Marker]], ...] = (
    (Auto, Default),
    (Auto, ReferenceTo),
    (Auto, Version),
    (Version, Key),
    (Version, Default),
    (Version, ReferenceTo),
    (CreatedAt, UpdatedAt),
    (CreatedAt, Default),
    (UpdatedAt, Default),
    (Expires, Key),
    (Expires, CreatedAt),
    (Expires, UpdatedAt),
    (Expires, Default),
)


def field_metadata(model: str, declared: DeclaredField) -> FieldMetadata:
    """Make the facts about a field; raises `ModelError` for what cannot be mapped."""
    annotation = declared.annotation
    _refuse_bare_classes(model, declared)
    inner, said = without_none(annotation)
    codec = _codec(model, declared, inner, said)
    _check_markers(model, declared, said, codec)
    reference = _only(model, declared, said, ReferenceTo)
    stored_as = _only(model, declared, said, StoreAs)
    default = _only(model, declared, said, Default)
    known_as = _only(model, declared, said, FieldId)
    return FieldMetadata(
        declared.name,
        annotation,
        declared.default,
        codec=codec,
        model=model,
        column=None if stored_as is None else stored_as.column,
        field_id=None if known_as is None else known_as.id,
        default_factory=declared.default_factory,
        is_key=Key in said,
        is_auto=Auto in said,
        is_unique=Unique in said,
        is_indexed=Index in said,
        is_version=Version in said,
        is_created_at=CreatedAt in said,
        is_updated_at=UpdatedAt in said,
        is_expiry=Expires in said,
        has_database_collation=_only(model, declared, said, Collation) is not None,
        server_default=None if default is None else default.sql,
        reference=None if reference is None else Reference(reference.target, reference.on_delete),
    )


def check_field(model: str, field: FieldMetadata) -> None:
    """Refuse what only shows once the key is known."""
    if not field.name.isidentifier() or iskeyword(field.name):
        raise ModelError(
            "is no name that Python can write after a dot; rename it, and say StoreAs(...) for "
            "its column",
            model=model,
            field=field.name,
        )
    check_identifier(field.column, "column", model=model, field=field.name)
    if field.is_auto and not field.is_key:
        raise ModelError(
            "is Auto, but only a key can be; mark it Key | Auto", model=model, field=field.name
        )
    if field.reference is not None:
        _check_on_delete(model, field, field.reference)


def check_identifier(name: str, what: str, *, model: str, field: str | None = None) -> None:
    """Refuse a name that not every store can have."""
    reason = _why_no_identifier(name)
    if reason is not None:
        raise ModelError(f"its {what} {name!r} {reason}", model=model, field=field)


def _why_no_identifier(name: str) -> str | None:
    if not name:
        return "is empty"
    if "\0" in name:
        return "contains a NUL character"
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return "contains a lone surrogate"
    if length > LONGEST_IDENTIFIER:
        return f"is {length} bytes long; stores take {LONGEST_IDENTIFIER} at most"
    return None


def _codec(model: str, declared: DeclaredField, inner: object, said: tuple[Marker, ...]) -> Codec:
    if declared.annotation is None:
        raise ModelError("has no annotation; give it one", model=model, field=declared.name)
    try:
        return codec_for(inner, said)
    except TypeError as error:
        raise ModelError(
            f"its annotation {TypeSystem.describe(declared.annotation)} cannot be stored: {error}",
            model=model,
            field=declared.name,
        ) from error


def _check_markers(
    model: str, declared: DeclaredField, said: tuple[Marker, ...], codec: Codec
) -> None:
    for marker, kinds, wanted in _FITS:
        if _says(said, marker) and codec.storage.kind not in kinds:
            raise ModelError(
                f"is marked {_name(marker)}, which is for {wanted}, but its annotation is "
                f"{TypeSystem.describe(declared.annotation)}",
                model=model,
                field=declared.name,
            )
    for one, other in _CONTRADICTIONS:
        if _says(said, one) and _says(said, other):
            raise ModelError(
                f"is marked both {_name(one)} and {_name(other)}; leave one of them out",
                model=model,
                field=declared.name,
            )


def _check_on_delete(model: str, field: FieldMetadata, reference: Reference) -> None:
    allowed = get_args(OnDelete)
    if reference.on_delete not in allowed:
        raise ModelError(
            f"its on_delete={reference.on_delete!r} is none of {', '.join(allowed)}",
            model=model,
            field=field.name,
        )
    if reference.on_delete == "set_null" and not field.is_nullable:
        raise ModelError(
            "is set to None on delete (on_delete='set_null') but may not be None: its annotation "
            f"is {TypeSystem.describe(field.type_annotation)}; add | None, and no Key",
            model=model,
            field=field.name,
        )


def _refuse_bare_classes(model: str, declared: DeclaredField) -> None:
    for extra in look_through(declared.annotation)[1]:
        if isinstance(extra, type) and issubclass(extra, Marker):
            raise ModelError(
                f"is marked {extra.__name__} without arguments; write {extra.__name__}(...)",
                model=model,
                field=declared.name,
            )


def _only(model: str, declared: DeclaredField, said: Iterable[Marker], kind: type[M]) -> M | None:
    found = [marker for marker in said if isinstance(marker, kind)]
    if len(found) > 1:
        raise ModelError(
            f"is marked {kind.__name__} {len(found)} times; keep one",
            model=model,
            field=declared.name,
        )
    return found[0] if found else None


def _says(said: tuple[Marker, ...], wanted: Marker | type[Marker]) -> bool:
    if isinstance(wanted, type):
        return any(isinstance(marker, wanted) for marker in said)
    return wanted in said


def _name(marker: Marker | type[Marker]) -> str:
    return marker.__name__ if isinstance(marker, type) else repr(marker)
