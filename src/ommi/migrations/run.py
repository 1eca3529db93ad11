"""One run of one migration: its steps, and what the store remembers of them.

A step is one operation. What stands in the history is what is committed: either together with the
step, in its transaction, or before and after it, where the store commits by itself. So a run that
is interrupted anywhere knows, the next time, which steps are done and which one may be half done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from ommi.drivers.protocol import Manner
from ommi.errors import ConnectionFailed, MigrationError, OmmiError
from ommi.migrations.backfill import decoded, encoded
from ommi.migrations.history import HistoryRecord, State, finished, now, ommi_version
from ommi.migrations.plan import Direction, PlannedMigration, Progress, Report
from ommi.migrations.session import SessionDatabase
from ommi.schema.operations import Backfill, Execute, HandWritten, Operation
from ommi.schema.serialisation import digest, to_data

if TYPE_CHECKING:
    from ommi.migrations.manager import SchemaManager

Door = Callable[["Run"], "SchemaManager"]
"""Gives what `up` and `down` of the migration get, which hands their steps to this run."""

REFUSED = "refused"
"""How what the history has for the step in progress begins where the store refused it."""


class Run:
    """The steps of a migration, one after the other, those that are done passed over."""

    def __init__(
        self,
        db: SessionDatabase,
        planned: PlannedMigration,
        known: HistoryRecord | None,
        door: Door,
        report: Report | None = None,
    ) -> None:
        self.db = db
        self.planned = planned
        self.manager: SchemaManager = door(self)
        self._known = known
        self._record = _begun(planned, known)
        self._resumed_at = self._record.step
        self._half_done = self._record.started
        self._report = report
        self._index = 0
        self._trail = ""
        self._is_inside = False
        self._counted_from = monotonic()

    @property
    def version(self) -> str:
        """The version of the migration."""
        return self.planned.migration.version

    async def execute(self) -> None:
        """Run all of it; raises `MigrationError`, with what the store refused as its cause."""
        try:
            await self.db.begin()
            if self.planned.direction is Direction.UP:
                await self.planned.migration.up(self.manager)
            else:
                await self.planned.migration.down(self.manager)
            self._refuse_fewer()
            await self._finish()
        except MigrationError as error:
            await self.db.rollback()
            raise self._told(error, error.__cause__) from (error.__cause__ or error)
        except OmmiError as error:
            await self.db.rollback()
            raise self._told(error, error) from error
        except BaseException:
            await self.db.rollback()
            raise

    async def step(self, operation: Operation) -> None:
        """Do an operation, unless that was done before; inside a step, do it as part of that."""
        if self._is_inside:
            await self.db.refuse_without_fill(operation)
            await self.db.unit.change_schema(operation)
            return
        self._index += 1
        trail = digest([self._trail, to_data(operation)])
        if self._index <= self._resumed_at:
            self._trail = trail
            if self._index == self._resumed_at and trail != self._record.trail:
                raise MigrationError(
                    f"its first {self._index} steps were done before, and are not what they were; "
                    "put them back as they were, and change only what comes after them"
                )
            return
        # A backfill may be changed: its batches are whole, and a new one begins anew.
        is_bound = bool(self._half_done) and not self._record.position
        is_refused = self._half_done.startswith(REFUSED)
        if is_bound and not is_refused and self._half_done != trail:
            raise MigrationError(
                "this step was begun before and may be half done, and it is not what it was; put "
                "it back as it was"
            )
        await self._told_of(operation, trail)
        self._trail = trail

    async def _told_of(self, operation: Operation, trail: str) -> None:
        start = monotonic()
        self._tell(operation, start)
        manner = self.db.changing.manner(operation)
        if isinstance(operation, Backfill):
            await self._backfill(operation, trail, start)
        elif manner is Manner.OUTSIDE:
            await self._outside(operation, trail)
        else:
            await self._within(operation, trail, checks_last=manner is Manner.UNCHECKED)
        self._half_done = ""
        self._tell(operation, start, is_done=True)

    async def _within(self, operation: Operation, trail: str, *, checks_last: bool) -> None:
        """Do it in a transaction, which goes on with the next step."""
        # What changes rows wants their references looked at, and followed, as always.
        changes_rows = isinstance(operation, Execute | HandWritten)
        is_fit = self.db.checks_last if checks_last else not (changes_rows and self.db.checks_last)
        if not is_fit:
            await self._commit()
            await self.db.begin(checks_last=checks_last)
        await self.db.refuse_without_fill(operation)
        if isinstance(operation, HandWritten):
            await self._by_hand(operation)
        else:
            await self.db.unit.change_schema(operation)
        self._count(trail)

    async def _by_hand(self, operation: HandWritten) -> None:
        self._is_inside = True
        try:
            await operation.up(self.manager)
        finally:
            self._is_inside = False

    async def _outside(self, operation: Operation, trail: str) -> None:
        """Do what commits by itself, between two notes in the history."""
        await self.db.refuse_without_fill(operation)
        await self._commit()
        is_resumed = self._half_done in {trail, _refused(trail)}

        async def note() -> None:
            self._record = replace(self._record, started=trail, position="")
            await self._write()

        try:
            await self.db.changing.change_schema(operation, is_resumed=is_resumed, noting=note)
        except ConnectionFailed:
            raise
        except OmmiError:
            if self._record.started != trail:
                raise  # What is there already is somebody else's, now as at the next try.
            # Nobody broke off in the middle of it, so what is wrong with it may be changed.
            self._record = replace(self._record, started=_refused(trail))
            await self._write()
            raise
        self._count(trail)
        await self._write()
        await self.db.begin()

    async def _backfill(self, operation: Backfill, trail: str, start: float) -> None:
        """Do it batch by batch, each committed together with how far it came."""
        await self._commit()
        after = decoded(self._record.position) if self._half_done == trail else None
        await self.db.begin()
        of = await self.db.unit.count_rows(operation.table)
        rows = 0
        while True:
            filled = await self.db.unit.backfill(operation, after)
            if filled.last is None:
                break
            after, rows = filled.last, rows + filled.rows
            self._record = replace(self._record, started=trail, position=encoded(after))
            await self._commit()
            self._tell(operation, start, rows=rows, of=of)
            await self.db.begin()
        self._count(trail)
        await self._commit()
        await self.db.begin()

    async def _finish(self) -> None:
        if self.planned.direction is Direction.UP:
            self._record = finished(self._record)
            await self._write()
        elif self._known is not None:
            await self.db.forget_record(self.version)
        await self.db.commit()

    def _count(self, trail: str) -> None:
        self._record = replace(
            self._record, step=self._index, trail=trail, started="", position=""
        )

    async def _commit(self) -> None:
        """Commit, and with it what is done of the steps."""
        is_begun = self._known is not None or self._record.step or self._record.started
        if is_begun and self._record != self._known:
            await self._write()
        await self.db.commit()

    async def _write(self) -> None:
        here = monotonic()
        spent = round((here - self._counted_from) * 1000)
        self._counted_from = here
        self._record = replace(self._record, duration_ms=self._record.duration_ms + spent)
        await self.db.write_record(self._record, self._known)
        self._known = self._record

    def _refuse_fewer(self) -> None:
        if self._index < self._resumed_at:
            raise MigrationError(
                f"{self._resumed_at} of its steps were done before, and it has only {self._index} "
                "now; put them back as they were"
            )

    def _tell(
        self,
        operation: Operation,
        start: float,
        *,
        is_done: bool = False,
        rows: int | None = None,
        of: int | None = None,
    ) -> None:
        if self._report is not None:
            self._report(
                Progress(
                    version=self.version,
                    direction=self.planned.direction,
                    step=self._index,
                    text=str(operation),
                    seconds=monotonic() - start,
                    is_done=is_done,
                    rows=rows,
                    of=of,
                )
            )

    def _told(self, error: OmmiError, cause: BaseException | None) -> MigrationError:
        """Say what failed, what of the migration is there, and how to go on."""
        reason = error.reason if isinstance(error, MigrationError) else str(error)
        done = 0 if self._known is None else self._known.step
        if done or (self._known is not None and self._known.started):
            kept = f"the first {done} steps are done and stay" if done else "it was begun"
            if self._known is not None and self._known.position:
                kept += f", and the backfill has come to key {self._known.position}"
            kept += "; put right what failed and migrate again, which goes on from there"
        else:
            kept = "nothing of it is left in the store; put right what failed and migrate again"
        del cause
        return MigrationError(
            f"{reason}\n  {kept}", version=self.version, step=self._index or None
        )


def _refused(trail: str) -> str:
    """Say of a step that it was refused, in no more letters than a digest has."""
    return f"{REFUSED} {trail[:32]}"


def _begun(planned: PlannedMigration, known: HistoryRecord | None) -> HistoryRecord:
    """Give the record to go on with: of a run that was interrupted, or of a new one."""
    migration = planned.migration
    state = State.APPLYING if planned.direction is Direction.UP else State.REVERTING
    if known is not None and known.state is state:
        return replace(known, checksum=migration.checksum, ommi_version=ommi_version())
    return HistoryRecord(
        id=migration.version,
        checksum=migration.checksum,
        state=state,
        applied_at=now() if known is None else known.applied_at,
        ommi_version=ommi_version(),
    )
