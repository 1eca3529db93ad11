"""What the store has, read for the commands that look at it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ommi.cli.exits import CommandError, Exit
from ommi.commits import COMMITS
from ommi.drivers.addresses import parsed
from ommi.drivers.protocol import Connection, Listing, SchemaKeeping
from ommi.drivers.registry import driver_for
from ommi.errors import UnsupportedOperation
from ommi.migrations.history import HISTORY
from ommi.schema.snapshot import Table

_OWN = frozenset({HISTORY, *(model.table for model in COMMITS)})
"""The tables in which Ommi keeps its own books."""


async def tables_of(url: str, names: Collection[str] = ()) -> tuple[Table, ...]:
    """Read the named tables of a store, or all but Ommi's own.

    Raises `CommandError` for a name that is none.
    """
    refuse_missing_file(url)
    driver, _ = driver_for(url, {})
    connection = await driver.connect()
    try:
        return await _read(connection, driver.name, names)
    finally:
        await connection.close()


def refuse_missing_file(url: str) -> None:
    """Raise `CommandError` for a SQLite file that is not there: to look at it would make it."""
    address = parsed(url, {})
    path = address.database if address.scheme == "sqlite" else None
    if path not in {None, ":memory:"} and not Path(str(path)).exists():
        raise CommandError(f"there is no file {path}", Exit.STORE)


async def _read(connection: Connection, store: str, names: Collection[str]) -> tuple[Table, ...]:
    if not isinstance(connection, SchemaKeeping) or not isinstance(connection, Listing):
        raise UnsupportedOperation("tell which tables it has", store)
    there = [name for name in await connection.table_names() if name not in _OWN]
    missing = [name for name in names if name not in there]
    if missing:
        raise CommandError(
            f"the store has no table {', '.join(missing)}; it has {', '.join(there) or 'none'}"
        )
    found = {table.name: table for table in await connection.tables(list(names) or there)}
    return tuple(found[name] for name in (list(names) or there) if name in found)
