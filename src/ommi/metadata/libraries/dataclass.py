"""Classes made by the standard library's `dataclass`."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Collection, Mapping
from types import FunctionType
from typing import Any

from ommi.errors import ModelError
from ommi.metadata.libraries.constructor import (
    generated_by,
    has_slots,
    is_ordinary,
    is_pythons_own,
    make_class_variables,
    own_parameters,
    refuse_unmade_fields,
)
from ommi.metadata.libraries.protocol import Bypass, Construction, DeclaredField
from ommi.metadata.model import MISSING
from ommi.metadata.resolution import own_annotations


class DataclassLibrary:
    """How dataclasses are read and built."""

    name = "dataclass"

    def recognises(self, cls: type) -> bool:
        """Tell whether `cls` is a dataclass, or derives from one."""
        return dataclasses.is_dataclass(cls)

    def prepare(self, cls: type) -> type:
        """Give the class as it is."""
        return cls

    def without_relations(self, cls: type, names: Collection[str]) -> type:
        """Have the methods made anew that the decorator made."""
        every: dict[str, dataclasses.Field[Any]] = cls.__dataclass_fields__  # type: ignore[attr-defined]
        make_class_variables(cls, names)
        for name in names:
            del every[name]
        own = {name: f for name, f in every.items() if name in own_annotations(cls)}
        written = {name: vars(cls)[name] for name in own if name in vars(cls)}
        for name in _made_by_decorator(cls, (*every, *names)):
            delattr(cls, name)
        for name, f in own.items():
            setattr(cls, name, f)
        parameters: Any = getattr(cls, "__dataclass_params__")  # noqa: B009
        options = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")
        dataclasses.dataclass(**{name: getattr(parameters, name) for name in options})(cls)
        for name in own:
            if name in written:
                setattr(cls, name, written[name])
            elif name in vars(cls):
                delattr(cls, name)
        return cls

    def declared_fields(
        self, cls: type, annotations: Mapping[str, object]
    ) -> tuple[DeclaredField, ...]:
        """List the fields; an `InitVar` without a default is a `ModelError`."""
        fields = dataclasses.fields(cls)
        names = [f.name for f in fields]
        refuse_unmade_fields(cls, "__dataclass_fields__", names, "make it a @dataclass too")
        _refuse_init_variables(cls)
        taken = _parameters(cls, fields)
        return tuple(
            DeclaredField(
                name=f.name,
                annotation=annotations.get(f.name, f.type),
                default=MISSING if f.default is dataclasses.MISSING else f.default,
                default_factory=(
                    None if f.default_factory is dataclasses.MISSING else f.default_factory
                ),
                parameter=f.name if f.name in taken else None,
                is_keyword_only=taken.get(f.name, False),
            )
            for f in fields
        )

    def construction(self, cls: type) -> Construction:
        """Tell how instances are built."""
        names = [f.name for f in dataclasses.fields(cls)]
        runs_user_code = not (
            _has_generated_init(cls)
            and is_ordinary(cls, names)
            and _assigns_plainly(cls)
            and not hasattr(cls, "__post_init__")
            and not any(_is_made_inside(f) for f in dataclasses.fields(cls))
        )
        bypass = Bypass.NONE if runs_user_code else _bypass(cls)
        return Construction(runs_user_code, bypass)

    def is_frozen(self, cls: type) -> bool:
        """Tell whether it is a frozen dataclass."""
        return _is_frozen(cls)

    def replace(self, instance: object, changes: Mapping[str, object]) -> object:
        """Give a copy by `dataclasses.replace`; fields it does not take are set afterwards."""
        cls = type(instance)
        fields = dataclasses.fields(cls)  # type: ignore[arg-type]
        inside = {f.name for f in fields if f.init}
        copy: Any = dataclasses.replace(
            instance,  # type: ignore[type-var]
            **{name: value for name, value in changes.items() if name in inside},
        )
        for f in fields:
            if f.name not in inside and hasattr(instance, f.name):
                value = changes[f.name] if f.name in changes else getattr(instance, f.name)
                object.__setattr__(copy, f.name, value)
        return copy


def _made_by_decorator(cls: type, names: Collection[str]) -> list[str]:
    made = [
        name
        for name, value in vars(cls).items()
        if name.startswith("__")
        and isinstance(value, FunctionType)
        and generated_by(inspect.unwrap(value), "<string>")
    ]
    if set(vars(cls).get("__match_args__", ())) <= set(names) and "__match_args__" in vars(cls):
        made.append("__match_args__")
    return made


def _bypass(cls: type) -> Bypass:
    if not _is_frozen(cls):
        return Bypass.PLAIN
    return (
        Bypass.ASSIGN if has_slots(cls, [f.name for f in dataclasses.fields(cls)]) else Bypass.DICT
    )


def _is_made_inside(field: dataclasses.Field[Any]) -> bool:
    return not field.init and field.default_factory is not dataclasses.MISSING


def _parameters(cls: type, fields: tuple[dataclasses.Field[Any], ...]) -> Mapping[str, bool]:
    if not _has_generated_init(cls):
        return dict.fromkeys(own_parameters(cls, [f.name for f in fields]), True)
    return {f.name: bool(f.kw_only) for f in fields if f.init}


def _has_generated_init(cls: type) -> bool:
    init: Any = cls.__init__  # type: ignore[misc]
    if not generated_by(init, "<string>"):
        return False
    code = init.__code__
    wanted = {f.name for f in dataclasses.fields(cls) if f.init}
    wanted.update(_init_variables(cls))
    return set(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]) == wanted


def _is_frozen(cls: type) -> bool:
    parameters: Any = getattr(cls, "__dataclass_params__")  # noqa: B009 - only dataclasses have it
    return bool(parameters.frozen)


def _assigns_plainly(cls: type) -> bool:
    return is_pythons_own(cls, "__setattr__") or generated_by(cls.__setattr__, "<string>")


def _init_variables(cls: type) -> Mapping[str, dataclasses.Field[Any]]:
    every: Mapping[str, Any] = cls.__dataclass_fields__  # type: ignore[attr-defined]
    return {
        name: f
        for name, f in every.items()
        if f._field_type.name == "_FIELD_INITVAR"  # noqa: SLF001
    }


def _refuse_init_variables(cls: type) -> None:
    for name, f in _init_variables(cls).items():
        if f.default is dataclasses.MISSING:
            raise ModelError(
                "is an InitVar and no field, so no row could give its value; give it a default",
                model=cls.__name__,
                field=name,
            )
