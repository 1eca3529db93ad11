"""The driver of MongoDB: one client, whose own pool lends a socket to each command."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from contextvars import Context
from typing import TypeVar, cast

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure, PyMongoError

from ommi.drivers.mongodb import introspection, schema
from ommi.drivers.mongodb.batches import run_steps
from ommi.drivers.mongodb.commands import Command, Delete, Insert, Update
from ommi.drivers.mongodb.compiler import MongoDBCompiler
from ommi.drivers.mongodb.connecting import (
    CODEC,
    MAJORITY,
    SNAPSHOT,
    Client,
    Location,
    Server,
)
from ommi.drivers.mongodb.errors import committing, translating
from ommi.drivers.mongodb.explaining import explained
from ommi.drivers.mongodb.running import Runner
from ommi.drivers.mongodb.storage import STORE
from ommi.drivers.mongodb.unit import MongoDBUnit, no_matter, unsupported
from ommi.drivers.protocol import Beginning, Build, IsolationLevel, Step
from ommi.errors import ConflictError, UnsupportedOperation
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Parameters, Rows
from ommi.schema.snapshot import Table

T = TypeVar("T")

ATTEMPTS = 20
"""How often a statement is tried when others write what it writes."""

_NEVER = frozenset(
    {
        Capability.EXPIRY,
        Capability.FOREIGN_KEYS,
        Capability.SERVER_DEFAULTS,
        Capability.TRANSACTIONAL_DDL,
        Capability.SAVEPOINTS,
    }
)
_ONLY_IN_REPLICA_SETS = frozenset(
    {Capability.TRANSACTIONS, Capability.ATOMIC_BATCHES, Capability.CONCURRENT_WRITERS}
)


class MongoDBDriver:
    """A database of a MongoDB server, replica set or cluster.

    `host` and `port` may be several, as in `a:27017,b` and 27018. The pool is pymongo's own, and
    `options` are: what `connection_timeout` and `idle_timeout` say in seconds is what it waits for
    a free socket, and keeps one that nobody uses. What a server without replication cannot do
    shows at the first connection; until then it passes for a replica set.
    """

    name = STORE

    def __init__(
        self,
        *,
        host: str = "localhost",
        port: int = 27017,
        database: str,
        user: str | None = None,
        password: str | None = None,
        is_srv: bool = False,
        connect_timeout: float = 10.0,
        min_connections: int = 0,
        max_connections: int = 20,
        connection_timeout: float = 30.0,
        idle_timeout: float = 300.0,
        options: Mapping[str, object] | None = None,
    ) -> None:
        pool = {
            "minPoolSize": min_connections,
            "maxPoolSize": max_connections,
            "waitQueueTimeoutMS": int(connection_timeout * 1000),
            "maxIdleTimeMS": int(idle_timeout * 1000),
        }
        given = {name: _read(value) for name, value in (options or {}).items()}
        is_ipv6 = ":" in host and "," not in host
        hosts = host if is_srv else f"{f'[{host}]' if is_ipv6 else host}:{port}"
        self._location = Location(
            hosts, database, is_srv, user, password, connect_timeout, {**pool, **given}
        )
        self._server = Server(has_transactions=True)
        self.compiler: MongoDBCompiler = MongoDBCompiler()

    def __repr__(self) -> str:
        return f"MongoDBDriver({self._location.name!r})"

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the store can do; several writes together only where it is replicated."""
        every = frozenset(Capability) - _NEVER
        return every if self._server.has_transactions else every - _ONLY_IN_REPLICA_SETS

    async def connect(self) -> MongoDBConnection:
        """Open a client and try it; raises `ConnectionFailed`."""
        client, self._server = await self._location.connect()
        return MongoDBConnection(client, self._location.database, self._server)


def _is_of_one(command: Insert | Update | Delete, parameters: Parameters) -> bool:
    return isinstance(command, Insert) or command.matching.is_of_one(parameters)


def _read(value: object) -> object:
    """Give an option as pymongo wants it; a URL has only text."""
    return {"true": True, "false": False}.get(str(value), value)


class MongoDBConnection:
    """A client; its calls may overlap, each on a socket of the client's pool."""

    def __init__(self, client: Client, database: str, server: Server) -> None:
        self._client = client
        self._server = server
        self._database = client.get_database(database, CODEC, write_concern=MAJORITY)
        self._runner = Runner(self._database)

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows, and build something of them."""
        del context  # This is the caller's own task.
        return build(await self._runner.fetch(cast("Command", command), parameters, None))

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched.

        A replica set changes all of them or none; a lone server may stop in between.
        """
        mongo = cast("Insert | Update | Delete", command)
        if _is_of_one(mongo, parameters) or not self._server.has_transactions:
            return await self._runner.execute(mongo, parameters, None)
        return await self._together(
            lambda session: self._runner.execute(mongo, parameters, session)
        )

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands in one transaction; a write of a single document needs none."""
        if len(steps) == 1 and len(steps[0].parameters) <= 1 and steps[0].follow is None:
            mongo = cast("Insert | Update | Delete", steps[0].command)
            is_of_one = all(_is_of_one(mongo, each) for each in steps[0].parameters)
            if is_of_one or not self._server.has_transactions:
                return await run_steps(self._runner, steps, None)
        if not self._server.has_transactions:
            raise unsupported("write several rows together or not at all")
        return await self._together(lambda session: run_steps(self._runner, steps, session))

    async def _together(self, work: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
        """Do several things in one transaction, again where the server undid it in a conflict."""
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._attempted(work)
            except ConflictError as error:
                if not isinstance(error.__cause__, OperationFailure):
                    raise
                # Those who were in each other's way are not to meet again.
                await asyncio.sleep(0.005 * attempt * random.random())  # noqa: S311 - no secret
        return await self._attempted(work)

    async def _attempted(self, work: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
        with translating():
            async with self._client.start_session() as session:
                await session.start_transaction(SNAPSHOT, MAJORITY)
                done = await work(session)
                try:
                    await session.commit_transaction()
                except PyMongoError as error:
                    raise committing(error) from error
                return done

    async def begin(self, how: Beginning, ended: Callable[[], None] = no_matter) -> MongoDBUnit:
        """Give a transaction, which begins with its first statement; it reads one snapshot."""
        if not self._server.has_transactions:
            raise unsupported("transactions")
        if how.level is IsolationLevel.SERIALIZABLE:
            raise UnsupportedOperation(
                "SERIALIZABLE transactions", STORE, "its snapshots are REPEATABLE_READ"
            )
        return MongoDBUnit(self, self._client, self._runner, how, ended)

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them.

        A replica set reads them from one snapshot; a lone server has none, and all are read first.
        """
        del context
        mongo = cast("Command", command)
        if not self._server.has_transactions:
            rows = await self._runner.fetch(mongo, parameters, None)
            for start in range(0, len(rows), size):
                yield build(rows[start : start + size])
            return
        async with self._client.start_session(snapshot=True) as session:
            chunks = self._runner.stream(mongo, parameters, size, session)
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield build(chunk)

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give the server's own plan, a line each, without values."""
        return await explained(self._database, cast("Command", command), parameters)

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        with translating():
            return await introspection.tables(self._database, names)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the collections that are not there, with validators and indexes."""
        with translating():
            await schema.create(self._database, tables)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the collections that are there."""
        with translating():
            await schema.drop(self._database, tables)

    async def close(self) -> None:
        """Close every socket."""
        await self._client.close()
