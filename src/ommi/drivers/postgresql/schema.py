"""Tables made and removed, one session at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ommi.drivers.postgresql.client import Client
from ommi.drivers.postgresql.dialect import DIALECT, shortened
from ommi.schema.snapshot import Table
from ommi.sql import ddl

# `IF NOT EXISTS` alone fails where two sessions make the same table at the same time.
_LOCK = f"SELECT pg_advisory_xact_lock({int.from_bytes(b'ommi_ddl')})"
_THERE = (
    "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
    "WHERE nspname = current_schema() AND relname = ANY($1::text[])"
)


async def create_tables(client: Client, tables: Sequence[Table]) -> None:
    """Make the tables that are not there, inside a transaction.

    What refers to other tables comes last, so that tables may refer to each other in a circle.
    """
    await client.execute(_LOCK)
    there = {name for (name,) in await client.fetch(_THERE, [table.name for table in tables])}
    missing = [table for table in tables if table.name not in there]
    for table in missing:
        alone = replace(
            table,
            indexes=tuple(replace(each, name=shortened(each.name)) for each in table.indexes),
            foreign_keys=(),
        )
        for text in ddl.create_table(alone, DIALECT):
            await client.execute(text)
    for table in missing:
        for foreign_key in table.foreign_keys:
            text = ddl.named_foreign_key_text(foreign_key, table.name, DIALECT)
            await client.execute(f"ALTER TABLE {DIALECT.quote(table.name)} ADD {text}")


async def drop_tables(client: Client, tables: Sequence[Table]) -> None:
    """Remove the tables that are there, inside a transaction.

    They may refer to each other. Where anything else refers to one, a view or another table, the
    server refuses: nothing is removed that was not named.
    """
    if tables:
        names = ", ".join(DIALECT.quote(table.name) for table in tables)
        await client.execute(_LOCK)
        await client.execute(f"DROP TABLE IF EXISTS {names}")
