"""Hand-written code on asyncmy: its text protocol, and statements that it prepares and keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import starmap
from urllib.parse import urlsplit

import asyncmy
from asyncmy.cursors import SSCursor

from benchmarks.libraries import statements
from benchmarks.libraries.protocol import CHUNK, CONNECTIONS
from benchmarks.libraries.statements import Statements, built, values, values_with_key
from benchmarks.models import Post, Row, User

SQL = Statements(lambda _: "%s", quote="`")
USERS_IN = f"{SQL.users_in} IN %s"
POSTS_IN = SQL.posts_in.replace("%s", "IN %s")
KEPT = 100
AT_ONCE = 250
"""More rows in one INSERT are no quicker."""


class Text:
    """One connection and one cursor; for many tasks asyncmy's own pool."""

    kept = 0

    async def open(self, url: str) -> None:
        at = urlsplit(url)
        self._settings = {
            "host": at.hostname,
            "port": at.port,
            "user": at.username,
            "database": at.path[1:],
            "autocommit": True,
            "stmt_cache_size": self.kept,
        }
        self._connection = await asyncmy.connect(**self._settings)
        self._cursor = self._connection.cursor()
        self._pool = await asyncmy.create_pool(minsize=0, maxsize=CONNECTIONS, **self._settings)

    async def close(self) -> None:
        self._pool.close()
        await self._pool.wait_closed()
        await self._connection.ensure_closed()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        return statements.made(rows, with_keys=with_keys)

    async def get(self, key: int) -> User:
        await self._cursor.execute(SQL.get, (key,))
        i, n, e, a, s, o, c = await self._cursor.fetchone()
        return User(i, n, e, a, s, o == 1, c)

    async def get_in_task(self, task: int, key: int) -> User:  # noqa: ARG002
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(SQL.get, (key,))
            i, n, e, a, s, o, c = await cursor.fetchone()
            return User(i, n, e, a, s, o == 1, c)

    async def page(self, age: int) -> list[User]:
        await self._cursor.execute(SQL.from_age, (age,))
        return built(await self._cursor.fetchall())

    async def everyone(self) -> list[User]:
        await self._cursor.execute(SQL.everyone, ())
        return built(await self._cursor.fetchall())

    async def add(self, user: User) -> int:
        await self._cursor.execute(SQL.add, values(user))
        key: int = self._cursor.lastrowid
        return key

    async def add_all(self, users: Sequence[User]) -> None:
        await self._connection.begin()
        if users[0].id is None:
            for start in range(0, len(users), AT_ONCE):
                await self._add_some(users[start : start + AT_ONCE])
        else:
            await self._cursor.executemany(SQL.add_with_key, list(map(values_with_key, users)))
        await self._connection.commit()

    async def _add_some(self, users: Sequence[User]) -> None:
        head, _, places = SQL.add.partition("VALUES ")
        text = f"{head}VALUES {', '.join([places] * len(users))} RETURNING id"
        await self._cursor.execute(text, [each for user in users for each in values(user)])
        statements.give_keys(users, [key for (key,) in await self._cursor.fetchall()])

    async def rename(self, key: int, name: str) -> int:
        count: int = await self._cursor.execute(SQL.rename, (name, key))
        return count

    async def count(self) -> int:
        await self._cursor.execute(SQL.count, ())
        [number] = await self._cursor.fetchone()
        return int(number)

    async def stream(self) -> AsyncIterator[User]:
        async with self._connection.cursor(SSCursor) as cursor:
            await cursor.execute(SQL.by_key)
            while found := await cursor.fetchmany(CHUNK):
                for user in built(found):
                    yield user

    async def posts_with_authors(self, after: int) -> list[tuple[Post, User]]:
        await self._cursor.execute(SQL.posts, (after,))
        posts = list(starmap(Post, await self._cursor.fetchall()))
        await self._execute_in(USERS_IN, statements.author_keys(posts))
        return statements.with_authors(posts, built(await self._cursor.fetchall()))

    async def authors_with_posts(self, after: int) -> list[tuple[User, list[Post]]]:
        await self._cursor.execute(SQL.authors, (after,))
        users = built(await self._cursor.fetchall())
        await self._execute_in(POSTS_IN, [user.id for user in users])
        return statements.with_posts(users, starmap(Post, await self._cursor.fetchall()))

    async def _execute_in(self, text: str, keys: Sequence[int | None]) -> None:
        await self._cursor.execute(text, (tuple(keys),))

    async def unit(self, key: int, name: str, user: User) -> None:
        await self._connection.begin()
        await self.get(key)
        await self.rename(key, name)
        await self.add(user)
        await self._connection.commit()


class Kept(Text):
    """The same with `stmt_cache_size`."""

    kept = KEPT

    async def _execute_in(self, text: str, keys: Sequence[int | None]) -> None:
        # A parameter of a prepared statement is one value.
        places = f"({', '.join(['%s'] * len(keys))})"
        await self._cursor.execute(text.replace("%s", places), keys)
