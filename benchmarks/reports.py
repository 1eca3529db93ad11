"""What was measured, as Markdown."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks import charts
from benchmarks.bars import PROMISE, aim
from benchmarks.cache_hits import BAR, HitCost
from benchmarks.contestants import CONTESTANTS, UVLOOP, contestant_named
from benchmarks.importing import ImportCost
from benchmarks.measuring import Measured, Spread
from benchmarks.model_cost import Cost
from benchmarks.preparing import PreparedCost
from benchmarks.repeated import Ratios, page, ratios_of
from benchmarks.stores.protocol import Store

ABOUT = """\
Every library does the same work on the same tables, in its best reasonable form, and builds the
same dataclass of 7 fields, or its own model where it cannot do otherwise. Results are compared,
values and types, before anything is measured. What Ommi is compared with is code written by hand
on a bare connection of the store's direct driver:

- **asyncpg**: one connection and its prepared statements, kept; `COPY` for many rows;
- **asyncmy**: one connection and one cursor, the text protocol, which is its default;
- **aiosqlite**: calls that go to its thread once;
- for the 50 tasks its own pool of 10 connections, on SQLite 10 connections.

`sqlite3` without a thread stops the event loop at each call, so it is no alternative; it shows how
much of the rest is the way to a thread and back.
"""

METHOD = """\
One process for each library and workload, all of them and the server on one core. They work by
turns in short repetitions, in changing order, so that a slow moment of the machine hits them
alike, and are started anew three times, since a process may be slow for its whole life; the peers
take part in the first quarter. A ratio is that of a library to the baseline in
the same round: the tables have the median over the rounds, and the quartiles in brackets. CPU time
is that of the client's whole process. Times are medians, of one operation. No store waits for a
disk, which would hide what a library costs.
"""

MODEL_COST = """\
`@ommi_model` gives back a subclass; these are its costs, next to the plain class, in nanoseconds:
the constructor called directly, by `starmap` over rows (as loading does), and the read of one
attribute; `User.id` is what writing a condition begins with.
"""


PREPARED = """\
`db.prepare` puts a question together once. This is Ommi's own processor time for a question and
its answer of one row, on a store that takes none: on a real one the same microseconds are saved.
"""

CACHE_HITS = f"""\
A row of seven values, from a `QueryCache` in the process and from SQLite, in microseconds: a model
of the caller's own is built each time. The least of many short rounds. The aim is {BAR:g} µs.
"""


@dataclass(frozen=True, slots=True)
class Alone:
    """What was measured without another library to compare with."""

    models: Sequence[Cost]
    prepared: Sequence[PreparedCost]
    hits: Sequence[HitCost]
    imported: ImportCost


@dataclass(frozen=True, slots=True)
class Section:
    """A store, its version, and what was measured on it."""

    store: Store
    version: str
    measured: Sequence[Measured]


def header(rounds: int) -> str:
    """Say what was measured on what."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    packages = dict.fromkeys(c.package for c in CONTESTANTS if c.package)
    versions = [python, *(f"{name} {version(name)}" for name in packages)]
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return f"{', '.join(versions)}, uvloop {version('uvloop')}; {machine}; {rounds} rounds."


def results(header: str, sections: Sequence[Section], alone: Alone, before: Ratios) -> str:
    """Give the page of raw results, with the ratios of the run before."""
    twice = page(ratios_of({s.store.title: s.measured for s in sections}), before)
    return _page("# Results", header, ABOUT, *_sections(sections), *twice, METHOD, *_alone(alone))


def chart(section: Section) -> str:
    """Draw everybody's ratios."""
    known = {each.name: each.title for each in CONTESTANTS}
    measured = {
        m.workload.name: {known[n]: t.ratio.median for n, t in m.times.items() if n in known}
        for m in section.measured
    }
    baseline = known[section.store.baseline]
    return charts.ratios(f"{section.store.title}: time of an operation, {baseline} = 1", measured)


def documentation(header: str, sections: Sequence[Section], alone: Alone) -> str:
    """Give the page of the documentation."""
    return _page(
        "# Performance",
        "Ommi aims to cost no more than the code that you would write by hand. `make bench` "
        "measures it; this page is what it wrote.",
        ABOUT,
        *_sections(sections, with_charts=True),
        "## How it is measured",
        METHOD,
        f"Measured with {header}",
        *_alone(alone),
    )


def _sections(sections: Sequence[Section], *, with_charts: bool = False) -> Iterator[str]:
    for section in sections:
        yield f"## {section.store.title}"
        yield f"{section.store.title} {section.version}: {section.store.settings}."
        yield _verdict(section)
        yield comparison(section)
        if with_charts:
            yield f"![Ratios on {section.store.title}](ratios-{section.store.name}.svg)"
        yield peers(section)


def comparison(section: Section) -> str:
    """Give the table of Ommi and the baseline."""
    baseline = contestant_named(section.store.baseline).title
    titles = ["", "", "Ommi", baseline, "ratio", "aim", "CPU: Ommi", baseline, "ratio"]
    on_uvloop = ["uvloop: Ommi", baseline, "ratio"]
    rows = [_compared(each) for each in section.measured if "ommi" in each.times]
    return _table([*titles, *on_uvloop], rows)


