"""Real stores that tests may break: how to reach each, and a view of it from outside."""

# Looking again and again is what a view is for, and the file of rules is small.
# ruff: noqa: ASYNC110, ASYNC240

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from asyncmy.errors import OperationalError

from ommi import Ommi
from services import mariadb, postgresql, redis
from services.private import PrivateServer, started


async def becomes(
    wanted: object, look: Callable[[], Awaitable[object]], *, within: float = 10.0
) -> None:
    """Look until it is as wanted, for so many seconds; fails with what was seen last."""
    seen: object = None
    try:
        async with asyncio.timeout(within):
            while (seen := await look()) != wanted:
                await asyncio.sleep(0.002)
    except TimeoutError:
        pytest.fail(f"wanted {wanted!r}, and {within:g} s later still saw {seen!r}")


class View(ABC):
    """What somebody else sees of the sessions of Ommi."""

    @abstractmethod
    async def sessions(self) -> int:
        """Count the sessions."""

    @abstractmethod
    async def busy(self) -> list[str]:
        """Tell what runs, or is locked, or is in a transaction."""

    async def kill(self) -> int:
        """End every session; tell how many."""
        raise NotImplementedError

    @abstractmethod
    async def close(self) -> None:
        """Look no more."""


@dataclass
class Place(ABC):
    """A store that only these tests use."""

    name: str
    slow: str
    """A question that takes half a minute."""
    quick: str
    """One that goes the same way and takes no time."""

    @abstractmethod
    def url(self, **options: object) -> str:
        """Say where it is."""

    @abstractmethod
    async def view(self) -> View:
        """Look at it from outside."""

    def database(self, **options: object) -> Ommi:
        """Make a database on it, with a small pool where it has one."""
        return Ommi(self.url(**options))


@dataclass
class ServerPlace(Place):
    """One with a server, which may be halted and killed."""

    server: Any
    port: int

    def url(self, **options: object) -> str:
        facts = {"user": "postgres", "password": "", "database": "test", "port": self.port}
        facts.update({"user": "ommi"} if self.name == "MariaDB" else {})
        facts.update({name: options.pop(name) for name in list(options) if name in facts})
        if self.name == "Redis":
            facts.update({"user": options.get("user", ""), "database": 0})
        user, password, database, port = facts.values()
        secret = f":{quote(str(password), safe='')}" if password else ""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        scheme = _SCHEMES[self.name]
        return f"{scheme}://{user}{secret}@127.0.0.1:{port}/{database}?{query}"

    def do(self, verb: str) -> None:
        """Have the server killed, started, halted."""
        self.server.do(verb)

    async def view(self) -> View:
        if self.name == "MariaDB":
            return MariaDBView(await self.server.peer())
        if self.name == "Redis":
            return await RedisView(self.server.client()).opened()
        return PostgreSQLView(await self.server.client())

    @asynccontextmanager
    async def guarded(self, password: str) -> AsyncIterator[str]:
        """Make a user with a password; give its name."""
        view: Any = await self.view()
        try:
            async with view.guarded(password):
                yield "guarded"
        finally:
            await view.close()


@dataclass
class FilePlace(Place):
    """A file."""

    path: Path

    def url(self, **options: object) -> str:
        return f"sqlite:///{self.path}"

    async def view(self) -> View:
        return FileView(self.path)


class PostgreSQLView(View):
    def __init__(self, client: Any) -> None:
        self._client = client

    async def sessions(self) -> int:
        return int(await self._client.fetchval(f"SELECT count(*) {_OURS}"))

    async def busy(self) -> list[str]:
        rows = await self._client.fetch(
            f"SELECT state || ': ' || query {_OURS} "
            "AND (state <> 'idle' OR xact_start IS NOT NULL)"
        )
        return [text for (text,) in rows]

    async def kill(self) -> int:
        return len(await self._client.fetch(f"SELECT pg_terminate_backend(pid) {_OURS}"))

    async def close(self) -> None:
        await self._client.close()

    @asynccontextmanager
    async def guarded(self, password: str) -> AsyncIterator[None]:
        hba = Path(await self._client.fetchval("SHOW hba_file"))
        trusted = hba.read_text()
        await self._client.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{password}'")
        hba.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{trusted}")
        try:
            await self._client.execute("SELECT pg_reload_conf()")
            yield
        finally:
            hba.write_text(trusted)
            await self._client.execute("SELECT pg_reload_conf(); DROP ROLE guarded")


