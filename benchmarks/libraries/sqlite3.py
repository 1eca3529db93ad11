"""Hand-written code on the standard library's sqlite3, in the calling thread: the floor.

It stops the event loop at every call, so it is no choice for a program that has one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import starmap

from benchmarks.libraries import statements
from benchmarks.libraries.protocol import CHUNK
from benchmarks.libraries.statements import Statements, built, marks, values, values_with_key
from benchmarks.models import Post, Row, User

SQL = Statements(lambda _: "?")
SETTINGS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")
LAST = 'SELECT max(id) FROM "User"'


def path_of(url: str) -> str:
    """Give the file that a URL names."""
    return url.removeprefix("sqlite:///")


class Sqlite3:
    """One connection, no thread; the methods are async only to fit the workloads."""

    async def open(self, url: str) -> None:
        self._connection = sqlite3.connect(path_of(url), isolation_level=None)
        self._execute = self._connection.execute
        for text in SETTINGS:
            self._execute(text)

    async def close(self) -> None:
        self._connection.close()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        return statements.made(rows, with_keys=with_keys)

    async def get(self, key: int) -> User:
        i, n, e, a, s, o, c = self._execute(SQL.get, (key,)).fetchone()
        return User(i, n, e, a, s, o == 1, c)

    async def get_in_task(self, task: int, key: int) -> User:  # noqa: ARG002
        return await self.get(key)

    async def page(self, age: int) -> list[User]:
        return built(self._execute(SQL.from_age, (age,)).fetchall())

    async def everyone(self) -> list[User]:
        return built(self._execute(SQL.everyone).fetchall())

    async def add(self, user: User) -> int:
        key = self._execute(SQL.add, values(user)).lastrowid
        assert key is not None
        return key

    async def add_all(self, users: Sequence[User]) -> None:
        self._execute("BEGIN IMMEDIATE")
        if users[0].id is None:
            self._connection.executemany(SQL.add, map(values, users))
            [last] = self._execute(LAST).fetchone()
            statements.give_keys(users, range(last - len(users) + 1, last + 1))
        else:
            self._connection.executemany(SQL.add_with_key, map(values_with_key, users))
        self._connection.commit()

    async def rename(self, key: int, name: str) -> int:
        return self._execute(SQL.rename, (name, key)).rowcount

    async def count(self) -> int:
        [number] = self._execute(SQL.count).fetchone()
        return int(number)

    async def stream(self) -> AsyncIterator[User]:
        cursor = self._execute(SQL.by_key)
        while found := cursor.fetchmany(CHUNK):
            for user in built(found):
                yield user

    async def posts_with_authors(self, after: int) -> list[tuple[Post, User]]:
        posts = list(starmap(Post, self._execute(SQL.posts, (after,))))
        keys = statements.author_keys(posts)
        found = self._execute(SQL.users_in + marks(keys), keys)
        return statements.with_authors(posts, built(found))

    async def authors_with_posts(self, after: int) -> list[tuple[User, list[Post]]]:
        users = built(self._execute(SQL.authors, (after,)))
        keys = [user.id for user in users]
        found = self._execute(SQL.posts_in % marks(keys), keys)
        return statements.with_posts(users, starmap(Post, found))

    async def unit(self, key: int, name: str, user: User) -> None:
        self._execute("BEGIN IMMEDIATE")
        await self.get(key)
        await self.rename(key, name)
        await self.add(user)
        self._connection.commit()
