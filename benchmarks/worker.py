"""A process that does one workload with one library, a repetition each time it is told to."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.contestants import UVLOOP, contestant_named
from benchmarks.libraries.protocol import Library, NotYetThere
from benchmarks.stores import store_named
from benchmarks.stores.protocol import Store
from benchmarks.workloads import Workload, workload_named

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


async def repetition(library: Library, workload: Workload) -> tuple[float, float, int]:
    """Do the operations once.

    Give wall-clock and processor seconds of an operation, and by how many bytes the process grew
    at most.
    """
    prepared = workload.prepare(library, workload)
    gc.collect()
    before = _peak_from_now_on()
    started, used = time.perf_counter(), time.process_time()
    await workload.run(library, prepared)
    ended, had_used = time.perf_counter(), time.process_time()
    grown, times = _peak() - before, workload.operations
    return (ended - started) / times, (had_used - used) / times, grown


def _peak_from_now_on() -> int:
    """Forget the peak of the memory; give its present size in bytes, 0 where nobody tells."""
    if FORGET.exists():
        FORGET.write_text("5")
    return _peak()


def _peak() -> int:
    if not STATUS.exists():
        return 0
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


async def _serve(
    library: Library, workload: Workload, store: Store, url: str, *, checks: bool
) -> None:
    await library.open(url)
    try:
        _tell(await _checked(library, workload) if checks else None)
        for _ in sys.stdin:
            if workload.fills:
                await store.empty(url)
            _tell(await repetition(library, workload))
    finally:
        await library.close()


async def _checked(library: Library, workload: Workload) -> str | None:
    """Give a digest of what all libraries must agree on, `None` where this one cannot do it."""
    try:
        return hashlib.sha256(repr(await workload.check(library)).encode()).hexdigest()
    except NotYetThere:
        return None


def _tell(fact: object) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def main(name: str, workload: str, store: str, url: str, size: str = "") -> None:
    """Work until standard input ends; with a size, so many rows, unchecked."""
    library = contestant_named(name).made()
    chosen = workload_named(workload)
    if size:
        chosen = replace(chosen, size=int(size), operations=1)
    work = _serve(library, chosen, store_named(store), url, checks=not size)
    if name.endswith(UVLOOP):
        import uvloop

        uvloop.run(work)
    else:
        asyncio.run(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
