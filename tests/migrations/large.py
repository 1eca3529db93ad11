# What it says, it prints.
# ruff: noqa: T201
"""A table of a million rows is changed, step by step; tells of each how long it took, and locked.

    python large.py URL [ROWS]

While a step runs, somebody else writes a row again and again: the longest wait is the lock.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

from migrations.twelve import column, key, rows
from ommi import Ommi, OmmiError
from ommi.metadata.storage import Kind
from ommi.migrations import Migration, Migrator, Progress
from ommi.migrations.session import SessionDatabase, session_of
from ommi.schema.operations import (
    AddColumn,
    AddIndex,
    Backfill,
    CreateTable,
    DropTable,
    Execute,
    Operation,
    Sql,
)
from ommi.schema.snapshot import Index, Table

LARGE = Table("large", (key(), column("name", Kind.TEXT, length=50)), ("id",))
STEPS: tuple[Operation, ...] = (
    AddColumn("large", column("note", Kind.TEXT, is_nullable=True, length=50)),
    AddColumn("large", column("level", Kind.INT), 1),
    AddIndex("large", Index("large_name_index", ("name",)), is_concurrent=True),
    Backfill("large", (("note", Sql.of("name")),), Sql.of("note IS NULL"), size=5000),
)


async def fill(db: SessionDatabase, many: int) -> None:
    """Add the rows, doubling them."""
    await db.change(Execute(Sql.of("INSERT INTO large (id, name) VALUES (1, 'name 1')")))
    there = 1
    while there < many:
        name = "printf('name %d', {})" if db.driver.name == "SQLite" else "concat('name ', {})"
        text = (
            f"INSERT INTO large (id, name) SELECT id + {there}, {name.format(f'id + {there}')} "
            f"FROM large WHERE id <= {many - there}"
        )
        await db.change(Execute(Sql.of(text)))
        there = min(2 * there, many)


async def write(url: str, waits: list[float]) -> None:
    """Change a row for ever, and note how long each time took."""
    async with Ommi(url) as db, session_of(db) as other:
        update = Execute(Sql.of("UPDATE large SET name = 'other' WHERE id = 1"))
        while True:
            begun = perf_counter()
            with suppress(OmmiError):  # It waited longer than its store lets it; the time says so.
                await other.change(update)
            waits.append(perf_counter() - begun)
            await asyncio.sleep(0.005)


async def main(url: str, many: str = "1000000") -> None:
    """Do each step as a migration of its own."""
    async with Ommi(url) as db:
        async with session_of(db) as session:
            for table in ("large", "ommi_migrations"):
                await session.change(Execute(Sql.of(f"DROP TABLE IF EXISTS {table}")))
            await session.change(CreateTable(LARGE))
            await fill(session, int(many))
            [(there,)] = await rows(session, "SELECT count(*) FROM large")
        print(f"{db.driver.name}: {there} rows")
        for number, operation in enumerate(STEPS, start=1):
            migrations = [Migration(str(n + 1), operations=[o]) for n, o in enumerate(STEPS)]
            waits: list[float] = []
            ended: list[Progress] = []
            writing = asyncio.create_task(write(url, waits))
            await asyncio.sleep(0.1)
            waits.clear()
            await Migrator(db, migrations).apply(
                str(number), report=lambda told, ended=ended: ended.append(told)
            )
            await asyncio.sleep(0.05)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            print(
                f"  {operation}: {ended[-1].seconds:.2f} s; another writer waited "
                f"{max(waits, default=0.0):.2f} s at most"
            )
        async with session_of(db) as session:
            await session.change(DropTable("large"))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
