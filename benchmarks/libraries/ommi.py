"""Ommi, as its documentation shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, cast

from benchmarks.libraries.protocol import AUTHORS, CONNECTIONS, PAGE, POSTS, NotYetThere
from benchmarks.models import Post as PlainPost
from benchmarks.models import Row, post_rows, rows
from benchmarks.models import User as Plain
from ommi import Auto, Index, Key, Lazy, LazyList, Ommi, ReferenceTo, ommi_model


@ommi_model
@dataclass
class User:
    """The same fields as those of the plain class."""

    id: Annotated[int | None, Key | Auto]
    name: str
    email: str
    age: int
    score: float
    active: bool
    city: str | None
    posts: ClassVar[LazyList[Post]]


@ommi_model
@dataclass
class Post:
    """The same fields as those of the plain class."""

    id: Annotated[int, Key]
    title: str
    author_id: Annotated[int, ReferenceTo(User.id), Index]
    author: ClassVar[Lazy[User]]


class OmmiLibrary:
    """An `Ommi` with its ordinary settings, and as many connections as the others."""

    db: Ommi

    async def open(self, url: str) -> None:
        pool = {} if url.startswith("sqlite") else {"max_connections": CONNECTIONS}
        self.db = await Ommi(url, **pool).open()

    async def close(self) -> None:
        await self.db.close()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[Plain]:
        made = [User(k if with_keys else None, n, e, a, s, o, c) for k, n, e, a, s, o, c in rows]
        return cast("list[Plain]", made)

    async def get(self, key: int) -> Plain:
        return await self.db.find(User.id == key).one.or_raise()  # type: ignore[no-any-return]

    async def get_in_task(self, task: int, key: int) -> Plain:  # noqa: ARG002
        return await self.get(key)

    async def page(self, age: int) -> list[Plain]:
        found = self.db.find(User.age >= age).order_by(User.name).limit(PAGE)
        return cast("list[Plain]", await found.fetch.all())

    async def everyone(self) -> list[Plain]:
        return cast("list[Plain]", await self.db.find(User).fetch.all())

    async def add(self, user: Plain) -> int:
        return cast("int", (await self.db.add(user).or_raise()).id)

    async def add_all(self, users: Sequence[Plain]) -> None:
        await self.db.add_all(users).or_raise()

    async def rename(self, key: int, name: str) -> int:
        return await self.db.find(User.id == key).update(name=name).or_raise()

    async def count(self) -> int:
        return await self.db.find(User).count.or_raise()

    def stream(self) -> AsyncIterator[Plain]:
        return cast("AsyncIterator[Plain]", self.db.find(User).stream())

    async def posts_with_authors(self, after: int) -> list[tuple[PlainPost, Plain]]:
        chosen = self.db.find(Post.id > after).order_by(Post.id).limit(POSTS).load(Post.author)
        posts = await chosen.fetch.all()
        return cast("list[tuple[PlainPost, Plain]]", [(post, await post.author) for post in posts])

    async def authors_with_posts(self, after: int) -> list[tuple[Plain, list[PlainPost]]]:
        chosen = self.db.find(User.id > after).order_by(User.id).limit(AUTHORS).load(User.posts)
        users = await chosen.fetch.all()
        found = [(user, await user.posts) for user in users]
        return cast("list[tuple[Plain, list[PlainPost]]]", found)

    async def posts_of(self, author: int) -> list[PlainPost]:
        found = self.db.find(Post.author_id == author)
        return cast("list[PlainPost]", await found.fetch.all())

    async def unit(self, key: int, name: str, user: Plain) -> None:
        if not hasattr(self.db, "transaction"):
            raise NotYetThere
        async with self.db.transaction():
            await self.get(key)
            await self.rename(key, name)
            await self.add(user)


async def fill(url: str, users: int, *, with_posts: bool, at_once: int = 100_000) -> None:
    """Make the tables that every library uses, and their rows."""
    async with Ommi(url) as db:
        await db.use_models(User, Post)
        for first in range(1, users + 1, at_once):
            some = rows(min(at_once, users + 1 - first), first)
            await db.add_all([User(*row) for row in some]).or_raise()
        if with_posts:
            await db.add_all([Post(*row) for row in post_rows(users)]).or_raise()
