"""One session: statements that are kept prepared, and no answer believed that has a warning."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections import OrderedDict
from collections.abc import Sequence
from typing import NoReturn

from ommi.drivers.mysql.client import (
    QUERY,
    Answer,
    Client,
    Statement,
    answer_of,
    drop,
    is_at_rest,
    reset,
)
from ommi.drivers.mysql.connecting import Location, Server
from ommi.drivers.mysql.errors import (
    CLIENT_ERRORS,
    DUPLICATE,
    OUTDATED,
    code_of,
    duplicate,
    index_named,
    translated,
    warned,
)
from ommi.drivers.mysql.literals import has_list, with_values
from ommi.errors import ConnectionLost, OmmiError
from ommi.planning.plan import Parameters, Rows
from ommi.sql.dialect import SqlCommand

STATEMENTS_KEPT = 256

_HARMLESS = frozenset({1003, 1287, 1681, 1684})
"""Warnings about the future of a word, or a table that is just being made: it is not there yet."""


class Session:
    """What a connection has on the server; one caller at a time."""

    def __init__(self, client: Client, server: Server, location: Location) -> None:
        self.client = client
        self.server = server
        self.is_changed: bool = False
        self._location = location
        self._thread = client.thread_id()
        self.kept: OrderedDict[str, Statement] = OrderedDict()
        """Prepared statements by their texts, the one used last at the end."""

    @property
    def is_usable(self) -> bool:
        """Whether nothing is unread, no transaction is open, and the socket is."""
        return is_at_rest(self.client)

    async def run(self, command: SqlCommand, parameters: Parameters) -> Answer:
        """Run a command; it is stopped on the server where it is cancelled."""
        text = command.text
        try:
            statement = self.kept.get(text)
            if statement is None:
                answer = await self._first(text, parameters)
            else:
                self.kept.move_to_end(text)
                try:
                    answer = await statement.run(parameters)
                except CLIENT_ERRORS as error:
                    if code_of(error) not in OUTDATED:
                        raise
                    del self.kept[text]
                    answer = await self._first(text, parameters)
            if answer.warning_count:
                await self._refuse_warnings(command)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            await self._fail(error, command)
        return answer

    async def _fail(self, error: BaseException, command: SqlCommand) -> NoReturn:
        try:
            if isinstance(error, CLIENT_ERRORS):
                raise await self.failure(error, command) from error
            if not isinstance(error, OmmiError):
                await self.give_up()
            raise error
        finally:
            del error  # else error, traceback and this frame keep each other alive

    async def run_once(self, command: SqlCommand, parameters: Parameters) -> Answer:
        """Run a command whose statement is not kept."""
        answer = await self.run(command, parameters)
        statement = self.kept.pop(command.text, None)
        if statement is not None:
            await statement.prepared.close()
        return answer

    async def ask(self, text: str, *parameters: object) -> Rows:
        """Ask something about the server or its tables."""
        answer = await self.run(SqlCommand(text, "", "", {}), parameters)
        return answer.rows or ()

    async def say(self, text: str) -> None:
        """Run a statement without values, whose warnings only say that there was nothing to do."""
        try:
            await self.client.query(text)
        except CLIENT_ERRORS as error:
            raise translated(error, self.server.store, _command(text)) from error
        except BaseException:
            await self.give_up()
            raise

    async def control(self, text: str) -> None:
        """Run a statement about a transaction: without values, rows and warnings."""
        try:
            await self.client._execute_command(QUERY, text)  # noqa: SLF001 - its warnings do not
            await self.client._read_ok_packet()  # noqa: SLF001 - matter, so it has no result
        except CLIENT_ERRORS as error:
            raise translated(error, self.server.store, _command(text)) from error
        except BaseException:
            await self.give_up()
            raise

    async def begin(self) -> None:
        """Begin a transaction."""
        await self.control("START TRANSACTION")

    async def commit(self) -> None:
        """Commit; a reply that is lost leaves the outcome unknown."""
        await self.control("COMMIT")

    async def rollback(self) -> None:
        """Roll back, or give the session up where that cannot be done."""
        if not self.client.connected:
            return
        try:
            await self.control("ROLLBACK")
        except OmmiError:
            self.abort()

    async def prepared(self, text: str) -> Statement:
        """Give the prepared statement of a text, which is kept for the next time."""
        statement = self.kept.get(text)
        if statement is not None:
            self.kept.move_to_end(text)
            return statement
        statement = self.kept[text] = Statement(self.client, await self.client.prepare(text))
        if len(self.kept) > STATEMENTS_KEPT:
            _, oldest = self.kept.popitem(last=False)
            await oldest.prepared.close()
        return statement

    async def failure(self, error: Exception, command: SqlCommand | None) -> OmmiError:
        """Give Ommi's error for one of the client library's."""
        store = self.server.store
        if command is not None and code_of(error) in DUPLICATE:
            columns = await self._columns_of_index(command.table, index_named(error))
            return duplicate(error, store, command, columns)
        made = translated(error, store, command)
        if isinstance(made, ConnectionLost):
            self.abort()
        return made

    async def refuse_warnings(self, answer: Answer, command: SqlCommand) -> None:
        """Raise for an answer that came with warnings."""
        if answer.warning_count:
            await self._refuse_warnings(command)

    async def reset(self) -> None:
        """Make the session as it was when it was opened."""
        self.kept.clear()
        try:
            await reset(self.client)
        except CLIENT_ERRORS as error:
            raise await self.failure(error, None) from error
        except BaseException:
            self.abort()
            raise
        await self.say(self.server.settings)
        self.is_changed = False

    def abort(self) -> None:
        """Close the socket at once."""
        drop(self.client)

    async def give_up(self) -> None:
        """Close the socket, and stop on the server what still runs; however often cancelled."""
        self.abort()
        killing = asyncio.ensure_future(self._location.kill(self._thread))
        while not killing.done():
            try:
                await asyncio.wait([killing])
            except CancelledError:
                # The caller raises the first one when this is done; it takes two seconds at most.
                continue

    async def _first(self, text: str, parameters: Parameters) -> Answer:
        if has_list(parameters):
            return await self._written_out(text, parameters)
        return await (await self.prepared(text)).run(parameters)

    async def _written_out(self, text: str, parameters: Parameters) -> Answer:
        await self.client.query(with_values(text, parameters, self.client.literal))
        answer = answer_of(self.client)
        if answer is None:
            raise RuntimeError("the client library forgot its answer")
        return answer

    async def _refuse_warnings(self, command: SqlCommand) -> None:
        for _, code, message in await self.client.show_warnings():
            if code not in _HARMLESS:
                raise warned(_number(code), str(message), self.server.store, command)

    async def _columns_of_index(self, table: str, index: str) -> Sequence[str]:
        try:
            statement = await self.prepared(_COLUMNS_OF_INDEX)
            answer = await statement.run((table, index))
        except CLIENT_ERRORS:
            return ()
        return [str(column) for (column,) in answer.rows or ()]


def _number(code: object) -> int:
    return code if isinstance(code, int) else 0


def _command(text: str) -> SqlCommand:
    return SqlCommand(text, "", "", {})


_COLUMNS_OF_INDEX = (
    "SELECT column_name FROM information_schema.statistics WHERE table_schema = DATABASE() "
    "AND table_name = ? AND index_name = ? ORDER BY seq_in_index"
)
