"""The PostgreSQL driver: single sessions; a pool in front of them keeps callers apart."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from ssl import SSLContext
from typing import NoReturn, TypeVar, cast

import asyncpg  # type: ignore[import-untyped]

from ommi.drivers.postgresql import introspection, migrating, schema
from ommi.drivers.postgresql.batches import Batch, commit
from ommi.drivers.postgresql.changes import is_concurrent
from ommi.drivers.postgresql.channel import PostgreSQLChannel
from ommi.drivers.postgresql.client import Client, Statement, protocol_of
from ommi.drivers.postgresql.connecting import Location, Pooler
from ommi.drivers.postgresql.dialect import DIALECT
from ommi.drivers.postgresql.errors import CLIENT_ERRORS, OUTDATED, STORE, translated
from ommi.drivers.postgresql.keys import go_past
from ommi.drivers.postgresql.statements import KEPT, Statements
from ommi.drivers.postgresql.unit import PostgreSQLUnit, no_matter
from ommi.drivers.protocol import Beginning, Build, IsolationLevel, Manner, Noting, Step, silent
from ommi.errors import ConnectionLost, UnsupportedOperation
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Parameters, Rows
from ommi.schema.operations import Operation
from ommi.schema.snapshot import Table
from ommi.sql.compiler import SqlCompiler
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")

GRACE = 2.0
"""How long a server may take, in seconds, to end what was cancelled or to say goodbye."""

_DEFAULT_LEVEL = "SHOW default_transaction_isolation"
_AS_IT_WAS = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; "
    "SELECT pg_advisory_unlock_all(); DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES"
)
"""DISCARD ALL without its DEALLOCATE ALL. asyncpg's own would leave roles and temporary tables."""

_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class PostgreSQLDriver:
    """A database of a PostgreSQL server, 12 or later.

    `pooler="transaction"` is for a pooler in front of the server, such as PgBouncer, that lends
    another server session for each transaction. `server_settings` hold for every session.
    """

    name = STORE
    capabilities: frozenset[Capability] = frozenset(Capability) - {Capability.EXPIRY}

    def __init__(
        self,
        *,
        host: str = "localhost",
        port: int = 5432,
        user: str,
        password: str | None = None,
        database: str,
        ssl: SSLContext | str | bool | None = None,
        connect_timeout: float = 10.0,
        pooler: Pooler | None = None,
        application_name: str = "ommi",
        server_settings: Mapping[str, str] | None = None,
    ) -> None:
        self.compiler: SqlCompiler = SqlCompiler(DIALECT)
        self._location = Location(
            host=host,
            port=port,
            user=user,
            password=password,
            database=database,
            ssl=ssl,
            connect_timeout=connect_timeout,
            pooler=pooler,
            application_name=application_name,
            server_settings=server_settings or {},
        )
        self._levels: dict[None, IsolationLevel] = {}

    def __repr__(self) -> str:
        return f"PostgreSQLDriver({self._location.name!r})"

    async def connect(self) -> PostgreSQLConnection:
        """Open a session; raises `ConnectionFailed`."""
        client = await self._location.connect()
        kept = 0 if self._location.pooler else KEPT
        return PostgreSQLConnection(client, kept=kept, levels=self._levels)

    async def listen(
        self, name: str, heard: Callable[[bytes], None], lost: Callable[[], None]
    ) -> PostgreSQLChannel:
        """Hear what is said on a channel, on a session of its own; raises `ConnectionFailed`.

        Raises `UnsupportedOperation` behind a pooler, which lends another session each time.
        """
        if self._location.pooler is not None:
            raise UnsupportedOperation(
                "listen to a channel through a pooler", STORE, "give the server's own address"
            )
        channel = PostgreSQLChannel(await self._location.connect(), name, heard, lost)
        await channel.open()
        return channel


