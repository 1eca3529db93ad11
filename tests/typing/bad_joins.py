"""Questions about related rows that both type checkers must refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from ommi import Auto, Key, Lazy, LazyList, Ommi, ReferenceTo, ommi_model, row


@ommi_model
@dataclass
class User:
    name: str
    age: int = 0
    id: Annotated[int | None, Key | Auto] = None
    posts: ClassVar[LazyList[Post]]


@ommi_model
@dataclass
class Post:
    title: str
    author_id: Annotated[int, ReferenceTo(User)] = 0
    id: Annotated[int | None, Key | Auto] = None
    author: ClassVar[Lazy[User]]


async def related(db: Ommi) -> None:
    db.query(Post).where(lambda p: row(p.author).nmae == "x")  # expect-error
    db.query(Post).where(lambda p: row(p.author).age > "x")  # expect-error
    db.query(Post).where(lambda p: row(p.author).age.startswith("x"))  # expect-error
    db.query(Post).where(lambda p: row(p.title).age)  # expect-error
    db.query(User).where(lambda u: u.posts.any(lambda p: p.titel == "x"))  # expect-error
    db.query(User).where(lambda u: u.posts.any(lambda p: p.title > 3))  # expect-error
    db.query(User).where(lambda u: u.posts.some())  # expect-error
    db.query(User).where(User.posts.any("x"))  # expect-error
    db.query(User).where(User.posts.count().nothing)  # expect-error
    db.query(User).where(User.posts)  # expect-error
