"""Waiting questions by key become one: nothing waits longer for it, and a busy store gets less.

While every connection is lent, those who ask for a row by the same key of the same model wait for
the same connection, and share one statement. Each gets its own rows, to build its own instance.
"""

from __future__ import annotations

from asyncio import CancelledError, Future, Task, create_task, get_running_loop
from contextlib import suppress
from typing import Any

from ommi.execution.pool.connection_pool import ConnectionPool
from ommi.planning.plan import ByKeys, Rows

MOST_GATHERED = 500
"""How many may share a statement; those who come later wait for the next one."""


class Gatherer:
    """Gathers those who wait for a connection of one pool."""

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        self._pool = pool
        self._open: dict[ByKeys, _Gathering] = {}

    async def rows(self, by_keys: ByKeys, key: object) -> Rows | None:
        """Give the rows with a key; `None` where the question must be asked by itself.

        That is so for a task that holds a connection, which is the pool's to judge, and where
        the statement of all has failed, which may be the fault of one.
        """
        if self._pool.is_held_by_current_task():
            return None
        gathering = self._open.get(by_keys)
        if gathering is None or len(gathering.waiting) >= MOST_GATHERED:
            gathering = self._open[by_keys] = _Gathering()
            gathering.task = create_task(self._run(by_keys, gathering))
        answer: Future[Rows | None] = get_running_loop().create_future()
        gathering.waiting.append((key, answer))
        try:
            return await answer
        except CancelledError:
            gathering.someone_left()
            raise

    async def _run(self, by_keys: ByKeys, gathering: _Gathering) -> None:
        found = None
        # Where that fails each asks by itself, and gets an error of its own.
        with suppress(Exception):
            try:
                found = await self._found(by_keys, gathering)
            finally:
                self._close(by_keys, gathering)
                for key, answer in gathering.waiting:
                    if not answer.done():
                        answer.set_result(None if found is None else found.get(key, ()))

    async def _found(self, by_keys: ByKeys, gathering: _Gathering) -> dict[object, Rows]:
        lease = await self._pool.acquire()
        try:
            self._close(by_keys, gathering)
            keys = list(
                dict.fromkeys(key for key, answer in gathering.waiting if not answer.done())
            )
            rows: Rows = await lease.connection.fetch(by_keys.command, by_keys.bind([keys]), _all)
        finally:
            self._pool.give_back(lease)
        return {row[by_keys.place]: (row,) for row in rows}

    def _close(self, by_keys: ByKeys, gathering: _Gathering) -> None:
        """Let nobody else join."""
        if self._open.get(by_keys) is gathering:
            del self._open[by_keys]


class _Gathering:
    """Those who share a statement, and the task that asks for all of them."""

    __slots__ = ("task", "waiting")
    task: Task[None]

    def __init__(self) -> None:
        self.waiting: list[tuple[object, Future[Rows | None]]] = []

    def someone_left(self) -> None:
        if all(answer.done() for _, answer in self.waiting):
            self.task.cancel()


def _all(rows: Rows) -> Rows:
    return rows
