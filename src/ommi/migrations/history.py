"""What a store remembers of its migrations: a row each, in a table of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Column, Table

HISTORY = "ommi_migrations"
"""The table; the names of its columns are those of `HistoryRecord`."""


class State(StrEnum):
    """How far a migration is in a store."""

    APPLYING = "applying"
    APPLIED = "applied"
    REVERTING = "reverting"


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """A migration as the store knows it.

    `step` counts the steps that are done of what `state` says is going on, and `trail` is the
    digest of them. `started` is the digest of a step that was begun and may be half done, empty
    where there is none. `position` is how far a backfill has come, as JSON. `duration_ms` is how
    long the steps took, in milliseconds, without pauses between runs.
    """

    id: str
    checksum: str
    state: State
    step: int
    trail: str
    started: str
    position: str
    applied_at: datetime
    duration_ms: int
    ommi_version: str


def _column(name: str, kind: Kind, length: int | None = None) -> Column:
    return Column(name, StorageType(kind, length))


HISTORY_TABLE = Table(
    name=HISTORY,
    columns=(
        _column("id", Kind.TEXT, 190),
        _column("checksum", Kind.TEXT, 64),
        _column("state", Kind.TEXT, 16),
        _column("step", Kind.INT),
        _column("trail", Kind.TEXT, 64),
        _column("started", Kind.TEXT, 64),
        _column("position", Kind.TEXT),
        _column("applied_at", Kind.INSTANT),
        _column("duration_ms", Kind.INT),
        _column("ommi_version", Kind.TEXT, 64),
    ),
    key=("id",),
)
