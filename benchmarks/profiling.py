"""Where Ommi spends its time in a workload: a profile of each kind of thread."""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import threading

from benchmarks.contestants import Contestant
from benchmarks.stores.protocol import Store
from benchmarks.workloads import Workload

REPETITIONS = 5
SHOWN = 40


def profile(contestant: Contestant, workload: Workload, store: Store, url: str) -> None:
    """Print the profile of the event loop's thread, and of others, dearest functions first."""
    in_threads: list[cProfile.Profile] = []

    def profile_thread(*_: object) -> None:
        # Called for the first event of a thread; the profiler takes this hook's place.
        in_threads.append(cProfile.Profile())
        in_threads[-1].enable()

    threading.setprofile(profile_thread)
    in_loop = cProfile.Profile()
    asyncio.run(_run(contestant, workload, store, url, in_loop))
    threading.setprofile(None)
    _print("The event loop's thread", pstats.Stats(in_loop), workload)
    if in_threads:
        _print("Other threads", pstats.Stats(*in_threads), workload)


async def _run(
    contestant: Contestant,
    workload: Workload,
    store: Store,
    url: str,
    profiler: cProfile.Profile,
) -> None:
    library = contestant.made()
    await library.open(url)
    for number in range(REPETITIONS + 1):
        if workload.fills:
            await store.empty(url)
        prepared = workload.prepare(library, workload)
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
