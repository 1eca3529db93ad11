"""What is to be done and what has been, as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from ommi.migrations.history import HistoryRecord
from ommi.migrations.migration import Migration


class Direction(StrEnum):
    """Which way a migration is run."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class PlannedMigration:
    """A migration that is to be run; `done` steps of it have been already, before a crash."""

    migration: Migration
    direction: Direction
    done: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run, in this order."""

    migrations: tuple[PlannedMigration, ...]

    def __bool__(self) -> bool:
        return bool(self.migrations)


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """A migration and what the store knows of it, `None` for nothing."""

    migration: Migration
    record: HistoryRecord | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `rows` is how many a backfill has looked at, `of` how many there are.

    `is_done` says that the step has ended; `seconds` is how long it took until now.
    """

    version: str
    direction: Direction
    step: int
    text: str
    seconds: float
    is_done: bool = False
    rows: int | None = None
    of: int | None = None


Report: TypeAlias = Callable[[Progress], None]
"""Is called at the start and the end of each step and after each batch of a backfill."""
