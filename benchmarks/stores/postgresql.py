"""PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from benchmarks.stores.servers import database, started


class PostgreSQL:
    """A server that does not wait for the disk, and does nothing by itself."""

    name = "postgresql"
    title = "PostgreSQL"
    baseline = "asyncpg"
    settings = "`fsync` and `full_page_writes` off, `autovacuum` off, otherwise as installed"

    @contextmanager
    def serve(self) -> Iterator[str]:
        with started("postgresql.sh") as url:
            yield url

    async def version(self, server: str) -> str:
        connection = await asyncpg.connect(server)
        version: str = await connection.fetchval("SHOW server_version")
        await connection.close()
        return version.partition(" ")[0]

    async def create(self, server: str, name: str) -> str:
        await _run(server, f"CREATE DATABASE {name}")
        await _run(server, "ALTER SYSTEM SET autovacuum = off")
        await _run(server, "SELECT pg_reload_conf()")
        return database(server, name)

    async def settle(self, url: str) -> None:
        await _run(url, "VACUUM ANALYZE")
        await _run(url, "CHECKPOINT")

    async def empty(self, url: str) -> None:
        await _run(url, 'TRUNCATE "User", "Post"')


async def _run(url: str, text: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(text)
    await connection.close()
