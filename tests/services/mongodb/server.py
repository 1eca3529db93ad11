"""MongoDB's wire, OP_MSG, in front of the store of these tests; in a thread of its own.

It keeps every command that it was sent, and can be told to fail: by an error, by breaking the
connection before or after it did what it was asked, or by not answering.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import bson
from bson.codec_options import CodecOptions

from services.mongodb.commands import Commands
from services.mongodb.match import Refused
from services.mongodb.store import Busy

Document = dict[str, Any]
OPTIONS: CodecOptions[Document] = CodecOptions(uuid_representation=0)
_HEADER = struct.Struct("<iiii")
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013


@dataclass
class Fault:
    """What goes wrong with the next command of a name; how many such commands pass before."""

    command: str
    how: str
    """`error`, `close` before it is done, `cut` after, `silence`, or `twice` for a close each."""
    facts: Document = field(default_factory=dict)
    after: int = 0
    times: int = 1


class Server:
    """A server; the thread's loop alone touches what it holds."""

    def __init__(self, *, is_replica_set: bool = True) -> None:
        self.commands: list[Document] = []
        self.faults: list[Fault] = []
        self.port = 0
        self.open_sockets = 0
        self.store = Commands(is_replica_set=is_replica_set)
        self.silenced = threading.Event()
        """Set when a command gets no answer."""
        self._replies = count(1)
        self._ended = asyncio.Event()
        self._silent = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/app?directConnection=true"

    def speak(self) -> None:
        """Give the answers that were held back, and hold none back any more."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._silent.set)

    def sent(self, name: str) -> list[Document]:
        """Give the commands of a name that were sent."""
        return [command for command in self.commands if next(iter(command)) == name]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_sockets += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._answered(reader, writer):
                pass
        self.open_sockets -= 1
        writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        length, number, _, code = _HEADER.unpack(await reader.readexactly(16))
        body = await reader.readexactly(length - 16)
        command = _message(body) if code == OP_MSG else _query(body)
        name = next(iter(command))
        is_own = name not in {"hello", "ismaster", "isMaster"}
        if is_own:
            self.commands.append(command)
        fault = self._fault(name) if is_own else None
        if fault is not None and fault.how == "close":
            return False
        reply = fault.facts if fault and fault.how == "error" else await self._done(command)
        if fault is not None and fault.how == "cut":
            return False
        if fault is not None and fault.how == "silence":
            self.silenced.set()
            await self._silent.wait()
        made = bson.encode(reply, codec_options=OPTIONS)
        if code == OP_MSG:
            text = struct.pack("<IB", 0, 0) + made
            writer.write(self._header(len(text), number, OP_MSG) + text)
        else:
            text = struct.pack("<iqii", 8, 0, 0, 1) + made
            writer.write(self._header(len(text), number, OP_REPLY) + text)
        await writer.drain()
        return True

    def _header(self, length: int, number: int, code: int) -> bytes:
        return _HEADER.pack(length + 16, next(self._replies), number, code)

    def _fault(self, name: str) -> Fault | None:
        for fault in self.faults:
            if fault.command == name:
                if fault.after:
                    fault.after -= 1
                    return None
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
                return fault
        return None

    async def _done(self, command: Document) -> Document:
        while True:
            waiting = self._ended
            try:
                reply = self.store.reply(command)
            except Busy:
                await waiting.wait()
                continue
            except Refused as error:
                labels = error.facts.pop("errorLabels", [])
                facts = {"errmsg": error.name, **error.facts}
                reply = {"ok": 0.0, "code": error.code, "codeName": error.name, **facts}
                reply |= {"errorLabels": labels} if labels else {}
            if next(iter(command)) in {"commitTransaction", "abortTransaction"}:
                self._ended.set()
                self._ended = asyncio.Event()
            return reply


def _message(body: bytes) -> Document:
    command: Document = {}
    at = 4
    while at < len(body):
        kind, at = body[at], at + 1
        [size] = struct.unpack_from("<i", body, at)
        part = body[at : at + size]
        at += size
        if kind == 0:
            command |= bson.decode(part, OPTIONS)
        else:
            end = part.index(b"\0", 4)
            rest = part[end + 1 :]
            command[part[4:end].decode()] = bson.decode_all(rest, OPTIONS)
    return command


def _query(body: bytes) -> Document:
    end = body.index(b"\0", 4)
    return dict(bson.decode(body[end + 9 :], OPTIONS))


@contextmanager
def serving(server: Server | None = None) -> Iterator[Server]:
    """Serve on a free port, in a thread with a loop of its own."""
    server = server or Server()
    loop, is_up = asyncio.new_event_loop(), threading.Event()
    stopping = asyncio.Event()

    async def serve() -> None:
        server._loop = loop
        listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
        server.port = listening.sockets[0].getsockname()[1]
        is_up.set()
        await stopping.wait()
        listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    is_up.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()
