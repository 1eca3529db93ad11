"""Models that refer to each other in every way that there is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from ommi.decorator import ommi_model
from ommi.metadata.annotations import Auto, Key, Length, ReferenceTo, Through, Using
from ommi.relations import Lazy, LazyList
from ommi.testing.compliance.models import new_collection

RELATED = new_collection()
Identity = Annotated[int | None, Key | Auto]
Name = Annotated[str, Length(50)]


@ommi_model(collection=RELATED)
@dataclass
class User:
    name: str
    id: Identity = None
    posts: ClassVar[LazyList[Post]]
    reviews: ClassVar[Annotated[LazyList[Review], Using("writer_id")]]
    profile: ClassVar[Lazy[Profile]]
    followed: ClassVar[Annotated[LazyList[User], Through("Follow"), Using("follower_id")]]
    followers: ClassVar[Annotated[LazyList[User], Through("Follow"), Using("followed_id")]]


@ommi_model(collection=RELATED)
@dataclass
class Review:
    """Has two references to one model."""

    reader_id: Annotated[int, ReferenceTo(User)]
    writer_id: Annotated[int | None, ReferenceTo(User)] = None
    id: Identity = None
    reader: ClassVar[Lazy[User]]
    writer: ClassVar[Lazy[User | None]]
    checked_by: ClassVar[Annotated[Lazy[User | None], Using("writer_id")]]


@ommi_model(collection=RELATED)
@dataclass(slots=True)
class Post:
    title: str
    author_id: Annotated[int, ReferenceTo(User)] = 0
    id: Identity = None
    author: ClassVar[Lazy[User]]
    comments: ClassVar[LazyList[Comment]]
    tags: ClassVar[Annotated[LazyList[Tag], Through("PostTag")]]


@ommi_model(collection=RELATED)
@dataclass
class Comment:
    text: str
    post_id: Annotated[int, ReferenceTo(Post)] = 0
    author_id: Annotated[int | None, ReferenceTo(User)] = None
    id: Identity = None
    post: ClassVar[Lazy[Post]]
    author: ClassVar[Lazy[User | None]]


@ommi_model(collection=RELATED)
@dataclass
class Profile:
    """Belongs to one row, whose key it has."""

    about: str
    user_id: Annotated[int, Key, ReferenceTo("User.id")] = 0
    user: ClassVar[Lazy[User]]


@ommi_model(collection=RELATED)
@dataclass
class Tag:
    name: Annotated[Name, Key]
    posts: ClassVar[Annotated[LazyList[Post], Through("PostTag")]]


@ommi_model(collection=RELATED)
@dataclass
class PostTag:
    post_id: Annotated[int, Key, ReferenceTo(Post)]
    tag_name: Annotated[Name, Key, ReferenceTo(Tag.name)]
    weight: int = 1


@ommi_model(collection=RELATED)
@dataclass
class Follow:
    follower_id: Annotated[int, Key, ReferenceTo(User)]
    followed_id: Annotated[int, Key, ReferenceTo(User)]


@ommi_model(collection=RELATED)
@dataclass
class Folder:
    """Refers to its own table."""

    name: str
    parent_id: Annotated[int | None, ReferenceTo("Folder")] = None
    id: Identity = None
    parent: ClassVar[Lazy[Folder | None]]
    folders: ClassVar[LazyList[Folder]]


@ommi_model(collection=RELATED)
@dataclass
class Hall:
    """Has a key of two fields."""

    name: Annotated[Name, Key]
    floor: Annotated[int, Key]
    desks: ClassVar[LazyList[Desk]]


@ommi_model(collection=RELATED)
@dataclass
class Desk:
    hall_name: Annotated[Name | None, ReferenceTo(Hall.name)] = None
    hall_floor: Annotated[int | None, ReferenceTo(Hall.floor)] = None
    tools: list[str] = field(default_factory=list)
    id: Identity = None
    hall: ClassVar[Lazy[Hall | None]]
