"""MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import asyncmy

from benchmarks.stores.servers import database, started


class MariaDB:
    """A server that does not wait for the disk."""

    name = "mariadb"
    title = "MariaDB"
    baseline = "asyncmy"
    settings = (
        "`innodb_flush_log_at_trx_commit` 2, `performance_schema` off, a buffer pool of 64 MiB"
    )

    @contextmanager
    def serve(self) -> Iterator[str]:
        with started("mariadb.sh") as url:
            yield url

    async def version(self, server: str) -> str:
        return (await _asked(server, "SELECT version()")).partition("-")[0]

    async def create(self, server: str, name: str) -> str:
        await _asked(server, f"CREATE DATABASE {name}")
        return database(server, name)

    async def settle(self, url: str) -> None:
        await _asked(url, "ANALYZE TABLE `User`, `Post`")

    async def empty(self, url: str) -> None:
        await _asked(url, "TRUNCATE `User`", "SET foreign_key_checks = 0")


async def _asked(url: str, text: str, setting: str | None = None) -> str:
    at = urlsplit(url)
    connection = await asyncmy.connect(
        host=at.hostname,
        port=at.port,
        user=at.username,
        database=at.path[1:],
        autocommit=True,
        init_command=setting,
    )
    async with connection.cursor() as cursor:
        await cursor.execute(text)
        row = await cursor.fetchone()
    await connection.ensure_closed()
    return str(row[0]) if row else ""
