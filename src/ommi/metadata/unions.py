"""Unions inside a document: which member a value belongs to, by its class and by its JSON type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from ommi.metadata.choices import single_codec
from ommi.metadata.forms import Convert, Form, json_type
from ommi.metadata.hints import is_typed_dict
from ommi.metadata.libraries.nested import is_pydantic_root
from ommi.metadata.scalars import wanted
from ommi.metadata.typesystem import TypeSystem, without_none

_JSON_TYPES: Mapping[type, str] = {
    bool: "true or false",
    int: "numbers",
    float: "numbers",
    str: "text",
    list: "lists",
    dict: "objects",
}


def union_form(annotation: object, found: Sequence[tuple[object, Form]]) -> Form:
    """Make the form of a union out of the forms of its members, `None` aside.

    Raises `TypeError` if two members look the same in JSON, since it could not be told which of
    them a stored value is.
    """
    cores = [without_none(member)[0] for member, _ in found]
    by_class: dict[type, Form] = {}
    by_json: dict[type, Form] = {}
    claimed: dict[type, object] = {}
    for core, (_, form) in zip(cores, found, strict=True):
        for json in _json_types(core, beside_int=int in cores):
            if json in claimed:
                raise TypeError(_ambiguity(annotation, claimed[json], core, json))
            claimed[json], by_json[json] = core, form
        by_class[_class(core)] = form
    if float in by_class:
        by_class.setdefault(int, by_class[float])
    words = TypeSystem.describe(annotation)
    return Form(_by_class(by_class, words), _by_json_type(by_json, words))


def _ambiguity(annotation: object, first: object, second: object, json: type) -> str:
    one, other = TypeSystem.describe(first), TypeSystem.describe(second)
    return (
        f"{TypeSystem.describe(annotation)} cannot be stored: {one} and {other} are both "
        f"{_JSON_TYPES[json]} in JSON, and could not be told apart when read"
    )


def _json_types(core: object, *, beside_int: bool) -> tuple[type, ...]:
    codec = single_codec(core, ())
    if codec is None:
        return _structured_types(core)
    json = json_type(codec.storage)
    # A float that is a whole number is written like an int. Beside `int` it may come back as
    # one, since they are equal; anything else would take it for its own.
    is_lone_float = json is float and not (core is float and beside_int)
    return (float, int) if is_lone_float else (json,)


def _structured_types(core: object) -> tuple[type, ...]:
    cls = get_origin(core) or core
    if core is Any or is_pydantic_root(cls):
        return tuple(_JSON_TYPES)
    is_array = getattr(getattr(cls, "__struct_config__", None), "array_like", False)
    return (list,) if is_array or cls in (list, tuple, set, frozenset) else (dict,)


def _class(core: object) -> type:
    if get_origin(core) is Literal:
        return type(get_args(core)[0])
    cls: Any = get_origin(core) or core
    found: type = dict if is_typed_dict(cls) else cls
    return found


def _by_class(forms: Mapping[type, Form], words: str) -> Convert:
    dumps = {cls: form.dump for cls, form in forms.items()}

    def dump(value: object) -> object:
        convert = dumps.get(type(value)) or _inherited(value)
        if convert is None:
            raise wanted(words, value)
        return convert(value)

    def _inherited(value: object) -> Convert | None:
        if value is True or value is False:
            return None
        return next((convert for cls, convert in dumps.items() if isinstance(value, cls)), None)

    return dump


def _by_json_type(forms: Mapping[type, Form], words: str) -> Convert:
    loads = {json: form.load for json, form in forms.items()}

    def load(stored: object) -> object:
        convert = loads.get(type(stored))
        if convert is None:
            raise wanted(words, stored)
        return convert(stored)

    return load
