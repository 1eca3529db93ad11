"""Messages between processes, by PUBLISH and SUBSCRIBE: a connection to speak, one to listen."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections.abc import Callable
from contextlib import suppress

from ommi.drivers.redis.client import CLIENT_ERRORS, Client, drop
from ommi.drivers.redis.connecting import Location
from ommi.drivers.redis.errors import translated
from ommi.drivers.redis.introspection import STORE
from ommi.drivers.redis.session import Session
from ommi.errors import ConnectionLost


class RedisChannel:
    """A channel of one server.

    The server does one command after the other: all who listen are sent a message before the
    next, and before PUBLISH is answered.
    """

    def __init__(
        self, name: bytes, heard: Callable[[bytes], None], lost: Callable[[], None]
    ) -> None:
        self._name = name
        self._heard = heard
        self._lost: Callable[[], None] | None = lost
        self._turn = asyncio.Lock()
        self._speaker: Session | None = None
        self._listener: Client | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self, location: Location) -> None:
        """Begin to listen; raises `ConnectionFailed` and `ConnectionLost`."""
        try:
            self._listener = listener = await location.connect()
            try:
                packed = listener.pack_command(b"SUBSCRIBE", self._name)
                await listener.send_packed_command(packed, check_health=False)
                await listener.read_response()
            except CLIENT_ERRORS as error:
                raise translated(error) from error
            self._speaker = Session(await location.connect())
        except BaseException:
            self._lost = None
            if self._listener is not None:
                drop(self._listener)
            raise
        self._task = asyncio.get_running_loop().create_task(self._listen(listener))

    async def tell(self, message: bytes) -> None:
        """Have all who listen hear a message; raises `ConnectionLost`."""
        async with self._turn:
            if self._lost is None or self._speaker is None:
                raise ConnectionLost("the channel was lost", store=STORE)
            await self._speaker.ask(b"PUBLISH", self._name, message)

    async def close(self) -> None:
        """Listen no more, and close both connections."""
        self._lost = None
        if self._listener is not None:
            drop(self._listener)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._speaker is not None:
            await self._speaker.close()

    async def _listen(self, listener: Client) -> None:
        # Whatever ends the reading, there is no more to be heard.
        with suppress(CancelledError, *CLIENT_ERRORS, AttributeError):
            while self._lost is not None:
                kind, _, message = await listener.read_response()
                if kind == b"message" and self._lost is not None:
                    self._heard(message)
        drop(listener)
        lost, self._lost = self._lost, None
        if lost is not None:
            lost()
