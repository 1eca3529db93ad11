"""The benchmarks' command line."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import model_cost, reports
from benchmarks.measuring import LIBRARIES, Measured, measure
from benchmarks.profiling import profile
from benchmarks.worker import workload_named
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parent.parent
ROUNDS, QUICK_ROUNDS = 60, 5


def main() -> None:
    """Measure and write the results, or profile one workload."""
    said = _arguments()
    with _folder_on_disk() as folder:
        if said.profile:
            profile(workload_named(said.profile, is_quick=said.quick), folder)
            return
        names = said.only.split(",") if said.only else [w.name for w in WORKLOADS]
        rounds = said.rounds or (QUICK_ROUNDS if said.quick else ROUNDS)
        measured = []
        print(reports.HEADINGS)
        for name in names:
            measured.append(_measured(name, rounds, folder, is_quick=said.quick))
            print(reports.line(measured[-1]), flush=True)
    if said.quick or said.only:
        return
    costs = model_cost.on_all_pythons(ROOT)
    header = reports.header(rounds, LIBRARIES)
    (ROOT / "benchmarks/RESULTS.md").write_text(reports.results(header, measured, costs))
    (ROOT / "docs/performance.md").write_text(reports.documentation(header, measured, costs))
    print(reports.costs_table(costs))


def _measured(name: str, rounds: int, folder: Path, *, is_quick: bool) -> Measured:
    workload = workload_named(name, is_quick=is_quick)
    return measure(workload, rounds=rounds, is_quick=is_quick, folder=folder)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test; writes no results")
    parser.add_argument("--only", metavar="W1,W3", help="these workloads; writes no results")
    parser.add_argument("--rounds", type=int, help=f"repetitions of each, {ROUNDS} otherwise")
    parser.add_argument("--profile", metavar="W1", help="profile Ommi in one workload instead")
    return parser.parse_args()


@contextmanager
def _folder_on_disk() -> Iterator[Path]:
    """Make a folder beside the code: the system's own for such things may be in memory."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="benchmarks-", dir=cache))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
