"""`msgspec.Struct` classes."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from ommi.metadata.libraries.constructor import taken_for_a_field
from ommi.metadata.libraries.protocol import Construction, DeclaredField
from ommi.metadata.model import MISSING
from ommi.metadata.resolution import own_annotations

if TYPE_CHECKING:
    from msgspec import Struct


class MsgspecLibrary:
    """How Structs are read and built; what they are called in messages does not matter here."""

    name = "msgspec"

    def recognises(self, cls: type) -> bool:
        """Tell whether `cls` is a Struct."""
        return hasattr(cls, "__struct_fields__") and hasattr(cls, "__struct_config__")

    def prepare(self, cls: type) -> type:
        """Give the class as it is."""
        return cls

    def without_relations(self, cls: type, names: Collection[str]) -> type:
        """Refuse: what a Struct has for fields cannot be changed."""
        raise taken_for_a_field(self.name, cls, next(iter(names)))

    def declared_fields(
        self, cls: type, annotations: Mapping[str, object]
    ) -> tuple[DeclaredField, ...]:
        """List the fields in the order of the constructor."""
        defaults = _defaults(cls)
        parameters = _parameters(cls)
        return tuple(
            DeclaredField(
                name=name,
                annotation=annotations[name],
                default=_default(defaults.get(name, MISSING)),
                default_factory=getattr(defaults.get(name), "factory", None),
                parameter=name,
                is_keyword_only=parameters[name].kind is inspect.Parameter.KEYWORD_ONLY,
            )
            for name in _struct(cls).__struct_fields__
        )

    def construction(self, cls: type) -> Construction:
        """Tell how instances are built: always by the constructor; nothing is faster."""
        return Construction(runs_user_code=hasattr(cls, "__post_init__"))

    def is_frozen(self, cls: type) -> bool:
        """Tell whether it is a frozen Struct."""
        return _struct(cls).__struct_config__.frozen

    def replace(self, instance: object, changes: Mapping[str, object]) -> object:
        """Give a copy by `msgspec.structs.replace`."""
        from msgspec import structs

        return structs.replace(cast("Struct", instance), **changes)


def _parameters(cls: type) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(cls).parameters
    except NameError:
        # msgspec evaluates every annotation for it, those of relations to later models too.
        with _without_annotations(cls):
            return inspect.signature(cls).parameters


@contextmanager
def _without_annotations(cls: type) -> Iterator[None]:
    written = [(base, base.__annotations__) for base in cls.__mro__ if own_annotations(base)]
    try:
        for base, annotations in written:
            base.__annotations__ = dict.fromkeys(annotations, object)
        yield
    finally:
        for base, annotations in written:
            base.__annotations__ = annotations


def _struct(cls: type) -> type[Struct]:
    return cast("type[Struct]", cls)


def _defaults(cls: type) -> Mapping[str, object]:
    names: tuple[str, ...] = _struct(cls).__struct_fields__
    values: tuple[object, ...] = cast("Any", cls).__struct_defaults__
    return dict(zip(names[len(names) - len(values) :], values, strict=True))


def _default(value: object) -> object:
    from msgspec import NODEFAULT

    is_factory = type(value).__module__ == "msgspec._core" and hasattr(value, "factory")
    return MISSING if value is NODEFAULT or is_factory else value
