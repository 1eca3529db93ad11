"""Piccolo, on PostgreSQL and SQLite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, cast

from piccolo.columns import BigInt, Boolean, DoublePrecision, ForeignKey, Serial, Text
from piccolo.engine.postgres import PostgresEngine
from piccolo.engine.sqlite import SQLiteEngine, TransactionType
from piccolo.table import Table

from benchmarks.libraries.protocol import AUTHORS, CHUNK, CONNECTIONS, PAGE, POSTS
from benchmarks.libraries.statements import COLUMNS, give_keys
from benchmarks.models import Row

AT_ONCE = 100
"""A statement takes so many parameters only."""


class User(Table, tablename="User"):
    """The model."""

    id = Serial(primary_key=True)
    name = Text()
    email = Text()
    age = BigInt()
    score = DoublePrecision()
    active = Boolean()
    city = Text(null=True)


class Post(Table, tablename="Post"):
    """The model."""

    id = Serial(primary_key=True)
    title = Text()
    author = ForeignKey(User, db_column_name="author_id")

    @property
    def author_id(self) -> int:
        """The key, whether the user is there or not."""
        author = cast("Any", self.author)
        return cast("int", author.id if isinstance(author, User) else author)


class Piccolo:
    """The models, and a pool on PostgreSQL; on SQLite each query opens a connection."""

    async def open(self, url: str) -> None:
        self._engine: Any
        if url.startswith("sqlite"):
            self._engine = SQLiteEngine(url.removeprefix("sqlite:///"))
            self._writing = {"transaction_type": TransactionType.immediate}
        else:
            self._engine = PostgresEngine({"dsn": url})
            self._writing = {}
            await self._engine.start_connection_pool(min_size=1, max_size=CONNECTIONS)
        for model in (User, Post):
            model._meta.db = self._engine  # noqa: SLF001 - piccolo's own way

    async def close(self) -> None:
        if isinstance(self._engine, PostgresEngine):
            await self._engine.close_connection_pool()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[Any]:
        names = COLUMNS if with_keys else COLUMNS[1:]
        return [
            User(**dict(zip(names, row if with_keys else row[1:], strict=True))) for row in rows
        ]

    async def get(self, key: int) -> Any:  # noqa: ANN401
        return await User.objects().get(User.id == key)

    async def get_in_task(self, task: int, key: int) -> Any:  # noqa: ANN401, ARG002
        return await self.get(key)

    async def page(self, age: int) -> list[Any]:
        return await User.objects().where(User.age >= age).order_by(User.name, User.id).limit(PAGE)

    async def everyone(self) -> list[Any]:
        return await User.objects()

    async def add(self, user: Any) -> int:  # noqa: ANN401
        await user.save()
        return cast("int", user.id)

    async def add_all(self, users: Sequence[Any]) -> None:
        has_keys = isinstance(users[0].id, int)
        async with self._engine.transaction(**self._writing):
            for start in range(0, len(users), AT_ONCE):
                some = users[start : start + AT_ONCE]
                told = await User.insert(*some)
                if not has_keys:
                    give_keys(some, [row["id"] for row in told])

    async def rename(self, key: int, name: str) -> int:
        changed = User.update({User.name: name}).where(User.id == key)
        return len(await changed.returning(User.id))

    async def count(self) -> int:
        return await User.count()

    async def stream(self) -> AsyncIterator[Any]:
        async with await User.objects().order_by(User.id).batch(batch_size=CHUNK) as batch:
            async for users in batch:
                for user in users:
                    yield user

    async def posts_with_authors(self, after: int) -> list[tuple[Any, Any]]:
        chosen = Post.objects(Post.author).where(Post.id > after).order_by(Post.id)
        return [(post, post.author) for post in await chosen.limit(POSTS)]

    async def authors_with_posts(self, after: int) -> list[tuple[Any, list[Any]]]:
        chosen = User.objects().where(User.id > after).order_by(User.id).limit(AUTHORS)
        users = await chosen
        theirs = Post.objects().where(Post.author.is_in([user.id for user in users]))
        written = defaultdict[int, list[Any]](list)
        for post in await theirs.order_by(Post.id):
            written[post.author_id].append(post)
        return [(user, written[user.id]) for user in users]

    async def unit(self, key: int, name: str, user: Any) -> None:  # noqa: ANN401
        async with self._engine.transaction(**self._writing):
            await self.get(key)
            await self.rename(key, name)
            await self.add(user)
