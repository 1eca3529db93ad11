"""Annotated classes of no library: Ommi gives them what a dataclass would have."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any, cast
from weakref import WeakKeyDictionary

from ommi.errors import ModelError
from ommi.metadata.libraries.constructor import (
    is_ordinary,
    is_pythons_own,
    own_parameters,
    written_attribute,
)
from ommi.metadata.libraries.protocol import Construction, DeclaredField
from ommi.metadata.model import MISSING
from ommi.metadata.resolution import Annotations

# The methods that Ommi made, each with the dataclass that it was taken from.
_GENERATED: WeakKeyDictionary[FunctionType, type] = WeakKeyDictionary()
_MUTABLE = (list, dict, set, bytearray)


class PlainLibrary:
    """How plain annotated classes are read and built; it takes any class."""

    name = "plain"

    def recognises(self, cls: type) -> bool:  # noqa: ARG002 - it is asked last
        """Say yes."""
        return True

    def prepare(self, cls: type) -> type:
        """Give the class, in place, the `__init__`, `__eq__` and `__repr__` that it lacks."""
        _refuse_foreign(cls)
        source = _as_dataclass(cls)
        for name in ("__init__", "__eq__", "__repr__"):
            if _is_ours_to_make(cls, name):
                setattr(cls, name, _taken_over(cls, source, vars(source)[name]))
        if written_attribute(cls, "__eq__") in _GENERATED and is_pythons_own(cls, "__hash__"):
            # What compares by value must not hash by identity.
            setattr(cls, "__hash__", None)  # noqa: B010 - typed as a method
        for name, field in _written_fields(cls):
            _leave_default(cls, name, field)
        return cls

    def without_relations(self, cls: type, names: Collection[str]) -> type:
        """Give the class as it is: Ommi makes its methods, and leaves relations out."""
        del names
        return cls

    def declared_fields(
        self, cls: type, annotations: Mapping[str, object]
    ) -> tuple[DeclaredField, ...]:
        """List the annotated attributes; without a constructor they are assigned."""
        _refuse_foreign(cls)
        taken = _parameters(cls, tuple(annotations))
        return tuple(
            DeclaredField(
                name=name,
                annotation=annotations[name],
                default=_default(cls, name),
                default_factory=_factory(cls, name),
                parameter=name if name in taken else None,
                is_keyword_only=taken.get(name, False),
            )
            for name in annotations
        )

    def construction(self, cls: type) -> Construction:
        """Tell how instances are built; a class without a constructor has nothing to run."""
        init = written_attribute(cls, "__init__")
        is_quiet = (
            (init in _GENERATED or is_pythons_own(cls, "__init__"))
            and is_pythons_own(cls, "__setattr__")
            and is_ordinary(cls, tuple(Annotations(cls)))
        )
        return Construction(runs_user_code=not is_quiet)

    def is_frozen(self, cls: type) -> bool:  # noqa: ARG002 - Python has no such plain class
        """Say no."""
        return False

    def replace(self, instance: object, changes: Mapping[str, object]) -> object:
        """Give a shallow copy with other values."""
        made = copy.copy(instance)
        for name, value in changes.items():
            setattr(made, name, value)
        return made


def _refuse_foreign(cls: type) -> None:
    if issubclass(cls, tuple | dict | list | set | frozenset | str | bytes | int | float):
        kind = next(base.__name__ for base in cls.__mro__ if base.__module__ == "builtins")
        raise ModelError(
            f"is a {kind}, which cannot be a model; write a dataclass", model=cls.__name__
        )
    if hasattr(cls, "__validators__") and hasattr(cls, "__fields__"):
        raise ModelError(
            "is a model of pydantic v1, which Ommi does not know; use pydantic v2",
            model=cls.__name__,
        )


def _as_dataclass(cls: type) -> type:
    """Make a dataclass of the same fields, whose methods fit the class."""
    body = {name: _written_default(cls, name) for name in Annotations(cls)}
    body = {name: default for name, default in body.items() if default is not MISSING}
    annotations = dict.fromkeys(Annotations(cls), object)
    source = type(cls.__name__, (), {**body, "__annotations__": annotations})
    try:
        return dataclasses.dataclass(source)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{error}", model=cls.__name__) from None


def _is_ours_to_make(cls: type, name: str) -> bool:
    return is_pythons_own(cls, name) or written_attribute(cls, name) in _GENERATED


def _taken_over(cls: type, source: type, function: FunctionType) -> FunctionType:
    function.__qualname__ = f"{cls.__qualname__}.{function.__name__}"
    function.__module__ = cls.__module__
    _GENERATED[function] = source
    return function


def _written_fields(cls: type) -> Iterator[tuple[str, dataclasses.Field[object]]]:
    for name, value in tuple(vars(cls).items()):
        if isinstance(value, dataclasses.Field):
            yield name, value


def _leave_default(cls: type, name: str, field: dataclasses.Field[object]) -> None:
    """Put what `field(default=...)` means where it stood, as `dataclass` does."""
    if field.default is dataclasses.MISSING:
        delattr(cls, name)
    else:
        setattr(cls, name, field.default)


def _parameters(cls: type, names: tuple[str, ...]) -> Mapping[str, bool]:
    made = _made_fields(cls)
    if made:
        return {name: bool(made[name].kw_only) for name in names}
    if is_pythons_own(cls, "__init__"):
        return {}
    return dict.fromkeys(own_parameters(cls, names), True)


def _default(cls: type, name: str) -> object:
    written = _written_default(cls, name)
    return MISSING if isinstance(written, dataclasses.Field) else written


def _factory(cls: type, name: str) -> Callable[[], object] | None:
    written = _written_default(cls, name)
    if not isinstance(written, dataclasses.Field):
        return None
    factory = written.default_factory
    return None if factory is dataclasses.MISSING else cast("Callable[[], object]", factory)


def _written_default(cls: type, name: str) -> object:
    """Give the default in the class's body; a mutable one becomes a copy per instance."""
    made = _made_fields(cls).get(name)
    if made is not None and made.default_factory is not dataclasses.MISSING:
        return made
    value = written_attribute(cls, name, MISSING)
    if isinstance(value, MemberDescriptorType | GetSetDescriptorType):
        return MISSING
    if isinstance(value, _MUTABLE):
        return dataclasses.field(default_factory=partial(copy.deepcopy, value))
    return value


def _made_fields(cls: type) -> Mapping[str, dataclasses.Field[object]]:
    init = written_attribute(cls, "__init__")
    source: Any = _GENERATED.get(init) if isinstance(init, FunctionType) else None
    return {} if source is None else source.__dataclass_fields__
