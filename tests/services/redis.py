"""A Redis server of the tests' own, emptied after each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from redis.asyncio import Redis

from ommi.drivers.redis import RedisDriver
from services.private import PrivateServer, connection, needed

__all__ = ["Server", "connection", "database", "peer", "server"]


@dataclass(frozen=True)
class Server(PrivateServer):
    """A server of Redis."""

    kind = "Redis"

    def driver(self, database: int = 0, **options: Any) -> RedisDriver:
        defaults = {"host": "127.0.0.1", "port": self.port}
        return RedisDriver(**{**defaults, "database": database, **options})

    def client(self, database: int = 0) -> Any:
        return Redis(host="127.0.0.1", port=self.port, db=database)


@pytest.fixture(scope="session")
def server() -> Server:
    return needed(Server)


@pytest.fixture
async def database(server: Server) -> AsyncIterator[int]:
    """The number of a database that is empty, and emptied again after the test."""
    async with server.client() as client:
        await client.flushdb()
    yield 0
    async with server.client() as client:
        await client.flushdb()


@pytest.fixture
async def peer(server: Server, database: int) -> AsyncIterator[Any]:
    """Somebody else's connection to the same database."""
    async with server.client(database) as client:
        yield client
