"""Two processes write to one file, and neither hears of a lock."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from concurrency import counting
from concurrency.counting import COLLECTION, WRITERS, Counted
from ommi import Ommi
from profiles import examples

pytestmark = pytest.mark.anyio

TRANSACTIONS = examples(200, 2000)
PROCESSES = 2


async def test_no_update_is_lost_and_no_lock_is_seen(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'counted.db'}"
    rounds = TRANSACTIONS // (PROCESSES * WRITERS)
    async with Ommi(url) as db:
        await db.use_models(COLLECTION)
        await db.add(Counted(1)).or_raise()
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                counting.__file__,
                url,
                str(rounds),
                stderr=asyncio.subprocess.PIPE,
            )
            for _ in range(PROCESSES)
        ]
        said = await asyncio.gather(*(process.communicate() for process in processes))

        assert [error.decode() for _, error in said] == [""] * PROCESSES
        assert (await db.query(Counted).one()).number == rounds * PROCESSES * WRITERS
