"""Hand-written code on aiosqlite, with the calls that go to the thread only once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import starmap

import aiosqlite

from benchmarks.libraries import statements
from benchmarks.libraries.protocol import CHUNK, CONNECTIONS
from benchmarks.libraries.sqlite3 import LAST, SETTINGS, SQL, path_of
from benchmarks.libraries.statements import built, marks, values, values_with_key
from benchmarks.models import Post, Row, User


class Aiosqlite:
    """A connection, which is a thread too; for many tasks ten of them."""

    async def open(self, url: str) -> None:
        self._connections = [await _connection(url) for _ in range(CONNECTIONS)]
        self._connection = self._connections[0]
        self._fetch = self._connection.execute_fetchall

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        return statements.made(rows, with_keys=with_keys)

    async def get(self, key: int) -> User:
        [(i, n, e, a, s, o, c)] = await self._fetch(SQL.get, (key,))
        return User(i, n, e, a, s, o == 1, c)

    async def get_in_task(self, task: int, key: int) -> User:
        connection = self._connections[task % CONNECTIONS]
        [(i, n, e, a, s, o, c)] = await connection.execute_fetchall(SQL.get, (key,))
        return User(i, n, e, a, s, o == 1, c)

    async def page(self, age: int) -> list[User]:
        return built(await self._fetch(SQL.from_age, (age,)))

    async def everyone(self) -> list[User]:
        return built(await self._fetch(SQL.everyone))

    async def add(self, user: User) -> int:
        cursor = await self._connection.execute(SQL.add, values(user))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    async def add_all(self, users: Sequence[User]) -> None:
        await self._connection.execute("BEGIN IMMEDIATE")
        if users[0].id is None:
            await self._connection.executemany(SQL.add, map(values, users))
            [(last,)] = await self._fetch(LAST)
            statements.give_keys(users, range(last - len(users) + 1, last + 1))
        else:
            await self._connection.executemany(SQL.add_with_key, map(values_with_key, users))
        await self._connection.commit()

    async def rename(self, key: int, name: str) -> int:
        cursor = await self._connection.execute(SQL.rename, (name, key))
        return cursor.rowcount

    async def count(self) -> int:
        [(number,)] = await self._fetch(SQL.count)
        return int(number)

    async def stream(self) -> AsyncIterator[User]:
        async with self._connection.execute(SQL.by_key) as cursor:
            while found := await cursor.fetchmany(CHUNK):
                for user in built(found):
                    yield user

    async def posts_with_authors(self, after: int) -> list[tuple[Post, User]]:
        posts = list(starmap(Post, await self._fetch(SQL.posts, (after,))))
        keys = statements.author_keys(posts)
        found = await self._fetch(SQL.users_in + marks(keys), keys)
        return statements.with_authors(posts, built(found))

    async def authors_with_posts(self, after: int) -> list[tuple[User, list[Post]]]:
        users = built(await self._fetch(SQL.authors, (after,)))
        keys = [user.id for user in users]
        found = await self._fetch(SQL.posts_in % marks(keys), keys)
        return statements.with_posts(users, starmap(Post, found))

    async def unit(self, key: int, name: str, user: User) -> None:
        await self._connection.execute("BEGIN IMMEDIATE")
        await self.get(key)
        await self.rename(key, name)
        await self.add(user)
        await self._connection.commit()


async def _connection(url: str) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path_of(url), isolation_level=None)
    for text in SETTINGS:
        await connection.execute_fetchall(text)
    return connection
