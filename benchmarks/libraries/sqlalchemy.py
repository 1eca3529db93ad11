"""SQLAlchemy, Core and ORM, on the asyncio driver of each store.

What is one statement goes through an engine that commits by itself, so that no round trips begin
and end transactions; what is several, through an ordinary one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, cast

from sqlalchemy import BigInteger, Boolean, Double, ForeignKey, Text, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
    selectinload,
)

from benchmarks import models
from benchmarks.libraries import statements
from benchmarks.libraries.protocol import AUTHORS, CHUNK, CONNECTIONS, PAGE, POSTS
from benchmarks.libraries.statements import COLUMNS, values, values_with_key
from benchmarks.models import Row
from benchmarks.models import User as Plain

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
}


class Base(DeclarativeBase):
    """Where SQLAlchemy keeps what it knows of tables."""


class User(Base):
    """The mapped class; Core uses its table."""

    __tablename__ = "User"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    age: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[float] = mapped_column(Double)
    active: Mapped[bool] = mapped_column(Boolean)
    city: Mapped[str | None] = mapped_column(Text)
    posts: Mapped[list[Post]] = relationship(order_by="Post.id", back_populates="author")


class Post(Base):
    """The mapped class."""

    __tablename__ = "Post"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    author: Mapped[User] = relationship(back_populates="posts")


USERS: Any = User.__table__
WRITTEN: Any = Post.__table__
GIVEN_KEYS = insert(USERS).returning(USERS.c.id, sort_by_parameter_order=True)


class _Engines:
    async def open(self, url: str) -> None:
        scheme, _, rest = url.partition(":")
        url = f"{DRIVERS[scheme]}:{rest}"
        pool = {"pool_size": CONNECTIONS, "max_overflow": 0}
        self._engine: AsyncEngine = create_async_engine(url, **pool)
        self._each_alone: AsyncEngine = create_async_engine(
            url, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True, **pool
        )
        self._session = async_sessionmaker(self._engine, expire_on_commit=False)
        self._session_alone = async_sessionmaker(self._each_alone, expire_on_commit=False)

    async def close(self) -> None:
        await self._engine.dispose()
        await self._each_alone.dispose()


class Core(_Engines):
    """Expressions over tables, and the plain dataclass."""

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[Plain]:
        return statements.made(rows, with_keys=with_keys)

    async def _fetch(self, question: Any) -> Sequence[Any]:  # noqa: ANN401
        async with self._each_alone.connect() as connection:
            return (await connection.execute(question)).all()

    async def get(self, key: int) -> Plain:
        [row] = await self._fetch(select(USERS).where(USERS.c.id == key))
        return Plain(*row)

    async def get_in_task(self, task: int, key: int) -> Plain:  # noqa: ARG002
        return await self.get(key)

    async def page(self, age: int) -> list[Plain]:
        chosen = select(USERS).where(USERS.c.age >= age).order_by(USERS.c.name, USERS.c.id)
        return [Plain(*row) for row in await self._fetch(chosen.limit(PAGE))]

    async def everyone(self) -> list[Plain]:
        return [Plain(*row) for row in await self._fetch(select(USERS))]

    async def add(self, user: Plain) -> int:
        async with self._each_alone.connect() as connection:
            row = dict(zip(COLUMNS[1:], values(user), strict=True))
            [key] = (await connection.execute(insert(USERS), row)).inserted_primary_key
            return cast("int", key)

    async def add_all(self, users: Sequence[Plain]) -> None:
        async with self._engine.begin() as connection:
            if users[0].id is None:
                rows = [dict(zip(COLUMNS[1:], values(user), strict=True)) for user in users]
                found = await connection.execute(GIVEN_KEYS, rows)
                statements.give_keys(users, found.scalars())
            else:
                rows = [dict(zip(COLUMNS, values_with_key(u), strict=True)) for u in users]
                await connection.execute(insert(USERS), rows)

    async def rename(self, key: int, name: str) -> int:
        async with self._each_alone.connect() as connection:
            changed = update(USERS).where(USERS.c.id == key).values(name=name)
            return (await connection.execute(changed)).rowcount

    async def count(self) -> int:
        [(number,)] = await self._fetch(select(func.count()).select_from(USERS))
        return cast("int", number)

    async def stream(self) -> AsyncIterator[Plain]:
        async with self._engine.connect() as connection:
            everyone = select(USERS).order_by(USERS.c.id)
            found = await connection.stream(everyone, execution_options={"yield_per": CHUNK})
            async for rows in found.partitions():
                for row in rows:
                    yield Plain(*row)

    async def posts_with_authors(self, after: int) -> list[tuple[models.Post, Plain]]:
        chosen = select(WRITTEN).where(WRITTEN.c.id > after).order_by(WRITTEN.c.id).limit(POSTS)
        async with self._each_alone.connect() as connection:
            posts = [models.Post(*row) for row in await connection.execute(chosen)]
            wrote = select(USERS).where(USERS.c.id.in_(statements.author_keys(posts)))
            users = [Plain(*row) for row in await connection.execute(wrote)]
        return statements.with_authors(posts, users)

    async def authors_with_posts(self, after: int) -> list[tuple[Plain, list[models.Post]]]:
        chosen = select(USERS).where(USERS.c.id > after).order_by(USERS.c.id).limit(AUTHORS)
        async with self._each_alone.connect() as connection:
            users = [Plain(*row) for row in await connection.execute(chosen)]
            wanted = WRITTEN.c.author_id.in_([user.id for user in users])
            theirs = select(WRITTEN).where(wanted).order_by(WRITTEN.c.id)
            posts = [models.Post(*row) for row in await connection.execute(theirs)]
        return statements.with_posts(users, posts)

    async def unit(self, key: int, name: str, user: Plain) -> None:
        async with self._engine.begin() as connection:
            [row] = await connection.execute(select(USERS).where(USERS.c.id == key))
            Plain(*row)
            await connection.execute(update(USERS).where(USERS.c.id == key).values(name=name))
            new = dict(zip(COLUMNS[1:], values(user), strict=True))
            await connection.execute(insert(USERS), new)


class Orm(_Engines):
    """Mapped classes, and a session for each operation."""

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[Any]:
        names = COLUMNS if with_keys else COLUMNS[1:]
        return [
            User(**dict(zip(names, row if with_keys else row[1:], strict=True))) for row in rows
        ]

    async def _fetch(self, question: Any) -> list[Any]:  # noqa: ANN401
        async with self._session_alone() as session:
            return list((await session.scalars(question)).all())

    async def get(self, key: int) -> Any:  # noqa: ANN401
        async with self._session_alone() as session:
            return await session.get_one(User, key)

    async def get_in_task(self, task: int, key: int) -> Any:  # noqa: ANN401, ARG002
        return await self.get(key)

    async def page(self, age: int) -> list[Any]:
        chosen = select(User).where(User.age >= age).order_by(User.name, User.id).limit(PAGE)
        return await self._fetch(chosen)

    async def everyone(self) -> list[Any]:
        return await self._fetch(select(User))

    async def add(self, user: Any) -> int:  # noqa: ANN401
        async with self._session_alone() as session:
            session.add(user)
            await session.commit()
        return cast("int", user.id)

    async def add_all(self, users: Sequence[Any]) -> None:
        async with self._session() as session:
            session.add_all(users)
            await session.commit()

    async def rename(self, key: int, name: str) -> int:
        async with self._session_alone() as session:
            changed = update(User).where(User.id == key).values(name=name)
            return cast("Any", await session.execute(changed)).rowcount

    async def count(self) -> int:
        async with self._session_alone() as session:
            return await session.scalar(select(func.count()).select_from(User)) or 0

    async def stream(self) -> AsyncIterator[Any]:
        async with self._session() as session:
            everyone = select(User).order_by(User.id)
            found = await session.stream_scalars(everyone, execution_options={"yield_per": CHUNK})
            async for users in found.partitions():
                for user in users:
                    yield user

    async def posts_with_authors(self, after: int) -> list[tuple[Any, Any]]:
        chosen = select(Post).where(Post.id > after).order_by(Post.id).limit(POSTS)
        posts = await self._fetch(chosen.options(selectinload(Post.author)))
        return [(post, post.author) for post in posts]

    async def authors_with_posts(self, after: int) -> list[tuple[Any, list[Any]]]:
        chosen = select(User).where(User.id > after).order_by(User.id).limit(AUTHORS)
        users = await self._fetch(chosen.options(selectinload(User.posts)))
        return [(user, user.posts) for user in users]

    async def unit(self, key: int, name: str, user: Any) -> None:  # noqa: ANN401
        async with self._session.begin() as session:
            found = await session.get_one(User, key)
            found.name = name
            session.add(user)