class MariaDBView(View):
    def __init__(self, peer: mariadb.Peer) -> None:
        self._peer = peer

    async def sessions(self) -> int:
        [[count]] = await self._peer.ask(f"SELECT count(*) {_THEIRS}")
        return int(count)

    async def busy(self) -> list[str]:
        running = await self._peer.ask(f"SELECT info {_THEIRS} AND info IS NOT NULL")
        open_ones = await self._peer.ask("SELECT trx_state FROM information_schema.innodb_trx")
        if open_ones:
            # Asked again within a tenth of a second, it tells the same again, for ever.
            await asyncio.sleep(0.11)
        return [str(text) for (text,) in (*running, *open_ones)]

    async def kill(self) -> int:
        found = await self._peer.ask(f"SELECT id {_THEIRS}")
        for (thread,) in found:
            with suppress(OperationalError):  # It has ended meanwhile.
                await self._peer.ask(f"KILL CONNECTION {thread}")
        return len(found)

    async def close(self) -> None:
        await self._peer.client.ensure_closed()

    @asynccontextmanager
    async def guarded(self, password: str) -> AsyncIterator[None]:
        quoted = self._peer.client.escape(password)
        await self._peer.ask(f"CREATE OR REPLACE USER guarded IDENTIFIED BY {quoted}")
        await self._peer.ask("GRANT ALL ON test.* TO guarded")
        yield
        await self._peer.ask("DROP USER guarded")


class RedisView(View):
    def __init__(self, client: Any) -> None:
        self._client = client

    async def opened(self) -> RedisView:
        await self._client.ping()
        return self

    async def _theirs(self) -> list[dict[str, str]]:
        every: list[dict[str, str]] = await self._client.client_list()
        return [each for each in every if each["name"] == "ommi"]

    async def sessions(self) -> int:
        return len(await self._theirs())

    async def busy(self) -> list[str]:
        return [each["cmd"] for each in await self._theirs() if "b" in each["flags"]]

    async def kill(self) -> int:
        found = await self._theirs()
        for each in found:
            await self._client.client_kill_filter(_id=each["id"])
        return len(found)

    async def close(self) -> None:
        await self._client.aclose()


class FileView(View):
    def __init__(self, path: Path) -> None:
        self._path = path

    async def sessions(self) -> int:
        return 0

    async def busy(self) -> list[str]:
        with closing(sqlite3.connect(self._path, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
            except sqlite3.OperationalError as error:
                return [str(error)]
        return []

    async def close(self) -> None: ...


_SCHEMES = {"PostgreSQL": "postgresql", "MariaDB": "mysql", "Redis": "redis"}
_KINDS: dict[str, type[PrivateServer]] = {
    "PostgreSQL": postgresql.Server,
    "MariaDB": mariadb.Server,
    "Redis": redis.Server,
}
_OURS = "FROM pg_stat_activity WHERE application_name = 'ommi'"
_THEIRS = "FROM information_schema.processlist WHERE user = 'ommi'"


def on_file(path: Path) -> FilePlace:
    """Say where a file is; it need not exist yet."""
    counting = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) "
        "SELECT max(i) FROM n"
    )
    return FilePlace("SQLite", counting.format(10**9), counting.format(1), path)


def on_server(name: str) -> ServerPlace:
    """Start a server of the tests' own, once per process; skips where none is installed."""
    server: Any = started(_KINDS[name])
    if server is None:
        pytest.skip(f"no {name} server is installed here")
    if name == "MariaDB":
        asyncio.run(_with_user(server))
    slow, quick = _SLEEPS[name]
    return ServerPlace(name, slow, quick, server, server.port)


_SLEEPS = {
    "PostgreSQL": ("SELECT pg_sleep(30)", "SELECT pg_sleep(0)"),
    "MariaDB": ("SELECT SLEEP(30)", "SELECT SLEEP(0)"),
    "Redis": ("BLPOP nothing 30", "LPOP nothing"),
}


async def _with_user(server: mariadb.Server) -> None:
    peer = await server.peer()
    await peer.ask("CREATE OR REPLACE USER ommi")
    await peer.ask("GRANT ALL ON test.* TO ommi")
    await peer.client.ensure_closed()
