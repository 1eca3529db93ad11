"""One connection: a command, and then its whole reply, or the connection is given up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError

from ommi.drivers.redis.client import CLIENT_ERRORS, Client, drop, is_open
from ommi.drivers.redis.errors import translated
from ommi.drivers.redis.introspection import STORE
from ommi.drivers.redis.scripts import Script
from ommi.errors import ConnectionLost


class Session:
    """What a connection has on the server; one caller at a time.

    A reply that was not read would be taken for the next one's. So a cancel between command and
    reply, or anything else that keeps one from being read to its end, closes the socket.
    """

    __slots__ = ("_client", "_is_waiting")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._is_waiting = False

    @property
    def is_usable(self) -> bool:
        """Whether nothing is unread, and the socket is open."""
        return not self._is_waiting and is_open(self._client)

    async def ask(self, *command: bytes) -> Any:  # noqa: ANN401 - what the server says
        """Send a command and give its reply; the server's refusals come out as Ommi's errors."""
        try:
            return await self._reply(command)
        except CLIENT_ERRORS as error:
            raise translated(error) from error

    async def run(self, script: Script, arguments: Iterable[bytes]) -> Any:  # noqa: ANN401
        """Run a script, whose text is sent only to a server that does not know it yet."""
        said = tuple(arguments)
        try:
            try:
                return await self._reply((b"EVALSHA", script.name, b"0", *said))
            except NoScriptError:
                return await self._reply((b"EVAL", script.text, b"0", *said))
        except CLIENT_ERRORS as error:
            raise translated(error) from error

    async def _reply(self, command: tuple[bytes, ...]) -> Any:  # noqa: ANN401
        client = self._client
        if self._is_waiting or not client.is_connected:
            # redis-py would connect again by itself, or hand out somebody else's reply.
            raise ConnectionLost("the connection is closed", store=STORE)
        self._is_waiting = True
        try:
            await client.send_packed_command(client.pack_command(*command), check_health=False)
            reply = await client.read_response()
        except RedisConnectionError:
            self.abort()
            raise
        except ResponseError:
            # A reply like any other, read to its end.
            self._is_waiting = False
            raise
        except BaseException:
            self.abort()
            raise
        self._is_waiting = False
        return reply

    def abort(self) -> None:
        """Close the socket at once."""
        drop(self._client)

    async def close(self) -> None:
        """Close the connection."""
        try:
            await self._client.disconnect()
        except BaseException as error:
            self.abort()
            if not isinstance(error, CLIENT_ERRORS):
                raise
