"""The part of asyncpg that the driver uses, with types, which asyncpg itself does not tell."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import Protocol

from ommi.planning.plan import Rows


class Cursor(Protocol):
    """An open portal."""

    async def fetch(self, n: int) -> Rows: ...


class Prepared(Protocol):
    """A statement whose types are known."""

    async def fetch(self, *parameters: object) -> Rows: ...
    async def fetchmany(self, parameters: Iterable[Sequence[object]]) -> Rows: ...
    async def executemany(self, parameters: Iterable[Sequence[object]]) -> None: ...
    def cursor(self, *parameters: object) -> Awaitable[Cursor]: ...
    def get_statusmsg(self) -> str: ...


class Version(Protocol):
    """The version of a server."""

    major: int
    minor: int

    def __lt__(self, other: tuple[int, ...], /) -> bool: ...


class Settings(Protocol):
    """What the server tells of the session without being asked."""

    server_encoding: str


class Client(Protocol):
    """A session."""

    async def prepare(self, query: str, *, name: str) -> Prepared: ...
    async def fetch(self, query: str, *parameters: object) -> Rows: ...
    async def execute(self, query: str, *, timeout: float | None = None) -> str: ...  # noqa: ASYNC109 - asyncpg's own
    async def copy_records_to_table(
        self, table_name: str, *, records: Iterable[Sequence[object]], columns: Sequence[str]
    ) -> str: ...
    async def close(self, *, timeout: float) -> None: ...  # noqa: ASYNC109 - asyncpg's own
    def terminate(self) -> None: ...
    def is_closed(self) -> bool: ...
    def is_in_transaction(self) -> bool: ...
    def get_server_version(self) -> Version: ...
    def get_settings(self) -> Settings: ...
