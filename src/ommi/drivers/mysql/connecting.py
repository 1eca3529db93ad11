"""Where a server is, and how each session there begins."""

from __future__ import annotations

import asyncio
import re
import ssl as tls
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from asyncmy.connection import Connection
from asyncmy.constants import CLIENT

from ommi.drivers.mysql.client import Client, answer_of, drop, one_statement_at_a_time
from ommi.drivers.mysql.dialect import SORTED_BYTES
from ommi.drivers.mysql.errors import CLIENT_ERRORS, failed_to_connect
from ommi.errors import ConnectionFailed

KILL_WITHIN = 2.0
"""How long to try to stop a statement on the server, in seconds."""

_OLDEST = {"MariaDB": (10, 11), "MySQL": (8, 0, 17)}
_MODES: tuple[str, ...] = (
    "STRICT_ALL_TABLES",
    "NO_ZERO_DATE",
    "NO_ZERO_IN_DATE",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "NO_ENGINE_SUBSTITUTION",
    "NO_AUTO_VALUE_ON_ZERO",
)
_SETTINGS = {
    "autocommit": "1",
    "time_zone": "'+00:00'",
    "sql_auto_is_null": "0",
    "sql_safe_updates": "0",
    "sql_select_limit": "18446744073709551615",
    "foreign_key_checks": "1",
    "unique_checks": "1",
    "max_sort_length": str(SORTED_BYTES),
    # How long a stream may leave rows unread, in seconds.
    "net_write_timeout": "3600",
}
_OF_MARIADB = {"default_regex_flags": "''", "in_predicate_conversion_threshold": "0"}
_VARIABLES = ("auto_increment_increment", "innodb_snapshot_isolation", "lower_case_table_names")


class Server(NamedTuple):
    """What answers: whose, how old, what its sessions are set to, and how far apart keys are.

    `folds_names` says that letter case makes no two names of tables.
    """

    store: str
    version: tuple[int, ...]
    settings: str
    key_step: int
    folds_names: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A database of a server, and who asks it. `connect_timeout` is in seconds."""

    host: str
    port: int
    user: str
    password: str | None = field(repr=False)
    database: str
    ssl: tls.SSLContext | bool | None
    connect_timeout: float

    @property
    def name(self) -> str:
        """The place, for messages; it holds no password."""
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    async def connect(self) -> tuple[Client, Server]:
        """Open a session and set it up within the time; raises `ConnectionFailed`."""
        client = self._client()
        try:
            async with asyncio.timeout(self.connect_timeout):
                await _connected(client)
                server = await _server(client)
                await client.query(server.settings)
        except TimeoutError as error:
            drop(client)
            raise ConnectionFailed(
                f"cannot connect to {self.name}: no answer within {self.connect_timeout:g} s"
            ) from error
        except CLIENT_ERRORS as error:
            drop(client)
            raise failed_to_connect(error, self.name) from error
        except BaseException:
            drop(client)
            raise
        return client, server

    async def kill(self, thread: int) -> None:
        """End another session, and so what it runs, from a session of its own."""
        client = self._client()
        try:
            # What cannot be reached cannot be stopped; a session that is gone needs no killing.
            with suppress(TimeoutError, *CLIENT_ERRORS):
                async with asyncio.timeout(KILL_WITHIN):
                    await _connected(client)
                    await client.query(f"KILL {thread:d}")
        finally:
            drop(client)

    def _client(self) -> Client:
        connection = Connection(  # type: ignore[no-untyped-call]
            host=self.host,
            port=self.port,
            user=self.user,
            password=(self.password or "").encode(),
            database=self.database,
            charset="utf8mb4",
            autocommit=None,
            client_flag=CLIENT.FOUND_ROWS,
            connect_timeout=self.connect_timeout,
            ssl=tls.create_default_context() if self.ssl is True else self.ssl or None,
            program_name="ommi",
        )
        return one_statement_at_a_time(connection)


async def _connected(client: Client) -> None:
    """Connect; a cancel is never lost, which asyncmy leaves to the `wait_for` of Python 3.11."""
    task = asyncio.current_task()
    cancels = 0 if task is None else task.cancelling()
    await client.connect()
    if task is not None and task.cancelling() > cancels:
        raise asyncio.CancelledError


async def _server(client: Client) -> Server:
    """Tell what answers; raises `ConnectionFailed` where it is too old."""
    store = "MariaDB" if "MariaDB" in client.server_version else "MySQL"
    # MariaDB puts 5.5.5- before its version, for clients that know no higher one.
    text = client.server_version.removeprefix("5.5.5-")
    version = tuple(map(int, re.findall(r"\d+", text)[:3]))
    oldest = _OLDEST[store]
    if version < oldest:
        wanted = ".".join(map(str, oldest))
        raise ConnectionFailed(f"is {text}, wanted {wanted} or later", store=store)
    variables = await _variables(client)
    return Server(
        store,
        version,
        _settings(store, variables),
        key_step=int(variables.get("auto_increment_increment", 1)),
        folds_names=variables.get("lower_case_table_names", "0") != "0",
    )


def _settings(store: str, variables: Mapping[str, str]) -> str:
    settings = dict(_SETTINGS)
    modes = _MODES
    names = "'utf8mb4' COLLATE 'utf8mb4_0900_bin'"
    if store == "MariaDB":
        names = "'utf8mb4' COLLATE 'utf8mb4_nopad_bin'"
        # New values are calculated from old ones, whatever the order.
        modes = (*modes, "SIMULTANEOUS_ASSIGNMENT")
        settings.update(_OF_MARIADB)
        if "innodb_snapshot_isolation" in variables:
            settings["innodb_snapshot_isolation"] = "1"
    settings["sql_mode"] = f"'{','.join(modes)}'"
    assigned = ", ".join(f"{name} = {value}" for name, value in settings.items())
    return f"SET NAMES {names}, {assigned}"


async def _variables(client: Client) -> Mapping[str, str]:
    """Give those variables of the server that it has."""
    names = ", ".join(f"'{name}'" for name in _VARIABLES)
    await client.query(f"SHOW VARIABLES WHERE variable_name IN ({names})")
    answer = answer_of(client)
    rows = () if answer is None else answer.rows or ()
    return {str(name): str(value) for name, value in rows}
