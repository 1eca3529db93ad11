"""Where Ommi spends its time in a workload: a profile of each kind of thread."""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import threading
from pathlib import Path

from benchmarks.measuring import fill
from benchmarks.worker import empty, library_named
from benchmarks.workloads import Workload

REPETITIONS = 5
SHOWN = 40


def profile(workload: Workload, folder: Path) -> None:
    """Print the profile of the event loop's thread and of SQLite's, dearest functions first."""
    path = folder / "profiled.db"
    fill(path, workload.users)
    in_threads: list[cProfile.Profile] = []

    def profile_thread(*_: object) -> None:
        # Called for the first event of a thread; the profiler takes this hook's place.
        in_threads.append(cProfile.Profile())
        in_threads[-1].enable()

    threading.setprofile(profile_thread)
    in_loop = cProfile.Profile()
    asyncio.run(_run(workload, str(path), in_loop))
    threading.setprofile(None)
    _print("The event loop's thread", pstats.Stats(in_loop), workload)
    _print("SQLite's threads", pstats.Stats(*in_threads), workload)


async def _run(workload: Workload, path: str, profiler: cProfile.Profile) -> None:
    library = library_named("ommi")
    await library.open(path)
    for number in range(REPETITIONS + 1):
        if workload.empties:
            empty(path)
        prepared = workload.prepare(library, workload.operations)
        if number:  # The first one only fills the caches.
            profiler.enable()
        await workload.run(library, prepared)
        profiler.disable()
    await library.close()


def _print(title: str, stats: pstats.Stats, workload: Workload) -> None:
    done = REPETITIONS * workload.operations
    calls: int = stats.total_calls  # type: ignore[attr-defined]
    print(f"\n{title}: {calls / done:.1f} calls an operation, over {done} operations")
    stats.strip_dirs().sort_stats("tottime").print_stats(SHOWN)
