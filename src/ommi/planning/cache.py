"""What was used of late, kept; bounded."""

from __future__ import annotations

from typing import Generic, TypeVar

V = TypeVar("V")


class RecentlyUsed(Generic[V]):
    """Keeps the values that were used of late, at most `size` of them.

    Two generations: a value that is found among the old ones moves to the young; when the young
    fill half the room, the old ones are forgotten and the young become old. A hit among the young,
    the usual case, is one dictionary look-up and writes nothing.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, size: int) -> None:
        self._half = max(1, size // 2)
        self._young: dict[object, V] = {}
        self._old: dict[object, V] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: object) -> V | None:
        """Give the value of a key, if it is kept."""
        value = self._young.get(key)
        if value is None:
            value = self._old.pop(key, None)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: object, value: V) -> None:
        """Keep the value of a key."""
        if len(self._young) >= self._half:
            self._old = self._young
            self._young = {}
        self._young[key] = value

    def forget(self, key: object) -> None:
        """Keep the value of a key no longer."""
        self._young.pop(key, None)
        self._old.pop(key, None)
