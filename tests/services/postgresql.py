"""A PostgreSQL server of the tests' own, with an empty database for each test."""

from __future__ import annotations

import atexit
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ommi.drivers.postgresql import PostgreSQLDriver

SCRIPT = Path(__file__).with_name("postgresql.sh")
MISSING = 3
"""The script's exit status where the machine has no server to start."""


@dataclass(frozen=True)
class Server:
    """A server that only these tests use, so that it may be halted and killed."""

    folder: str
    port: int

    def do(self, verb: str) -> None:
        subprocess.run([SCRIPT, verb, self.folder], check=True, capture_output=True)

    def driver(self, database: str, **options: Any) -> PostgreSQLDriver:
        defaults = {"host": "127.0.0.1", "port": self.port, "user": "postgres", "ssl": False}
        return PostgreSQLDriver(**{**defaults, "database": database, **options})

    async def client(self, database: str = "test") -> Any:
        return await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="postgres", database=database, ssl=False
        )


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
        pytest.skip("no PostgreSQL server is installed here")
    return found


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


@pytest.fixture
async def connection(server: Server, database: str) -> AsyncIterator[Any]:
    """A connection of the driver."""
    connection = await server.driver(database).connect()
    try:
        yield connection
    finally:
        await connection.close()
