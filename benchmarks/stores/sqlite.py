"""SQLite, by the standard library."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
"""Where it is there, files in it cost no wait for a disk."""


class SQLite:
    """Files in memory, used as those on a disk are."""

    name = "sqlite"
    title = "SQLite"
    baseline = "aiosqlite"
    settings = "write-ahead log, `synchronous` FULL, " + (
        "on a file system in memory" if IN_MEMORY.is_dir() else "on a disk"
    )

    @contextmanager
    def serve(self) -> Iterator[str]:
        folder = tempfile.mkdtemp(
            prefix="ommi-benchmarks-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None
        )
        try:
            yield f"sqlite:///{folder}"
        finally:
            shutil.rmtree(folder)

    async def version(self, server: str) -> str:  # noqa: ARG002
        return sqlite3.sqlite_version

    async def create(self, server: str, name: str) -> str:
        return f"{server}/{name}.db"

    async def settle(self, url: str) -> None:
        _run(url, "PRAGMA wal_checkpoint(TRUNCATE)")

    async def empty(self, url: str) -> None:
        _run(url, 'DELETE FROM "User"', "PRAGMA wal_checkpoint(TRUNCATE)")


def _run(url: str, *texts: str) -> None:
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for text in texts:
            connection.execute(text)
