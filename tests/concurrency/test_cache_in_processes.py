"""Three processes read through a cache and write, while what they agree by is killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from concurrency import cached
from concurrency.cached import PROCESSES, Board, fill
from profiles import examples
from services.databases import POSTGRESQL, database_on
from services.private import needed
from services.redis import Server

pytestmark = pytest.mark.anyio

STEPS = examples(250, 5_000)
"""Of ten reads, or a write; so the soak does 50,000."""

Fault = Callable[[], Awaitable[None]]


async def hits_of_all(
    url: str, channel: str, folder: Path, faults: list[Fault], name: str = ""
) -> int:
    """Let all processes do their steps, and something go wrong in between; give their hits."""
    await fill(url)
    board = Board.made(folder / "board")
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            cached.__file__,
            *(url, channel, name, str(number), str(STEPS), str(folder / "board")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]
    over = asyncio.gather(*(process.communicate() for process in processes))
    for number, fault in enumerate(faults, start=1):
        while board.steps() < STEPS * number // (len(faults) + 1) and not over.done():
            await asyncio.wait([over], timeout=0.01)
        await fault()
    said = await over
    wrong = [text for p, (_, text) in zip(processes, said, strict=True) if p.returncode]
    assert wrong == []
    return sum(int(hits) for hits, _ in said)


@pytest.fixture
def url() -> Iterator[str]:
    with database_on(POSTGRESQL) as own:
        yield own


async def test_with_notify_whose_sessions_are_killed(url: str, tmp_path: Path) -> None:
    async def kill() -> None:
        client = await asyncpg.connect(url)
        await client.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
            "datname = current_database() AND query LIKE '%pg_notify%' "
            "AND pid <> pg_backend_pid()"
        )
        await client.close()

    assert await hits_of_all(url, "database", tmp_path, [kill] * 2) > STEPS


async def test_with_redis_that_is_cut_off_and_killed(url: str, tmp_path: Path) -> None:
    server = needed(Server)

    async def cut() -> None:
        async with server.client() as client:
            await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    async def kill() -> None:
        server.do("kill")

    async def start() -> None:
        server.do("start")

    faults = [cut, kill, start]
    assert await hits_of_all(url, server.url, tmp_path, faults, name="shop") > STEPS
