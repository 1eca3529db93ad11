"""Transactions side by side, a step at a time, as an anomaly needs them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from ommi import (
    ConflictError,
    IsolationLevel,
    Key,
    ModelCollection,
    Ommi,
    Transaction,
    TransactionOptions,
    col,
    ommi_model,
)

COLLECTION = ModelCollection()
BLOCKED_AFTER = 0.1
"""A step that takes longer waits for another transaction, in seconds."""


@ommi_model(collection=COLLECTION, table="cells")
@dataclass
class Cell:
    id: Annotated[int, Key] = 0
    value: int = 0


VALUE = col(Cell.value)

Step = Callable[[Transaction], Awaitable[object]]
Script = Sequence[tuple[int, Step]]


@dataclass
class Session:
    """One transaction: what its steps gave, and whether it was committed."""

    tx: Transaction
    seen: list[object] = field(default_factory=list)
    conflict: ConflictError | None = None
    ended: bool = False

    @property
    def is_committed(self) -> bool:
        return self.tx._block is not None and self.tx.outcome == "committed"

    async def run(self, steps: asyncio.Queue[tuple[Step, asyncio.Event]]) -> None:
        while True:
            step, done = await steps.get()
            if self.conflict is None:
                try:
                    self.seen.append(await step(self.tx))
                except ConflictError as conflict:
                    self.conflict = conflict
                    if self.tx._begun().is_open:
                        await self.tx.rollback()
            done.set()


@dataclass
class Ending:
    """What is left, and what everybody saw."""

    rows: dict[int, int]
    sessions: dict[int, Session]

    def committed(self, *numbers: int) -> bool:
        return all(self.sessions[number].is_committed for number in numbers)

    def saw(self, number: int, step: int) -> object:
        seen = self.sessions[number].seen
        return seen[step] if step < len(seen) else None


async def play(db: Ommi, level: IsolationLevel | None, script: Script) -> Ending:
    """Run a script on the rows 1 → 10 and 2 → 20."""
    await db.query(Cell).delete()
    await db.add(Cell(1, 10), Cell(2, 20)).or_raise()
    numbers = sorted({number for number, _ in script})
    options = TransactionOptions(isolation_level=level)
    sessions: dict[int, Session] = {}
    queues: dict[int, asyncio.Queue[tuple[Step, asyncio.Event]]] = {}
    waiting: list[asyncio.Event] = []
    tasks = []
    for number in numbers:
        # Begun in a task of its own, so that none is nested in another.
        tx = Transaction(db, options)
        await asyncio.create_task(tx.begin())
        sessions[number] = Session(tx)
        queues[number] = asyncio.Queue()
        tasks.append(asyncio.create_task(sessions[number].run(queues[number])))
    for number, step in script:
        done = asyncio.Event()
        queues[number].put_nowait((step, done))
        waiting.append(done)
        await asyncio.wait([asyncio.create_task(done.wait())], timeout=BLOCKED_AFTER)
    async with asyncio.timeout(30):
        for done in waiting:
            await done.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for session in sessions.values():
        if session.tx._begun().is_open:
            await session.tx.rollback()
    rows = {cell.id: cell.value for cell in await db.query(Cell).fetch_all()}
    return Ending(rows, sessions)


def put(number: int, value: int) -> Step:
    return lambda tx: tx.query(Cell, Cell.id == number).update(value=value)


def plus(value: int, *, only: int | None = None) -> Step:
    def step(tx: Transaction) -> Awaitable[int]:
        query = tx.query(Cell) if only is None else tx.query(Cell, Cell.id == only)
        return query.update(value=VALUE + value)

    return step


def get(number: int) -> Step:
    async def step(tx: Transaction) -> int | None:
        cell = await tx.query(Cell, Cell.id == number).fetch_one()
        return None if cell is None else cell.value

    return step


async def get_all(tx: Transaction) -> tuple[int, ...]:
    return tuple(cell.value for cell in await tx.query(Cell).order_by("id").fetch_all())


def get_valued(*values: int) -> Step:
    async def step(tx: Transaction) -> int:
        # Read rather than counted: it is what the user of a lock would do.
        return len(await tx.query(Cell, VALUE.in_(values)).fetch_all())

    return step


def new(number: int, value: int) -> Step:
    return lambda tx: tx.add(Cell(number, value)).or_raise()


def remove_valued(value: int) -> Step:
    return lambda tx: tx.query(Cell, Cell.value == value).delete()


async def commit(tx: Transaction) -> None:
    await tx.commit()


async def abort(tx: Transaction) -> None:
    await tx.rollback()
