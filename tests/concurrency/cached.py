"""One of several processes that read through a cache and write, and look for old answers.

A row is written by one task only, each time with a higher number, which the task puts on a board
that all processes see, once the write is reported. Whoever reads a row looks at the board first:
a lower number than that is an old answer.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from random import Random
from typing import Annotated, Any

from ommi import DatabaseError, Key, ModelCollection, Ommi, QueryCache, ReferenceTo, ommi_model

TASKS = 8
PROCESSES = 3
READS = 10
ROWS = TASKS * PROCESSES
UNDONE = 1 << 40
"""What a transaction writes that is rolled back: nobody else may ever see it."""

CACHED = ModelCollection(naming=lambda name: f"cached_{name.lower()}")


@ommi_model(collection=CACHED)
@dataclass
class Owner:
    id: Annotated[int, Key]


@ommi_model(collection=CACHED)
@dataclass
class Counted:
    id: Annotated[int, Key]
    number: int
    owner_id: Annotated[int, ReferenceTo(Owner)]


class Board:
    """What was reported by row, how many steps there were, and how many hits."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = memoryview(mmap(file.fileno(), 0)).cast("q")

    @staticmethod
    def made(path: Path) -> Board:
        path.write_bytes(bytes(8 * (ROWS + PROCESSES)))
        return Board(path)

    def reported(self) -> list[int]:
        return list(self._memory[:ROWS])

    def report(self, row: int, number: int) -> None:
        self._memory[row] = number

    def steps(self) -> int:
        return sum(self._memory[ROWS:])

    def step(self, process: int) -> None:
        self._memory[ROWS + process] += 1


class Task:
    """Reads any rows, and writes one."""

    def __init__(self, db: Ommi, board: Board, process: int, row: int, random: Random) -> None:
        self._db = db
        self._board = board
        self._process = process
        self._row = row
        self._random = random
        self._number = 0

    async def run(self, steps: int) -> None:
        while self._board.steps() < steps:
            await self._random.choice(self._steps())()
            self._board.step(self._process)

    def _steps(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        # A write takes as long as hundreds of hits; were there more, nothing would ever be kept.
        writes = [self.write, self.write_together, self.write_anew, self.write_and_undo]
        return [*[self.read] * 60, *writes]

    async def read(self) -> None:
        for _ in range(READS):
            how = self._random.choice((self.read_all, self.read_some, self.read_one, self.count))
            await how()

    async def read_all(self) -> None:
        await self._look(self._db.query(Counted))

    async def read_some(self) -> None:
        owner = self._random.randrange(PROCESSES)
        await self._look(self._db.query(Counted).where(Owner.id == owner))

    async def read_one(self) -> None:
        await self._look(self._db.query(Counted).where(Counted.id == self._random.randrange(ROWS)))

    async def _look(self, question: Any) -> None:
        least = self._board.reported()
        for row in await question.cached().fetch_all():
            if not least[row.id] <= row.number < UNDONE:
                raise AssertionError(f"row {row.id} is {row.number}, after {least[row.id]}")
        if self._random.random() < 0.01:
            await question.fetch_all()

    async def count(self) -> None:
        least = self._board.reported()
        row = self._random.randrange(ROWS)
        question = self._db.query(Counted).where(Counted.id == row, Counted.number >= least[row])
        if await question.cached().count() != 1:
            raise AssertionError(f"row {row} is not at {least[row]}")

    async def write(self) -> None:
        self._number += 1
        row = self._db.find(Counted.id == self._row)
        await row.update(number=self._number).or_raise()
        self._board.report(self._row, self._number)

    async def write_together(self) -> None:
        self._number += 1
        async with self._db.transaction():
            row = self._db.query(Counted).where(Counted.id == self._row).cached()
            before = await row.one()
            await self._db.find(Counted.id == self._row).update(number=self._number).or_raise()
            if (await row.one()).number != self._number or before.number >= self._number:
                raise AssertionError("a transaction does not see what it wrote")
        self._board.report(self._row, self._number)

    async def write_anew(self) -> None:
        self._number += 1
        owner = self._row // TASKS
        async with self._db.transaction():
            await self._db.find(Counted.id == self._row).delete().or_raise()
            await self._db.add(Counted(self._row, self._number, owner)).or_raise()
        self._board.report(self._row, self._number)

    async def write_and_undo(self) -> None:
        async with self._db.transaction() as tx:
            await self._db.find(Counted.id == self._row).update(number=UNDONE).or_raise()
            await tx.rollback()


async def work(url: str, channel: str, name: str, process: int, steps: int, path: Path) -> int:
    """Give the number of hits."""
    cache = QueryCache(channel=channel, shared_as=name or None)
    async with Ommi(url, cache=cache) as db:
        board = Board(path)
        while not cache.stats.hits:
            # Until the process may give what is kept.
            await db.query(Owner).cached().count()
            await asyncio.sleep(0.01)
        async with asyncio.TaskGroup() as group:
            for number in range(TASKS):
                row = process * TASKS + number
                group.create_task(Task(db, board, process, row, Random(row)).run(steps))
    return cache.stats.hits + cache.stats.shared_hits


async def fill(url: str) -> None:
    """Make the tables and the rows."""
    async with Ommi(url) as db:
        await db.remove_models(CACHED)
        await db.use_models(CACHED)
        await db.add_all(Owner(process) for process in range(PROCESSES)).or_raise()
        await db.add_all(Counted(row, 0, row // TASKS) for row in range(ROWS)).or_raise()


if __name__ == "__main__":
    url, channel, name, process, steps, path = sys.argv[1:]
    try:
        print(asyncio.run(work(url, channel, name, int(process), int(steps), Path(path))))  # noqa: T201
    except* (AssertionError, DatabaseError) as errors:
        sys.exit(repr(errors.exceptions))
