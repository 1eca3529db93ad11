"""A MariaDB server of the tests' own, with an empty database for each test."""

from __future__ import annotations

import asyncio
import atexit
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from asyncmy import connect

from ommi.drivers.mysql import MySQLDriver

SCRIPT = Path(__file__).with_name("mariadb.sh")
MISSING = 3
"""The script's exit status where the machine has no server to start."""


@dataclass(frozen=True)
class Server:
    """A server that only these tests use, so that it may be halted and killed."""

    folder: str
    port: int

    def do(self, verb: str) -> None:
        subprocess.run([SCRIPT, verb, self.folder], check=True, capture_output=True)

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


@cache
def started() -> Server | None:
    """Start the server, once per process; `None` where there is none to start."""
    done = subprocess.run([SCRIPT, "start"], capture_output=True, text=True, check=False)
    if done.returncode == MISSING:
        return None
    if done.returncode:
        raise RuntimeError(done.stderr)
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    server = Server(told["FOLDER"], int(told["PORT"]))
    atexit.register(server.do, "remove")
    return server


@pytest.fixture
def server() -> Server:
    found = started()
    if found is None:
        pytest.skip("no MariaDB server is installed here")
    return found


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


@pytest.fixture
async def connection(server: Server, database: str) -> AsyncIterator[Any]:
    """A connection of the driver."""
    connection = await server.driver(database).connect()
    try:
        yield connection
    finally:
        await connection.close()
