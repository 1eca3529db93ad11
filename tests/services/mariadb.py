"""A MariaDB server of the tests' own, with an empty database for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from asyncmy import connect

from ommi.drivers.mysql import MySQLDriver
from services.private import PrivateServer, connection, needed

__all__ = ["MySQL", "Peer", "Server", "connection", "database", "on_mariadb", "peer", "server"]


@dataclass(frozen=True)
class Server(PrivateServer):
    """A server of MariaDB."""

    kind = "MariaDB"

    def driver(self, database: str = "test", **options: Any) -> MySQLDriver:
        defaults = {"host": "127.0.0.1", "port": self.port, "user": "root"}
        return MySQLDriver(**{**defaults, "database": database, **options})

    async def peer(self, database: str = "test") -> Peer:
        client = await connect(
            host="127.0.0.1", port=self.port, user="root", db=database, autocommit=True
        )
        return Peer(client)


@dataclass(frozen=True)
class Peer:
    """Somebody else's session."""

    client: Any

    async def ask(self, text: str) -> list[tuple[Any, ...]]:
        async with self.client.cursor() as cursor:
            await cursor.execute(text)
            return list(await cursor.fetchall())

    async def running(self) -> list[str]:
        """Give the statements that run on the server, and those of open transactions."""
        rows = await self.ask(
            "SELECT info FROM information_schema.processlist WHERE id <> CONNECTION_ID() "
            "AND info IS NOT NULL AND command <> 'Sleep'"
        )
        return [info for (info,) in rows]

    async def sessions(self) -> int:
        [[count]] = await self.ask(
            "SELECT count(*) FROM information_schema.processlist "
            "WHERE user = 'root' AND id <> CONNECTION_ID()"
        )
        return int(count)

    async def until(self, holds: Callable[[list[str]], bool]) -> list[str]:
        """Look at what runs until it is as wanted, at most a second."""
        async with asyncio.timeout(1.0):
            while not holds(running := await self.running()):
                pass
        return running


@dataclass(frozen=True)
class MySQL(Server):
    """A server of MySQL, which not every machine has: `make mysql` fetches it."""

    kind = "MySQL"


@pytest.fixture(scope="session", params=[Server, MySQL], ids=lambda kind: kind.kind)
def server(request: pytest.FixtureRequest) -> Server:
    kind: type[Server] = request.param
    return needed(kind)


on_mariadb = pytest.mark.parametrize("server", [Server], indirect=True, ids=["MariaDB"])
"""For tests of what MySQL does not have, or does in another way."""


@pytest.fixture
async def database(server: Server) -> AsyncIterator[str]:
    """The name of a database that is empty, and emptied again after the test."""
    yield "test"
    peer = await server.peer()
    await peer.ask("DROP DATABASE test")
    await peer.ask("CREATE DATABASE test")
    peer.client.close()


@pytest.fixture
async def peer(server: Server, database: str) -> AsyncIterator[Peer]:
    """Somebody else's session on the same database."""
    peer = await server.peer(database)
    try:
        yield peer
    finally:
        await peer.client.ensure_closed()
