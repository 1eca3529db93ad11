"""What a constructor takes, and whether calling it runs code of the user's."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable
from types import FunctionType, MemberDescriptorType
from typing import Any, ClassVar

from ommi.errors import ModelError
from ommi.metadata.resolution import is_class_variable, own_annotations


def own_parameters(
    cls: type, names: Collection[str], signature: inspect.Signature | None = None
) -> frozenset[str]:
    """Name the fields that a hand-written constructor takes, all of them by keyword.

    Raises `ModelError` if it needs something that is no field: nobody could give it that.
    """
    parameters = (signature or inspect.signature(cls)).parameters
    for parameter in parameters.values():
        is_open = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if parameter.name not in names and parameter.default is parameter.empty and not is_open:
            raise ModelError(
                f"its constructor wants {parameter.name!r}, which is no field, so no instance can "
                "be made from a row; give it a default",
                model=cls.__name__,
                field=parameter.name,
            )
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return frozenset(name for name in names if takes_all or name in parameters)


def is_ordinary(cls: type, names: Collection[str]) -> bool:
    """Tell whether allocation and the fields' slots are Python's own.

    Assignment (`__setattr__`) and initialisation are for the library to judge.
    """
    return (
        written_attribute(type(cls), "__call__") is vars(type)["__call__"]
        and is_pythons_own(cls, "__new__")
        and is_pythons_own(cls, "__getattribute__")
        and not any(_is_computed(cls, name) for name in names)
    )


def is_pythons_own(cls: type, name: str) -> bool:
    """Tell whether a special method is that of `object`."""
    return written_attribute(cls, name) is vars(object)[name]


def written_attribute(cls: type, name: str, default: object = None) -> object:
    """Give what the body of the class or of a base says, past descriptors and metaclasses."""
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), default)


def has_slots(cls: type, names: Iterable[str]) -> bool:
    """Tell whether one of the fields lives in a slot and not in `__dict__`."""
    return any(isinstance(written_attribute(cls, name), MemberDescriptorType) for name in names)


def generated_by(function: object, filename: str) -> bool:
    """Tell whether a library generated `function`, by the file name that it gives its code."""
    return isinstance(function, FunctionType) and function.__code__.co_filename.startswith(
        filename
    )


def refuse_unmade_fields(cls: type, mark: str, names: Collection[str], advice: str) -> None:
    """Refuse annotations of a derived class that the library never saw."""
    if mark in vars(cls):
        return
    # A class that is made of another by the decorator has the other's annotations.
    marked = next(base for base in cls.__mro__ if mark in vars(base))
    seen = own_annotations(marked)
    for name, raw in own_annotations(cls).items():
        is_seen = name in seen and seen[name] is raw
        if name not in names and not is_seen and not is_class_variable(raw):
            raise ModelError(
                f"is annotated, but {cls.__name__} only inherits its fields; {advice}",
                model=cls.__name__,
                field=name,
            )


def taken_for_a_field(library: str, cls: type, name: str) -> ModelError:
    """Make the error for a relation that a model library took for a field."""
    raw = next(
        own_annotations(base)[name] for base in cls.__mro__ if name in own_annotations(base)
    )
    text = raw if isinstance(raw, str) else inspect.formatannotation(raw)
    return ModelError(
        f"is a relation, which {library} takes for a field; write {name}: ClassVar[{text}]",
        model=cls.__name__,
        field=name,
    )


def make_class_variables(cls: type, names: Collection[str]) -> None:
    """Let the annotations of a class say `ClassVar`, and forget the slots they would fill."""
    for name in names:
        cls.__annotations__[name] = ClassVar[cls.__annotations__[name]]
        if isinstance(vars(cls).get(name), MemberDescriptorType):
            delattr(cls, name)
    if "__slots__" in vars(cls):
        # Copying and pickling go by this list.
        slots: Any = cls
        slots.__slots__ = tuple(slot for slot in slots.__slots__ if slot not in names)


def _is_computed(cls: type, name: str) -> bool:
    found = written_attribute(cls, name)
    return hasattr(type(found), "__set__") and not isinstance(found, MemberDescriptorType)