def _compared(measured: Measured) -> list[str]:
    store, times = measured.store, measured.times
    ommi, baseline = times["ommi"], times[store.baseline]
    cells = [
        measured.workload.name,
        measured.workload.title,
        _time(ommi.wall),
        _time(baseline.wall),
        _spread(ommi.ratio),
        f"{aim(store.name, measured.workload.name):.2f}",
        _time(ommi.cpu),
        _time(baseline.cpu),
        _spread(ommi.cpu_ratio),
    ]
    if f"ommi{UVLOOP}" not in times:
        return [*cells, "", "", ""]
    ommi, baseline = times[f"ommi{UVLOOP}"], times[f"{store.baseline}{UVLOOP}"]
    return [*cells, _time(ommi.wall), _time(baseline.wall), _spread(ommi.ratio)]


def peers(section: Section) -> str:
    """Give the table of everybody's ratios to the baseline."""
    names = [c.name for c in CONTESTANTS if c.name != section.store.baseline]
    shown = [name for name in names if any(name in m.times for m in section.measured)]
    titles = [contestant_named(name).title for name in shown]
    return _table(
        ["", f"times {contestant_named(section.store.baseline).title}", *titles],
        [
            [m.workload.name, m.workload.title, *(_peer(m, name) for name in shown)]
            for m in section.measured
        ],
    )


def _peer(measured: Measured, name: str) -> str:
    return f"{measured.times[name].ratio.median:.2f}" if name in measured.times else "-"


def progress(measured: Measured) -> str:
    """Give lines to look at while it goes on."""
    title = f"{measured.store.title} {measured.workload.name}, {measured.workload.title}"
    lines = [
        f"  {name:20} {_time(t.wall):>9} {_plain(t.ratio)}   CPU {_time(t.cpu):>9} "
        f"{_plain(t.cpu_ratio)}"
        for name, t in measured.times.items()
    ]
    return "\n".join([title, *lines])


def costs_table(costs: Sequence[Cost]) -> str:
    """Give the table of model costs."""
    rows = []
    for python, kind in dict.fromkeys((cost.python, cost.kind) for cost in costs):
        own = {c.what: c for c in costs if (c.python, c.kind) == (python, kind)}
        cells = [_cost(own.get(what)) for what in ("constructor", "starmap", "read", "User.id")]
        rows.append([python, kind, *cells])
    return _table(["Python", "class", "constructor", "by `starmap`", "read", "`User.id`"], rows)


def _model_cost(costs: Sequence[Cost]) -> Iterator[str]:
    yield "## What decorating a class costs"
    yield MODEL_COST
    yield costs_table(costs)


def _alone(alone: Alone) -> Iterator[str]:
    yield from _model_cost(alone.models)
    yield from prepared_cost(alone.prepared)
    yield from cache_hits(alone.hits)
    yield from _import_cost(alone.imported)


def prepared_cost(costs: Sequence[PreparedCost]) -> Iterator[str]:
    """Give the part about prepared questions."""
    yield "## What preparing a question saves"
    yield PREPARED
    yield _table(
        ["question", "", "as usual", "prepared", "ratio"],
        [
            [
                c.title,
                "",
                f"{c.ordinary * 1e6:.1f} µs",
                f"{c.prepared * 1e6:.1f} µs",
                f"{c.ratio:.2f}",
            ]
            for c in costs
        ],
    )


def cache_hits(hits: Sequence[HitCost]) -> Iterator[str]:
    """Give the part about kept answers."""
    yield "## What a kept answer costs"
    yield CACHE_HITS
    yield _table(
        ["", "the bar", "kept", "asked of SQLite"],
        [
            [
                hit.title,
                "under" if hit.kept < BAR else "over",
                f"{hit.kept:.1f}",
                f"{hit.asked:.1f}",
            ]
            for hit in hits
        ],
    )


def _import_cost(imported: ImportCost) -> Iterator[str]:
    yield "## What importing it takes"
    yield f"`import ommi`, processor time: {imported}. The aim is 80 ms."


def _verdict(section: Section) -> str:
    baseline = contestant_named(section.store.baseline).title
    slow = [
        m.workload.name
        for m in section.measured
        if "ommi" in m.times and m.times["ommi"].ratio.median > PROMISE
    ]
    promise = f"The promise is {PROMISE:.2f} times hand-written {baseline} at most"
    if not slow:
        return f"{promise}; every workload keeps it."
    return f"{promise}; at present {', '.join(slow)} {'does' if len(slow) == 1 else 'do'} not."


def _page(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    kinds = ["---", "---", *["--:"] * (len(titles) - 2)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (titles, kinds, *rows))


def _spread(spread: Spread) -> str:
    return f"**{spread.median:.2f}** ({spread.low:.2f}-{spread.high:.2f})"


def _plain(spread: Spread) -> str:
    return f"{spread.median:5.2f} ({spread.low:.2f}-{spread.high:.2f})"


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
