"""The part of asyncpg that the driver uses, with types, which asyncpg itself does not tell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from ommi.planning.plan import Parameters, Rows


class Cursor(Protocol):
    """An open portal."""

    async def fetch(self, n: int) -> Rows: ...


class Prepared(Protocol):
    """A statement whose types are known."""

    _state: object

    async def fetchmany(self, parameters: Iterable[Sequence[object]]) -> Rows: ...
    async def executemany(self, parameters: Iterable[Sequence[object]]) -> None: ...
    def cursor(self, *parameters: object) -> Awaitable[Cursor]: ...


Run = Callable[[Parameters, str, int, bool, None], Awaitable[tuple[Rows, bytes, bool]]]
"""Takes parameters, the name of a portal, a limit, whether to give more than rows, and no timeout.

Gives the rows, the server's tag (`UPDATE 3`) and whether that was all.
"""


class Statement:
    """A prepared statement, and the shortest way to run it.

    asyncpg's own way checks at every call what does not change while the driver has the session to
    itself; it costs 6 to 8 % of a question by key.
    """

    __slots__ = ("prepared", "run")

    def __init__(self, prepared: Prepared, run: Run) -> None:
        self.prepared: Prepared = prepared
        self.run: Run = run

    async def fetch(self, *parameters: object) -> Rows:
        """Run it and give the rows."""
        rows, _, _ = await self.run(parameters, "", 0, True, None)  # noqa: FBT003 - asyncpg's own
        return rows


def statement_of(client: Client, prepared: Prepared) -> Statement:
    """Give the statement that asyncpg prepared."""
    return Statement(prepared, partial(protocol_of(client).bind_execute, prepared._state))  # noqa: SLF001


def protocol_of(client: Client) -> WireProtocol:
    """Give what a session is made on; asyncpg has no other way to it."""
    return client._protocol  # noqa: SLF001


class Version(Protocol):
    """The version of a server."""

    major: int
    minor: int

    def __lt__(self, other: tuple[int, ...], /) -> bool: ...


class Settings(Protocol):
    """What the server tells of the session without being asked."""

    server_encoding: str


class WireProtocol(Protocol):
    """What asyncpg's session is made on."""

    @property
    def bind_execute(self) -> Callable[..., Awaitable[tuple[Rows, bytes, bool]]]: ...
    def query(self, query: str, timeout: None, /) -> Awaitable[str]: ...
    def is_connected(self) -> bool: ...
    def is_in_transaction(self) -> bool: ...


class Client(Protocol):
    """A session."""

    _protocol: WireProtocol

    async def prepare(self, query: str, *, name: str) -> Prepared: ...
    async def fetch(self, query: str, *parameters: object) -> Rows: ...
    async def execute(self, query: str, *, timeout: float | None = None) -> str: ...  # noqa: ASYNC109 - asyncpg's own
    async def copy_records_to_table(
        self, table_name: str, *, records: Iterable[Sequence[object]], columns: Sequence[str]
    ) -> str: ...
    async def close(self, *, timeout: float) -> None: ...  # noqa: ASYNC109 - asyncpg's own
    def terminate(self) -> None: ...
    def is_closed(self) -> bool: ...
    def is_in_transaction(self) -> bool: ...
    def get_server_version(self) -> Version: ...
    def get_settings(self) -> Settings: ...
