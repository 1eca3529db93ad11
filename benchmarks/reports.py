"""What was measured, as Markdown."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import ommi
from benchmarks.measuring import Measured, Spread, core
from benchmarks.model_cost import Cost

PROMISE = 1.05

HEADINGS = (
    "| | | Ommi | aiosqlite | sqlite3 | ratio | aim | CPU: Ommi | aiosqlite | ratio |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)

ABOUT = """\
Every library does the same work on the same table, and builds the same dataclass of 7 fields:

- **Ommi** with its ordinary settings, by `db.find(...)`, `db.add(...)` and `db.add_all(...)`;
- hand-written **aiosqlite**: SQL text and constructor calls written out, its calls that go to the
  thread once; one connection, and ten for the 50 tasks;
- hand-written **sqlite3** in the calling thread. It stops the event loop at each call, so it is no
  alternative; it shows how much of the rest is the way to a thread and back.

All of them write ahead (WAL) and wait for the disk at every commit (`synchronous = FULL`); the
file is on a disk. Results are compared, values and types, before anything is measured.
"""

METHOD = """\
One process for each library and workload, all on one core. They work by turns in short
repetitions, in changing order, so that a slow moment of the machine hits them alike. A ratio is
Ommi to aiosqlite in the same round: the table has the median over the rounds, and the quartiles in
brackets. CPU time is that of the whole process, both threads. Times are medians, of one operation.
"""

MODEL_COST = """\
`@ommi_model` gives back a subclass; these are its costs, next to the plain class, in nanoseconds:
the constructor called directly, by `starmap` over rows (as loading does), and the read of one
attribute; `User.id` is what writing a condition begins with.
"""


def header(rounds: int, libraries: Sequence[str]) -> str:
    """Say what was measured on what."""
    versions = [
        f"Ommi {ommi.__version__}",
        f"aiosqlite {version('aiosqlite')}",
        f"SQLite {sqlite3.sqlite_version}",
        f"{platform.python_implementation()} {platform.python_version()}",
    ]
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    pinned = "not pinned" if core() == "any" else "pinned to one core"
    return (
        f"{', '.join(versions)}; {machine}; {len(libraries)} libraries by turns, {pinned}, "
        f"{rounds} rounds."
    )


def results(header: str, measured: Sequence[Measured], costs: Sequence[Cost]) -> str:
    """Give the page of raw results."""
    return _page("# Results", header, ABOUT, workloads(measured), METHOD, *_model_cost(costs))


def documentation(header: str, measured: Sequence[Measured], costs: Sequence[Cost]) -> str:
    """Give the page of the documentation."""
    return _page(
        "# Performance",
        "Ommi aims to cost no more than the code that you would write by hand. `make bench` "
        "measures it; this page is what it wrote.",
        ABOUT,
        "## SQLite",
        _verdict(measured),
        workloads(measured),
        f"Measured with {header}",
        "## How it is measured",
        METHOD,
        *_model_cost(costs),
    )


def workloads(measured: Sequence[Measured]) -> str:
    """Give the table of workloads."""
    return "\n".join([HEADINGS, *map(line, measured)])


def line(measured: Measured) -> str:
    """Give the line of a workload."""
    wall, cpu = measured.wall, measured.cpu
    cells = [
        measured.workload.name,
        measured.workload.title,
        *(_time(wall[name]) for name in ("ommi", "aiosqlite", "sqlite3")),
        _spread(measured.ratio),
        f"{measured.workload.bar:.2f}",
        *(_time(cpu[name]) for name in ("ommi", "aiosqlite")),
        _spread(measured.cpu_ratio),
    ]
    return f"| {' | '.join(cells)} |"


def costs_table(costs: Sequence[Cost]) -> str:
    """Give the table of model costs."""
    lines = ["| Python | class | constructor | by `starmap` | read | `User.id` |"]
    lines.append("|---|---|--:|--:|--:|--:|")
    for python, kind in dict.fromkeys((cost.python, cost.kind) for cost in costs):
        own = {c.what: c for c in costs if (c.python, c.kind) == (python, kind)}
        cells = [_cost(own.get(what)) for what in ("constructor", "starmap", "read", "User.id")]
        lines.append(f"| {python} | {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _model_cost(costs: Sequence[Cost]) -> Iterator[str]:
    yield "## What decorating a class costs"
    yield MODEL_COST
    yield costs_table(costs)


def _verdict(measured: Sequence[Measured]) -> str:
    slow = [m.workload.name for m in measured if m.ratio.median > PROMISE]
    promise = f"The promise is {PROMISE:.2f} times hand-written aiosqlite at most"
    if not slow:
        return f"{promise}; every workload keeps it."
    return f"{promise}; at present {', '.join(slow)} {'does' if len(slow) == 1 else 'do'} not."


def _page(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _spread(spread: Spread) -> str:
    return f"**{spread.median:.2f}** ({spread.low:.2f}-{spread.high:.2f})"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} µs"


def _cost(cost: Cost | None) -> str:
    if cost is None:
        return "-"
    decorated = f"{cost.decorated:.{0 if cost.decorated > 20 else 1}f}"
    if cost.plain is None:
        return decorated
    plain = f"{cost.plain:.{0 if cost.plain > 20 else 1}f}"
    return f"{plain} → {decorated} ({cost.decorated / cost.plain:.2f})"


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if told.exists():
        for text in told.read_text().splitlines():
            if text.startswith("model name"):
                return text.partition(":")[2].strip()
    return platform.processor() or sys.platform
