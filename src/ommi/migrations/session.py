"""The database that a migration works on: one session, in a transaction or between two."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields as members
from typing import cast

from ommi.database import Ommi
from ommi.drivers.protocol import (
    Beginning,
    Connection,
    Manner,
    Migrating,
    SchemaChanging,
    Transactional,
    Unit,
)
from ommi.errors import MigrationError, UnsupportedOperation
from ommi.migrations.history import HISTORY, HISTORY_MODELS, HistoryRecord
from ommi.query.fields import fields
from ommi.schema.operations import AddColumn, Operation
from ommi.selection import Query


class SessionDatabase(Ommi):
    """What a migration asks and writes through; all of it joins the transaction that is open."""

    def __init__(self, db: Ommi, session: Connection) -> None:
        super().__init__(db.driver)
        if not isinstance(session, Migrating):
            raise UnsupportedOperation(
                "migrate",
                db.driver.name,
                "use_models() makes the tables that are missing, and rows are changed by updates",
            )
        self.changing: Migrating = session
        self._connection = session
        self._executor.home = session
        self._unit: Unit | None = None
        self.checks_last: bool = False

    @property
    def unit(self) -> SchemaChanging:
        """The transaction that is open."""
        return cast("SchemaChanging", self._unit)

    async def begin(self, *, checks_last: bool = False) -> None:
        """Begin a transaction; `checks_last` puts off looking at references."""
        how = Beginning(allows_implicit_commit=True, checks_references_last=checks_last)
        self._unit = await cast("Transactional", self._connection).begin(how)
        self._executor.home = self._unit
        self.checks_last = checks_last

    async def commit(self) -> None:
        """Commit what is open; from then on each statement is by itself."""
        unit, self._unit = self._unit, None
        self._executor.home = self._connection
        if unit is not None:
            try:
                await unit.commit()
            finally:
                await unit.close()

    async def rollback(self) -> None:
        """Undo what is open."""
        unit, self._unit = self._unit, None
        self._executor.home = self._connection
        if unit is not None:
            await unit.close()

    async def close(self) -> None:
        """Do nothing: the session belongs to whoever lent it."""

    async def change(self, operation: Operation) -> None:
        """Do what an operation says, by itself."""
        manner = self.changing.manner(operation)
        await self.begin(checks_last=manner is Manner.UNCHECKED)
        try:
            await self.refuse_without_fill(operation)
            if manner is Manner.OUTSIDE:
                await self.rollback()
                await self.changing.change_schema(operation)
            else:
                await self.unit.change_schema(operation)
                await self.commit()
        finally:
            await self.rollback()

    async def refuse_without_fill(self, operation: Operation) -> None:
        """Raise `MigrationError` for a column that rows must have and get nothing for."""
        if not isinstance(operation, AddColumn):
            return
        column = operation.column
        is_filled = operation.fill is not None or column.default is not None or column.is_generated
        if not column.is_nullable and not is_filled and await self.unit.has_rows(operation.table):
            raise MigrationError(
                f"{operation.table} has rows, and the new column {column.name!r} may not be null: "
                "say what they get with default=, or let it be null with | None"
            )

    async def read_history(self) -> Mapping[str, HistoryRecord]:
        """Give every record, by version; none where nothing was ever migrated. Writes nothing."""
        if not await self._schema_keeping().tables([HISTORY]):
            return {}
        return {record.id: record for record in await self.query(HistoryRecord).fetch_all()}

    async def make_history(self) -> None:
        """Make the table of records unless it is there."""
        await self.use_models(HISTORY_MODELS)

    async def write_record(self, record: HistoryRecord, known: HistoryRecord | None) -> None:
        """Write a record, the first time or over what is known of it."""
        if known is None:
            await self.add(record).or_raise()
            return
        names = [member.name for member in members(HistoryRecord)]
        values = {n: getattr(record, n) for n in names if getattr(record, n) != getattr(known, n)}
        if values:
            await self._record(record.id).update(**values)

    async def forget_record(self, version: str) -> None:
        """Remove a record."""
        await self._record(version).delete()

    def _record(self, version: str) -> Query[HistoryRecord]:
        return self.query(HistoryRecord).where(fields(HistoryRecord).id == version)


@asynccontextmanager
async def session_of(db: Ommi) -> AsyncGenerator[SessionDatabase, None]:
    """Give the database on a session of its own; raises `ConnectionFailed`."""
    async with db.session() as connection:
        yield SessionDatabase(db, connection)
