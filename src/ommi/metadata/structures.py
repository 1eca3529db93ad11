"""Classes with named members, inside a document: what their members are, how they are built."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any, cast, get_origin

from ommi.metadata.forms import Convert, Form, within
from ommi.metadata.hints import annotated_names, hint, is_typed_dict, typed_dict_keys
from ommi.metadata.scalars import wanted
from ommi.metadata.storage import Unfit
from ommi.values import frozen


@frozen
class Member:
    """A named part of a structure.

    `parameter` is what the constructor calls it, `None` where it is set afterwards.
    """

    name: str
    annotation: object
    is_required: bool
    parameter: str | None


def members(annotation: object) -> tuple[Member, ...] | None:
    """List the members of a structure; `None` for what is no structure.

    Raises `TypeError` for a structure that could not be built from its members.
    """
    cls = get_origin(annotation) or annotation
    if not isinstance(cls, type):
        return None
    if is_typed_dict(cls):
        keys = typed_dict_keys(annotation)
        return tuple(Member(name, said, needed, name) for name, (said, needed) in keys.items())
    found = _annotated(annotation, cls)
    return None if found is None else _with_parameters(cls, found)


def is_named_tuple(cls: object) -> bool:
    """Tell whether this is a tuple whose items have names."""
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


def _annotated(annotation: object, cls: type) -> Mapping[str, tuple[str, object]] | None:
    """Give what the constructor would call each member, and its annotation."""
    if hasattr(cls, "__dataclass_fields__"):
        names = tuple(field.name for field in dataclasses.fields(cls))
    elif hasattr(cls, "__attrs_attrs__"):
        return {f.name: (f.alias, hint(annotation, f.name)) for f in cls.__attrs_attrs__}
    elif is_named_tuple(cls):
        names = cast("Any", cls)._fields
    elif _is_plain(cls):
        names = annotated_names(cls)
    else:
        return None
    return {name: (name, hint(annotation, name)) for name in names}


def _is_plain(cls: type) -> bool:
    # A class with a `__new__` of its own, as every built-in has, holds more than its members.
    has_own_new = getattr(cls, "__new__", None) is not object.__new__
    if has_own_new or getattr(cls, "_is_protocol", False):
        return False
    return bool(annotated_names(cls))


def _with_parameters(cls: type, found: Mapping[str, tuple[str, object]]) -> tuple[Member, ...]:
    parameters = _parameters(cls)
    aliases = {alias for alias, _ in found.values()}
    for parameter in parameters.values():
        if parameter.default is Parameter.empty and parameter.name not in aliases:
            raise TypeError(
                f"{cls.__name__} cannot be built again: its constructor needs "
                f"{parameter.name!r}, which is none of its members"
            )
    return tuple(
        _member(cls, name, said, parameters.get(alias)) for name, (alias, said) in found.items()
    )


def _parameters(cls: type) -> Mapping[str, Parameter]:
    variadic = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p for p in parameters if p.kind not in variadic}


def _member(cls: type, name: str, said: object, parameter: Parameter | None) -> Member:
    if parameter is not None:
        return Member(name, said, parameter.default is Parameter.empty, parameter.name)
    # What the constructor does not take, it sets by itself; the plainest class has none.
    is_required = cls.__init__ is object.__init__ and not _has_default(cls, name)  # type: ignore[misc]
    return Member(name, said, is_required, None)


def _has_default(cls: type, name: str) -> bool:
    found = inspect.getattr_static(cls, name, Parameter.empty)
    return found is not Parameter.empty and not inspect.ismemberdescriptor(found)


def structure_form(
    annotation: object, parts: tuple[Member, ...], form: Callable[[object], Form]
) -> Form:
    """Make the form of a structure: an object with an entry per member."""
    cls: Any = get_origin(annotation) or annotation
    forms = {part.name: form(part.annotation) for part in parts}
    dump = _dict_dumper(cls, parts, forms) if is_typed_dict(cls) else _dumper(cls, forms)
    return Form(dump, _loader(cls, parts, forms))


def _dumper(cls: type, forms: Mapping[str, Form]) -> Convert:
    dumps = tuple((name, form.dump) for name, form in forms.items())

    def dump(value: object) -> object:
        # A derived class may have more members, and would come back without them.
        if type(value) is not cls:
            raise wanted(cls.__name__, value)
        stored = {}
        name = ""
        try:
            for name, convert in dumps:
                stored[name] = convert(getattr(value, name))
        except Unfit as error:
            raise within(f".{name}", error) from None
        except AttributeError:
            raise within(f".{name}", Unfit("has no value")) from None
        return stored

    return dump


def _dict_dumper(cls: type, parts: tuple[Member, ...], forms: Mapping[str, Form]) -> Convert:
    check = _entry_check(cls, parts)

    def dump(value: object) -> object:
        if not isinstance(value, dict):
            raise wanted(cls.__name__, value)
        check(value)
        stored = {}
        name = ""
        try:
            for name, item in value.items():
                stored[name] = forms[name].dump(item)
        except Unfit as error:
            raise within(f".{name}", error) from None
        return stored

    return dump


def _entry_check(cls: type, parts: tuple[Member, ...]) -> Callable[[dict[str, object]], None]:
    names = frozenset(part.name for part in parts)
    required = frozenset(part.name for part in parts if part.is_required)

    def check(entries: dict[str, object]) -> None:
        if not required <= entries.keys():
            missing = ", ".join(sorted(required - entries.keys()))
            raise Unfit(f"wanted {cls.__name__}, found a dict without {missing}")
        if not entries.keys() <= names:
            raise Unfit(f"wanted {cls.__name__}, found a dict with other keys")

    return check


def _loader(cls: type, parts: tuple[Member, ...], forms: Mapping[str, Form]) -> Convert:
    check = _entry_check(cls, parts)
    build = _builder(cls, parts)
    loads = {part.name: (part.parameter or part.name, forms[part.name].load) for part in parts}
    every = tuple((name, *rest) for name, rest in loads.items())
    names = loads.keys()

    def load(stored: object) -> object:
        if type(stored) is not dict:
            raise wanted(cls.__name__, stored)
        chosen = every
        if stored.keys() != names:
            check(stored)
            chosen = tuple(entry for entry in every if entry[0] in stored)
        values = {}
        name = ""
        try:
            for name, parameter, convert in chosen:
                values[parameter] = convert(stored[name])
        except Unfit as error:
            raise within(f".{name}", error) from None
        return build(values)

    return load


def _builder(cls: type, parts: tuple[Member, ...]) -> Callable[[dict[str, object]], object]:
    later = frozenset(part.name for part in parts if part.parameter is None)
    if is_typed_dict(cls):
        return lambda values: values
    if not later:
        return lambda values: cls(**values)

    def build(values: dict[str, object]) -> object:
        instance = cls(**{name: v for name, v in values.items() if name not in later})
        for name in later & values.keys():
            object.__setattr__(instance, name, values[name])
        return instance

    return build
