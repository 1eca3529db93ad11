"""What annotations mean for values: optional or not, lists, whether a value fits, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from types import EllipsisType, NoneType
from typing import Any, ForwardRef, Literal, Tuple, Union, get_args, get_origin  # noqa: UP035

from ommi.metadata.annotations import Aware, Marker, markers
from ommi.metadata.hints import (
    Extras,
    alternatives,
    annotated_names,
    hint,
    is_alias,
    is_typed_dict,
    is_union,
    look_through,
    typed_dict_keys,
)


class TypeSystem:
    """Questions about annotations; `Annotated`, `NewType` and aliases are looked through."""

    @staticmethod
    def is_optional(annotation: object) -> bool:
        """Tell whether `None` is one of the alternatives of the annotation."""
        members = tuple(alternatives(annotation))
        return NoneType in members and (len(members) > 1 or _is_literal(annotation))

    @staticmethod
    def get_optional_inner_type(annotation: object) -> object:
        """Give the annotation without its `None`; one that is not optional comes back as it is."""
        if not TypeSystem.is_optional(annotation):
            return annotation
        rest = tuple(member for member in alternatives(annotation) if member is not NoneType)
        return Union[rest] if rest else NoneType  # noqa: UP007 - a tuple made at run time

    @staticmethod
    def is_generic_list(annotation: object) -> bool:
        """Tell whether the annotation is `list[T]`."""
        return get_origin(look_through(annotation)[0]) is list

    @staticmethod
    def get_list_item_type(annotation: object) -> object:
        """Give `T` of `list[T]`; `Any` for everything else."""
        core, _ = look_through(annotation)
        arguments = get_args(core) if get_origin(core) is list else ()
        return arguments[0] if arguments else Any

    @staticmethod
    def validate_value(value: object, expected_type: object) -> bool:
        """Tell whether the value is of the annotated type, strictly and all the way down.

        `True` is no `int`; an `int` that a float holds exactly is a `float`; a `datetime` has a
        time zone if and only if it is annotated `Aware`. Raises `TypeError` for an annotation
        that cannot be checked.
        """
        core, extras = look_through(expected_type)
        if core is Any:
            return True
        if core is None or core is NoneType:
            return value is None
        if is_union(core):
            return any(TypeSystem.validate_value(value, member) for member in get_args(core))
        origin = get_origin(core)
        if origin is None:
            return _is_of_class(value, core, extras)
        check = _GENERICS.get(origin)
        return _is_of_generic(value, core) if check is None else check(value, core)

    @staticmethod
    def describe(annotation: object) -> str:
        """Say an annotation in a few words, for messages."""
        if annotation is None or annotation is NoneType:
            return "None"
        if isinstance(annotation, str):
            return annotation
        if isinstance(annotation, ForwardRef):
            return annotation.__forward_arg__
        if isinstance(annotation, EllipsisType):
            return "..."
        if isinstance(annotation, list):
            return f"[{_described(annotation)}]"
        origin = get_origin(annotation)
        if origin is not None:
            return _describe_generic(annotation, origin)
        name = getattr(annotation, "__name__", None)
        return str(name or annotation).removeprefix("typing.")


def _describe_generic(annotation: object, origin: object) -> str:
    if is_union(annotation):
        members = sorted(get_args(annotation), key=lambda member: member is NoneType)
        return " | ".join(map(TypeSystem.describe, members))
    if _is_literal(annotation):
        return f"Literal[{', '.join(map(repr, get_args(annotation)))}]"
    inner, extras = look_through(annotation)
    if extras or (inner is not annotation and not is_alias(origin)):
        return TypeSystem.describe(inner)
    arguments = _described(get_args(annotation))
    name = TypeSystem.describe(origin)
    return f"{name}[{arguments}]" if arguments else name


def _described(arguments: tuple[object, ...] | list[object]) -> str:
    return ", ".join(map(TypeSystem.describe, arguments))


def _is_literal(annotation: object) -> bool:
    return get_origin(look_through(annotation)[0]) is Literal


def _is_of_class(value: object, cls: object, extras: Extras) -> bool:
    if cls is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if cls is float:
        return isinstance(value, float) or is_exact_float(value)
    if cls is datetime:
        return isinstance(value, datetime) and (value.tzinfo is not None) == _is_aware(extras)
    if cls is date:
        return isinstance(value, date) and not isinstance(value, datetime)
    if is_typed_dict(cls):
        return _is_of_typed_dict(value, cls)
    if not isinstance(cls, type) or getattr(cls, "_is_protocol", False):
        raise TypeError(f"a value cannot be checked against {TypeSystem.describe(cls)}")
    return isinstance(value, cls)


def _is_aware(extras: Extras) -> bool:
    return any(marker is Aware for said in extras for marker in markers(said))


def is_exact_float(value: object) -> bool:
    """Tell whether this is an `int`, and no `bool`, that a float holds exactly."""
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    try:
        return float(value) == value
    except OverflowError:
        return False


def _is_of_typed_dict(value: object, annotation: object) -> bool:
    keys = typed_dict_keys(annotation)
    return (
        isinstance(value, dict)
        and value.keys() <= keys.keys()
        and all(
            TypeSystem.validate_value(value[name], said) if name in value else not is_required
            for name, (said, is_required) in keys.items()
        )
    )


def _is_of_generic(value: object, annotation: object) -> bool:
    """Check an instance of a generic class of the user's, member by member."""
    cls: type = get_origin(annotation) or object
    if is_typed_dict(cls):
        return _is_of_typed_dict(value, annotation)
    names = annotated_names(cls)
    if not names:
        raise TypeError(f"a value cannot be checked against {TypeSystem.describe(annotation)}")
    return isinstance(value, cls) and all(
        TypeSystem.validate_value(getattr(value, name), hint(annotation, name)) for name in names
    )


