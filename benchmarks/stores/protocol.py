"""What the benchmarks ask of a store."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class NotHere(Exception):
    """The machine does not have the store."""


class Store(Protocol):
    """A kind of database; a URL is what its server, or a database on it, is known by."""

    name: str
    title: str
    baseline: str
    """The library whose hand-written code the others are compared with."""
    settings: str
    """What was chosen that changes the figures."""

    def serve(self) -> AbstractContextManager[str]:
        """Start a server of the benchmarks' own, and give its URL; raises `NotHere`."""

    async def version(self, server: str) -> str:
        """Tell what the server is."""

    async def create(self, server: str, name: str) -> str:
        """Make an empty database, and give its URL."""

    async def settle(self, url: str) -> None:
        """Let a database finish what it does about rows that were just added."""

    async def empty(self, url: str) -> None:
        """Empty the table of users."""
