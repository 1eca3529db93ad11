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

    __slots__ = ("kept",)

    def __init__(self, size: int) -> None:
        self.kept: Young[V] = Young(max(1, size // 2))
        """Gives the value of a key, or `None`: `kept[key]` calls nothing where it is young."""

    def __len__(self) -> int:
        return len(self.kept) + len(self.kept.old)

    def get(self, key: object) -> V | None:
        """Give the value of a key, if it is kept."""
        return self.kept[key]

    def put(self, key: object, value: V) -> None:
        """Keep the value of a key."""
        self.kept.put(key, value)

    def forget(self, key: object) -> None:
        """Keep the value of a key no longer."""
        self.kept.pop(key, None)
        self.kept.old.pop(key, None)


class Young(dict[object, V | None], Generic[V]):
    """The values that were used last; a key that is missing is looked for among the old ones."""

    __slots__ = ("_most", "old")

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.old: dict[object, V | None] = {}

    def put(self, key: object, value: V) -> None:
        """Keep the value of a key, and let the others grow old where there are many."""
        if len(self) >= self._most:
            self.old = dict(self)
            self.clear()
        self[key] = value

    def __missing__(self, key: object) -> V | None:
        value = self.old.pop(key, None)
        if value is not None:
            self.put(key, value)
        return value
