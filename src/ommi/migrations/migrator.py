"""Runs migrations against a store: one deployer at a time, each step once, whatever crashes."""

from __future__ import annotations

from collections.abc import Iterable

from ommi.database import Ommi
from ommi.migrations.migration import Migration
from ommi.migrations.plan import MigrationStatus, Plan, Report


class Migrator:
    """Migrations and the database that they are for, which is open.

    `wait_seconds` is how long to wait while another process migrates.
    """

    def __init__(
        self, db: Ommi, migrations: Iterable[Migration] = (), *, wait_seconds: float = 600.0
    ) -> None: ...

    async def plan(self, to: str | None = None) -> Plan:
        """Tell what `apply(to)`, or where `to` is below what is applied, `rollback(to)` would run.

        Without `to`, everything up to the last version. Writes nothing. Raises `MigrationError`
        where history and migrations do not fit: an applied one that has changed, a version in the
        store that nobody knows, a gap.
        """
        raise NotImplementedError

    async def apply(self, to: str | None = None, *, report: Report | None = None) -> Plan:
        """Apply what is not applied, up to and with version `to`; give what was run.

        A migration that stopped half way is finished first. Raises `MigrationError` as `plan`
        does, and for a step that failed.
        """
        raise NotImplementedError

    async def rollback(
        self, to: str | None = None, *, count: int = 1, report: Report | None = None
    ) -> Plan:
        """Undo, the last first, what is applied after version `to`, which itself stays.

        `ZERO` undoes everything. Without `to`, the last `count` ones. Raises `MigrationError`.
        """
        raise NotImplementedError

    async def fake(self, to: str | None = None) -> Plan:
        """Write history only: everything up to and with `to` counts as applied, and is not run.

        A migration that stopped half way counts as applied too. Gives what was marked.
        """
        raise NotImplementedError

    async def status(self) -> tuple[MigrationStatus, ...]:
        """Tell of every migration whether, and when, it was applied; writes nothing."""
        raise NotImplementedError
