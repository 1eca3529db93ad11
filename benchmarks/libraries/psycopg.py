"""Hand-written code on psycopg 3, which prepares by itself what comes often."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import psycopg
from psycopg.rows import args_row, scalar_row
from psycopg_pool import AsyncConnectionPool

from benchmarks.libraries import asyncpg, statements
from benchmarks.libraries.protocol import CHUNK, CONNECTIONS
from benchmarks.libraries.statements import COLUMNS, Statements, values, values_with_key
from benchmarks.models import Post, Row, User

SQL = Statements(lambda _: "%s")
ADD = f"{SQL.add} RETURNING id"
USERS_IN = f"{SQL.users_in} = ANY(%s)"
POSTS_IN = SQL.posts_in % "= ANY(%s)"
DRAW = asyncpg.DRAW.replace("$1", "%s")
COPY = f'COPY "User" ({", ".join(COLUMNS)}) FROM STDIN'


class Psycopg:
    """One connection and a cursor for each kind of row; for many tasks psycopg's own pool."""

    async def open(self, url: str) -> None:
        self._connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
        self._users = self._connection.cursor(row_factory=args_row(User))
        self._posts = self._connection.cursor(row_factory=args_row(Post))
        self._values = self._connection.cursor(row_factory=scalar_row)
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=CONNECTIONS,
            kwargs={"autocommit": True},
            open=False,
        )
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()
        await self._connection.close()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        return statements.made(rows, with_keys=with_keys)

    async def get(self, key: int) -> User:
        await self._users.execute(SQL.get, (key,))
        found = await self._users.fetchone()
        assert found is not None
        return found

    async def get_in_task(self, task: int, key: int) -> User:  # noqa: ARG002
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(User))
            await cursor.execute(SQL.get, (key,))
            found = await cursor.fetchone()
            assert found is not None
            return found

    async def page(self, age: int) -> list[User]:
        await self._users.execute(SQL.from_age, (age,))
        return await self._users.fetchall()

    async def everyone(self) -> list[User]:
        await self._users.execute(SQL.everyone)
        return await self._users.fetchall()

    async def add(self, user: User) -> int:
        await self._values.execute(ADD, values(user))
        key: int = await self._values.fetchone()
        return key

    async def add_all(self, users: Sequence[User]) -> None:
        if users[0].id is None:
            await self._values.execute(DRAW, (len(users),))
            statements.give_keys(users, await self._values.fetchall())
        async with self._values.copy(COPY) as copy:
            for row in map(values_with_key, users):
                await copy.write_row(row)

    async def rename(self, key: int, name: str) -> int:
        await self._values.execute(SQL.rename, (name, key))
        return self._values.rowcount

    async def count(self) -> int:
        await self._values.execute(SQL.count)
        number: int = await self._values.fetchone()
        return number

    async def stream(self) -> AsyncIterator[User]:
        async with (
            self._connection.transaction(),
            self._connection.cursor("everyone", row_factory=args_row(User)) as cursor,
        ):
            await cursor.execute(SQL.by_key)
            while found := await cursor.fetchmany(CHUNK):
                for user in found:
                    yield user

    async def posts_with_authors(self, after: int) -> list[tuple[Post, User]]:
        await self._posts.execute(SQL.posts, (after,))
        posts = await self._posts.fetchall()
        await self._users.execute(USERS_IN, (statements.author_keys(posts),))
        return statements.with_authors(posts, await self._users.fetchall())

    async def authors_with_posts(self, after: int) -> list[tuple[User, list[Post]]]:
        await self._users.execute(SQL.authors, (after,))
        users = await self._users.fetchall()
        await self._posts.execute(POSTS_IN, ([user.id for user in users],))
        return statements.with_posts(users, await self._posts.fetchall())

    async def unit(self, key: int, name: str, user: User) -> None:
        async with self._connection.transaction():
            await self.get(key)
            await self.rename(key, name)
            await self.add(user)
