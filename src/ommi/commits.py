"""Rows that tell of commits, for when the answer to one was lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from ommi.decorator import ommi_model
from ommi.metadata.annotations import Aware, CreatedAt, Key, Length
from ommi.metadata.collection import ModelCollection

COMMITS = ModelCollection()


@ommi_model(collection=COMMITS, table="ommi_commits")
@dataclass
class Commit:
    """A transaction that was committed; the row came with it. Old ones may be deleted."""

    token: Annotated[str, Key | Length(32)]
    at: Annotated[datetime | None, Aware | CreatedAt] = None
