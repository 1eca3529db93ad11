"""The kinds of classes that can be models, each made anew; a library that is missing skips."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest

from ommi.decorator import ommi_model, register
from ommi.metadata.annotations import Auto, Key
from ommi.testing.compliance.models import new_collection

Identity = Annotated[int | None, Key | Auto]


@dataclass(frozen=True)
class ModelKind:
    """A class that is a model; its fields are `name`, `age`, `tags` and `id`."""

    cls: Any
    is_frozen: bool


def dataclass_of(**options: bool) -> type:
    class User:
        name: str
        age: int = 0
        tags: list[str] = field(default_factory=list)
        id: Identity = None

    return dataclasses.dataclass(**options)(User)


def inherited() -> type:
    @dataclass
    class Named:
        name: str
        age: int = 0

    @dataclass
    class User(Named):
        tags: list[str] = field(default_factory=list)
        id: Identity = None

    return User


def attrs_of(decorator: str) -> type:
    attrs = pytest.importorskip("attrs")

    class User:
        name: str
        age: int = 0
        tags: list[str] = attrs.Factory(list)
        id: Identity = None

    made: type = getattr(attrs, decorator)(User)
    return made


def pydantic_model(*, is_frozen: bool = False) -> type:
    pydantic = pytest.importorskip("pydantic")

    class User(pydantic.BaseModel, frozen=is_frozen):  # type: ignore[misc, name-defined, call-arg]
        name: str
        age: int = 0
        tags: list[str] = []  # noqa: RUF012 - the library copies it
        id: Identity = None

    return User


def msgspec_struct(*, is_frozen: bool = False) -> type:
    msgspec = pytest.importorskip("msgspec")

    class User(msgspec.Struct, frozen=is_frozen):  # type: ignore[misc, name-defined, call-arg]
        name: str
        age: int = 0
        tags: list[str] = []  # noqa: RUF012 - the library copies it
        id: Identity = None

    return User


def plain() -> type:
    class User:
        name: str
        age: int = 0
        tags: list[str] = []  # noqa: RUF012 - each instance gets one of its own
        id: Identity = None

    return User


def plain_with_constructor() -> type:
    class User:
        name: str
        age: int
        tags: list[str]
        id: Identity

        def __init__(
            self,
            name: str,
            age: int = 0,
            tags: list[str] | None = None,
            id: int | None = None,  # noqa: A002 - the name of the field
        ) -> None:
            self.name = name
            self.age = age
            self.tags = [] if tags is None else tags
            self.id = id

        def __eq__(self, other: object) -> bool:
            return isinstance(other, User) and _told(self) == _told(other)

        def __repr__(self) -> str:
            return f"User({_told(self)})"

        __hash__ = None  # type: ignore[assignment]

    def _told(user: User) -> dict[str, object]:
        return {name: getattr(user, name) for name in ("name", "age", "tags", "id")}

    return User


MUTABLE: dict[str, Callable[[], type]] = {
    "dataclass": dataclass_of,
    "dataclass with slots": lambda: dataclass_of(slots=True),
    "dataclass by keyword": lambda: dataclass_of(kw_only=True),
    "derived dataclass": inherited,
    "attrs": lambda: attrs_of("define"),
    "pydantic": pydantic_model,
    "msgspec": msgspec_struct,
    "plain class": plain,
    "plain class with a constructor": plain_with_constructor,
}
FROZEN: dict[str, Callable[[], type]] = {
    "frozen dataclass": lambda: dataclass_of(frozen=True),
    "frozen dataclass with slots": lambda: dataclass_of(frozen=True, slots=True),
    "frozen attrs": lambda: attrs_of("frozen"),
    "frozen pydantic": lambda: pydantic_model(is_frozen=True),
    "frozen msgspec": lambda: msgspec_struct(is_frozen=True),
}
KINDS = {**MUTABLE, **FROZEN}

REGISTERED = sorted(KINDS.keys() - {"plain class"})
"""Without a constructor of its own, a class must be decorated to get one."""


def decorated(name: str) -> ModelKind:
    """Make a model of a new class of this kind, with the decorator."""
    cls = KINDS[name]()
    return ModelKind(ommi_model(collection=new_collection())(cls), name in FROZEN)


def registered(name: str) -> ModelKind:
    """Make a model of a new class of this kind, from outside."""
    return ModelKind(register(KINDS[name](), collection=new_collection()), name in FROZEN)
