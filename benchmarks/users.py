"""The model of the benchmarks, as a plain dataclass, and rows for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CITIES = ("Lima", "Oslo", None, "Kyoto", "Accra", None, "Quito")


@dataclass
class User:
    """What hand-written code builds; Ommi builds the same class, decorated."""

    id: int | None
    name: str
    email: str
    age: int
    score: float
    active: bool
    city: str | None


Row = tuple[int, str, str, int, float, bool, str | None]


def rows(count: int, first: int = 1) -> Iterator[Row]:
    """Give rows that are the same in every run."""
    for key in range(first, first + count):
        yield (
            key,
            f"user {key * 7919 % 1_000_003}",
            f"user{key}@example.org",
            key * 31 % 90,
            key / 8,
            key % 3 > 0,
            CITIES[key % len(CITIES)],
        )


def content(user: User) -> tuple[str, tuple[object, ...]]:
    """Give what two libraries must agree on: the name of the class, and every value."""
    values = (user.id, user.name, user.email, user.age, user.score, user.active, user.city)
    return type(user).__name__, values
