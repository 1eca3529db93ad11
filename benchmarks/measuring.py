"""Libraries side by side: a process each, on one core, by turns, in short repetitions."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.libraries.ommi import create_table
from benchmarks.libraries.statements import ADD_WITH_KEY
from benchmarks.users import rows
from benchmarks.workloads import Workload

LIBRARIES = ("ommi", "aiosqlite", "sqlite3")


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the quartiles around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """Summarise two numbers or more."""
        low, median, high = statistics.quantiles(numbers, n=4, method="inclusive")
        return cls(low, median, high)


@dataclass(frozen=True, slots=True)
class Measured:
    """What came out for a workload: seconds of an operation, and paired ratios to aiosqlite."""

    workload: Workload
    wall: dict[str, float]
    cpu: dict[str, float]
    ratio: Spread
    cpu_ratio: Spread


def measure(workload: Workload, *, rounds: int, is_quick: bool, folder: Path) -> Measured:
    """Measure one workload with every library; raises `RuntimeError` where results differ."""
    template = folder / f"{workload.users}.db"
    if not template.exists():
        fill(template, workload.users)
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(_started(name, workload, template, is_quick=is_quick))
            for name in LIBRARIES
        }
        if len({worker.hear() for worker in workers.values()}) != 1:
            raise RuntimeError(f"{workload.name}: the libraries do not give the same")
        for worker in workers.values():
            worker.repeat()
        times = [_round(workers, number) for number in range(rounds)]
    return _summary(workload, times)


Times = dict[str, tuple[float, float]]


def _round(workers: dict[str, _Worker], number: int) -> Times:
    order = list(workers) if number % 2 else list(reversed(workers))
    return {name: workers[name].repeat() for name in order}


def _summary(workload: Workload, times: Sequence[Times]) -> Measured:
    def medians(kind: int) -> dict[str, float]:
        return {name: statistics.median(t[name][kind] for t in times) for name in LIBRARIES}

    def ratios(kind: int) -> Spread:
        return Spread.of([t["ommi"][kind] / t["aiosqlite"][kind] for t in times])

    return Measured(workload, medians(0), medians(1), ratios(0), ratios(1))


class _Worker:
    def __init__(self, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._process.kill()
        self._process.communicate()

    def repeat(self) -> tuple[float, float]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        wall, cpu = json.loads(self.hear())
        return wall, cpu

    def hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a worker ended; its error is above")
        return line


@contextmanager
def _started(
    name: str, workload: Workload, template: Path, *, is_quick: bool
) -> Iterator[_Worker]:
    path = template.with_name(f"{workload.name}-{name}.db")
    shutil.copy(template, path)
    speed = "quick" if is_quick else "full"
    with _Worker([name, workload.name, str(path), core(), speed]) as worker:
        yield worker
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


def core() -> str:
    """Give the last core that this process may use, or "any" where cores cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return "any"
    return str(max(os.sched_getaffinity(0)))


def fill(path: Path, count: int) -> None:
    """Make a database file with that many rows."""
    asyncio.run(create_table(str(path)))
    connection = sqlite3.connect(path)
    connection.executemany(ADD_WITH_KEY, rows(count))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
