"""The annotations of a class as types: strings evaluated, type variables replaced."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any, ClassVar, ForwardRef, get_args, get_origin, get_type_hints

from ommi.errors import ModelError
from ommi.metadata.hints import look_through, substituted
from ommi.relations import Lazy, LazyList

_CLASS_VARIABLE = re.compile(r"\s*(?:\w+\s*\.\s*)?ClassVar\b")
_DOTTED = r"(?:\w+\s*\.\s*)*"
_HEAD = re.compile(
    rf"\s*(?:{_DOTTED}ClassVar\s*\[\s*)?(?:{_DOTTED}Annotated\s*\[\s*)?[\"']?\s*({_DOTTED}\w+)"
)
_NO_TYPE_NAMES = (FunctionType, classmethod, staticmethod, property)


class Annotations(Mapping[str, object]):
    """The annotations of a class and its bases in declared order, class variables left out.

    Relations are left out too, however they are spelled.

    Each is resolved when it is asked for, so that one that cannot be and that nobody needs does no
    harm. Asking raises `ModelError`. `namespace` holds what the caller's function can see.
    """

    def __init__(self, cls: type, namespace: Mapping[str, object] | None = None) -> None:
        self._cls = cls
        self._namespace = namespace or {}
        self._owners: dict[str, type] = {}
        self._resolved: dict[str, object] = {}
        for base in reversed(cls.__mro__):
            for name, raw in own_annotations(base).items():
                if is_class_variable(raw) or relation_handle(raw, base, self._namespace):
                    self._owners.pop(name, None)
                else:
                    self._owners[name] = base

    def __getitem__(self, name: str) -> object:
        if name not in self._resolved:
            self._resolved[name] = self._resolve(name, self._owners[name])
        return self._resolved[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._owners)

    def __len__(self) -> int:
        return len(self._owners)

    def __contains__(self, name: object) -> bool:
        return name in self._owners

    def _resolve(self, name: str, owner: type) -> object:
        raw = own_annotations(owner)[name]
        if isinstance(raw, type) and not get_args(raw):
            return raw
        try:
            found = evaluated(raw, owner, self._scope(owner))
            return substituted(found, _type_arguments(self._cls))
        except Exception as error:
            text = raw if isinstance(raw, str) else inspect.formatannotation(raw)
            raise ModelError(
                f"its annotation {text!r} cannot be resolved: {error}; what it names must exist "
                "at run time, and a model defined later is named in a string: "
                'ReferenceTo("Model.field")',
                model=self._cls.__name__,
                field=name,
            ) from error

    def _scope(self, owner: type) -> dict[str, object]:
        # A default hides the type of the same name (`date: date = None`), so fields are left out.
        inside = {
            name: value
            for name, value in vars(owner).items()
            if name not in self._owners and not isinstance(value, _NO_TYPE_NAMES)
        }
        parameters = {p.__name__: p for p in getattr(owner, "__type_params__", ())}
        return {self._cls.__name__: self._cls, **self._namespace, **parameters, **inside}


def own_annotations(cls: type) -> Mapping[str, object]:
    """Give the annotations written in the body of exactly this class, as they were written."""
    return inspect.get_annotations(cls)


def is_class_variable(raw: object) -> bool:
    """Tell whether an annotation, perhaps still a string, says `ClassVar`."""
    if isinstance(raw, str):
        return _CLASS_VARIABLE.match(raw) is not None
    return raw is ClassVar or get_origin(raw) is ClassVar


def relation_handle(raw: object, owner: type, namespace: Mapping[str, object]) -> type | None:
    """Give `Lazy` or `LazyList` if an annotation in the body of `owner` declares a relation.

    Of text only the head is looked up; what it leads to need not be defined yet.
    """
    if is_text(raw):
        text = raw.__forward_arg__ if isinstance(raw, ForwardRef) else str(raw)
        found = _HEAD.match(text)
        handle = None if found is None else _looked_up(found[1], owner, namespace)
        return _if_handle(handle)
    inner, _ = look_through(raw)
    if get_origin(inner) is ClassVar:
        return relation_handle(get_args(inner)[0], owner, namespace)
    if is_text(inner):
        return relation_handle(inner, owner, namespace)
    return _if_handle(get_origin(inner) or inner)


def _if_handle(found: object) -> type | None:
    return next((handle for handle in (Lazy, LazyList) if found is handle), None)


def is_text(written: object) -> bool:
    """Tell whether an annotation, or a part of one, is text that is yet to be evaluated."""
    return isinstance(written, str | ForwardRef)


def _looked_up(path: str, owner: type, namespace: Mapping[str, object]) -> Any:  # noqa: ANN401
    first, *rest = (part.strip() for part in path.split("."))
    module = vars(sys.modules.get(owner.__module__, sys))
    found = namespace.get(first, module.get(first))
    for name in rest:
        found = getattr(found, name, None)
    return found


def evaluated(raw: object, owner: type, scope: dict[str, object]) -> object:
    """Give what an annotation in the body of `owner` means; the text inside it is evaluated too.

    Raises what evaluating raises.
    """
    # get_type_hints evaluates nested strings too, but all annotations of a class or none.
    holder = type(owner.__name__, (), {"__annotations__": {"field": raw}})
    module = sys.modules.get(owner.__module__)
    hints: dict[str, object] = get_type_hints(
        holder, vars(module) if module else {}, scope, include_extras=True
    )
    return hints["field"]


def _type_arguments(cls: type) -> dict[object, object]:
    arguments: dict[object, object] = {}
    for base in cls.__mro__:
        for alias in vars(base).get("__orig_bases__", ()):
            parameters = getattr(get_origin(alias), "__parameters__", ())
            given = [substituted(part, arguments) for part in get_args(alias)]
            arguments.update(
                (parameter, argument)
                for parameter, argument in zip(parameters, given, strict=False)
                if parameter is not argument
            )
    return arguments
