"""Runs migrations against a store: one deployer at a time, each step once, whatever crashes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ommi.database import Ommi
from ommi.errors import MigrationError
from ommi.migrations.history import HistoryRecord, State, finished, now, ommi_version
from ommi.migrations.lock import WAIT_SECONDS, locked
from ommi.migrations.manager import SchemaManager
from ommi.migrations.migration import Migration, ordered
from ommi.migrations.plan import (
    Direction,
    MigrationStatus,
    Plan,
    PlannedMigration,
    Report,
)
from ommi.migrations.resolution import Resolved, plan_down, plan_up, resolved
from ommi.migrations.run import Run
from ommi.migrations.session import SessionDatabase, session_of


class Migrator:
    """Migrations and the database that they are for, which is open.

    `wait_seconds` is how long to wait while another process migrates.
    """

    def __init__(
        self,
        db: Ommi,
        migrations: Iterable[Migration] = (),
        *,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._db = db
        self._migrations = tuple(migrations)
        self._wait_seconds = wait_seconds

    async def plan(self, to: str | None = None) -> Plan:
        """Tell what `apply(to)`, or where `to` is below what is applied, `rollback(to)` would run.

        Without `to`, everything up to the last version. Writes nothing. Raises `MigrationError`
        where history and migrations do not fit: an applied one that has changed, a version in the
        store that nobody knows, a gap.
        """
        async with session_of(self._db) as db:
            found = await self._found(db)
        if to is not None:
            kept = found.migrations[: found.place(to)]
            applied = [each for each in found.migrations if found.is_applied(each)]
            if any(migration not in kept for migration in applied):
                return plan_down(found, to, 1)
        return plan_up(found, to)

    async def apply(self, to: str | None = None, *, report: Report | None = None) -> Plan:
        """Apply what is not applied, up to and with version `to`; give what was run.

        A migration that stopped half way is finished first. Raises `MigrationError` as `plan`
        does, and for a step that failed.
        """
        async with session_of(self._db) as db, locked(db, self._wait_seconds):
            await db.make_history()
            found = await self._found(db)
            await self._adopt(db, found)
            plan = plan_up(found, to)
            for planned in plan.migrations:
                await self._run(db, found, planned, report)
        return plan

    async def rollback(
        self, to: str | None = None, *, count: int = 1, report: Report | None = None
    ) -> Plan:
        """Undo, the last first, what is applied after version `to`, which itself stays.

        `ZERO` undoes everything. Without `to`, the last `count` ones. Raises `MigrationError`.
        """
        async with session_of(self._db) as db, locked(db, self._wait_seconds):
            await db.make_history()
            found = await self._found(db)
            await self._adopt(db, found)
            plan = plan_down(found, to, count)
            for planned in plan.migrations:
                await self._run(db, found, planned, report)
        return plan

    async def fake(self, to: str | None = None) -> Plan:
        """Write history only: everything up to and with `to` counts as applied, and is not run.

        A migration that stopped half way, or has changed since it was applied, counts as applied
        as it is now. Gives what was marked.
        """
        async with session_of(self._db) as db, locked(db, self._wait_seconds):
            await db.make_history()
            history = await db.read_history()
            order = ordered(self._migrations)
            end = len(order) if to is None else Resolved(order, history).place(to)
            marked = [
                migration
                for migration in order[:end]
                if (known := history.get(migration.version)) is None
                or known.is_half_done
                or known.checksum != migration.checksum
            ]
            await db.begin()
            try:
                for migration in marked:
                    await _mark(db, migration, history.get(migration.version))
                await db.commit()
            finally:
                await db.rollback()
        return Plan(tuple(PlannedMigration(migration, Direction.UP) for migration in marked))

    async def status(self) -> tuple[MigrationStatus, ...]:
        """Tell of every migration whether, and when, it was applied; writes nothing."""
        async with session_of(self._db) as db:
            history = await db.read_history()
        return tuple(
            MigrationStatus(migration, history.get(migration.version))
            for migration in ordered(self._migrations)
        )

    async def history(self) -> tuple[HistoryRecord, ...]:
        """Give what the store knows, whatever migrations are here; writes nothing."""
        async with session_of(self._db) as db:
            return tuple((await db.read_history()).values())

    async def _found(self, db: SessionDatabase) -> Resolved:
        return resolved(self._migrations, await db.read_history())

    async def _adopt(self, db: SessionDatabase, found: Resolved) -> None:
        """Write one record for those that a migration stands for, all of which are applied."""
        for migration in found.adopted:
            await db.begin()
            try:
                await _mark(db, migration, None)
                for version in migration.replaces:
                    await db.forget_record(version)
                await db.commit()
            finally:
                await db.rollback()

    async def _run(
        self,
        db: SessionDatabase,
        found: Resolved,
        planned: PlannedMigration,
        report: Report | None,
    ) -> None:
        # Read again: what ran before it may have been this one, the other way.
        known = (await db.read_history()).get(planned.migration.version)
        door = partial(SchemaManager.within, db, found)
        try:
            run = Run(db, planned, known, door, report)
            await run.execute()
        except MigrationError as error:
            if error.version is not None:
                raise
            raise MigrationError(error.reason, version=planned.migration.version) from error


async def _mark(db: SessionDatabase, migration: Migration, known: HistoryRecord | None) -> None:
    record = HistoryRecord(
        id=migration.version,
        checksum=migration.checksum,
        state=State.APPLIED,
        applied_at=now(),
        ommi_version=ommi_version(),
    )
    await db.write_record(finished(replace(record, step=len(migration.operations))), known)
