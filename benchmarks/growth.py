"""W12: what a row costs, in time and memory, from 100 rows to 1,000,000."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.measuring import Databases, Worker
from benchmarks.workloads import Workload, workload_named

WORKLOADS = ("W3", "W5", "W10")
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Grown:
    """Seconds of client and server for a row, and how many bytes the client's peak is higher."""

    workload: str
    library: str
    size: int
    row: float
    memory: int


def grow(databases: Databases, names: Sequence[str], sizes: Sequence[int]) -> Iterator[Grown]:
    """Measure every workload with every library, by size."""
    for name in WORKLOADS:
        for size in sizes:
            workload = replace(workload_named(name), size=size, operations=1)
            for library in names:
                yield _grown(workload, databases, library)


def _grown(workload: Workload, databases: Databases, library: str) -> Grown:
    url = databases.url(workload, library)
    size = workload.size
    with Worker([library, workload.name, databases.store.name, url, str(size)]) as worker:
        worker.hear()
        worker.repeat()
        times = [worker.repeat() for _ in range(3 if size > 10_000 else 15)]
    row = statistics.median(wall for wall, _, _ in times) / size
    return Grown(workload.name, library, size, row, max(memory for _, _, memory in times))


def table(grown: Sequence[Grown], names: Sequence[str]) -> str:
    """Give everything as Markdown: time of a row, and memory, by library."""
    titles = ["", "rows", *(f"{name}, a row" for name in names), *(f"{n}, memory" for n in names)]
    lines = [titles, ["---", "--:", *["--:"] * 2 * len(names)]]
    known = {(each.workload, each.size, each.library): each for each in grown}
    for workload, size in dict.fromkeys((each.workload, each.size) for each in grown):
        own = [known[workload, size, name] for name in names]
        times = [f"{each.row * 1e6:.2f} µs" for each in own]
        memory = [f"{each.memory / 2**20:.1f} MiB" for each in own]
        lines.append([workload, f"{size:,}", *times, *memory])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
