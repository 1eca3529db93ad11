"""Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis as Client

from benchmarks.stores.servers import started


class Redis:
    """A server that writes its log without waiting for the disk."""

    name = "redis"
    title = "Redis"
    baseline = "redis-py"
    settings = "append-only file, `appendfsync` everysec; redis-py with hiredis"

    @contextmanager
    def serve(self) -> Iterator[str]:
        with started("redis.sh") as url:
            yield url

    async def version(self, server: str) -> str:
        async with Client.from_url(server) as client:
            return str((await client.info("server"))["redis_version"])

    async def create(self, server: str, name: str) -> str:
        return f"{server}?prefix={name}"

    async def settle(self, url: str) -> None:
        """Do nothing: Redis leaves nothing for later."""

    async def empty(self, url: str) -> None:
        server, _, prefix = url.partition("?prefix=")
        async with Client.from_url(server) as client:
            await client.unlink(f"{prefix}:rows:User", f"{prefix}:counters")
