"""What both type checkers must refuse of relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from ommi import Auto, Key, Lazy, LazyList, Ommi, ReferenceTo, ommi_model


@ommi_model
@dataclass
class User:
    name: str
    id: Annotated[int | None, Key | Auto] = None
    posts: ClassVar[LazyList[Post]]


@ommi_model
@dataclass
class Post:
    title: str
    author_id: Annotated[int, ReferenceTo(User)] = 0
    id: Annotated[int | None, Key | Auto] = None
    author: ClassVar[Lazy[User]]


async def relations(db: Ommi, user: User, post: Post) -> None:
    post.author.name  # expect-error
    (await post.author).nmae  # expect-error
    (await user.posts).title  # expect-error
    len(user.posts)  # expect-error
    [each for each in user.posts]  # expect-error
    user.posts.add(user)  # expect-error
    post.author.set(post)  # expect-error
    post.author = user  # expect-error
    Post("a", author=user)  # expect-error
    db.query(User).load(3)  # expect-error
    db.query(User).lod(User.posts)  # expect-error
