"""The part of redis-py that the driver uses: one connection, with the types that matter here."""

from __future__ import annotations

from typing import Any, Protocol, cast

from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import RedisError

CLIENT_ERRORS = (RedisError, OSError)
"""All that redis-py raises."""


class Client(Protocol):
    """A connection that is read and written by its one user."""

    _writer: Any
    _reader: Any

    @property
    def is_connected(self) -> bool: ...
    async def connect(self) -> None: ...
    async def disconnect(self, nowait: bool = ...) -> None: ...  # noqa: FBT001 - redis-py's own
    async def send_packed_command(
        self,
        command: list[bytes],
        check_health: bool,  # noqa: FBT001 - redis-py's own
    ) -> None: ...
    async def read_response(self, *, push_request: bool = ...) -> Any: ...  # noqa: ANN401
    def pack_command(self, *args: bytes | str | int) -> list[bytes]: ...


def made(*, is_encrypted: bool, **settings: Any) -> Client:  # noqa: ANN401 - of redis-py
    """Give a connection that is not open yet."""
    kind = SSLConnection if is_encrypted else Connection
    return cast("Client", kind(**settings))


def is_open(client: Client) -> bool:
    """Tell whether the socket is open on both sides, as far as is known."""
    reader = client._reader  # noqa: SLF001 - redis-py has no other way to it
    return client.is_connected and reader.exception() is None and not reader.at_eof()


def drop(client: Client) -> None:
    """Close the socket at once; what was not sent is lost."""
    writer = client._writer  # noqa: SLF001
    client._reader = client._writer = None  # noqa: SLF001
    if writer is not None:
        writer.transport.abort()
