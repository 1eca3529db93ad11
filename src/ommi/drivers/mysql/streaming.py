"""Rows as the server sends them; a SELECT sees the rows of its start."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TypeVar

from asyncmy.cursors import SSCursor

from ommi.drivers.mysql.client import answer_of
from ommi.drivers.mysql.errors import CLIENT_ERRORS
from ommi.drivers.mysql.literals import with_values
from ommi.drivers.mysql.session import Session
from ommi.drivers.protocol import Build
from ommi.planning.plan import Parameters
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")


async def stream(
    session: Session, command: SqlCommand, parameters: Parameters, size: int, build: Build[T]
) -> AsyncGenerator[T, None]:
    """Build something of every `size` rows.

    Left early, the session is given up: the server would send all the rest before anything else.
    """
    cursor = session.client.cursor(SSCursor)
    is_over = False
    try:
        await cursor.execute(with_values(command.text, parameters, session.client.literal))
        while not is_over:
            rows = await cursor.fetchmany(size)
            if len(rows) < size:
                is_over = True
                await _refuse_warnings(session, command)
            if rows:
                yield build(rows)
    except CLIENT_ERRORS as error:
        is_over = True
        raise await session.failure(error, command) from error
    finally:
        if not is_over:
            await session.give_up()


async def _refuse_warnings(session: Session, command: SqlCommand) -> None:
    answer = answer_of(session.client)
    if answer is not None:
        await session.refuse_warnings(answer, command)
