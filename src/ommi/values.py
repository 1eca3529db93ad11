"""Frozen values, for a tenth of what a frozen dataclass takes to be made.

`dataclass` compiles up to eight functions for a class that is frozen and has slots; with some
dozens of them, that was the largest part of importing Ommi. Here only the constructor is compiled;
the others are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import partial
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T], /) -> type[T]: ...
@overload
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(*, eq: bool) -> Callable[[type[T]], type[T]]: ...
def frozen(cls: type[Any] | None = None, /, *, eq: bool = True) -> Any:
    """Make what `@dataclass(frozen=True, slots=True)` makes, also with `eq=False`.

    What the class defines itself stays, `__init__` too.
    """
    return partial(_made, has_equality=eq) if cls is None else _made(cls, has_equality=eq)


def _made(cls: type[Any], *, has_equality: bool) -> type[Any]:
    # Without one, `dataclass` would write one, and take its time for it.
    cls.__doc__ = cls.__doc__ or f"A {cls.__name__}."
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    parts = fields(made)
    given: dict[str, Callable[[], object]] = {
        "__init__": lambda: _constructor(made, parts),
        "__repr__": lambda: _representation([part.name for part in parts if part.repr]),
        "__setattr__": lambda: _refuse_assignment,
        "__delattr__": lambda: _refuse_deletion,
        "__getstate__": lambda: _state,
        "__setstate__": lambda: _restore,
    }
    if has_equality:
        key = attrgetter(*(part.name for part in parts if part.compare))
        given |= {"__eq__": lambda: _equality(key), "__hash__": lambda: _hashing(key)}
    for name, make in given.items():
        if name not in vars(cls):
            setattr(made, name, make())
    result: type[Any] = made
    return result


def _constructor(cls: type, parts: tuple[Field[Any], ...]) -> Callable[..., None]:
    """Write `__init__`, of the names of fields only; every value comes in through its globals."""
    scope: dict[str, Any] = {"_MISSING": MISSING}
    parameters, lines = ["self"], []
    for part in parts:
        name, told = part.name, part.name
        scope[f"_set_{name}"] = getattr(cls, name).__set__
        if part.default is not MISSING:
            scope[f"_default_{name}"] = part.default
            parameters.append(f"{name}=_default_{name}")
        elif part.default_factory is not MISSING:
            scope[f"_make_{name}"] = part.default_factory
            parameters.append(f"{name}=_MISSING")
            told = f"_make_{name}() if {name} is _MISSING else {name}"
        else:
            parameters.append(name)
        lines.append(f"    _set_{name}(self, {told})")
    text = "\n".join([f"def __init__({', '.join(parameters)}):", *lines, "    return None"])
    exec(compile(text, "<ommi value>", "exec"), scope)
    constructor: Callable[..., None] = scope["__init__"]
    constructor.__annotations__ = {part.name: part.type for part in parts}
    constructor.__qualname__ = f"{cls.__qualname__}.__init__"
    return constructor


def _representation(names: list[str]) -> Callable[[object], str]:
    def represent(self: object) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return represent


def _equality(key: Callable[[object], object]) -> Callable[[object, object], Any]:
    def equal(self: object, other: object) -> Any:  # noqa: ANN401 - or NotImplemented
        if other.__class__ is not self.__class__:
            return NotImplemented
        return key(self) == key(other)

    return equal


def _hashing(key: Callable[[object], object]) -> Callable[[object], int]:
    return lambda self: hash(key(self))


def _refuse_assignment(self: object, name: str, value: object) -> NoReturn:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: object, name: str) -> NoReturn:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:  # noqa: ANN401 - any value
    return [getattr(self, part.name) for part in fields(self)]


def _restore(self: Any, state: list[object]) -> None:  # noqa: ANN401 - any value
    for part, told in zip(fields(self), state, strict=True):
        object.__setattr__(self, part.name, told)
