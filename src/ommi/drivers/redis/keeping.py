"""Bytes by name, and messages between processes: what a cache may ask of a store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing
from math import ceil

from ommi.drivers.redis.names import Names
from ommi.drivers.redis.session import Session
from ommi.errors import QueryError


class Keeping:
    """Values and channels below the prefix of a driver."""

    session: Session
    names: Names

    async def get_value(self, name: str) -> bytes | None:
        """Give the value of a name, `None` where there is none or its time is over."""
        value: bytes | None = await self.session.ask(b"GET", self.names.value(name))
        return value

    async def set_value(self, name: str, value: bytes, seconds: float | None = None) -> None:
        """Keep a value, for so many seconds or until it is removed."""
        ends: tuple[bytes, ...] = ()
        if seconds is not None:
            if not seconds > 0:
                raise QueryError("a value is kept for more than 0 seconds, or without an end")
            ends = (b"PX", str(ceil(seconds * 1000)).encode())
        await self.session.ask(b"SET", self.names.value(name), value, *ends)

    async def remove_values(self, names: Collection[str]) -> int:
        """Remove values; gives how many there were."""
        if not names:
            return 0
        return int(await self.session.ask(b"UNLINK", *map(self.names.value, names)))

    async def notify(self, channel: str, message: bytes) -> None:
        """Tell those who listen now."""
        await self.session.ask(b"PUBLISH", self.names.channel(channel), message)

    async def listen(self, channels: Collection[str]) -> AsyncIterator[tuple[str, bytes]]:
        """Listen from now on; gives channels and messages as they come."""
        known = {self.names.channel(channel): channel for channel in channels}
        if not known:
            raise QueryError("listen() wants at least one channel")
        messages = self.session.messages(list(known))
        await anext(messages)
        return _named(messages, known)


async def _named(
    messages: AsyncGenerator[tuple[bytes, bytes], None], known: dict[bytes, str]
) -> AsyncGenerator[tuple[str, bytes], None]:
    async with aclosing(messages):
        async for channel, message in messages:
            yield known[channel], message
