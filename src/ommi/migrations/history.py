"""What a store remembers of its migrations: a row each, in a table of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

from ommi.decorator import register
from ommi.metadata.annotations import Aware, Key, Length
from ommi.metadata.collection import ModelCollection
from ommi.metadata.model import metadata_of
from ommi.schema.snapshot import table_of

HISTORY = "ommi_migrations"
"""The table; the names of its columns are those of `HistoryRecord`."""


class State(StrEnum):
    """How far a migration is in a store."""

    APPLYING = "applying"
    APPLIED = "applied"
    REVERTING = "reverting"


def now() -> datetime:
    """Give the time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class HistoryRecord:
    """A migration as the store knows it.

    `checksum` is empty where it could not be told. `step` counts the steps that are done of what
    `state` says is going on, and `trail` is the digest of them. `started` is the digest of a step
    that was begun and may be half done, the start of it after `refused` where the store refused
    it, empty where there is none. `position` is how far a backfill has come, as JSON.
    `duration_ms` is how long the steps took, in milliseconds, without pauses between runs.
    """

    id: Annotated[str, Key, Length(190)]
    checksum: Annotated[str, Length(64)]
    state: State = State.APPLYING
    step: int = 0
    trail: Annotated[str, Length(64)] = ""
    started: Annotated[str, Length(64)] = ""
    position: str = ""
    applied_at: Annotated[datetime, Aware] = field(default_factory=now)
    duration_ms: int = 0
    ommi_version: Annotated[str, Length(64)] = ""

    @property
    def is_half_done(self) -> bool:
        """Whether a run of it was interrupted."""
        return self.state is not State.APPLIED


HISTORY_MODELS = ModelCollection()
register(HistoryRecord, collection=HISTORY_MODELS, table=HISTORY)
HISTORY_TABLE = table_of(metadata_of(HistoryRecord))


def finished(record: HistoryRecord) -> HistoryRecord:
    """Give the record of a migration that is applied."""
    return replace(record, state=State.APPLIED, started="", position="", applied_at=now())


def ommi_version() -> str:
    """Give the version of Ommi that is installed."""
    try:
        return version("ommi")
    except PackageNotFoundError:
        return "unknown"
