"""Where a PostgreSQL server is, and how each session there begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Literal, cast

import asyncpg  # type: ignore[import-untyped]

from ommi.drivers.postgresql.client import Client
from ommi.drivers.postgresql.errors import CLIENT_ERRORS, STORE, failed_to_connect
from ommi.errors import ConnectionFailed

OLDEST = (12, 0)
"""`jsonb_path_query_first`, and a regular expression engine that was tested."""

Pooler = Literal["transaction"]

_SETTINGS = {"timezone": "UTC", "standard_conforming_strings": "on"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A database of a PostgreSQL server, and who asks it.

    `ssl` is what asyncpg takes: a mode such as "require" or "verify-full", a context, or `None` to
    use it where the server has it. `connect_timeout` is in seconds.
    """

    host: str
    port: int
    user: str
    password: str | None = field(repr=False)
    database: str
    ssl: SSLContext | str | bool | None
    connect_timeout: float
    pooler: Pooler | None
    application_name: str
    server_settings: Mapping[str, str]

    @property
    def name(self) -> str:
        """The place, for messages; it holds no password."""
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    async def connect(self) -> Client:
        """Open a session within the time; raises `ConnectionFailed`."""
        try:
            client = await self._connected()
        except TimeoutError as error:
            raise ConnectionFailed(
                f"cannot connect to {self.name}: no answer within {self.connect_timeout:g} s",
                store=STORE,
            ) from error
        except CLIENT_ERRORS as error:
            raise failed_to_connect(error, self.name) from error
        try:
            _check_server(client)
        except BaseException:
            client.terminate()
            raise
        return client

    async def _connected(self) -> Client:
        # Statements are kept by the driver, under names of its own.
        client = await asyncpg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            ssl=self.ssl,
            timeout=self.connect_timeout,
            statement_cache_size=0,
            server_settings={
                **_SETTINGS,
                "application_name": self.application_name,
                **self.server_settings,
            },
        )
        return cast("Client", client)


def _check_server(client: Client) -> None:
    version = client.get_server_version()
    if version < OLDEST:
        raise ConnectionFailed(
            f"is {version.major}.{version.minor}, wanted {OLDEST[0]} or later", store=STORE
        )
    encoding = client.get_settings().server_encoding
    if encoding != "UTF8":
        raise ConnectionFailed(
            f"the database's encoding is {encoding}, wanted UTF8; create one with ENCODING 'UTF8'",
            store=STORE,
        )