class PostgreSQLConnection:
    """One session, for one caller at a time."""

    def __init__(
        self,
        client: Client,
        *,
        kept: int = KEPT,
        levels: dict[None, IsolationLevel] | None = None,
    ) -> None:
        self._client = client
        self._levels = {} if levels is None else levels
        # Asked at every loan: the methods of asyncpg's connection only hand on to it.
        self._protocol = protocol_of(client)
        self._statements = Statements(client, size=kept)
        self._ready = self._statements.ready
        self.is_changed: bool = False

    @property
    def client(self) -> Client:
        """The session as the client library knows it."""
        return self._client

    @property
    def is_usable(self) -> bool:
        """Whether it is open, with nothing unread and no transaction."""
        # Every failure waits until the server has answered, or closes the session.
        protocol = self._protocol
        return protocol.is_connected() and not protocol.is_in_transaction()

    def abort(self) -> None:
        """Close the socket at once."""
        self._client.terminate()

    async def close(self) -> None:
        """Say goodbye and close the socket, the latter whatever the server does."""
        with suppress(*CLIENT_ERRORS):
            await self._client.close(timeout=GRACE)

    async def ping(self) -> None:
        """Ask for a sign of life; raises `ConnectionLost`."""
        try:
            await self._client.execute("SELECT", timeout=GRACE)
        except CLIENT_ERRORS as error:
            self.abort()
            raise ConnectionLost("the server gives no sign of life", store=STORE) from error

    async def reset(self) -> None:
        """Undo all that a session remembers, but for the statements that are kept."""
        try:
            await self._client.execute(_AS_IT_WAS, timeout=GRACE)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            await self._fail(error, None)
        self.is_changed = False

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows, and build something of them."""
        del context
        sql: SqlCommand = command  # type: ignore[assignment]
        # The same in `execute`: a coroutine of both would be one more to wake for every answer.
        try:
            statement = self._ready[sql.text]
            if statement is None or sql.given_key is not None:
                statement = await self._prepared(sql, parameters)
            rows, _, _ = await statement.run(parameters, "", 0, True, None)  # noqa: FBT003
        except BaseException as error:  # noqa: BLE001 - it is raised again
            rows, _ = await self._run_anew(sql, parameters, error)
        return build(rows)

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        sql: SqlCommand = command  # type: ignore[assignment]
        try:
            statement = self._ready[sql.text]
            if statement is None or sql.given_key is not None:
                statement = await self._prepared(sql, parameters)
            _, tag, _ = await statement.run(parameters, "", 0, True, None)  # noqa: FBT003
        except BaseException as error:  # noqa: BLE001 - it is raised again
            _, tag = await self._run_anew(sql, parameters, error)
        # "UPDATE 3", "INSERT 0 1"
        return int(tag[tag.rindex(b" ") :])

    async def _run_anew(
        self, sql: SqlCommand, parameters: Parameters, error: BaseException
    ) -> tuple[Rows, bytes]:
        """Prepare and run a statement again whose types have changed; raise any other error."""
        if not isinstance(error, OUTDATED) or self._client.is_in_transaction():
            await self._fail(error, sql)
        self._statements.forget(sql.text)
        try:
            # What goes before it may have been what was refused.
            statement = await self._prepared(sql, parameters)
            rows, tag, _ = await statement.run(parameters, "", 0, True, None)  # noqa: FBT003
        except BaseException as again:  # noqa: BLE001 - it is raised again
            await self._fail(again, sql)
        return rows, tag

    async def _prepared(self, sql: SqlCommand, parameters: Parameters) -> Statement:
        await go_past(self._statements, sql, [parameters])
        return await self._statements.get(sql.text)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands in one transaction."""
        batch = Batch(self._client, self._statements)
        try:
            try:
                return await batch.run(steps)
            except (*OUTDATED, *_NOT_BY_COPY):
                if self._client.is_in_transaction():
                    await self._client.execute("ROLLBACK")
            for step in steps:
                self._statements.forget(cast("SqlCommand", step.command).text)
            batch = Batch(self._client, self._statements, copies=False)
            return await batch.run(steps)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            await self._fail(error, batch.command, is_in_block=True)

    async def run_steps(self, steps: Sequence[Step], savepoint: str | None) -> list[Rows]:
        """Run commands in a transaction that is open; COPY is only tried behind a savepoint."""
        batch = Batch(self._client, self._statements, copies=savepoint is not None)
        try:
            if savepoint is not None:
                await self._client.execute(f"SAVEPOINT {savepoint}")
                with suppress(*_NOT_BY_COPY):
                    told = await batch.run_within(steps)
                    await self._client.execute(f"RELEASE {savepoint}")
                    return told
                await self._client.execute(f"ROLLBACK TO {savepoint}")
                batch = Batch(self._client, self._statements, copies=False)
            return await batch.run_within(steps)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            await self._fail(error, batch.command)

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them.

        The rows come through a cursor, in a transaction of its own that sees those of the start.
        """
        del context
        sql = cast("SqlCommand", command)
        try:
            opened = self._opened(sql, parameters, size)
            read = await self.guarded(opened, sql, is_in_block=True)
            while rows := await self.guarded(read(), sql, is_in_block=True):
                yield build(rows)
                if len(rows) < size:
                    break
        finally:
            if not self._client.is_closed() and self._client.is_in_transaction():
                cancelled = await self.in_order("ROLLBACK")
                if cancelled is not None:
                    raise cancelled

    async def cursor(
        self, sql: SqlCommand, parameters: Parameters, size: int
    ) -> Callable[[], Awaitable[Rows]]:
        """Open a cursor in the transaction at hand; give what reads the next rows."""
        read = await self.guarded(self._declared(sql, parameters, size), sql)
        return lambda: self.guarded(read(), sql)

    async def _opened(
        self, sql: SqlCommand, parameters: Parameters, size: int
    ) -> Callable[[], Awaitable[Rows]]:
        await self._client.execute(_SNAPSHOT)
        return await self._declared(sql, parameters, size)

    async def _declared(
        self, sql: SqlCommand, parameters: Parameters, size: int
    ) -> Callable[[], Awaitable[Rows]]:
        statement = await self._statements.get(sql.text)
        cursor = await statement.prepared.cursor(*parameters)
        return lambda: cursor.fetch(size)

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give PostgreSQL's own plan, a line each."""
        sql = cast("SqlCommand", command)
        rows = await self.guarded(self._client.fetch(f"EXPLAIN {sql.text}", *parameters), sql)
        return [str(line) for (line,) in rows]

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        return await self._together(lambda c: introspection.tables(c, names), _SNAPSHOT)

    async def table_names(self) -> list[str]:
        """Give the names of all tables."""
        return await self.guarded(introspection.table_names(self._client))

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, in one transaction under a lock."""
        await self._together(lambda c: schema.create_tables(c, tables))

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, in one transaction under a lock."""
        await self._together(lambda c: schema.drop_tables(c, tables))

    def manner(self, operation: Operation) -> Manner:
        """Tell how an operation must be run."""
        return Manner.OUTSIDE if is_concurrent(operation) else Manner.WITHIN

    async def lock_migrations(self, wait_seconds: float) -> bool:
        """Keep other deployers out, as long as the session lasts at most."""
        return await migrating.lock(self._client, self.guarded, wait_seconds)

    async def unlock_migrations(self) -> None:
        """Let the next deployer in."""
        await migrating.unlock(self._client, self.guarded)

    async def change_schema(
        self, operation: Operation, *, is_resumed: bool = False, noting: Noting = silent
    ) -> None:
        """Do what an operation says."""
        await migrating.change_schema(
            self._client, self.guarded, operation, is_resumed=is_resumed, noting=noting
        )

    async def begin(self, how: Beginning, ended: Callable[[], None] = no_matter) -> PostgreSQLUnit:
        """Give a transaction, which begins with its first statement."""
        level = how.level or self._levels.get(None) or await self._default_level()
        if level is IsolationLevel.READ_UNCOMMITTED:
            level = IsolationLevel.READ_COMMITTED
        return PostgreSQLUnit(self, self._protocol, how, level, ended)

    async def _default_level(self) -> IsolationLevel:
        [[name]] = await self.guarded(self._client.fetch(_DEFAULT_LEVEL))
        level = self._levels[None] = IsolationLevel(str(name).upper().replace(" ", "_"))
        return level

    async def is_left_open(self) -> bool:
        """Roll back what a COMMIT that was cancelled has left open; tell whether it did."""
        await self.in_order("SELECT")
        if self._client.is_closed() or not self._client.is_in_transaction():
            return False
        await self.in_order("ROLLBACK")
        return True

    async def _together(self, job: Callable[[Client], Awaitable[T]], begin: str = "BEGIN") -> T:
        try:
            await self._client.execute(begin)
            done = await job(self._client)
            await commit(self._client)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            await self._fail(error, None, is_in_block=True)
        return done

    async def guarded(
        self, work: Awaitable[T], sql: SqlCommand | None = None, *, is_in_block: bool = False
    ) -> T:
        """Await what the client does; leave the session in order, or closed, if it fails."""
        try:
            return await work
        except BaseException as error:  # noqa: BLE001 - it is raised again
            await self._fail(error, sql, is_in_block=is_in_block)

    async def _fail(
        self, error: BaseException, sql: SqlCommand | None, *, is_in_block: bool = False
    ) -> NoReturn:
        """Leave the session in order, or closed, and raise what the caller is to see.

        `is_in_block` says that a transaction of the call's own is open, or may be.
        """
        if isinstance(error, GeneratorExit):
            # The coroutine was thrown away while it waited, and may not wait any more.
            self.abort()
            raise error
        is_lost = self._client.is_closed()
        was_answered = isinstance(error, CLIENT_ERRORS)
        if not is_lost and (is_in_block or not was_answered):
            cancelled = await self.in_order("ROLLBACK" if is_in_block else "SELECT")
            if cancelled is not None:
                raise cancelled
        if was_answered:
            raise translated(cast("Exception", error), sql, is_lost=is_lost) from error
        raise error

    async def in_order(self, text: str) -> CancelledError | None:
        """Wait until the server has ended what it did, or give it up; give the last cancel."""
        task = asyncio.create_task(self._answered(text))
        cancelled = None
        while not task.done():
            try:
                await asyncio.wait([task])
            except CancelledError as error:
                cancelled = error
        return cancelled

    async def _answered(self, text: str) -> None:
        # asyncpg sends it when the server has answered what was cancelled.
        try:
            with suppress(asyncpg.QueryCanceledError):
                # The cancel came when its statement had ended, and met this one.
                await self._client.execute(text, timeout=GRACE)
                return
            await self._client.execute(text, timeout=GRACE)
        except asyncpg.InFailedSQLTransactionError:
            return  # An answer, too: whoever began the transaction ends it.
        except CLIENT_ERRORS:
            self.abort()


_NOT_BY_COPY = (asyncpg.FeatureNotSupportedError, asyncpg.WrongObjectTypeError)
"""COPY has no row-level security, and does not write to views."""
