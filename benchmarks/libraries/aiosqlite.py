"""Hand-written code on aiosqlite, with its calls that go to the thread once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import aiosqlite

from benchmarks.libraries import statements
from benchmarks.libraries.protocol import CHUNK
from benchmarks.users import Row, User

CONNECTIONS = 10


class Aiosqlite:
    """One connection in a thread, and for many tasks, which are then a little faster, ten."""

    async def open(self, path: str) -> None:
        self._connections = [await _connection(path) for _ in range(CONNECTIONS)]
        self._connection = self._connections[0]

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        return statements.made(rows, with_keys=with_keys)

    async def get(self, key: int) -> User:
        [(i, n, e, a, s, o, c)] = await self._connection.execute_fetchall(statements.GET, (key,))
        return User(i, n, e, a, s, o == 1, c)

    async def get_in_task(self, task: int, key: int) -> User:
        connection = self._connections[task % CONNECTIONS]
        [(i, n, e, a, s, o, c)] = await connection.execute_fetchall(statements.GET, (key,))
        return User(i, n, e, a, s, o == 1, c)

    async def page(self, age: int) -> list[User]:
        return statements.built(
            await self._connection.execute_fetchall(statements.FROM_AGE, (age,))
        )

    async def everyone(self) -> list[User]:
        return statements.built(await self._connection.execute_fetchall(statements.EVERYONE))

    async def add(self, user: User) -> int:
        row = (user.name, user.email, user.age, user.score, user.active, user.city)
        cursor = await self._connection.execute(statements.ADD, row)
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    async def add_all(self, users: Sequence[User]) -> None:
        text, rows = statements.addition(users)
        await self._connection.execute("BEGIN IMMEDIATE")
        await self._connection.executemany(text, rows)
        await self._connection.commit()

    async def rename(self, key: int, name: str) -> int:
        cursor = await self._connection.execute(statements.RENAME, (name, key))
        return cursor.rowcount

    async def count(self) -> int:
        [(number,)] = await self._connection.execute_fetchall(statements.COUNT)
        return int(number)

    async def stream(self) -> AsyncIterator[User]:
        async with self._connection.execute(statements.BY_KEY) as cursor:
            while found := await cursor.fetchmany(CHUNK):
                for user in statements.built(found):
                    yield user


async def _connection(path: str) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None)
    for text in statements.SETTINGS:
        await connection.execute_fetchall(text)
    return connection
