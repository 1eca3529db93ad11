"""Changes of tables that are there, on one session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from ommi.drivers.postgresql import introspection
from ommi.drivers.postgresql.changes import WRITER, is_concurrent
from ommi.drivers.postgresql.client import Client
from ommi.drivers.protocol import Noting
from ommi.schema.done import is_done
from ommi.schema.operations import AddIndex, Operation
from ommi.schema.state import Schema
from ommi.sql.dialect import SqlCommand

Guard = Callable[[Awaitable[Any], SqlCommand], Awaitable[Any]]
"""Awaits what the client does with a statement, and raises Ommi's errors."""

LOCK = int.from_bytes(b"ommi_mig")
POLL = 0.1
"""How often to look whether the lock came free, in seconds."""

_INVALID = (
    "SELECT count(*) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
    "JOIN pg_namespace n ON n.oid = i.relnamespace "
    "WHERE n.nspname = current_schema() AND i.relname = $1 AND NOT x.indisvalid"
)


async def change_schema(
    client: Client,
    guard: Guard,
    operation: Operation,
    *,
    is_resumed: bool,
    noting: Noting,
) -> None:
    """Do what an operation says."""
    names = operation.tables
    looking = SqlCommand("the catalogue", "", "", {})
    found = Schema.of(await guard(introspection.tables(client, names), looking) if names else ())
    if is_resumed and is_concurrent(operation) and is_done(operation, found):
        return
    texts = WRITER.statements(operation, found)
    await noting()
    if isinstance(operation, AddIndex) and operation.is_concurrent:
        await _drop_invalid(client, guard, operation.index.name)
    for text in texts:
        await guard(client.execute(text), SqlCommand(text, "", "", {}))


async def _drop_invalid(client: Client, guard: Guard, index: str) -> None:
    """Remove what a run that was interrupted has left: an index that is kept up but never used."""
    command = SqlCommand(_INVALID, "", "", {})
    [[invalid]] = await guard(client.fetch(_INVALID, index), command)
    if invalid:
        text = f"DROP INDEX CONCURRENTLY IF EXISTS {WRITER.quote(index)}"
        await guard(client.execute(text), SqlCommand(text, "", "", {}))


async def lock(client: Client, guard: Guard, wait_seconds: float) -> bool:
    """Take the lock of the session, which ends with it.

    By asking again and again: a statement that waits would hold a snapshot, and the holder's
    CREATE INDEX CONCURRENTLY waits for every snapshot that is older.
    """
    text = f"SELECT pg_try_advisory_lock({LOCK})"
    deadline = monotonic() + wait_seconds
    while True:
        [[is_held]] = await guard(client.fetch(text), SqlCommand(text, "", "", {}))
        if is_held or monotonic() >= deadline:
            return bool(is_held)
        await asyncio.sleep(POLL)


async def unlock(client: Client, guard: Guard) -> None:
    """Give the lock back."""
    text = f"SELECT pg_advisory_unlock({LOCK})"
    await guard(client.fetch(text), SqlCommand(text, "", "", {}))