def _is_literally(value: object, annotation: object) -> bool:
    return any(type(value) is type(c) and value == c for c in get_args(annotation))


def _is_filled(cls: type[Iterable[object]]) -> Callable[[object, object], bool]:
    def check(value: object, annotation: object) -> bool:
        if not isinstance(value, cls):
            return False
        item = (*get_args(annotation), Any)[0]
        return all(TypeSystem.validate_value(each, item) for each in value)

    return check


def _is_tuple(value: object, annotation: object) -> bool:
    if not isinstance(value, tuple):
        return False
    items = tuple_items(annotation, len(value))
    return len(items) == len(value) and all(map(TypeSystem.validate_value, value, items))


def tuple_items(annotation: object, length: int) -> tuple[object, ...]:
    """Give the annotations of the items of a tuple that has this length."""
    repeated = repeated_item(annotation)
    return get_args(annotation) if repeated is None else (repeated,) * length


def repeated_item(annotation: object) -> object | None:
    """Give `T` of `tuple[T, ...]`, `Any` of a bare `tuple`; `None` for a fixed length."""
    if annotation in (tuple, Tuple):  # noqa: UP006
        return Any
    arguments = get_args(annotation)
    return arguments[0] if arguments[1:] == (...,) else None


def _is_dict(value: object, annotation: object) -> bool:
    if not isinstance(value, dict):
        return False
    key, item = get_args(annotation) or (Any, Any)
    return all(
        TypeSystem.validate_value(k, key) and TypeSystem.validate_value(v, item)
        for k, v in value.items()
    )


_GENERICS: Mapping[object, Callable[[object, object], bool]] = {
    Literal: _is_literally,
    list: _is_filled(list),
    set: _is_filled(set),
    frozenset: _is_filled(frozenset),
    tuple: _is_tuple,
    dict: _is_dict,
}


def without_none(annotation: object) -> tuple[object, tuple[Marker, ...]]:
    """Give the type of the values that are not `None`, and the markers on the way to it.

    The markers nearest to the type come first.
    """
    core, outer = look_through(annotation)
    inner, nearer = look_through(TypeSystem.get_optional_inner_type(core))
    return inner, tuple(marker for extra in (*nearer, *outer) for marker in markers(extra))
