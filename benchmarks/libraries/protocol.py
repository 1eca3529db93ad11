"""What the workloads ask of a library."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Protocol

from benchmarks.users import Row, User

PAGE = 100
CHUNK = 1000


class Library(Protocol):
    """One way to use a database file that has the table already."""

    async def open(self, path: str) -> None:
        """Connect: write-ahead log, every commit on the disk before it is reported."""

    async def close(self) -> None:
        """Give everything back."""

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        """Make instances that are to be added."""

    async def get(self, key: int) -> User:
        """Read a row by its key."""

    async def get_in_task(self, task: int, key: int) -> User:
        """Read a row by its key, as one of many tasks, which are numbered."""

    async def page(self, age: int) -> list[User]:
        """Read the first `PAGE` rows of that age or more, by name."""

    async def everyone(self) -> list[User]:
        """Read all rows."""

    async def add(self, user: User) -> int:
        """Add a row and give its key."""

    async def add_all(self, users: Sequence[User]) -> None:
        """Add rows, with their keys or without, in one transaction."""

    async def rename(self, key: int, name: str) -> int:
        """Change one field of a row, by its key, and give the number of rows."""

    async def count(self) -> int:
        """Count all rows."""

    def stream(self) -> AsyncIterator[User]:
        """Read all rows, by key, `CHUNK` in memory."""
