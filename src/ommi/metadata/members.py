"""Paths into documents: the annotation that is found under a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, get_args, get_origin

from ommi.metadata.choices import single_codec
from ommi.metadata.hints import alternatives, hint, is_union
from ommi.metadata.libraries.nested import is_msgspec, is_pydantic, is_pydantic_root
from ommi.metadata.storage import Kind
from ommi.metadata.structures import members
from ommi.metadata.typesystem import TypeSystem, repeated_item, without_none

Step = str | int


def member_annotation(annotation: object, step: Step) -> object:
    """Give the annotation under one step of a path; `Any` where that is not known.

    Raises `LookupError` if a value of the annotation certainly has no such member.
    """
    core, _ = without_none(annotation)
    if core is Any:
        return Any
    if is_union(core):
        return _in_union(core, step)
    container: object = get_origin(core) or core
    return _FINDERS.get(container, _in_structure)(core, step)


def _missing(core: object, step: Step) -> LookupError:
    return LookupError(f"{TypeSystem.describe(core)} has no member {step!r}")


def _in_union(core: object, step: Step) -> object:
    found = [said for member in alternatives(core) for said in _if_any(member, step)]
    if not found:
        raise _missing(core, step)
    return found[0] if all(said == found[0] for said in found) else Any


def _if_any(member: object, step: Step) -> tuple[object, ...]:
    try:
        return (member_annotation(member, step),)
    except LookupError:
        return ()


def _in_list(core: object, step: Step) -> object:
    if isinstance(step, str):
        raise _missing(core, step)
    return TypeSystem.get_list_item_type(core)


def _in_tuple(core: object, step: Step) -> object:
    if isinstance(step, str):
        raise _missing(core, step)
    repeated = repeated_item(core)
    if repeated is not None:
        return repeated
    try:
        return get_args(core)[step]
    except IndexError:
        raise _missing(core, step) from None


def _in_dict(core: object, step: Step) -> object:
    key, item = get_args(core) or (str, Any)
    if isinstance(step, int) != (without_none(key)[0] is int):
        raise _missing(core, step)
    return item


def _in_structure(core: object, step: Step) -> object:
    if is_pydantic_root(core):
        return member_annotation(_pydantic_fields(core)["root"], step)
    for name, annotation in _named(core).items():
        if name == step:
            return annotation
    raise _missing(core, step)


def _named(core: object) -> Mapping[str, object]:
    """Give the members of a structure under the names that they have in a document."""
    cls: Any = get_origin(core) or core
    if is_pydantic(cls):
        return _pydantic_fields(cls)
    if is_msgspec(cls):
        names = zip(cls.__struct_encode_fields__, cls.__struct_fields__, strict=True)
        return {encoded: _foreign(hint(core, name)) for encoded, name in names}
    return {member.name: member.annotation for member in members(core) or ()}


def _pydantic_fields(model: object) -> Mapping[str, object]:
    cls: Any = model
    return {name: _foreign(field.annotation) for name, field in cls.model_fields.items()}


def _foreign(annotation: object) -> object:
    """Give the annotation if pydantic and msgspec write such values as Ommi does, else `Any`."""
    rest = (a for a in alternatives(annotation) if a is not NoneType)
    return annotation if all(map(_is_written_alike, rest)) else Any


def _is_written_alike(annotation: object) -> bool:
    core, markers = without_none(annotation)
    cls = get_origin(core) or core
    if cls in (list, dict):
        return all(_foreign(argument) is argument for argument in get_args(core))
    codec = None if cls is Any or is_union(core) else single_codec(core, markers)
    if codec is not None:
        return codec.storage.kind in _NATIVE
    return is_pydantic(cls) or is_msgspec(cls)


_NATIVE = frozenset({Kind.BOOL, Kind.INT, Kind.FLOAT, Kind.TEXT})
_FINDERS: Mapping[object, Callable[[object, Step], object]] = {
    list: _in_list,
    tuple: _in_tuple,
    dict: _in_dict,
}
