"""The part of asyncmy that the driver uses, with types, which asyncmy itself does not tell."""

# ruff: noqa: SLF001 - asyncmy has no other way to most of it
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

from asyncmy.constants import CLIENT, SERVER_STATUS
from asyncmy.protocol import MysqlPacket, OKPacketWrapper, pack_binary_params

from ommi.planning.plan import Rows

QUERY = 0x03
_EXECUTE = 0x17
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


class Told(OKPacketWrapper):
    """An answer without rows, read without the result that asyncmy would put around it."""

    __slots__ = ()
    rows = None
    unbuffered_active = 0


class Prepared(Protocol):
    """A statement that the server keeps."""

    _meta: object
    _execute_header: bytes

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
    _encoding: str
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
    async def read_packet(self) -> MysqlPacket: ...
    def cursor(self, cursor: type) -> Cursor: ...
    def literal(self, obj: object) -> str: ...
    def close(self) -> None: ...
    def thread_id(self) -> int: ...


class Statement:
    """A prepared statement, and the shortest way to run it.

    One that gives rows goes the way of asyncmy's own cursor, which takes an eighth to a sixth less
    of the processor: it reads all rows at once where they are all there. One that gives none has
    its one packet read, which saves a twentieth.
    """

    __slots__ = ("_client", "_is_silent", "prepared")

    def __init__(self, client: Client, prepared: Prepared) -> None:
        self.prepared: Prepared = prepared
        self._client = client
        self._is_silent = False

    async def run(self, parameters: Sequence[object]) -> Answer:
        """Run it, and give the answer, read to its end."""
        client, prepared = self._client, self.prepared
        # Either is known since it was run for the first time.
        if prepared._meta is not None:
            received = Received()
            before = client._result
            if before is not None and not before.unbuffered_active:
                # It was read to its end; asyncmy sends the long way as long as it remembers one.
                client._result = None
            if await prepared._execute_cursor(parameters, received):
                return received
            return cast("Answer", client._result)
        if self._is_silent:
            values = pack_binary_params(tuple(parameters), client._encoding) if parameters else b""
            await client._execute_command(_EXECUTE, prepared._execute_header + values)
            told = Told(await client.read_packet())
            client.server_status = told.server_status
            return cast("Answer", told)
        answer = await prepared.execute(parameters)
        self._is_silent = answer.rows is None
        return answer


def answer_of(client: Client) -> Answer | None:
    """Give what the server said last, other than to a prepared statement."""
    return client._result


def is_at_rest(client: Client) -> bool:
    """Tell whether nothing is unread, no transaction is open, and the socket is, on both sides."""
    # Asked twice for each statement, so without a call where an attribute will do.
    answer = client._result
    return (
        client._connected
        and not client.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS
        and (answer is None or not answer.unbuffered_active)
        and not client._stream_broken
    )


def drop(client: Client) -> None:
    """Close the socket at once; what was not sent is lost."""
    transport = client._transport
    if transport is not None:
        transport.abort()
    client.close()


async def reset(client: Client) -> None:
    """Make the session new; its prepared statements and settings are gone."""
    await client._execute_command(_RESET, b"")
    await client._read_ok_packet()


def one_statement_at_a_time(connection: object) -> Client:
    """Give a session, not yet open, that takes no second statement in one text."""
    client = cast("Client", connection)
    client._client_flag &= ~CLIENT.MULTI_STATEMENTS
    return client
