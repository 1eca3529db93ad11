"""The driver of MariaDB and MySQL: one session a connection, and a pool in front of them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from contextvars import Context
from ssl import SSLContext
from typing import TypeVar, cast

from ommi.drivers.mysql import batches, migrating, streaming
from ommi.drivers.mysql.client import is_at_rest
from ommi.drivers.mysql.connecting import Location, Server
from ommi.drivers.mysql.ddl import create_table, with_named_keys
from ommi.drivers.mysql.dialect import MariaDBDialect, MySQLDialect
from ommi.drivers.mysql.errors import CLIENT_ERRORS, refused_name
from ommi.drivers.mysql.introspection import catalogue, table_names
from ommi.drivers.mysql.session import Session
from ommi.drivers.mysql.unit import MySQLUnit, no_matter
from ommi.drivers.protocol import Beginning, Build, IsolationLevel, Manner, Noting, Step, silent
from ommi.errors import ConflictError, ConnectionLost
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Operation
from ommi.schema.snapshot import Table
from ommi.sql import ddl
from ommi.sql.compiler import SqlCompiler
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")

_DEFAULT_LEVEL = "SHOW VARIABLES WHERE variable_name IN ('tx_isolation', 'transaction_isolation')"
LOCK_WITHIN = 60
"""How long to wait for another process that makes tables, in seconds."""


class MySQLDriver:
    """A database of a MariaDB or MySQL server.

    Which of the two it is shows at the first connection; until then it passes for MariaDB. With
    `ssl=True` the server's certificate is verified; a context says how else.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int = 3306,
        user: str,
        password: str | None = None,
        database: str,
        ssl: SSLContext | bool | None = None,
        connect_timeout: float = 10.0,
    ) -> None:
        self._location = Location(
            host=host,
            port=port,
            user=user,
            password=password,
            database=database,
            ssl=ssl,
            connect_timeout=connect_timeout,
        )
        self._dialect = MariaDBDialect()
        self._levels: dict[None, IsolationLevel] = {}
        self.compiler: SqlCompiler = SqlCompiler(self._dialect)

    def __repr__(self) -> str:
        return f"MySQLDriver({self._location.name!r})"

    @property
    def name(self) -> str:
        """The store's name, as its makers spell it."""
        return self._dialect.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the store can do; MySQL does not tell what it filled in."""
        every = frozenset(Capability) - {Capability.EXPIRY, Capability.TRANSACTIONAL_DDL}
        is_mysql = isinstance(self._dialect, MySQLDialect)
        return every - {Capability.SERVER_DEFAULTS} if is_mysql else every

    async def connect(self) -> MySQLConnection:
        """Open a session and try it; raises `ConnectionFailed`."""
        client, server = await self._location.connect()
        if server.store != self._dialect.name:
            self._dialect = MySQLDialect()
            self.compiler.dialect = self._dialect
        session = Session(client, server, self._location)
        return MySQLConnection(session, self._dialect, self._location.database, self._levels)


class MySQLConnection:
    """One session, for one caller at a time."""

    def __init__(
        self,
        session: Session,
        dialect: MariaDBDialect,
        database: str,
        levels: dict[None, IsolationLevel],
    ) -> None:
        self._session = session
        self._client = session.client
        self._levels = levels
        self._dialect = dialect
        self._database = database

    @property
    def server(self) -> Server:
        """What answers."""
        return self._session.server

    @property
    def is_usable(self) -> bool:
        """Whether the next caller may have it."""
        return is_at_rest(self._client)

    @property
    def is_changed(self) -> bool:
        """Whether something changed the session."""
        return self._session.is_changed

    async def reset(self) -> None:
        """Make the session as it was when it was opened."""
        await self._session.reset()

    async def ping(self) -> None:
        """Ask the server for a sign of life; raises `ConnectionLost`."""
        try:
            await self._session.client.ping(reconnect=False)
        except CLIENT_ERRORS as error:
            self.abort()
            raise ConnectionLost("did not answer", store=self.server.store) from error
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Close the socket at once."""
        self._session.abort()

    async def close(self) -> None:
        """Say good-bye and close."""
        if not self._session.is_usable:
            self.abort()
            return
        try:
            with suppress(*CLIENT_ERRORS):
                await self._session.client.ensure_closed()
        except BaseException:
            self.abort()
            raise

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows, or the key of the row that it adds."""
        del context
        sql: SqlCommand = command  # type: ignore[assignment]
        answer = await self._session.run(sql, parameters)
        rows = answer.rows
        return build([(answer.insert_id,)] if rows is None else rows)

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        sql: SqlCommand = command  # type: ignore[assignment]
        answer = await self._session.run(sql, parameters)
        return answer.affected_rows

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands in one transaction."""
        return await batches.run_batch(self._session, steps)

    async def begin(self, how: Beginning, ended: Callable[[], None] = no_matter) -> MySQLUnit:
        """Give a transaction, which begins with its first statement."""
        level = how.level or self._levels.get(None) or await self._default_level()
        return MySQLUnit(self, self._session, self._dialect, how, level, ended)

    async def _default_level(self) -> IsolationLevel:
        [[_, name], *_] = await self._session.ask(_DEFAULT_LEVEL)
        level = self._levels[None] = IsolationLevel(str(name).replace("-", "_"))
        return level

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them."""
        del context
        sql = cast("SqlCommand", command)
        chunks = streaming.stream(self._session, sql, parameters, size, build)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give the server's own plan, a line each."""
        sql = cast("SqlCommand", command)
        rows = await self._session.ask(f"EXPLAIN {sql.text}", *parameters)
        return [" | ".join("-" if fact is None else str(fact) for fact in row) for row in rows]

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there.

        Columns with a collation of their own are remembered, to be ordered by with Ommi's.
        """
        if any(character > "\uffff" for name in names for character in name):
            # Asked for it, the catalogue would complain of collations.
            raise refused_name(self.server.store)
        found = await catalogue(self._session, names, self._dialect.collation)
        self._dialect.foreign.update(found.foreign)
        return found.tables

    async def table_names(self) -> list[str]:
        """Give the names of all tables."""
        return await table_names(self._session)

    def manner(self, operation: Operation) -> Manner:
        """Tell how an operation must be run."""
        return migrating.manner(operation, self.server.store)

    async def change_schema(
        self, operation: Operation, *, is_resumed: bool = False, noting: Noting = silent
    ) -> None:
        """Do what an operation says, or what is left of it."""
        await migrating.change_schema(
            self._session, self._dialect, operation, is_resumed=is_resumed, noting=noting
        )

    async def lock_migrations(self, wait_seconds: float) -> bool:
        """Keep other deployers out, as long as the session lasts at most."""
        return await migrating.lock(self._session, self._database, wait_seconds)

    async def unlock_migrations(self) -> None:
        """Let the next deployer in."""
        await migrating.unlock(self._session, self._database)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there; those that were made go again if one fails."""
        async with self._locked():
            known = {table.name for table in await self.tables([t.name for t in tables])}
            missing = [table for table in tables if table.name not in known]
            async with self._without_foreign_key_checks():
                await self._create(tuple(with_named_keys(missing)))

    async def _create(self, tables: Sequence[Table]) -> None:
        made: list[Table] = []
        try:
            for table in tables:
                await self._session.say(create_table(table, self._dialect))
                made.append(table)
        except Exception:
            # Each statement has committed by itself.
            for text in ddl.drop_tables(made, self._dialect):
                await self._session.say(text)
            raise

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, whatever still refers to them."""
        async with self._locked(), self._without_foreign_key_checks():
            for text in ddl.drop_tables(tables, self._dialect):
                await self._session.say(text)

    @asynccontextmanager
    async def _locked(self) -> AsyncGenerator[None, None]:
        """Keep other processes from making tables in this database meanwhile."""
        digest = hashlib.sha256(self._database.encode()).hexdigest()
        name = f"ommi tables {digest[:40]}"
        [[is_held]] = await self._session.ask("SELECT GET_LOCK(?, ?)", name, LOCK_WITHIN)
        if not is_held:
            raise ConflictError(
                f"another process has been making tables for {LOCK_WITHIN} s; try again",
                store=self.server.store,
            )
        try:
            yield
        finally:
            if self.is_usable:
                await self._session.ask("SELECT RELEASE_LOCK(?)", name)

    @asynccontextmanager
    async def _without_foreign_key_checks(self) -> AsyncGenerator[None, None]:
        """Let tables refer to each other in a circle."""
        self._session.is_changed = True
        await self._session.say("SET foreign_key_checks = 0")
        try:
            yield
        finally:
            if self.is_usable:
                await self._session.say("SET foreign_key_checks = 1")
                self._session.is_changed = False
