"""Where an instance keeps its state when a slot of its own would cost too much.

Since 3.13 CPython keeps the attributes of ordinary objects inside the object, and reads and makes
them fast, as long as their class has no slots. There the state hangs on a weak reference to the
instance: nobody sees it, and it goes when the instance goes.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import getweakrefs, ref

_INLINE_VALUES = 1 << 2  # Py_TPFLAGS_INLINE_VALUES; no earlier version sets this bit


class _Memory(ref[object]):
    """A weak reference that carries the state; it must not compare as its instance does."""

    __slots__ = ("state",)
    state: tuple[object, object]
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


# A weak reference does not keep itself alive; its instance's end takes it out of here.
_MEMORIES: set[ref[object]] = set()
_forget: Callable[[ref[object]], None] = _MEMORIES.discard


class RememberedState:
    """Reads a part of the state as an attribute; `AttributeError` where there is none."""

    def __init__(self, part: int) -> None:
        self._part = part

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> object:
        for memory in getweakrefs(instance):
            if type(memory) is _Memory:
                return memory.state[self._part]
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self.name!r}")


def set_state(instance: object, state: tuple[object, object]) -> None:
    """Remember a state of an instance instead of the one before."""
    for memory in getweakrefs(instance):
        if type(memory) is _Memory:
            memory.state = state
            return
    memory = _Memory(instance, _forget)
    memory.state = state
    _MEMORIES.add(memory)


def has_inline_values(cls: type) -> bool:
    """Tell whether a slot would make instances of derived classes slower."""
    return bool(cls.__flags__ & _INLINE_VALUES) and cls.__weakrefoffset__ != 0
