"""Messages between processes, by LISTEN and NOTIFY on a session of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ommi.drivers.postgresql.client import Client
from ommi.drivers.postgresql.errors import CLIENT_ERRORS, STORE, translated
from ommi.errors import ConnectionLost

GRACE = 1.0
"""How long the server may take, in seconds, to say goodbye."""


class PostgreSQLChannel:
    """A channel of one database; whoever is connected to that database can hear it.

    PostgreSQL delivers notifications in the order of their commits, the same to all who listen,
    and to each that listened when they were committed (the notes on NOTIFY in its manual).
    """

    def __init__(
        self, client: Client, name: str, heard: Callable[[bytes], None], lost: Callable[[], None]
    ) -> None:
        # asyncpg's own connection, of which the driver's protocol shows a part.
        self._client: Any = client
        self._name = name
        self._heard = heard
        self._lost: Callable[[], None] | None = lost
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Begin to listen; raises what the driver raises."""
        self._client.add_termination_listener(self._ended)
        try:
            await self._client.add_listener(self._name, self._notified)
        except BaseException as error:
            self._lost = None
            self._client.terminate()
            if isinstance(error, CLIENT_ERRORS):
                raise translated(error, None, is_lost=True) from error
            raise

    async def tell(self, message: bytes) -> None:
        """Have all who listen hear a message; raises `ConnectionLost`."""
        async with self._turn:
            if self._lost is None:
                raise ConnectionLost("the channel was lost", store=STORE)
            try:
                await self._client.execute(
                    "SELECT pg_notify($1, $2)", self._name, message.decode()
                )
            except BaseException as error:
                # Whether it was said is not known, and what is half said is in the way.
                self._client.terminate()
                if isinstance(error, CLIENT_ERRORS):
                    raise translated(error, None, is_lost=True) from error
                raise

    async def close(self) -> None:
        """Listen no more, and end the session."""
        self._lost = None
        with suppress(*CLIENT_ERRORS):
            await self._client.close(timeout=GRACE)

    def _notified(self, client: object, process: int, channel: str, message: object) -> None:
        del client, process, channel
        if self._lost is not None:
            self._heard(str(message).encode())

    def _ended(self, client: object) -> None:
        del client
        lost, self._lost = self._lost, None
        if lost is not None:
            lost()
