"""Classes made by attrs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, cast

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

if TYPE_CHECKING:
    from attrs import Attribute

    Attributes = tuple[Attribute[Any], ...]


class AttrsLibrary:
    """How attrs classes are read and built."""

    name = "attrs"

    def recognises(self, cls: type) -> bool:
        """Tell whether attrs made `cls` or a class that it derives from."""
        return hasattr(cls, "__attrs_attrs__")

    def prepare(self, cls: type) -> type:
        """Give the class as it is."""
        return cls

    def without_relations(self, cls: type, names: Collection[str]) -> type:
        """Take the methods of a class that has all the other attributes."""
        twin = _twin(cls, [a for a in _attributes(cls) if a.name not in names])
        make_class_variables(cls, names)
        for name, value in tuple(vars(cls).items()):
            is_state = name in ("__getstate__", "__setstate__")
            is_own = not is_state and not generated_by(value, "<attrs generated")
            if name in vars(twin) and not is_own:
                setattr(cls, name, vars(twin)[name])
        cls.__attrs_attrs__ = twin.__attrs_attrs__  # type: ignore[attr-defined]
        if "__match_args__" in vars(cls):
            setattr(cls, "__match_args__", twin.__match_args__)  # noqa: B010 - typed as final
        return cls

    def declared_fields(
        self, cls: type, annotations: Mapping[str, object]
    ) -> tuple[DeclaredField, ...]:
        """List the attributes under their names; parameters may have other ones (aliases)."""
        attributes = _attributes(cls)
        refuse_unmade_fields(
            cls, "__attrs_attrs__", [a.name for a in attributes], "make it an attrs class too"
        )
        taken = _parameters(cls)
        return tuple(
            DeclaredField(
                name=a.name,
                annotation=annotations.get(a.name, a.type),
                default=_default(a),
                default_factory=_factory(a),
                parameter=taken.get(a.name, (None, False))[0],
                is_keyword_only=taken.get(a.name, (None, False))[1],
            )
            for a in attributes
        )

    def construction(self, cls: type) -> Construction:
        """Tell how instances are built; converters and validators are the user's code."""
        attributes = _attributes(cls)
        runs_user_code = not (
            _has_generated_init(cls)
            and is_ordinary(cls, [a.name for a in attributes])
            and _assigns_plainly(cls)
            and not hasattr(cls, "__attrs_post_init__")
            and not hasattr(cls, "__attrs_pre_init__")
            and not any(_runs_user_code(a) for a in attributes)
        )
        bypass = Bypass.NONE if runs_user_code else _bypass(cls)
        return Construction(runs_user_code, bypass)

    def is_frozen(self, cls: type) -> bool:
        """Tell whether the class, or one attribute of it, is frozen."""
        return _is_frozen(cls) or any(
            getattr(a.on_setattr, "__module__", "") == "attr.setters"
            and getattr(a.on_setattr, "__name__", "") == "frozen"
            for a in _attributes(cls)
        )

    def replace(self, instance: object, changes: Mapping[str, object]) -> object:
        """Give a copy by `attrs.evolve`; attributes it does not take are set afterwards."""
        import attrs

        attributes = _attributes(type(instance))
        inside = {a.name: a.alias for a in attributes if a.init}
        copy: Any = attrs.evolve(
            cast("Any", instance),
            **{str(inside[name]): value for name, value in changes.items() if name in inside},
        )
        for a in attributes:
            if a.name not in inside and hasattr(instance, a.name):
                value = changes[a.name] if a.name in changes else getattr(instance, a.name)
                object.__setattr__(copy, a.name, value)
        return copy


def _twin(cls: type, attributes: list[Any]) -> Any:  # noqa: ANN401 - a class of attrs
    import attr

    these = {
        a.name: attr.ib(
            default=a.default,
            validator=a.validator,
            repr=a.repr,
            eq=a.eq_key or a.eq,
            order=a.order_key or a.order,
            hash=a.hash,
            init=a.init,
            metadata=dict(a.metadata),
            type=a.type,
            converter=a.converter,
            kw_only=a.kw_only,
            on_setattr=a.on_setattr,
            alias=a.alias,
        )
        for a in attributes
    }
    hooks = ("__attrs_pre_init__", "__attrs_post_init__")
    body = {name: getattr(cls, name) for name in hooks if hasattr(cls, name)}
    setters: Any = [attr.setters.convert, attr.setters.validate]
    return attr.s(
        type(cls.__name__, (), body),
        these=these,
        slots="__slots__" in vars(cls),
        frozen=_is_frozen(cls),
        order=generated_by(vars(cls).get("__lt__"), "<attrs generated"),
        unsafe_hash=generated_by(vars(cls).get("__hash__"), "<attrs generated") or None,
        cache_hash=_caches_its_hash(cls),
        on_setattr=setters if _has_hooks_of_attrs(cls) else None,
    )


def _runs_user_code(attribute: Attribute[Any]) -> bool:
    is_made_inside = not attribute.init and hasattr(attribute.default, "factory")
    return is_made_inside or attribute.converter is not None or attribute.validator is not None


def _attributes(cls: type) -> Attributes:
    found: Attributes = cls.__attrs_attrs__  # type: ignore[attr-defined]
    return found


def _parameters(cls: type) -> Mapping[str, tuple[str | None, bool]]:
    attributes = _attributes(cls)
    if _has_generated_init(cls):
        return {a.name: (a.alias, a.kw_only) for a in attributes if a.init}
    return {name: (name, True) for name in own_parameters(cls, [a.name for a in attributes])}


def _has_generated_init(cls: type) -> bool:
    return generated_by(cls.__init__, "<attrs generated")  # type: ignore[misc]


def _is_frozen(cls: type) -> bool:
    return getattr(cls.__setattr__, "__name__", "") == "_frozen_setattrs"


def _assigns_plainly(cls: type) -> bool:
    return is_pythons_own(cls, "__setattr__") or _is_frozen(cls) or _has_hooks_of_attrs(cls)


def _has_hooks_of_attrs(cls: type) -> bool:
    # Validators run on assignment too, by a __setattr__ of attrs that its constructor goes around.
    return bool(getattr(cls, "__attrs_own_setattr__", False))


def _bypass(cls: type) -> Bypass:
    if _caches_its_hash(cls):
        return Bypass.NONE
    if not _is_frozen(cls):
        return Bypass.PLAIN if is_pythons_own(cls, "__setattr__") else Bypass.NONE
    return Bypass.ASSIGN if has_slots(cls, [a.name for a in _attributes(cls)]) else Bypass.DICT


def _caches_its_hash(cls: type) -> bool:
    init: Any = cls.__init__  # type: ignore[misc]
    return "_attrs_cached_hash" in (*init.__code__.co_consts, *init.__code__.co_names)


def _default(attribute: Attribute[Any]) -> object:
    default: object = attribute.default
    nothing = type(default).__name__ == "_Nothing" or hasattr(default, "factory")
    return MISSING if nothing else default


def _factory(attribute: Attribute[Any]) -> Any:  # noqa: ANN401 - attrs says no more
    default: Any = attribute.default
    if not hasattr(default, "factory") or default.takes_self:
        return None
    return default.factory
