"""Writes that happen together or not at all; many rows of one INSERT go in few statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from ommi.drivers.mysql.client import Answer
from ommi.drivers.mysql.session import Session
from ommi.drivers.protocol import Step
from ommi.planning.plan import Parameters, Rows
from ommi.sql.dialect import SqlCommand

ROWS_AT_ONCE = 250
"""More rows in one INSERT are no quicker."""

LARGEST_STATEMENT = 4 << 20
"""In bytes of text; servers take 16 MiB or more, and a character may be four."""

_MOST_PARAMETERS = 65_535


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The parameters of one statement, those of all its rows behind each other."""

    count: int
    values: Parameters


async def run_batch(session: Session, steps: Sequence[Step]) -> list[Rows]:
    """Run commands in one transaction; give the rows that each step returned."""
    if len(steps) == 1 and len(chunks := list(_chunks(steps[0]))) == 1:
        # One statement is all or nothing by itself.
        return [await _run_step(session, steps[0], chunks)]
    await session.begin()
    try:
        told = await run_within(session, steps)
        await session.commit()
    except BaseException:
        await session.rollback()
        raise
    return told


async def run_within(session: Session, steps: Sequence[Step]) -> list[Rows]:
    """Run commands in a transaction that is open; give the rows that each step returned."""
    told: list[Rows] = []
    for step in steps:
        known = step.after(told)
        told.append(await _run_step(session, known, _chunks(known)))
    return told


async def _run_step(session: Session, step: Step, chunks: Iterable[_Chunk]) -> Rows:
    command = cast("SqlCommand", step.command)
    returned: list[Sequence[object]] = []
    for chunk in chunks:
        returned.extend(await _run_chunk(session, command, chunk))
    return returned


def _chunks(step: Step) -> Iterator[_Chunk]:
    command, rows = cast("SqlCommand", step.command), step.parameters
    if not command.columns:
        yield from (_Chunk(1, row) for row in rows)
        return
    most = min(ROWS_AT_ONCE, _MOST_PARAMETERS // len(command.columns))
    for start in range(0, len(rows), most):
        yield from _small_enough(rows[start : start + most])


def _small_enough(rows: Sequence[Parameters]) -> Iterator[_Chunk]:
    """Give rows as one statement, or as several if they are large."""
    values = [value for row in rows for value in row]
    if len(rows) > 1 and _size(values) > LARGEST_STATEMENT:
        middle = len(rows) // 2
        yield from _small_enough(rows[:middle])
        yield from _small_enough(rows[middle:])
    else:
        yield _Chunk(len(rows), values)


def _size(values: Parameters) -> int:
    return 4 * sum([len(value) for value in values if isinstance(value, str | bytes)])


async def _run_chunk(session: Session, command: SqlCommand, chunk: _Chunk) -> Rows:
    if chunk.count == 1:
        return _told(session, command, await session.run(command, chunk.values), 1)
    many = replace(command, text=_of_many(session, command, chunk.count))
    # A text for any other number of rows will hardly come again.
    run = session.run if chunk.count == ROWS_AT_ONCE else session.run_once
    return _told(session, command, await run(many, chunk.values), chunk.count)


def _told(session: Session, command: SqlCommand, answer: Answer, count: int) -> Rows:
    if answer.rows is not None:
        return answer.rows
    if command.key_column is None:
        return []
    # The keys of one INSERT whose rows are counted follow each other.
    step = session.server.key_step
    return [(answer.insert_id + number * step,) for number in range(count)]


def _of_many(session: Session, command: SqlCommand, count: int) -> str:
    """Give the INSERT of many rows; MariaDB tells their keys, MySQL only the first."""
    values = f"({', '.join('?' * len(command.columns))})"
    head, _, tail = command.text.rpartition(values)
    text = f"{head}{', '.join([values] * count)}{tail}"
    if command.key_column is not None and session.server.store == "MariaDB":
        return f"{text} RETURNING `{command.key_column.replace('`', '``')}`"
    return text
