"""The part of asyncmy that the driver uses, with types, which asyncmy itself does not tell."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol, cast

from asyncmy.constants import CLIENT, SERVER_STATUS

from ommi.planning.plan import Rows

_QUERY = 0x03
_RESET = 0x1F


class Answer(Protocol):
    """What the server said to one statement; `rows` is `None` where it gave none."""

    rows: Rows | None
    affected_rows: int
    insert_id: int
    warning_count: int
    unbuffered_active: int


class Received:
    """An answer of rows without a warning, which asyncmy puts where its cursor would be."""

    __slots__ = ("rows",)

    affected_rows = insert_id = warning_count = unbuffered_active = 0
    rows: Rows | None

    def _set_cached_rows(self, rows: Rows, description: object) -> None:
        del description
        self.rows = rows


class Prepared(Protocol):
    """A statement that the server keeps."""

    _meta: object

    async def execute(self, args: Sequence[object]) -> Answer: ...
    async def _execute_cursor(self, args: Sequence[object], cursor: Received) -> bool: ...
    async def close(self) -> None: ...


class Cursor(Protocol):
    """Rows that come as they are read."""

    async def execute(self, query: str) -> object: ...
    async def fetchmany(self, size: int) -> Rows: ...


class Client(Protocol):
    """A session."""

    server_version: str
    server_status: int
    _client_flag: int
    _result: Answer | None
    _transport: Any
    _connected: bool
    _stream_broken: bool

    @property
    def connected(self) -> bool: ...
    async def connect(self) -> object: ...
    async def prepare(self, query: str) -> Prepared: ...
    async def query(self, sql: str) -> object: ...
    async def show_warnings(self) -> Rows: ...
    async def begin(self) -> None: ...
    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...
    async def ping(self, reconnect: bool) -> None: ...  # noqa: FBT001 - asyncmy's own
    async def ensure_closed(self) -> None: ...
    async def _execute_command(self, command: int, sql: str | bytes) -> None: ...
    async def _read_ok_packet(self) -> object: ...
    def cursor(self, cursor: type) -> Cursor: ...
    def literal(self, obj: object) -> str: ...
    def close(self) -> None: ...
    def thread_id(self) -> int: ...


class Statement:
    """A prepared statement, and the shortest way to run it.

    One that gives rows goes the way of asyncmy's own cursor, which takes an eighth to a sixth less
    of the processor: it reads all rows at once where they are all there.
    """

    __slots__ = ("_client", "prepared")

    def __init__(self, client: Client, prepared: Prepared) -> None:
        self.prepared: Prepared = prepared
        self._client = client

    def run(self, parameters: Sequence[object]) -> Awaitable[Answer]:
        """Run it, when awaited, and give the answer, read to its end."""
        prepared = self.prepared
        # Known since it gave rows for the first time.
        if prepared._meta is None:  # noqa: SLF001
            return prepared.execute(parameters)
        return self._run(parameters)

    async def _run(self, parameters: Sequence[object]) -> Answer:
        received, client = Received(), self._client
        before = client._result  # noqa: SLF001
        if before is not None and not before.unbuffered_active:
            # It was read to its end; asyncmy sends the long way as long as it remembers one.
            client._result = None  # noqa: SLF001
        if await self.prepared._execute_cursor(parameters, received):  # noqa: SLF001
            return received
        return cast("Answer", client._result)  # noqa: SLF001


async def said(client: Client, text: str) -> None:
    """Run a statement that gives no rows, has no values, and whose warnings do not matter."""
    await client._execute_command(_QUERY, text)  # noqa: SLF001
    await client._read_ok_packet()  # noqa: SLF001


def answer_of(client: Client) -> Answer | None:
    """Give what the server said last, other than to a prepared statement."""
    return client._result  # noqa: SLF001 - asyncmy has no other way to it


def is_at_rest(client: Client) -> bool:
    """Tell whether nothing is unread, no transaction is open, and the socket is, on both sides."""
    # Asked twice for each statement, so without a call where an attribute will do.
    answer = client._result  # noqa: SLF001
    return (
        client._connected  # noqa: SLF001
        and not client.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS
        and (answer is None or not answer.unbuffered_active)
        and not client._stream_broken  # noqa: SLF001
    )


def drop(client: Client) -> None:
    """Close the socket at once; what was not sent is lost."""
    transport = client._transport  # noqa: SLF001
    if transport is not None:
        transport.abort()
    client.close()


async def reset(client: Client) -> None:
    """Make the session new; its prepared statements and settings are gone."""
    await client._execute_command(_RESET, b"")  # noqa: SLF001
    await client._read_ok_packet()  # noqa: SLF001


def one_statement_at_a_time(connection: object) -> Client:
    """Give a session, not yet open, that takes no second statement in one text."""
    client = cast("Client", connection)
    client._client_flag &= ~CLIENT.MULTI_STATEMENTS  # noqa: SLF001
    return client
