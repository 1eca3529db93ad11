"""A TCP proxy that does to the traffic what a bad network does."""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

_AT_ONCE = struct.pack("ii", 1, 0)


class End(Enum):
    """How a connection ends."""

    FIN = auto()
    RST = auto()


class Proxy:
    """Stands before the server on `target`; what it does may change while connections are open."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.latency = 0.0
        """How long what the server says is on its way, in seconds."""
        self.accepted = 0
        self.told = 0
        """How many bytes the server has said since the last `cut_after`."""
        self._target = target
        self._left: int | None = None
        self._end = End.FIN
        self._speaks = asyncio.Event()
        self._speaks.set()
        self._links: dict[asyncio.Task[None], StreamWriter] = {}
        self._listening: asyncio.Server | None = None

    def be_silent(self) -> None:
        """Take everything, new connections too, and pass on nothing."""
        self._speaks.clear()

    def speak(self) -> None:
        """Pass on everything again, what was held back included."""
        self._speaks.set()

    def cut_after(self, count: int | None, end: End = End.FIN) -> None:
        """Close when the server has said so many more bytes; `None` never does."""
        self._left, self._end, self.told = count, end, 0

    def reset(self) -> None:
        """Break every connection as a server does that lost its power."""
        for writer in self._links.values():
            _close(writer, End.RST)

    async def refuse(self) -> None:
        """Break every connection, and refuse new ones."""
        self.reset()
        if self._listening is not None:
            self._listening.close()
        self._listening = None

    async def listen(self) -> None:
        """Take connections, on the same port as before."""
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._links[task] = writer
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        # Here, because a task that is cancelled before it begins does nothing.
        self._links.pop(task).transport.abort()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):  # A broken connection is what it is for.
            await self._link(reader, writer)

    async def _link(self, reader: StreamReader, writer: StreamWriter) -> None:
        await self._speaks.wait()
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        pumps = [
            asyncio.ensure_future(self._ask(reader, to_server)),
            asyncio.ensure_future(self._answer(from_server, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            to_server.transport.abort()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _ask(self, reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            await self._speaks.wait()
            writer.write(data)
            await writer.drain()

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            if self.latency:
                await asyncio.sleep(self.latency)
            await self._speaks.wait()
            self.told += len(data)
            if self._left is not None and len(data) > self._left:
                writer.write(data[: self._left])
                _close(writer, self._end)
                await writer.wait_closed()
                return
            if self._left is not None:
                self._left -= len(data)
            writer.write(data)
            await writer.drain()
        _close(writer, End.FIN)
        await writer.wait_closed()

    async def end(self) -> None:
        """Break everything and wait until nothing is left."""
        await self.refuse()
        for _ in range(3):  # What was accepted last becomes a link only now.
            await asyncio.sleep(0)
        tasks = list(self._links)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _close(writer: StreamWriter, end: End) -> None:
    if end is End.FIN:
        writer.close()
        return
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


@asynccontextmanager
async def before(port: int) -> AsyncIterator[Proxy]:
    """Stand before the server on a port."""
    proxy = Proxy(port)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.end()
