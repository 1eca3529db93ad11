"""A PostgreSQL server of the tests' own, with an empty database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from ommi.drivers.postgresql import PostgreSQLDriver
from services.private import PrivateServer, connection, needed

__all__ = ["Server", "connection", "database", "peer", "server"]


@dataclass(frozen=True)
class Server(PrivateServer):
    """A server of PostgreSQL."""

    kind = "PostgreSQL"

    def driver(self, database: str, **options: Any) -> PostgreSQLDriver:
        defaults = {"host": "127.0.0.1", "port": self.port, "user": "postgres", "ssl": False}
        return PostgreSQLDriver(**{**defaults, "database": database, **options})

    async def client(self, database: str = "test") -> Any:
        return await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="postgres", database=database, ssl=False
        )


@pytest.fixture(scope="session")
def server() -> Server:
    return needed(Server)


@pytest.fixture
async def database(server: Server) -> AsyncIterator[str]:
    """The name of a database that is empty, and emptied again after the test."""
    yield "test"
    admin = await server.client()
    await admin.execute("SET client_min_messages = warning")
    await admin.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await admin.close()


@pytest.fixture
async def peer(server: Server, database: str) -> AsyncIterator[Any]:
    """Somebody else's session on the same database."""
    client = await server.client(database)
    try:
        yield client
    finally:
        await client.close()
