"""Codecs of values out of a fixed set: enumerations and literals."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, Flag
from typing import Literal, get_args, get_origin

from ommi.metadata.scalars import Markers, scalar_codec, storage_of, wanted
from ommi.metadata.storage import Codec, Unfit
from ommi.metadata.typesystem import TypeSystem


def single_codec(core: object, markers: Markers) -> Codec | None:
    """Make the codec for an annotation of single values; `None` for structures and unions.

    Raises `TypeError` for an enumeration or a literal that has no one type of storage.
    """
    if isinstance(core, type) and issubclass(core, Enum):
        return _enum_codec(core, markers)
    if get_origin(core) is Literal:
        return _literal_codec(core, markers)
    storage = storage_of(core, markers)
    return None if storage is None else scalar_codec(storage)


def _enum_codec(cls: type[Enum], markers: Markers) -> Codec:
    inner = _common_codec(cls, [member.value for member in cls], markers)
    if issubclass(cls, Flag):
        return _flag_codec(cls, inner)
    stored = {member.name: _declared(inner, member.value, cls) for member in cls}
    members = {stored[member.name]: member for member in cls}

    def dump(value: object) -> object:
        if isinstance(value, cls):
            return stored[value._name_]
        raise wanted(cls.__name__, value)

    def load(form: object) -> object:
        try:
            return members[form]
        except (KeyError, TypeError):
            return _member(cls, form)

    return Codec(inner.storage, dump, load)


def _flag_codec(cls: type[Enum], inner: Codec) -> Codec:
    def dump(value: object) -> object:
        if isinstance(value, cls):
            return inner.dump(value._value_)
        raise wanted(cls.__name__, value)

    def load(form: object) -> object:
        return _member(cls, form)

    return Codec(inner.storage, dump, load)


def _member(cls: type[Enum], form: object) -> object:
    """Ask the enumeration itself, which may know more values than it has members."""
    try:
        return cls(form)
    except (ValueError, TypeError):
        raise Unfit(f"wanted a value of {cls.__name__}, found another") from None


def _literal_codec(annotation: object, markers: Markers) -> Codec:
    choices = get_args(annotation)
    inner = _common_codec(annotation, choices, markers)
    allowed = frozenset(_declared(inner, choice, annotation) for choice in choices)
    words = TypeSystem.describe(annotation)
    decode = inner.load

    def dump(value: object) -> object:
        form = inner.dump(value)
        if form in allowed:
            return form
        raise Unfit(f"wanted {words}, found another {type(value).__name__}")

    def load(form: object) -> object:
        if form not in allowed:
            raise Unfit(f"wanted {words}, found another {type(form).__name__}")
        return form if decode is None else decode(form)

    return Codec(inner.storage, dump, load)


def _common_codec(annotation: object, values: Iterable[object], markers: Markers) -> Codec:
    kinds = {type(value) for value in values}
    words = TypeSystem.describe(annotation)
    if len(kinds) != 1:
        found = ", ".join(sorted(kind.__name__ for kind in kinds)) or "none"
        raise TypeError(f"the values of {words} must have one type, found {found}")
    codec = single_codec(kinds.pop(), markers)
    if codec is None:
        raise TypeError(f"the values of {words} are of no type that can be stored")
    return codec


def _declared(inner: Codec, value: object, annotation: object) -> object:
    try:
        return inner.dump(value)
    except Unfit as error:
        words = TypeSystem.describe(annotation)
        raise TypeError(f"a value of {words} cannot be stored: {error}") from None
