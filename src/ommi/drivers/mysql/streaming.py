"""Rows as the server sends them; a SELECT sees the rows of its start."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TypeVar

from asyncmy.cursors import SSCursor

from ommi.drivers.mysql.errors import CLIENT_ERRORS
from ommi.drivers.mysql.literals import with_values
from ommi.drivers.mysql.session import Session
from ommi.drivers.protocol import Build
from ommi.planning.plan import Parameters, Rows
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")


async def stream(
    session: Session, command: SqlCommand, parameters: Parameters, size: int, build: Build[T]
) -> AsyncGenerator[T, None]:
    """Build something of every `size` rows.

    Left early, the session is given up: the server would send all the rest before anything else.
    """
    client = session.client
    cursor = client.cursor(SSCursor)
    is_over = False

    async def next_rows() -> Rows:
        try:
            return await cursor.fetchmany(size)
        except CLIENT_ERRORS as error:
            raise await session.failure(error, command) from error

    try:
        text = with_values(command.text, parameters, client.literal)
        try:
            await cursor.execute(text)
        except CLIENT_ERRORS as error:
            raise await session.failure(error, command) from error
        while not is_over:
            rows = await next_rows()
            is_over = len(rows) < size
            if is_over and client._result is not None:
                await session.refuse_warnings(client._result, command)
            if rows:
                yield build(rows)
    finally:
        if not session.is_usable:
            await session.give_up()
