"""A process that ends itself at a chosen moment: before, in the middle of or after a statement.

Every statement of the driver that writes is three moments. SIGKILL leaves no time to say goodbye.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

_LOOKS = re.compile(r"\s*(SELECT|PRAGMA|SHOW|EXPLAIN|the catalogue)", re.IGNORECASE)


def kill() -> NoReturn:
    """End this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("the process lives")


class Moments:
    """Counts moments, and ends the process at one of them."""

    def __init__(self, fatal: int) -> None:
        self.passed = 0
        self._fatal = fatal

    def pass_one(self) -> bool:
        """Tell whether the moment that has come is the last one."""
        self.passed += 1
        return self.passed == self._fatal

    def writes(self, text: str) -> bool:
        """Tell whether a statement counts."""
        return not _LOOKS.match(text)


def on_sqlite(moments: Moments) -> None:
    """Watch every statement of SQLite's."""
    from ommi.drivers.sqlite import connecting

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if not moments.writes(sql):
                return super().execute(sql, *values)
            if moments.pass_one():
                kill()
            if moments.pass_one():
                self.set_progress_handler(kill, 1)
            cursor = super().execute(sql, *values)
            if moments.pass_one():
                kill()
            return cursor

    connect = sqlite3.connect
    connecting.sqlite3.connect = (  # type: ignore[assignment]
        lambda *args, **options: connect(*args, factory=Watched, **options)
    )


async def _watched(moments: Moments, text: str, work: Coroutine[Any, Any, Any]) -> Any:
    if not moments.writes(text):
        return await work
    if moments.pass_one():
        kill()
    is_fatal = moments.pass_one()
    task = asyncio.ensure_future(work)
    if is_fatal:
        await asyncio.sleep(0)  # It is sent, and nobody waits for the answer.
        kill()
    given = await task
    if moments.pass_one():
        kill()
    return given


def on_postgresql(moments: Moments) -> None:
    """Watch every statement to a PostgreSQL server."""
    from asyncpg.protocol.protocol import Protocol

    query, bind_execute = Protocol.query, Protocol.bind_execute

    async def watched_query(self: Any, text: str, *given: Any, **named: Any) -> Any:
        return await _watched(moments, text, query(self, text, *given, **named))

    async def watched_execute(self: Any, state: Any, *given: Any, **named: Any) -> Any:
        return await _watched(moments, state.query, bind_execute(self, state, *given, **named))

    Protocol.query = watched_query
    Protocol.bind_execute = watched_execute


def on_mysql(moments: Moments) -> None:
    """Watch every statement to a MariaDB or MySQL server."""
    from ommi.drivers.mysql.session import Session

    say, control, run = Session.say, Session.control, Session.run

    async def watched_say(self: Any, text: str) -> Any:
        return await _watched(moments, text, say(self, text))

    async def watched_control(self: Any, text: str) -> Any:
        return await _watched(moments, text, control(self, text))

    async def watched_run(self: Any, command: Any, parameters: Any) -> Any:
        return await _watched(moments, command.text, run(self, command, parameters))

    Session.say = watched_say  # type: ignore[method-assign]
    Session.control = watched_control  # type: ignore[method-assign]
    Session.run = watched_run  # type: ignore[method-assign]


WATCHES: dict[str, Callable[[Moments], None]] = {
    "sqlite": on_sqlite,
    "postgresql": on_postgresql,
    "mysql": on_mysql,
}
