"""Writes that happen together or not at all: pipelined, or as a COPY where there are many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import add
from typing import cast

from ommi.drivers.postgresql.client import Client
from ommi.drivers.postgresql.errors import STORE
from ommi.drivers.postgresql.keys import drawn, go_past
from ommi.drivers.postgresql.statements import Statements
from ommi.drivers.protocol import Step
from ommi.errors import DatabaseError
from ommi.planning.plan import Parameters, Rows
from ommi.sql.dialect import SqlCommand

COPIED_FROM = 50
"""So many rows are faster by COPY, whose two more round trips are paid for by then."""


async def commit(client: Client) -> None:
    """Commit; raises `DatabaseError` where the server rolls back, which it calls a success."""
    tag = await client.execute("COMMIT")
    if tag != "COMMIT":
        raise DatabaseError(
            f"the transaction had failed before, so nothing was committed ({tag})", store=STORE
        )


class Batch:
    """One attempt at a batch; `command` is what runs, or ran last."""

    def __init__(self, client: Client, statements: Statements, *, copies: bool = True) -> None:
        self.command: SqlCommand | None = None
        self._client = client
        self._statements = statements
        self._copies = copies

    async def run(self, steps: Sequence[Step]) -> list[Rows]:
        """Run the steps; one alone needs no transaction, since the server makes one of it."""
        if len(steps) == 1:
            return [await self._step(steps[0])]
        await self._client.execute("BEGIN")
        told = await self.run_within(steps)
        await commit(self._client)
        return told

    async def run_within(self, steps: Sequence[Step]) -> list[Rows]:
        """Run the steps in a transaction that is open already."""
        told: list[Rows] = []
        for step in steps:
            told.append(await self._step(step.after(told)))
        return told

    async def _step(self, step: Step) -> Rows:
        sql = self.command = cast("SqlCommand", step.command)
        rows = step.parameters
        await go_past(self._statements, sql, rows)
        if self._copies and len(rows) >= COPIED_FROM:
            if sql.key_column is not None:
                return await self._copied_with_keys(sql, sql.key_column, rows)
            if sql.columns and not sql.returns_rows:
                await self._copied(sql, sql.columns, rows)
                return []
        return await self._pipelined(sql, rows)

    async def _pipelined(self, sql: SqlCommand, rows: Sequence[Parameters]) -> Rows:
        statement = await self._statements.get(sql.text)
        if sql.returns_rows:
            return await statement.prepared.fetchmany(rows)
        await statement.prepared.executemany(rows)
        return []

    async def _copied_with_keys(
        self, sql: SqlCommand, key: str, rows: Sequence[Parameters]
    ) -> Rows:
        keys = await drawn(self._statements, sql.table, key, len(rows))
        if None in keys:
            # The keys come from elsewhere than from a sequence of the column's own.
            return await self._pipelined(sql, rows)
        told = list(zip(keys, strict=True))
        # Without a step of Python's for each row, and each row made when it is sent.
        filled = map(add, map(tuple, rows), told)
        await self._copied(sql, (*sql.columns, key), filled)
        return told

    async def _copied(
        self, sql: SqlCommand, columns: Sequence[str], rows: Iterable[Parameters]
    ) -> None:
        await self._client.copy_records_to_table(sql.table, records=rows, columns=columns)
