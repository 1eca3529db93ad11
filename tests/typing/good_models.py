"""What both type checkers must accept of models: the decorator keeps the class as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, assert_type

import attrs
import msgspec
import pydantic

from ommi.decorator import ommi_model, register
from ommi.metadata.annotations import Auto, IndexTogether, Key, ReferenceTo, Unique, UniqueTogether
from ommi.metadata.collection import ModelCollection

collection = ModelCollection()


@ommi_model
@dataclass
class User:
    name: str
    email: Annotated[str | None, Unique] = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(UniqueTogether("title", "author"), collection=collection, table="posts")
@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    title: str
    author: Annotated[int, ReferenceTo(User)]
    id: Annotated[int | None, Key, Auto] = None


@ommi_model(collection=collection)
@attrs.define
class Tag:
    name: str
    weight: int = 0


@ommi_model(IndexTogether("name"), collection=collection)
class Place(pydantic.BaseModel):
    name: str
    id: int | None = None


@ommi_model(collection=collection)
class Site(msgspec.Struct, frozen=True):
    name: str
    id: int | None = None


@ommi_model(collection=collection)
class Bare:
    name: str
    id: int | None = None


class Admin(User):
    pass


@dataclass
class Outside:
    id: int


assert_type(User("a"), User)
assert_type(User("a", id=1).id, int | None)
assert_type(User.email, str | None)
assert_type(Post(title="a", author=1).author, int)
assert_type(Tag("a", 1).weight, int)
assert_type(Place(name="a").name, str)
assert_type(Site("a").name, str)
assert_type(Bare().name, str)
assert_type(Admin("a").name, str)
assert_type(register(Outside, collection=collection), type[Outside])
assert_type(register(Outside)(1).id, int)
