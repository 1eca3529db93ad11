"""Where a SQLite database is, and how each of its connections is set up."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from urllib.parse import quote

from ommi.drivers.sqlite.functions import register
from ommi.errors import ConnectionFailed

OLDEST = (3, 38, 0)
"""STRICT tables, RETURNING, and `->`."""

STATEMENTS_KEPT = 256

POLL = 0.05
"""How long SQLite waits for a lock by itself, in seconds; nothing can interrupt it meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A database file, or one in memory where `path` is `None`.

    `timeout` is how long to wait for another connection's lock, in seconds.
    """

    path: str | None = None
    timeout: float = 5.0
    is_read_only: bool = False

    @property
    def name(self) -> str:
        """The path, for messages."""
        return self.path or ":memory:"

    def connect(self, *, writes: bool) -> sqlite3.Connection:
        """Open a connection; raises `sqlite3.Error`, or `ConnectionFailed` for an old SQLite."""
        if sqlite3.sqlite_version_info < OLDEST:
            raise ConnectionFailed(
                f"is {sqlite3.sqlite_version}, wanted {'.'.join(map(str, OLDEST))} or later",
                store="SQLite",
            )
        connection = sqlite3.connect(
            self._uri(),
            uri=True,
            timeout=self.timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_KEPT,
        )
        try:
            self._set_up(connection, writes=writes)
        except BaseException:
            connection.close()
            raise
        return connection

    def _uri(self) -> str:
        if self.path is None:
            return "file::memory:"
        mode = "ro" if self.is_read_only else "rwc"
        return f"file:{quote(self.path)}?mode={mode}"

    def _set_up(self, connection: sqlite3.Connection, *, writes: bool) -> None:
        register(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        if writes and self.path is not None:
            connection.execute("PRAGMA journal_mode = WAL")
            # A commit that was reported survives a loss of power.
            connection.execute("PRAGMA synchronous = FULL")
        elif not writes and self.path is not None:
            connection.execute("PRAGMA query_only = ON")
        # Reads the file's header, which tells whether it is a database at all.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute(f"PRAGMA busy_timeout = {POLL * 1000:.0f}")
