"""The models that most topics share. Their tables have names of their own, for shared servers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from ommi.decorator import ommi_model
from ommi.metadata.annotations import Auto, CreatedAt, Key, StoreAs, Unique, UpdatedAt, Version
from ommi.metadata.collection import ModelCollection


def new_collection() -> ModelCollection:
    """Make a collection whose tables are recognised as those of the suite."""
    return ModelCollection(naming=lambda name: f"ommi_compliance_{name.lower()}")


MODELS = new_collection()


@ommi_model(collection=MODELS)
@dataclass
class Note:
    """A row without any rule."""

    text: str
    number: int | None = None
    label: str | None = None
    is_done: bool = False
    tags: list[str] = field(default_factory=list)
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=MODELS)
@dataclass
class Account:
    """A row with a unique field, stored under another name."""

    email: Annotated[str | None, Unique | StoreAs("e mail")] = None
    name: str = ""
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=MODELS)
@dataclass
class Draft:
    """A row that counts its writes and records their times."""

    text: str
    version: Annotated[int, Version] = 1
    created_at: Annotated[datetime | None, CreatedAt] = None
    updated_at: Annotated[datetime | None, UpdatedAt] = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=MODELS)
@dataclass
class Seat:
    """A row with a key of two fields."""

    row: Annotated[str, Key]
    number: Annotated[int, Key]
    guest: str | None = None
