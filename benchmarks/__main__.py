"""The benchmarks' command line."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from benchmarks import cache_hits, charts, importing, model_cost, preparing, repeated, reports
from benchmarks.bars import is_measured
from benchmarks.contestants import Contestant, contestant_named, names_on
from benchmarks.growth import SIZES, grow, table
from benchmarks.measuring import Databases, measure, pin
from benchmarks.profiling import profile
from benchmarks.stores import STORES, store_named
from benchmarks.stores.protocol import NotHere, Store
from benchmarks.workloads import WORKLOADS, Workload, workload_named

ROOT = Path(__file__).parent.parent
ROUNDS, QUICK_ROUNDS, FEWEST_ROUNDS = 60, 8, 8


def main() -> None:
    """Measure libraries side by side, on every store that this machine has.

    A full run writes benchmarks/RESULTS.md and docs/performance.md; one that leaves something out
    prints only.
    """
    said = _arguments()
    pin()
    if said.profile or said.growth:
        _instead(said)
        return
    rounds = said.rounds or (QUICK_ROUNDS if said.quick else ROUNDS)
    sections = []
    for store in said.store or STORES:
        try:
            sections.append(_measured(store, said.only or WORKLOADS, said.library, rounds))
        except NotHere as reason:
            if said.store:
                raise SystemExit(str(reason)) from None
            print(f"Without {store.title}: {reason}")
    if said.quick or said.only or said.library or said.store:
        return
    alone = reports.Alone(
        model_cost.on_all_pythons(ROOT),
        preparing.measured(),
        cache_hits.measured(),
        importing.measured(),
    )
    header = reports.header(rounds)
    found = reports.results(header, sections, alone, repeated.before())
    (ROOT / "benchmarks/RESULTS.md").write_text(found)
    repeated.keep(repeated.ratios_of({s.store.title: s.measured for s in sections}))
    for section in sections:
        (ROOT / f"docs/ratios-{section.store.name}.svg").write_text(reports.chart(section))
    (ROOT / "docs/performance.md").write_text(reports.documentation(header, sections, alone))
    print(
        reports.costs_table(alone.models),
        *reports.prepared_cost(alone.prepared),
        *reports.cache_hits(alone.hits),
        f"import ommi: {alone.imported}",
        sep="\n\n",
    )


def _measured(
    store: Store, workloads: Sequence[Workload], wanted: Sequence[str] | None, rounds: int
) -> reports.Section:
    names = names_on(store, wanted)
    measured = []
    with store.serve() as server:
        databases = Databases(store, server)
        version = asyncio.run(store.version(server))
        print(f"{store.title} {version}: {store.settings}")
        for workload in (each for each in workloads if is_measured(store.name, each.name)):
            measured.append(measure(workload, databases, names, rounds))
            print(reports.progress(measured[-1]), flush=True)
    section = reports.Section(store, version, measured)
    print("", reports.comparison(section), reports.peers(section), "", sep="\n\n", flush=True)
    return section


def _instead(said: argparse.Namespace) -> None:
    for store in said.store or STORES:
        try:
            if said.growth:
                _growth(store, said.library or ["ommi"], SIZES[:3] if said.quick else SIZES)
            for workload in (said.only or WORKLOADS) if said.profile else ():
                _profile(said.profile, workload, store)
        except NotHere as reason:
            print(f"Without {store.title}: {reason}")


def _growth(store: Store, wanted: Sequence[str], sizes: Sequence[int]) -> None:
    """Print what grows, and draw what a row costs, in docs/growth-*.svg unless it was quick."""
    names = names_on(store, wanted)
    with store.serve() as server:
        grown = list(grow(Databases(store, server), names, sizes))
    print(store.title, table(grown, names), sep="\n\n", flush=True)
    lines: dict[str, list[tuple[float, float]]] = {}
    for each in grown:
        lines.setdefault(f"{each.workload} {each.library}", []).append((each.size, each.row * 1e6))
    drawn = charts.lines(f"{store.title}: time of a row by number of rows", lines, "µs")
    if sizes == SIZES:
        (ROOT / f"docs/growth-{store.name}.svg").write_text(drawn)


def _profile(contestant: Contestant, workload: Workload, store: Store) -> None:
    print(f"{contestant.title}, {store.title}, {workload.name}: {workload.title}")
    with store.serve() as server:
        url = Databases(store, server).url(workload, contestant.name)
        profile(contestant, workload, store, url)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--store", metavar="postgresql,sqlite", type=_stores)
    parser.add_argument("--library", metavar="ommi,asyncpg,ommi:uvloop", type=_libraries)
    parser.add_argument("--only", metavar="W1,W3", type=_workloads, help="these workloads")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds")
    parser.add_argument("--rounds", type=int, help=f"repetitions of each, {ROUNDS} otherwise")
    parser.add_argument("--growth", action="store_true", help="W12 instead, up to a million rows")
    parser.add_argument("--profile", metavar="ommi", type=contestant_named, help="instead")
    said = parser.parse_args()
    if said.rounds is not None and said.rounds < FEWEST_ROUNDS:
        parser.error(f"--rounds wants {FEWEST_ROUNDS} or more, found {said.rounds}")
    return said


def _stores(text: str) -> list[Store]:
    return [store_named(name) for name in text.split(",")]


def _libraries(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        contestant_named(name)
    return names


def _workloads(text: str) -> list[Workload]:
    return [workload_named(name) for name in text.split(",")]


if __name__ == "__main__":
    main()
