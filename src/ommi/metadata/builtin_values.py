"""Which values are made of Python's own types alone, so that making them runs no user's code."""

from __future__ import annotations

from enum import Enum
from types import EllipsisType, NoneType
from typing import Any, Literal, get_args, get_origin

from ommi.metadata.annotations import markers
from ommi.metadata.hints import is_union, look_through
from ommi.metadata.scalars import storage_of

_CONTAINERS = (list, tuple, set, frozenset, dict)


def holds_only_builtins(annotation: object) -> bool:
    """Tell whether every value of an annotation, all the way down, is of Python's own types."""
    inner, _ = look_through(annotation)
    if is_union(inner) or get_origin(inner) in _CONTAINERS:
        return all(map(_is_builtin_part, get_args(inner)))
    if get_origin(inner) is not None:
        return get_origin(inner) is Literal
    return inner is Any or inner in (None, NoneType) or _is_builtin_class(inner)


def _is_builtin_part(part: object) -> bool:
    return isinstance(part, EllipsisType) or holds_only_builtins(part)


def _is_builtin_class(cls: object) -> bool:
    if isinstance(cls, type) and issubclass(cls, Enum):
        return not any("_missing_" in vars(base) for base in cls.__mro__ if base is not Enum)
    return cls in _CONTAINERS or storage_of(cls, ()) is not None


def says_only_ours(annotation: object) -> bool:
    """Tell whether an annotation carries no extras but Ommi's markers, all the way down."""
    inner, extras = look_through(annotation)
    if not all(list(markers(extra)) for extra in extras):
        return False
    return get_origin(inner) is Literal or all(map(says_only_ours, get_args(inner)))
