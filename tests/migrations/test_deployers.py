"""Eight deployers at once: each step is done once, whoever is killed."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from migrations.counted import COUNTING, MIGRATIONS
from migrations.twelve import rows
from ommi import MigrationError, Ommi
from ommi.migrations import ZERO, Migrator
from ommi.migrations.lock import locked
from ommi.migrations.session import session_of
from profiles import examples

pytestmark = pytest.mark.anyio

DEPLOYERS = 8
DEPLOYER = Path(__file__).with_name("deployer.py")


async def _started(url: str, *words: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(DEPLOYER), url, *words, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )


async def _line(process: Process) -> list[str]:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().split()


async def _ran(process: Process) -> list[str]:
    out, errors = await process.communicate(b"go\n")
    assert process.returncode == 0, errors.decode()
    return out.decode().split()


async def test_each_step_is_done_once(url: str) -> None:
    versions = [migration.version for migration in MIGRATIONS]
    for _ in range(examples(5, 50) if url.startswith("sqlite") else examples(1, 50)):
        processes = [await _started(url) for _ in range(DEPLOYERS)]
        assert [await _line(process) for process in processes] == [["ready"]] * DEPLOYERS
        told = await asyncio.gather(*map(_ran, processes))
        assert sorted(version for _, *ran in told for version in ran) == versions
        async with Ommi(url) as db:
            async with session_of(db) as session:
                counted = await rows(session, "SELECT id, done FROM tally ORDER BY id")
            assert counted == [(n, 1) for n in range(2, COUNTING + 2)]
            async with db.session() as session:
                from ommi.schema.operations import Execute, Sql

                for table in ("tally", "ommi_migrations"):
                    drop = Execute(Sql.of(f"DROP TABLE {table}"))
                    await session.change_schema(drop)  # type: ignore[attr-defined]


async def test_a_killed_holder_lets_the_next_one_in(url: str) -> None:
    holder = await _started(url, "hold")
    assert await _line(holder) == ["held"]
    async with Ommi(url) as db:
        with pytest.raises(MigrationError, match="somebody else has been migrating"):
            await Migrator(db, MIGRATIONS, wait_seconds=0.2).apply()
        migrating = asyncio.create_task(Migrator(db, MIGRATIONS, wait_seconds=60).apply())
        holder.kill()
        await holder.wait()
        assert len((await migrating).migrations) == len(MIGRATIONS)


async def test_two_tasks_of_a_process_take_turns(url: str) -> None:
    async with Ommi(url) as db:
        plans = await asyncio.gather(*(Migrator(db, MIGRATIONS).apply() for _ in range(4)))
        assert sorted(len(plan.migrations) for plan in plans) == [0, 0, 0, len(MIGRATIONS)]
        async with session_of(db) as session, locked(session, 1):
            with pytest.raises(MigrationError, match="somebody else"):
                await Migrator(db, MIGRATIONS, wait_seconds=0.05).rollback(ZERO)
