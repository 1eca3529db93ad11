"""A store and its connections that do what a script says, and notice when they are misused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from enum import Enum, auto
from typing import Any

from concurrency.clock import turns
from ommi import ConnectionLost
from ommi.execution.pool.connection_pool import ConnectionPool
from ommi.execution.pool.lease import Lease
from ommi.schema.snapshot import Table


class Act(Enum):
    """How something that is asked of the store goes."""

    WELL = auto()
    SLOWLY = auto()
    BADLY = auto()
    NEVER = auto()
    WRONGLY = auto()


class Bug(Exception):
    """What no further attempt can mend."""


async def perform(act: Act) -> None:
    await turns(2)
    match act:
        case Act.SLOWLY:
            await asyncio.sleep(1)
        case Act.BADLY:
            raise ConnectionLost("as the script says")
        case Act.NEVER:
            await asyncio.get_running_loop().create_future()
        case Act.WRONGLY:
            raise Bug


class Store:
    def __init__(self) -> None:
        self.connecting: Act | Iterable[Act] = Act.WELL
        self.pinging = self.resetting = self.closing = self.fetching = Act.WELL
        self.alive: list[ScriptedConnection] = []
        self.attempts: list[float] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.most = 0
        self.politely_closed = 0

    async def connect(self) -> ScriptedConnection:
        self.attempts.append(asyncio.get_running_loop().time())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.most = max(self.most, self.in_flight + len(self.alive))
        try:
            await perform(self._connecting())
        finally:
            self.in_flight -= 1
        connection = ScriptedConnection(self)
        self.alive.append(connection)
        return connection

    def _connecting(self) -> Act:
        if isinstance(self.connecting, Act):
            return self.connecting
        self.connecting = iter(self.connecting)
        return next(self.connecting)

    def pool(self, max_connections: int = 2, **options: Any) -> ConnectionPool[Any]:
        return ConnectionPool(
            connect=self.connect, max_connections=max_connections, store="scripted", **options
        )


class ScriptedConnection:
    """Everything but schema keeping and explaining."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_changed = False
        self.is_lost = False
        self.is_unread = False
        self.resets = 0
        self.pings = 0

    @property
    def is_usable(self) -> bool:
        return not self.is_lost and not self.is_unread

    async def ask(self, act: Act) -> None:
        """Send something and read the answer; cancelled between, the answer stays unread."""
        if self.is_lost:
            raise ConnectionLost("closed")
        assert not self.is_unread, "the answer to an earlier question would be read"
        self.is_unread = True
        await perform(act)
        self.is_unread = False

    async def reset(self) -> None:
        await self.ask(self.store.resetting)
        self.resets += 1
        self.is_changed = False

    async def ping(self) -> None:
        self.pings += 1
        await self.ask(self.store.pinging)

    async def close(self) -> None:
        await self.ask(self.store.closing)
        self.store.politely_closed += 1
        self.abort()

    def abort(self) -> None:
        self.is_lost = True
        if self in self.store.alive:
            self.store.alive.remove(self)

    async def fetch(
        self, command: object, parameters: Any, build: Any, context: Any = None
    ) -> Any:
        await self.ask(self.store.fetching)
        return build([(command, *parameters)])

    async def execute(self, command: object, parameters: Any) -> int:
        await self.ask(self.store.fetching)
        return len(parameters)

    async def run_batch(self, steps: Sequence[Any]) -> list[Any]:
        await self.ask(self.store.fetching)
        return [[step] for step in steps]

    async def stream(
        self, command: object, parameters: Any, size: int, build: Any, context: Any = None
    ) -> AsyncGenerator[Any, None]:
        self.is_unread = True
        for number in range(3):
            await perform(self.store.fetching)
            yield build([(command, number)])
        self.is_unread = False


class SchemaConnection(ScriptedConnection):
    """One that keeps schemas and explains."""

    async def tables(self, names: Collection[str]) -> list[Table]:
        await self.ask(Act.WELL)
        return [Table(name, (), ()) for name in names]

    async def create_tables(self, tables: Sequence[Table]) -> None:
        await self.ask(Act.WELL)
        self.is_changed = True

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        await self.ask(Act.BADLY)

    async def explain(self, command: object, parameters: Any) -> list[str]:
        await self.ask(Act.WELL)
        return [f"scan for {command}"]


async def capacity_is_whole(pool: ConnectionPool[Any], store: Store, size: int) -> None:
    """Check that as many connections can be had as ever, each by one caller, each in order."""
    store.connecting = store.pinging = store.resetting = store.closing = Act.WELL
    leases: list[Lease[Any]] = [await pool.acquire() for _ in range(size)]
    connections = [lease.connection for lease in leases]
    assert len({*map(id, connections)}) == size
    for connection in connections:
        assert connection.is_usable
        assert not connection.is_changed
    for lease in leases:
        pool.give_back(lease)
    assert len(store.alive) + store.in_flight <= size
    assert pool.stats.leased == 0
