"""Eight deployers at once: each step is done once, whoever is killed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

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


def _started(*words: str) -> Popen[str]:
    return Popen(
        [sys.executable, str(DEPLOYER), *words],
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
        # In that mode asyncio complains of a slow machine, where nothing is to be said.
        env={name: value for name, value in os.environ.items() if name != "PYTHONDEVMODE"},
    )


def _line(process: Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


def _told(process: Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


@pytest.fixture(scope="module")
def deployers() -> Iterator[list[Popen[str]]]:
    """Start eight, for all stores; none of them may complain."""
    started = [_started() for _ in range(DEPLOYERS)]
    try:
        assert [_line(deployer) for deployer in started] == [["ready"]] * DEPLOYERS
        yield started
    finally:
        for deployer in started:
            _told(deployer, "")  # All of them end at once.
        errors = [deployer.communicate()[1] for deployer in started]
    assert errors == [""] * DEPLOYERS


async def test_each_step_is_done_once(url: str, deployers: list[Popen[str]]) -> None:
    expected = [migration.version for migration in MIGRATIONS]
    for _ in range(examples(5 if url.startswith("sqlite") else 1, 50)):
        for deployer in deployers:
            _told(deployer, url)
        told = [_line(deployer) for deployer in deployers]
        assert [line[:1] for line in told] == [["ran"]] * DEPLOYERS
        assert sorted(version for line in told for version in line[1:]) == expected
        await _check_and_clear(url)


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
    holder = _started("hold", url)
    assert _line(holder) == ["held"]
    async with Ommi(url) as db:
        with pytest.raises(MigrationError, match="somebody else has been migrating"):
            await Migrator(db, MIGRATIONS, wait_seconds=0.2).apply()
        migrating = asyncio.create_task(Migrator(db, MIGRATIONS, wait_seconds=60).apply())
        holder.kill()
        holder.communicate()
        assert len((await migrating).migrations) == len(MIGRATIONS)


async def test_two_tasks_of_a_process_take_turns(url: str) -> None:
    async with Ommi(url) as db:
        plans = await asyncio.gather(*(Migrator(db, MIGRATIONS).apply() for _ in range(4)))
        assert sorted(len(plan.migrations) for plan in plans) == [0, 0, 0, len(MIGRATIONS)]
        async with session_of(db) as session, locked(session, 1):
            with pytest.raises(MigrationError, match="somebody else"):
                await Migrator(db, MIGRATIONS, wait_seconds=0.05).rollback(ZERO)
