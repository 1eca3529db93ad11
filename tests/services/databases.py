"""The servers that tests share: where they are, and a database of a test's own on each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import asyncmy
import asyncpg
from redis.asyncio import Redis

from ommi.drivers.addresses import Address, parsed

POSTGRESQL = os.environ.get(
    "OMMI_TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/test"
)
MYSQL = os.environ.get("OMMI_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test")
REDIS = os.environ.get("OMMI_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


@contextmanager
def database_on(url: str) -> Iterator[str]:
    """Make an empty database on the server of `url`; give its URL; drop it in the end."""
    address = parsed(url, {})
    name = f"ommi_test_{uuid4().hex[:12]}"
    asyncio.run(_run(address, f"CREATE DATABASE {name}"))
    if address.scheme == "postgresql":
        # Of a table that nobody analysed the planner expects thousands of rows, and compiling
        # for those takes seconds where the answer takes microseconds.
        asyncio.run(_run(address, f"ALTER DATABASE {name} SET jit = off"))
    try:
        yield url.replace(address.place, f"/{name}")
    finally:
        force = " WITH (FORCE)" if address.scheme == "postgresql" else ""
        asyncio.run(_run(address, f"DROP DATABASE {name}{force}"))


@contextmanager
def prefix_on(url: str) -> Iterator[str]:
    """Give the URL of a part of a Redis database, which nobody uses; empty it in the end."""
    prefix = f"ommi_test_{uuid4().hex[:12]}"
    try:
        yield f"{url}?prefix={prefix}"
    finally:
        asyncio.run(_emptied(url, prefix))


async def _emptied(url: str, prefix: str) -> None:
    async with Redis.from_url(url) as client:
        async for key in client.scan_iter(f"{prefix}:*"):
            await client.unlink(key)


async def _run(address: Address, text: str) -> None:
    if address.scheme == "postgresql":
        await _run_on_postgresql(address, text)
    else:
        await _run_on_mysql(address, text)


async def _run_on_postgresql(address: Address, text: str) -> None:
    connection = await asyncpg.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        database=address.database,
    )
    try:
        await connection.execute(text)
    finally:
        await connection.close()


async def _run_on_mysql(address: Address, text: str) -> None:
    connection = await asyncmy.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password or "",
        db=address.database,
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(text)
    finally:
        await connection.ensure_closed()
