"""Hand-written code on the standard library's sqlite3, in the calling thread: the floor.

It stops the event loop at every call, so it is no choice for a program that has one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence

from benchmarks.libraries import statements
from benchmarks.libraries.protocol import CHUNK
from benchmarks.users import Row, User


class Sqlite3:
    """One connection, no thread; the methods are async only to fit the workloads."""

    _connection: sqlite3.Connection

    async def open(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for text in statements.SETTINGS:
            self._connection.execute(text)

    async def close(self) -> None:
        self._connection.close()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        return statements.made(rows, with_keys=with_keys)

    async def get(self, key: int) -> User:
        i, n, e, a, s, o, c = self._connection.execute(statements.GET, (key,)).fetchone()
        return User(i, n, e, a, s, o == 1, c)

    async def get_in_task(self, task: int, key: int) -> User:  # noqa: ARG002
        return await self.get(key)

    async def page(self, age: int) -> list[User]:
        return statements.built(self._connection.execute(statements.FROM_AGE, (age,)))

    async def everyone(self) -> list[User]:
        return statements.built(self._connection.execute(statements.EVERYONE))

    async def add(self, user: User) -> int:
        row = (user.name, user.email, user.age, user.score, user.active, user.city)
        key = self._connection.execute(statements.ADD, row).lastrowid
        assert key is not None
        return key

    async def add_all(self, users: Sequence[User]) -> None:
        text, rows = statements.addition(users)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(text, rows)
        self._connection.commit()

    async def rename(self, key: int, name: str) -> int:
        return self._connection.execute(statements.RENAME, (name, key)).rowcount

    async def count(self) -> int:
        [number] = self._connection.execute(statements.COUNT).fetchone()
        return int(number)

    async def stream(self) -> AsyncIterator[User]:
        cursor = self._connection.execute(statements.BY_KEY)
        while found := cursor.fetchmany(CHUNK):
            for user in statements.built(found):
                yield user
