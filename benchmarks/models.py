"""The models of the benchmarks, as plain dataclasses, and rows for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CITIES = ("Lima", "Oslo", None, "Kyoto", "Accra", None, "Quito")
EACH = 5
"""Posts of a user."""


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


@dataclass
class Post:
    """What a user wrote."""

    id: int
    title: str
    author_id: int


Row = tuple[int, str, str, int, float, bool, str | None]


def rows(count: int, first: int = 1) -> Iterator[Row]:
    """Give rows of users that are the same in every run."""
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


def post_rows(users: int) -> Iterator[tuple[int, str, int]]:
    """Give rows of posts, `EACH` of every user, mixed."""
    for key in range(1, EACH * users + 1):
        yield key, f"post {key}", 1 + key * 7919 % users


def content(user: User) -> tuple[str, tuple[object, ...]]:
    """Give what two libraries must agree on: the name of the class, and every value."""
    values = (user.id, user.name, user.email, user.age, user.score, user.active, user.city)
    return type(user).__name__, values


def post_content(post: Post) -> tuple[str, tuple[object, ...]]:
    """Give the same of a post."""
    return type(post).__name__, (post.id, post.title, post.author_id)
