"""Reading annotations: what they stand for, and what the members of a class are annotated with."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NewType,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from ommi.metadata.annotations import Aware

Extras = tuple[object, ...]

_QUALIFIERS = frozenset({"Required", "NotRequired", "ReadOnly", "Final"})
# At run time these are classes of pydantic's own; known by name, since pydantic may be absent.
_PYDANTIC_NAMES: Mapping[str, tuple[object, Extras]] = {
    "AwareDatetime": (datetime, (Aware,)),
    "NaiveDatetime": (datetime, ()),
    "EmailStr": (str, ()),
}
_CLASS_VARIABLE = re.compile(r"(\w+\.)?ClassVar\b")


def look_through(annotation: object) -> tuple[object, Extras]:
    """Give what an annotation stands for, and the extras of every `Annotated` on the way.

    Looks through `Annotated`, `NewType`, type variables, aliases and `Required`, `Final` and the
    like. The extras nearest to the type come first, so that the last of a kind is the outermost.
    """
    extras: Extras = ()
    while (inside := _inside(annotation)) is not None:
        annotation, more = inside
        extras = (*more, *extras)
    return annotation, extras


def _inside(annotation: object) -> tuple[object, Extras] | None:
    origin: Any = get_origin(annotation)
    if origin is Annotated:
        inner, *extras = get_args(annotation)
        return inner, tuple(extras)
    if getattr(origin, "_name", None) in _QUALIFIERS:
        return get_args(annotation)[0], ()
    if isinstance(annotation, NewType):
        return annotation.__supertype__, ()
    if isinstance(annotation, TypeVar):
        return _bound(annotation), ()
    if is_alias(annotation):
        alias: Any = annotation
        return alias.__value__, ()
    if is_alias(origin):
        given = dict(zip(origin.__type_params__, get_args(annotation), strict=False))
        return substituted(origin.__value__, given), ()
    if getattr(annotation, "__module__", "").startswith("pydantic."):
        return _PYDANTIC_NAMES.get(getattr(annotation, "__name__", ""))
    return None


def _bound(variable: TypeVar) -> object:
    if variable.__constraints__:
        return Union[variable.__constraints__]  # noqa: UP007 - a tuple made at run time
    return Any if variable.__bound__ is None else variable.__bound__


def is_alias(annotation: object) -> bool:
    """Tell whether this is an alias made by a `type` statement."""
    return type(annotation).__name__ == "TypeAliasType"


def is_union(annotation: object) -> bool:
    """Tell whether this is `X | Y`, in either spelling."""
    return get_origin(annotation) in (Union, UnionType)


def alternatives(annotation: object) -> Iterator[object]:
    """Give the members of a union, unions inside it resolved; any other type is its only one.

    A `Literal` that lists `None` is two alternatives, as if it were written `Literal[...] | None`.
    """
    core, _ = look_through(annotation)
    if is_union(core):
        for member in get_args(core):
            yield from alternatives(member)
    elif get_origin(core) is Literal and None in get_args(core):
        choices = tuple(choice for choice in get_args(core) if choice is not None)
        yield from (Literal[choices], NoneType) if choices else (NoneType,)
    else:
        yield NoneType if core is None else annotation


def substituted(annotation: object, given: Mapping[object, object]) -> object:
    """Put the given types in the place of type variables."""
    if isinstance(annotation, TypeVar):
        return given.get(annotation, annotation)
    if get_origin(annotation) is None:
        return annotation
    generic: Any = annotation
    parameters = getattr(annotation, "__parameters__", ())
    return generic[tuple(given.get(p, p) for p in parameters)] if parameters else annotation


def hint(annotation: object, name: str) -> object:
    """Give the resolved annotation of a member of a class, or of a generic class with arguments.

    Raises `TypeError` if the member has none, or one with a name that is not known.
    """
    cls: Any = get_origin(annotation) or annotation
    for owner in cls.__mro__:
        annotations = _annotations(owner)
        if name in annotations:
            found = resolved(annotations[name], owner, name)
            return substituted(found, _arguments(annotation, owner))
    raise TypeError(f"{cls.__name__}.{name} has no annotation")


def resolved(written: object, owner: type, name: str) -> object:
    """Give the object that an annotation in the body of `owner` means, if written as text too.

    Raises `TypeError` that names the member if the text cannot be evaluated.
    """
    names = {p.__name__: p for p in getattr(owner, "__type_params__", ())} | {
        owner.__name__: owner
    }
    body = {"__annotations__": {name: written}, "__module__": owner.__module__}
    try:
        return get_type_hints(type(owner.__name__, (), body), None, names, include_extras=True)[
            name
        ]
    except (NameError, AttributeError, SyntaxError) as error:
        raise TypeError(f"the annotation of {owner.__name__}.{name}: {error}") from None


def _arguments(annotation: object, owner: type) -> Mapping[object, object]:
    """Give what stands for the type variables of `owner` in a class derived from it."""
    cls: Any = get_origin(annotation) or annotation
    parameters: tuple[object, ...] = getattr(cls, "__parameters__", ())
    given = dict(zip(parameters, get_args(annotation), strict=False))
    if cls is owner:
        return given
    for base in getattr(cls, "__orig_bases__", ()):
        origin = get_origin(base)
        if isinstance(origin, type) and issubclass(origin, owner):
            return _arguments(substituted(base, given), owner)
    return {}


def _annotations(owner: type) -> Mapping[str, object]:
    return inspect.get_annotations(owner) if owner.__module__ != "builtins" else {}


def annotated_names(cls: type) -> tuple[str, ...]:
    """List the annotated members of a class and its bases, bases first, class variables aside."""
    names = {
        name: None
        for owner in reversed(cls.__mro__)
        for name, written in _annotations(owner).items()
        if not _is_class_variable(written)
    }
    return tuple(names)


def _is_class_variable(written: object) -> bool:
    if isinstance(written, str):
        return _CLASS_VARIABLE.match(written) is not None
    return ClassVar in (written, get_origin(written))


def is_typed_dict(cls: object) -> bool:
    """Tell whether this is a `TypedDict`, of `typing` or of `typing_extensions`."""
    return isinstance(cls, type) and issubclass(cls, dict) and hasattr(cls, "__required_keys__")


def typed_dict_keys(annotation: object) -> Mapping[str, tuple[object, bool]]:
    """Give annotation and whether it is required for every key of a `TypedDict`."""
    cls: Any = get_origin(annotation) or annotation
    hints = {name: hint(annotation, name) for name in _annotations(cls)}
    required: frozenset[str] = cls.__required_keys__
    return {name: (said, _is_required(said, name, required)) for name, said in hints.items()}


def _is_required(said: object, name: str, required: frozenset[str]) -> bool:
    # `__required_keys__` does not see a qualifier that was written as text.
    qualifier: str | None = getattr(get_origin(said), "_name", None)
    if qualifier in ("Required", "NotRequired"):
        return qualifier == "Required"
    return name in required
