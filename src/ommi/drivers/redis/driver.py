"""The driver of Redis: one connection at a time to a caller, and a pool in front of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextvars import Context
from functools import partial
from typing import TypeVar, cast

from ommi.drivers.protocol import Beginning, Build, Step
from ommi.drivers.redis.channel import RedisChannel
from ommi.drivers.redis.compiler import RedisCommand, RedisCompiler, insert_all
from ommi.drivers.redis.connecting import Location
from ommi.drivers.redis.explaining import explained, size_of
from ommi.drivers.redis.inserting import insert_alone, may_insert_alone
from ommi.drivers.redis.introspection import STORE
from ommi.drivers.redis.key_values import RedisKeyValues
from ommi.drivers.redis.names import Names
from ommi.drivers.redis.session import Session
from ommi.drivers.redis.store import Store
from ommi.drivers.redis.unit import RedisUnit, no_matter
from ommi.drivers.redis.values import decoded, identity
from ommi.drivers.redis.work import Memory, OutOfDate, Work
from ommi.errors import OmmiError
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Parameters, Rows
from ommi.schema.snapshot import Table

T = TypeVar("T")

SCAN_LIMIT = 100_000


class RedisDriver:
    """A numbered database of a Redis server, or the part of one that is below a prefix.

    A question that would have to look at more than `scan_limit` rows is refused. With `ssl=True`
    the server's certificate is verified. Times are in seconds.
    """

    name = STORE
    capabilities: frozenset[Capability] = frozenset(Capability) - {
        Capability.SERVER_DEFAULTS,
        Capability.TEXT_STATEMENTS,
        Capability.TRANSACTIONAL_DDL,
    }

    def __init__(
        self,
        *,
        host: str = "localhost",
        port: int = 6379,
        user: str | None = None,
        password: str | None = None,
        database: int = 0,
        prefix: str = "ommi",
        scan_limit: int = SCAN_LIMIT,
        ssl: bool = False,
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
        self._store = Store(Names(prefix), scan_limit)
        self.compiler: RedisCompiler = RedisCompiler()

    def __repr__(self) -> str:
        return f"RedisDriver({self._location.name!r})"

    async def connect(self) -> RedisConnection:
        """Open a connection and try it; raises `ConnectionFailed`."""
        return RedisConnection(Session(await self._location.connect()), self._store)

    async def listen(
        self, name: str, heard: Callable[[bytes], None], lost: Callable[[], None]
    ) -> RedisChannel:
        """Hear what is said on a channel, on two connections; raises `ConnectionFailed`.

        Channels are those of the server, whichever of its databases this is.
        """
        channel = RedisChannel(name.encode(), heard, lost)
        await channel.open(self._location)
        return channel

    async def key_values(self) -> RedisKeyValues:
        """Open a connection for values of keys below the prefix; raises `ConnectionFailed`."""
        session = Session(await self._location.connect())
        return RedisKeyValues(session, self._store.names.values)


class RedisConnection:
    """One connection, for one caller at a time."""

    def __init__(self, session: Session, store: Store) -> None:
        self.session: Session = session
        self.is_changed: bool = False
        """Nothing that Ommi sends outlives its reply."""
        self._store = store

    @property
    def is_usable(self) -> bool:
        """Whether the next caller may have it."""
        return self.session.is_usable

    async def reset(self) -> None:
        """Do nothing: the session is as it was."""
        self.is_changed = False

    async def ping(self) -> None:
        """Ask the server for a sign of life; raises `ConnectionLost`."""
        try:
            await self.session.ask(b"PING")
        except OmmiError:
            self.abort()
            raise

    def abort(self) -> None:
        """Close the socket at once."""
        self.session.abort()

    async def close(self) -> None:
        """Close the connection."""
        await self.session.close()

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows; build something of them."""
        del context  # This is the caller's own task.
        return build(await self._rows(cast("RedisCommand", command), parameters))

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        [[matched]] = await self._rows(cast("RedisCommand", command), parameters)
        return cast("int", matched)

    async def _rows(self, command: RedisCommand, values: Parameters) -> Rows:
        store, session = self._store, self.session
        known = store.known
        if known is not None and command.key is not None:
            table = known.tables.get(command.model.table)
            if table is not None and len(table.sure_key) == len(command.key):
                places = command.key
                id_ = identity([values[places[column]] for column in table.sure_key])
                text = await session.ask(b"HGET", table.rows, id_)
                if text is not None:
                    row = decoded(text)
                    return [tuple([row[column] for column in command.columns])]
        elif known is not None and command.is_size:
            table = known.tables.get(command.model.table)
            size = 0 if table is None else await size_of(session, table)
            if size:
                return [(size,)]
        elif known is not None and command.insert is not None:
            table = known.tables.get(command.model.table)
            if table is not None and may_insert_alone(command.insert, table):
                try:
                    return await insert_alone(session, known, store.names, command.insert, values)
                except OutOfDate:
                    store.known = None
        is_one_read = not (command.is_write or command.is_related)
        memory = Memory.NOTHING if is_one_read else Memory.ROWS
        return await store.done(session, lambda work: command.run(work, values), memory)

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands together or not at all."""
        return await self._store.done(self.session, partial(run_steps, steps))

    async def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncGenerator[T, None]:
        """Run a command that gives rows, and build something of every `size` of them.

        They are all read first, so that they are those of the start.
        """
        del context
        rows = await self._rows(cast("RedisCommand", command), parameters)
        for start in range(0, len(rows), size):
            yield build(rows[start : start + size])

    async def begin(self, how: Beginning, ended: Callable[[], None] = no_matter) -> RedisUnit:
        """Give a transaction; nothing is sent before its first statement."""
        return RedisUnit(self, self._store, how, ended)

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Tell how the rows are found, and how many are looked at, a line each."""
        known = await self._store.refreshed(self.session)
        return await explained(
            self.session,
            known,
            cast("RedisCommand", command),
            parameters,
            self._store.scan_limit,
        )

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        return await self._store.tables(self.session, names)

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there."""
        await self._store.create(self.session, tables)

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, whatever refers to them."""
        await self._store.drop(self.session, tables)


async def run_steps(steps: Sequence[Step], work: Work) -> list[Rows]:
    """Run the steps of a batch as one piece of work."""
    told: list[Rows] = []
    for step in steps:
        command = cast("RedisCommand", step.command)
        each = step.after(told).parameters
        if command.insert is not None:
            told.append(await insert_all(command.insert, work, each))
        else:
            told.append([row for values in each for row in await command.run(work, values)])
    return told
