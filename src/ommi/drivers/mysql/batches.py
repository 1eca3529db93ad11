"""Writes that happen together or not at all; many rows of one INSERT go in few statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from ommi.drivers.mysql.client import Answer
from ommi.drivers.mysql.errors import CLIENT_ERRORS
from ommi.drivers.mysql.session import Session
from ommi.drivers.protocol import Step
from ommi.planning.plan import Parameters, Rows
from ommi.sql.dialect import SqlCommand

ROWS_AT_ONCE = 100
"""More rows in one INSERT are no quicker."""

_LARGEST_STATEMENT = 4 << 20
"""In bytes; servers take 16 MiB or more, and the estimate is rough."""

_MOST_PARAMETERS = 65_535


async def run_batch(session: Session, steps: Sequence[Step]) -> list[Rows]:
    """Run commands in one transaction; give the rows that each step returned."""
    if len(steps) == 1 and len(_chunks(steps[0])) == 1:
        # One statement is all or nothing by itself.
        return [await _run_step(session, steps[0])]
    await session.begin()
    try:
        told = [await _run_step(session, step) for step in steps]
        await session.commit()
    except BaseException:
        await session.rollback()
        raise
    return told


async def _run_step(session: Session, step: Step) -> Rows:
    command = cast("SqlCommand", step.command)
    returned: list[Sequence[object]] = []
    for rows in _chunks(step):
        returned.extend(await _run_chunk(session, command, rows))
    return returned


def _chunks(step: Step) -> list[Sequence[Parameters]]:
    command, rows = cast("SqlCommand", step.command), step.parameters
    if not command.columns:
        return [[row] for row in rows]
    most = min(ROWS_AT_ONCE, _MOST_PARAMETERS // len(command.columns))
    return list(_cut(rows, most))


def _cut(rows: Sequence[Parameters], most: int) -> Iterator[Sequence[Parameters]]:
    """Cut rows into statements that are neither too many rows nor too large."""
    start, size = 0, 0
    for at, row in enumerate(rows):
        weight = sum([len(value) for value in row if isinstance(value, str | bytes)])
        is_full = at - start >= most or size + 4 * weight > _LARGEST_STATEMENT
        if is_full and at > start:
            yield rows[start:at]
            start, size = at, 0
        size += 4 * weight
    if start < len(rows):
        yield rows[start:]


async def _run_chunk(session: Session, command: SqlCommand, rows: Sequence[Parameters]) -> Rows:
    if len(rows) == 1:
        answer = await session.run(command, rows[0])
        return _told(command, answer)
    many = replace(command, text=_of_many(session, command, len(rows)))
    values = [value for row in rows for value in row]
    if len(rows) == ROWS_AT_ONCE:
        answer = await session.run(many, values)
    else:
        answer = await _run_once(session, many, values)
    return _told(command, answer, len(rows))


def _told(command: SqlCommand, answer: Answer, count: int = 1) -> Rows:
    if answer.rows is not None:
        return answer.rows
    if command.key_column is None:
        return []
    # The keys of one INSERT whose rows are counted follow each other.
    return [(answer.insert_id + number,) for number in range(count)]


def _of_many(session: Session, command: SqlCommand, count: int) -> str:
    """Give the INSERT of many rows; MariaDB tells their keys, MySQL only the first."""
    places = ", ".join("?" * len(command.columns))
    head, values, tail = command.text.partition(f"({places})")
    text = f"{head}{', '.join([values] * count)}{tail}"
    if command.key_column is not None and session.server.store == "MariaDB":
        return f"{text} RETURNING `{command.key_column.replace('`', '``')}`"
    return text


async def _run_once(session: Session, command: SqlCommand, values: Parameters) -> Answer:
    """Run a statement whose like will hardly come again: it is not kept."""
    statement = None
    try:
        statement = await session.client.prepare(command.text)
        answer = await statement.execute(values)
        await statement.close()
        await session.refuse_warnings(answer, command)
    except CLIENT_ERRORS as error:
        raise await session.failure(error, command) from error
    except Exception:
        raise
    except BaseException:
        await session.give_up()
        raise
    return answer
