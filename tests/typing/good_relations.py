"""What both type checkers must accept of relations."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated, ClassVar, assert_type

import attrs
import msgspec
import pydantic

from ommi import (
    AsyncResultWrapper,
    Auto,
    Key,
    Lazy,
    LazyList,
    Ommi,
    ReferenceTo,
    Through,
    Using,
    ommi_model,
)

Identity = Annotated[int | None, Key | Auto]


@ommi_model
@dataclass
class User:
    name: str
    id: Identity = None
    posts: ClassVar[LazyList[Post]]
    followed: ClassVar[Annotated[LazyList[User], Through("Follow"), Using("follower_id")]]


@ommi_model
@dataclass(slots=True)
class Post:
    title: str
    author_id: Annotated[int, ReferenceTo(User)] = 0
    reviewer_id: Annotated[int | None, ReferenceTo(User)] = None
    id: Identity = None
    author: ClassVar[Lazy[User]]
    reviewer: ClassVar[Lazy[User | None]]


@ommi_model
@attrs.frozen
class Tag:
    name: str
    post_id: Annotated[int, ReferenceTo("Post")]
    post: ClassVar[Lazy[Post]]


@ommi_model
class Place(pydantic.BaseModel):
    name: str
    owner_id: Annotated[int, ReferenceTo(User)]
    owner: ClassVar[Lazy[User]]


@ommi_model
class Site(msgspec.Struct):
    name: str
    owner_id: Annotated[int, ReferenceTo(User)]
    owner: ClassVar[Lazy[User]]


async def relations(db: Ommi, user: User, post: Post, tag: Tag, place: Place, site: Site) -> None:
    assert_type(await post.author, User)
    assert_type(await post.reviewer, User | None)
    assert_type(await user.posts, list[Post])
    assert_type(await user.followed, list[User])
    assert_type((await tag.post).title, str)
    assert_type((await place.owner).name, str)
    assert_type((await site.owner).name, str)
    assert_type(post.author.value, Awaitable[User])
    assert_type(post.author.result, AsyncResultWrapper[User])
    assert_type(await post.author.get(None), User | None)
    assert_type(await user.posts.refresh(), list[Post])
    assert_type(await user.posts.refresh_if_needed(), list[Post])
    assert_type(user.posts.is_loaded, bool)
    user.posts.add(post, Post("b"))
    post.author.set(user)
    users = await db.query(User).load(User.posts, Post.author, "followed").fetch_all()
    assert_type(users, list[User])
    some = User.posts.where(lambda p: p.title == "a").order_by("-id").offset(1).limit(3)
    assert_type(await db.find(User).load(some).one.or_raise(), User)
