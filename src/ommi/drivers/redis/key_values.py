"""Values of keys, for whoever wants to keep some bytes for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from ommi.drivers.redis.session import Session


class RedisKeyValues:
    """Values of keys on one connection, a command at a time."""

    def __init__(self, session: Session, name: Callable[[str], bytes]) -> None:
        self._session = session
        self._name = name
        self._turn = asyncio.Lock()

    async def get(self, key: str) -> bytes | None:
        """Give the value of a key, if there is one."""
        async with self._turn:
            found = await self._session.ask(b"GET", self._name(key))
        return cast("bytes | None", found)

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        """Give a key a value, for so long."""
        ends = str(max(1, round(seconds * 1000))).encode()
        async with self._turn:
            await self._session.ask(b"SET", self._name(key), value, b"PX", ends)

    async def delete(self, key: str) -> None:
        """Take the value of a key away."""
        async with self._turn:
            await self._session.ask(b"DEL", self._name(key))

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()
