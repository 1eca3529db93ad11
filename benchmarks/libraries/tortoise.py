"""Tortoise ORM, with its default client library for each store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, cast

from tortoise import Tortoise, fields
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.transactions import in_transaction

from benchmarks.libraries.protocol import AUTHORS, CONNECTIONS, PAGE, POSTS, NotYetThere
from benchmarks.libraries.statements import COLUMNS
from benchmarks.models import Row


class User(Model):
    """The model."""

    id = fields.BigIntField(primary_key=True)
    name = fields.TextField()
    email = fields.TextField()
    age = fields.BigIntField()
    score = fields.FloatField()
    active = fields.BooleanField()
    city = fields.TextField(null=True)
    posts: fields.ReverseRelation[Post]

    class Meta:
        table = "User"


class Post(Model):
    """The model."""

    id = fields.BigIntField(primary_key=True)
    title = fields.TextField()
    author: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="posts"
    )

    class Meta:
        table = "Post"


class TortoiseLibrary:
    """The models, and its own pool of connections; on SQLite it has one."""

    async def open(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        if scheme == "sqlite":
            url = f"sqlite://{rest.removeprefix('/')}"
        else:
            name = {"postgresql": "asyncpg"}.get(scheme, scheme)
            url = f"{name}://{rest}?minsize=1&maxsize={CONNECTIONS}"
        await Tortoise.init(db_url=url, modules={"models": [__name__]})

    async def close(self) -> None:
        await Tortoise.close_connections()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[Any]:
        names = COLUMNS if with_keys else COLUMNS[1:]
        return [
            User(**dict(zip(names, row if with_keys else row[1:], strict=True))) for row in rows
        ]

    async def get(self, key: int) -> Any:  # noqa: ANN401
        return await User.get(id=key)

    async def get_in_task(self, task: int, key: int) -> Any:  # noqa: ANN401, ARG002
        return await User.get(id=key)

    async def page(self, age: int) -> list[Any]:
        return await User.filter(age__gte=age).order_by("name", "id").limit(PAGE)

    async def everyone(self) -> list[Any]:
        return await User.all()

    async def add(self, user: Any) -> int:  # noqa: ANN401
        await user.save()
        return cast("int", user.id)

    async def add_all(self, users: Sequence[Any]) -> None:
        if users[0].id is None:
            raise NotYetThere
        async with in_transaction():
            await User.bulk_create(users)

    async def rename(self, key: int, name: str) -> int:
        return await User.filter(id=key).update(name=name)

    async def count(self) -> int:
        return await User.all().count()

    async def stream(self) -> AsyncIterator[Any]:
        # It reads all of them first.
        async for user in User.all().order_by("id"):
            yield user

    async def posts_with_authors(self, after: int) -> list[tuple[Any, Any]]:
        chosen = Post.filter(id__gt=after).order_by("id").limit(POSTS)
        return [(post, post.author) for post in await chosen.prefetch_related("author")]

    async def authors_with_posts(self, after: int) -> list[tuple[Any, list[Any]]]:
        chosen = User.filter(id__gt=after).order_by("id").limit(AUTHORS)
        posts = Prefetch("posts", queryset=Post.all().order_by("id"))
        return [(user, list(user.posts)) for user in await chosen.prefetch_related(posts)]

    async def unit(self, key: int, name: str, user: Any) -> None:  # noqa: ANN401
        async with in_transaction():
            await User.get(id=key)
            await User.filter(id=key).update(name=name)
            await user.save()
