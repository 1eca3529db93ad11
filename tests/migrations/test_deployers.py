"""Eight deployers at once: each step is done once, whoever is killed."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from migrations.counted import COUNTING, MIGRATIONS
from migrations.twelve import rows
from ommi import MigrationError, Ommi
from ommi.drivers.protocol import Migrating
from ommi.migrations import ZERO, Migrator
from ommi.migrations.lock import locked
from ommi.migrations.session import session_of
from ommi.schema.operations import Execute, Sql
from profiles import examples

pytestmark = pytest.mark.anyio

DEPLOYERS = 8
DEPLOYER = Path(__file__).with_name("deployer.py")


async def _started(url: str, *words: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(DEPLOYER), url, *words),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        # In that mode asyncio complains of a slow machine, where nothing is to be said.
        env={name: value for name, value in os.environ.items() if name != "PYTHONDEVMODE"},
    )


async def _line(process: Process) -> list[str]:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().split()


async def _ran(process: Process) -> list[str]:
    """Have a deployer migrate, and give the versions that it ran."""
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    word, *versions = await _line(process)
    assert word == "ran"
    return versions


async def _ended(process: Process) -> str:
    assert process.stdin is not None
    process.stdin.close()
    _, errors = await process.communicate()
    return errors.decode()


async def test_each_step_is_done_once(url: str) -> None:
    expected = [migration.version for migration in MIGRATIONS]
    deployers = [await _started(url) for _ in range(DEPLOYERS)]
    try:
        assert [await _line(deployer) for deployer in deployers] == [["ready"]] * DEPLOYERS
        for _ in range(examples(5 if url.startswith("sqlite") else 1, 50)):
            told = await asyncio.gather(*map(_ran, deployers))
            assert sorted(version for ran in told for version in ran) == expected
            await _check_and_clear(url)
    finally:
        errors = await asyncio.gather(*map(_ended, deployers))
    assert errors == [""] * DEPLOYERS


async def _check_and_clear(url: str) -> None:
    async with Ommi(url) as db:
        async with session_of(db) as session:
            counted = await rows(session, "SELECT id, done FROM tally ORDER BY id")
        assert counted == [(n, 1) for n in range(2, COUNTING + 2)]
        async with db.session() as connection:
            assert isinstance(connection, Migrating)
            for table in ("tally", "ommi_migrations"):
                await connection.change_schema(Execute(Sql.of(f"DROP TABLE {table}")))


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
