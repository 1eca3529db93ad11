"""Servers of the tests' own, one of a kind in each process, which may be halted and killed."""

from __future__ import annotations

import atexit
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

import pytest

MISSING = 3
"""A script's exit status where the machine has no server to start."""


@dataclass(frozen=True)
class PrivateServer:
    """A server that one process of tests has for itself."""

    kind: ClassVar[str]
    folder: str
    port: int
    url: str

    @classmethod
    def start(cls, **settings: str) -> Self | None:
        """Start one, which the end of the process removes; `None` where there is none to start."""
        done = subprocess.run(
            [cls._script(), "start"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **settings},
        )
        if done.returncode == MISSING:
            return None
        if done.returncode:
            raise RuntimeError(done.stderr)
        told = dict(line.split("=", 1) for line in done.stdout.splitlines())
        server = cls(told["FOLDER"], int(told["PORT"]), told["URL"])
        atexit.register(server.do, "remove")
        return server

    def do(self, verb: str) -> None:
        """Have the script restart, kill, pause, resume, stop, start or remove the server."""
        subprocess.run([self._script(), verb, self.folder], check=True, capture_output=True)

    @classmethod
    def _script(cls) -> Path:
        return Path(__file__).with_name(f"{cls.kind.lower()}.sh")


Kind = TypeVar("Kind", bound=PrivateServer)


@cache
def started(kind: type[Kind]) -> Kind | None:
    """Give the server of its kind, started once per process; `None` where there is none."""
    return kind.start()


def needed(kind: type[Kind]) -> Kind:
    """Give the server of its kind; skips the test where there is none."""
    found = started(kind)
    if found is None:
        pytest.skip(f"no {kind.kind} server is installed here")
    return found


class _Connects(Protocol):
    def driver(self, database: str) -> Any: ...


@pytest.fixture
async def connection(server: _Connects, database: str) -> AsyncIterator[Any]:
    """A connection of the driver."""
    connection = await server.driver(database).connect()
    try:
        yield connection
    finally:
        await connection.close()
