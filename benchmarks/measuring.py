"""Libraries side by side: a process each, on one core, by turns, in short repetitions."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from types import TracebackType
from typing import Self

from benchmarks.contestants import UVLOOP, baseline_of
from benchmarks.libraries.ommi import fill
from benchmarks.stores.protocol import Store
from benchmarks.workloads import Workload


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
class Time:
    """Seconds of an operation, and paired ratios to the baseline; `cpu` is that of the client."""

    wall: float
    cpu: float
    ratio: Spread
    cpu_ratio: Spread


@dataclass(frozen=True, slots=True)
class Measured:
    """What came out for a workload on a store, by the name of the library."""

    store: Store
    workload: Workload
    times: Mapping[str, Time]


def pin() -> None:
    """Keep this process, and those that it starts, servers too, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


@dataclass(frozen=True, slots=True)
class Databases:
    """The databases on one server: one for all readers of the same rows, one for each writer."""

    store: Store
    server: str
    _filled: dict[str, str] = field(default_factory=dict)

    def url(self, workload: Workload, contestant: str, sitting: int = 0) -> str:
        """Give a database that is ready for the workload."""
        name = f"users_{workload.size}" + ("_with_posts" if workload.has_posts else "")
        if workload.writes or workload.fills:
            own = f"{workload.name}_{contestant}_{sitting}"
            name = own.lower().replace("-", "_").replace(":", "_")
        if name not in self._filled:
            self._filled[name] = asyncio.run(self._made(name, workload))
        return self._filled[name]

    async def _made(self, name: str, workload: Workload) -> str:
        url = await self.store.create(self.server, name)
        count = 0 if workload.fills else workload.size
        await fill(url, count, with_posts=workload.has_posts)
        await self.store.settle(url)
        return url


Times = dict[str, tuple[float, float, int]]
"""Of a round: seconds of wall clock and client, and bytes of memory, by the library."""

SITTINGS = 4
"""A process keeps for its life what it was dealt, in memory and by the kernel: the same code takes
half as long again in one as in the other. So there is a new one for each part of the rounds."""


def measure(
    workload: Workload, databases: Databases, names: Sequence[str], rounds: int
) -> Measured:
    """Measure one workload with every library; raises `RuntimeError` where results differ."""
    times: list[Times] = []
    store = databases.store
    for sitting in range(min(SITTINGS, rounds)):
        taking_part = _close(names, store) if sitting else names
        times += _sat(workload, databases, taking_part, range(sitting, rounds, SITTINGS))
    able = set(chain(*times))
    baseline = {name: baseline_of(name, store) for name in names if name in able}
    return Measured(
        store, workload, {name: _time(name, baseline[name], times) for name in baseline}
    )


def _close(names: Sequence[str], store: Store) -> list[str]:
    """Give Ommi and what it is compared with: where 5 % is the question, every round counts.

    A library that takes three times as long is measured well enough in one sitting.
    """
    return [name for name in names if name.removesuffix(UVLOOP) in {"ommi", store.baseline}]


def _sat(
    workload: Workload, databases: Databases, names: Sequence[str], rounds: range
) -> list[Times]:
    store = databases.store
    with ExitStack() as stack:
        workers = {}
        for name in names:
            url = databases.url(workload, name, rounds.start)
            arguments = [name, workload.name, store.name, url]
            workers[name] = stack.enter_context(Worker(arguments))
        workers = _agreeing(workers, workload)
        for worker in workers.values():
            worker.repeat()
        return [_round(workers, turn) for turn in range(len(rounds))]


def _agreeing(workers: Mapping[str, Worker], workload: Workload) -> dict[str, Worker]:
    """Leave out those that cannot do it; raises `RuntimeError` where the others differ."""
    told = {name: json.loads(worker.hear()) for name, worker in workers.items()}
    able = {name: digest for name, digest in told.items() if digest is not None}
    if len(set(able.values())) > 1:
        raise RuntimeError(f"{workload.name}: the libraries do not give the same: {able}")
    return {name: workers[name] for name in able}


def _round(workers: dict[str, Worker], number: int) -> Times:
    order = list(workers) if number % 2 else list(reversed(workers))
    return {name: workers[name].repeat() for name in order}


def _time(name: str, baseline: str, rounds: Sequence[Times]) -> Time:
    present = [each for each in rounds if name in each]

    def median(kind: int) -> float:
        return statistics.median(each[name][kind] for each in present)

    def ratio(kind: int) -> Spread:
        return Spread.of([each[name][kind] / each[baseline][kind] for each in present])

    return Time(median(0), median(1), ratio(0), ratio(1))


class Worker:
    """A process of `benchmarks.worker`."""

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

    def repeat(self) -> tuple[float, float, int]:
        """Have the operations done; give seconds of wall clock and client, and bytes of memory."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        wall, cpu, memory = json.loads(self.hear())
        return wall, cpu, memory

    def hear(self) -> str:
        """Give the next line of what it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a worker ended; its error is above")
        return line
