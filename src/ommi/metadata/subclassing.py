"""The subclass that stands in the place of a user's class: room for a state, and field access.

Class-level access lives on a metaclass, because attributes of the class itself would take the
interpreter's fast paths for instance attributes away.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from threading import RLock
from types import TracebackType
from typing import Any, cast

from ommi.metadata.libraries.constructor import is_pythons_own
from ommi.metadata.state import RememberedState, has_inline_values, set_state
from ommi.relations import BATCH, ROW

State = tuple[object, object]
SetState = Callable[[object, State], None]

_CREATORS = ("builtins", "abc", "pydantic", "msgspec")
_KNOWN_HOOKS = (*_CREATORS, "typing", "typing_extensions")
_COPIED = (
    "__module__",
    "__qualname__",
    "__doc__",
    "__type_params__",
    "__firstlineno__",
    "__static_attributes__",
)
_SWAPPING = RLock()


class FieldAccess:
    """Answers `Model.field` on one class, and lets Python answer on all that derive from it.

    It is a data descriptor of the metaclass: one of the class would slow its instances down.
    """

    __slots__ = ("answer", "name", "owner")

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.owner: type | None = None
        self.answer: object = None

    def __get__(self, cls: type, meta: type) -> object:
        return self.answer if cls is self.owner else _pythons_answer(cls, self.name)

    def __set__(self, cls: type, value: object) -> None:
        with _Yielding(self, cls):
            setattr(cls, self.name, value)

    def __delete__(self, cls: type) -> None:
        with _Yielding(self, cls):
            delattr(cls, self.name)


class PydanticFieldAccess(FieldAccess):
    """Hides the answer from pydantic, which takes a class attribute for something shadowed."""

    __slots__ = ("hidden_from",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        module = sys.modules.get("pydantic._internal._fields")
        self.hidden_from: Mapping[str, object] | None = None if module is None else vars(module)

    def __get__(self, cls: type, meta: type) -> object:
        if cls is self.owner and sys._getframe(1).f_globals is not self.hidden_from:  # noqa: SLF001
            return self.answer
        return _pythons_answer(cls, self.name)


class _Yielding:
    """For a moment, the metaclass answers without standing in the way of an assignment."""

    def __init__(self, access: FieldAccess, cls: type) -> None:
        self._access = access
        holders = inspect.getmro(type(cls))
        self._meta = next(meta for meta in holders if vars(meta).get(access.name) is access)

    def __enter__(self) -> None:
        _SWAPPING.acquire()
        setattr(self._meta, self._access.name, self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        setattr(self._meta, self._access.name, self._access)
        _SWAPPING.release()

    def __get__(self, cls: type, meta: type) -> object:
        return self._access.__get__(cls, meta)


class _Silence:
    """Stands before the user's bases while a class is made that is none of theirs to hear of."""

    __slots__ = ()

    def __init_subclass__(cls, **said: object) -> None:
        """Tell nobody."""

    @classmethod
    def __pydantic_init_subclass__(cls, **said: object) -> None:
        """Tell nobody."""


def subclass_of(
    cls: type, names: Iterable[str], methods: Mapping[str, object]
) -> tuple[type, SetState, tuple[FieldAccess, ...]]:
    """Make the subclass, the function that sets its instances' state, and the field accesses.

    The accesses answer once they have an owner. None of the user's code runs: neither
    `__init_subclass__` nor a metaclass hears of the class.
    """
    kind = PydanticFieldAccess if _is_pydantic(cls) else FieldAccess
    accesses = tuple(kind(name) for name in names)
    meta = type(type(cls).__name__, (type(cls),), {access.name: access for access in accesses})
    meta.__module__ = type(cls).__module__
    if hasattr(cls, "__struct_fields__"):
        return _made(meta, cls, dict(methods), {"dict": True}), _set_state_in_dict, accesses
    if has_inline_values(cls):
        remembered = {ROW: RememberedState(0), BATCH: RememberedState(1)}
        return _made(meta, cls, {**methods, **remembered}, {}), set_state, accesses
    made = _with_slots(meta, cls, methods)
    return made, _set_state_in_slots(made), accesses


def _with_slots(meta: type, cls: type, methods: Mapping[str, object]) -> type:
    body = {**methods, "__slots__": (ROW, BATCH)}
    if is_pythons_own(cls, "__getstate__"):
        body["__getstate__"] = _getstate
    keywords = {"__pydantic_reset_parent_namespace__": False} if _is_pydantic(cls) else {}
    made = _made(meta, cls, body, keywords)
    # What is not listed there is neither pickled nor copied, nor counted by dataclass(slots=True).
    del made.__slots__  # type: ignore[attr-defined]
    return made


def _made(meta: type, cls: type, body: dict[str, object], keywords: dict[str, bool]) -> type:
    body.update((name, vars(cls)[name]) for name in _COPIED if name in vars(cls))
    parameters = () if _is_pydantic(cls) else getattr(cls, "__parameters__", ())
    if parameters:
        body["__orig_bases__"] = (cast("Any", cls)[parameters],)
    creator = _creator(type(cls))
    if _has_hook(cls):
        _silence(meta)
    made: Any = creator.__new__(meta, cls.__name__, (cls,), body, **keywords)
    if _has_hook(cls):
        delattr(meta, "mro")
        made.__bases__ = (cls,)
    if parameters:
        made.__parameters__ = parameters
    if "__annotations__" in vars(cls):
        made.__annotations__ = vars(cls)["__annotations__"]
    return cast("type", made)


def _silence(meta: Any) -> None:  # noqa: ANN401 - a metaclass
    """Let classes of `meta` find, before the hooks of their bases, one that does nothing."""

    def mro(made: type) -> list[type]:
        order: list[type] = super(meta, made).mro()
        return [order[0], _Silence, *order[1:]]

    meta.mro = mro


def _creator(meta: type) -> Any:  # noqa: ANN401 - each library's metaclass takes its own keywords
    """Find the metaclass that makes the class, past those that the user wrote."""
    return next(base for base in meta.__mro__ if _root(base) in _CREATORS)


def _has_hook(cls: type) -> bool:
    hooks = {"__init_subclass__", "__pydantic_init_subclass__"}
    return any(
        hooks & vars(base).keys() and _root(base) not in _KNOWN_HOOKS for base in cls.__mro__
    )


def _root(cls: type) -> str:
    return cls.__module__.partition(".")[0]


def _is_pydantic(cls: type) -> bool:
    return hasattr(cls, "__pydantic_fields__") and hasattr(cls, "model_dump")


def _getstate(self: object) -> object:
    # Python's own way sizes instances up by __slots__ and would find slots too many.
    return object.__getstate__(self)


def _set_state_in_slots(made: type) -> SetState:
    # Two slots, not a tuple in one: a tuple for each row takes longer to make, and the garbage
    # collector goes through all of them.
    set_row, set_batch = vars(made)[ROW].__set__, vars(made)[BATCH].__set__

    def set_state_in_slots(instance: object, state: State) -> None:
        row, batch = state
        set_row(instance, row)
        set_batch(instance, batch)

    return set_state_in_slots


def _set_state_in_dict(instance: object, state: State) -> None:
    instance.__dict__[ROW], instance.__dict__[BATCH] = state


def _pythons_answer(cls: type, name: str) -> object:
    for base in cls.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            get = getattr(type(found), "__get__", None)
            return found if get is None else get(found, None, cls)
    raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
