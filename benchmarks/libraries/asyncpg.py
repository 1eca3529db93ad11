"""Hand-written code on asyncpg."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import starmap

import asyncpg

from benchmarks.libraries import statements
from benchmarks.libraries.protocol import CHUNK, CONNECTIONS
from benchmarks.libraries.statements import COLUMNS, Statements, values, values_with_key
from benchmarks.models import Post, Row, User

SQL = Statements(lambda number: f"${number}")
ADD = f"{SQL.add} RETURNING id"
USERS_IN = f"{SQL.users_in} = ANY($1)"
POSTS_IN = SQL.posts_in % "= ANY($1)"
DRAW = """
    SELECT nextval(sequence)
    FROM pg_get_serial_sequence('"User"', 'id') AS sequence, generate_series(1, $1::int)
"""


class Prepared:
    """One connection and its prepared statements, kept; for many tasks asyncpg's own pool."""

    async def open(self, url: str) -> None:
        self._connection = await asyncpg.connect(url)
        self._pool = await asyncpg.create_pool(url, min_size=0, max_size=CONNECTIONS)
        prepare = self._connection.prepare
        self._get = await prepare(SQL.get)
        self._from_age = await prepare(SQL.from_age)
        self._everyone = await prepare(SQL.everyone)
        self._by_key = await prepare(SQL.by_key)
        self._add = await prepare(ADD)
        self._rename = await prepare(SQL.rename)
        self._count = await prepare(SQL.count)
        self._draw = await prepare(DRAW)
        self._posts, self._authors = await prepare(SQL.posts), await prepare(SQL.authors)
        self._users_in, self._posts_in = await prepare(USERS_IN), await prepare(POSTS_IN)

    async def close(self) -> None:
        await self._pool.close()
        await self._connection.close()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        return statements.made(rows, with_keys=with_keys)

    async def get(self, key: int) -> User:
        return User(*await self._get.fetchrow(key))

    async def get_in_task(self, task: int, key: int) -> User:  # noqa: ARG002
        async with self._pool.acquire() as connection:
            return User(*await connection.fetchrow(SQL.get, key))

    async def page(self, age: int) -> list[User]:
        return list(starmap(User, await self._from_age.fetch(age)))

    async def everyone(self) -> list[User]:
        return list(starmap(User, await self._everyone.fetch()))

    async def add(self, user: User) -> int:
        key: int = await self._add.fetchval(*values(user))
        return key

    async def add_all(self, users: Sequence[User]) -> None:
        if users[0].id is None:
            found = await self._draw.fetch(len(users))
            statements.give_keys(users, [key for (key,) in found])
        records = list(map(values_with_key, users))
        await self._connection.copy_records_to_table("User", records=records, columns=COLUMNS)

    async def rename(self, key: int, name: str) -> int:
        await self._rename.fetchval(name, key)
        return int(self._rename.get_statusmsg().removeprefix("UPDATE "))

    async def count(self) -> int:
        number: int = await self._count.fetchval()
        return number

    async def stream(self) -> AsyncIterator[User]:
        async with self._connection.transaction():
            cursor = await self._by_key.cursor()
            while found := await cursor.fetch(CHUNK):
                for user in starmap(User, found):
                    yield user

    async def posts_with_authors(self, after: int) -> list[tuple[Post, User]]:
        posts = list(starmap(Post, await self._posts.fetch(after)))
        found = await self._users_in.fetch(statements.author_keys(posts))
        return statements.with_authors(posts, starmap(User, found))

    async def authors_with_posts(self, after: int) -> list[tuple[User, list[Post]]]:
        users = list(starmap(User, await self._authors.fetch(after)))
        found = await self._posts_in.fetch([user.id for user in users])
        return statements.with_posts(users, starmap(Post, found))

    async def unit(self, key: int, name: str, user: User) -> None:
        async with self._connection.transaction():
            User(*await self._get.fetchrow(key))
            await self._rename.fetchval(name, key)
            await self._add.fetchval(*values(user))


class Pool:
    """Everything through asyncpg's own pool, as its documentation shows it."""

    async def open(self, url: str) -> None:
        self._pool = await asyncpg.create_pool(url, min_size=0, max_size=CONNECTIONS)

    async def close(self) -> None:
        await self._pool.close()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        return statements.made(rows, with_keys=with_keys)

    async def get(self, key: int) -> User:
        return User(*await self._pool.fetchrow(SQL.get, key))

    async def get_in_task(self, task: int, key: int) -> User:  # noqa: ARG002
        return await self.get(key)

    async def page(self, age: int) -> list[User]:
        return list(starmap(User, await self._pool.fetch(SQL.from_age, age)))

    async def everyone(self) -> list[User]:
        return list(starmap(User, await self._pool.fetch(SQL.everyone)))

    async def add(self, user: User) -> int:
        key: int = await self._pool.fetchval(ADD, *values(user))
        return key

    async def add_all(self, users: Sequence[User]) -> None:
        async with self._pool.acquire() as connection:
            if users[0].id is None:
                found = await connection.fetch(DRAW, len(users))
                statements.give_keys(users, [key for (key,) in found])
            records = list(map(values_with_key, users))
            await connection.copy_records_to_table("User", records=records, columns=COLUMNS)

    async def rename(self, key: int, name: str) -> int:
        told = await self._pool.execute(SQL.rename, name, key)
        return int(told.removeprefix("UPDATE "))

    async def count(self) -> int:
        number: int = await self._pool.fetchval(SQL.count)
        return number

    async def stream(self) -> AsyncIterator[User]:
        async with self._pool.acquire() as connection, connection.transaction():
            cursor = await connection.cursor(SQL.by_key)
            while found := await cursor.fetch(CHUNK):
                for user in starmap(User, found):
                    yield user

    async def posts_with_authors(self, after: int) -> list[tuple[Post, User]]:
        async with self._pool.acquire() as connection:
            posts = list(starmap(Post, await connection.fetch(SQL.posts, after)))
            found = await connection.fetch(USERS_IN, statements.author_keys(posts))
        return statements.with_authors(posts, starmap(User, found))

    async def authors_with_posts(self, after: int) -> list[tuple[User, list[Post]]]:
        async with self._pool.acquire() as connection:
            users = list(starmap(User, await connection.fetch(SQL.authors, after)))
            found = await connection.fetch(POSTS_IN, [user.id for user in users])
        return statements.with_posts(users, starmap(Post, found))

    async def unit(self, key: int, name: str, user: User) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            User(*await connection.fetchrow(SQL.get, key))
            await connection.execute(SQL.rename, name, key)
            await connection.fetchval(ADD, *values(user))
