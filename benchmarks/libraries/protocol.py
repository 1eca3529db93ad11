"""What the workloads ask of a library."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Protocol

from benchmarks.models import Post, Row, User

PAGE = 100
POSTS = 100
AUTHORS = 1000
CHUNK = 1000
CONNECTIONS = 10
"""For tasks that run side by side."""


class NotYetThere(Exception):
    """The library has no way to do this."""


class Library(Protocol):
    """One way to use a database that has the tables already."""

    async def open(self, url: str) -> None:
        """Connect, each statement being committed by itself."""

    async def close(self) -> None:
        """Give everything back."""

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        """Make instances that are to be added."""

    async def get(self, key: int) -> User:
        """Read a row by its key."""

    async def get_in_task(self, task: int, key: int) -> User:
        """Read a row by its key, as one of many tasks, numbered, with `CONNECTIONS` in all."""

    async def page(self, age: int) -> list[User]:
        """Read the first `PAGE` rows of that age or more, by name."""

    async def everyone(self) -> list[User]:
        """Read all rows."""

    async def add(self, user: User) -> int:
        """Add a row and give its key."""

    async def add_all(self, users: Sequence[User]) -> None:
        """Add rows, with their keys or without, in one transaction; those without get theirs."""

    async def rename(self, key: int, name: str) -> int:
        """Change one field of a row, by its key, and give the number of rows."""

    async def count(self) -> int:
        """Count all rows."""

    def stream(self) -> AsyncIterator[User]:
        """Read all rows, by key, `CHUNK` in memory."""

    async def posts_with_authors(self, after: int) -> list[tuple[Post, User]]:
        """Read the `POSTS` next posts by key, and who wrote them."""

    async def authors_with_posts(self, after: int) -> list[tuple[User, list[Post]]]:
        """Read the `AUTHORS` next users by key, and what they wrote, by key."""

    async def posts_of(self, author: int) -> list[Post]:
        """Read what a user wrote, in any order, by the index of that."""

    async def unit(self, key: int, name: str, user: User) -> None:
        """In one transaction read a row by its key, change one field of it, and add another."""
