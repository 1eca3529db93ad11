"""What both type checkers must accept of questions about related rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, assert_type

import attrs
import msgspec
import pydantic

from ommi import (
    Auto,
    Expression,
    Key,
    Lazy,
    LazyList,
    Ommi,
    Predicate,
    ReferenceTo,
    col,
    fields,
    ommi_model,
    row,
)

Identity = Annotated[int | None, Key | Auto]


@ommi_model
@dataclass
class User:
    name: str
    age: int = 0
    id: Identity = None
    posts: ClassVar[LazyList[Post]]


@ommi_model
@dataclass(slots=True)
class Post:
    title: str
    author_id: Annotated[int, ReferenceTo(User)] = 0
    id: Identity = None
    author: ClassVar[Lazy[User]]
    reviewer: ClassVar[Lazy[User | None]]
    comments: ClassVar[LazyList[Comment]]


@ommi_model
@attrs.define
class Comment:
    text: str
    post_id: Annotated[int, ReferenceTo(Post)]
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


async def related(db: Ommi) -> None:
    user, post = row(User), row(Post)

    assert_type(row(post.author), User)
    assert_type(row(post.reviewer), User)
    assert_type(row(Post.author).name, str)
    assert_type(User.posts.any(), Predicate)
    assert_type(User.posts.none(post.title == "a"), Predicate)
    assert_type(User.posts.all(lambda p: p.title == "a"), Predicate)
    assert_type(User.posts.count(), Expression[int])
    assert_type(User.posts.count() > 3, Predicate)
    idle: Predicate = ~user.posts.any() & (User.posts.count() == 0)
    db.query(User, idle)
    query = db.query(Post)
    assert_type(await query.where(lambda p: row(p.author).name == "x").fetch_all(), list[Post])
    assert_type(await query.where(lambda p: row(p.reviewer).age > 3).count(), int)
    assert_type(await query.where(col(row(post.author).name).ilike("a%")).count(), int)
    assert_type(await query.where(user.name == "x").fetch_one(), Post | None)
    query.where(lambda p: p.comments.any(lambda c: c.text.startswith("a")))
    db.query(User).where(lambda u: u.posts.any(lambda p: p.comments.count() > 1))
    db.query(User).where(lambda u: u.posts.any(lambda p: p.title > u.name))
    db.query(Comment).where(lambda c: row(row(c.post).author).age > 18)
    db.query(Place).where(lambda p: row(p.owner).name == "x")
    db.query(Site).where(lambda s: row(s.owner).name == "x")
    query.order_by(lambda p: row(p.author).name, fields(Post).title.desc)
    db.query(User).order_by(User.posts.count().desc)
    assert_type(await db.find(Post, user.age > 18).fetch.all(), list[Post])
