"""A process that does one workload with one library, a repetition each time it is told to."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import sys
import time

from benchmarks.contestants import UVLOOP, contestant_named
from benchmarks.libraries.protocol import Library, NotYetThere
from benchmarks.stores import store_named
from benchmarks.stores.protocol import Store
from benchmarks.workloads import Workload, workload_named


async def repetition(library: Library, workload: Workload) -> tuple[float, float]:
    """Do the operations once; give wall-clock and processor seconds of an operation."""
    prepared = workload.prepare(library, workload)
    gc.collect()
    started, used = time.perf_counter(), time.process_time()
    await workload.run(library, prepared)
    ended, had_used = time.perf_counter(), time.process_time()
    return (ended - started) / workload.operations, (had_used - used) / workload.operations


async def _serve(library: Library, workload: Workload, store: Store, url: str) -> None:
    await library.open(url)
    try:
        _tell(await _checked(library, workload))
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


def main(name: str, workload: str, store: str, url: str) -> None:
    """Work until standard input ends."""
    library = contestant_named(name).made()
    work = _serve(library, workload_named(workload), store_named(store), url)
    if name.endswith(UVLOOP):
        import uvloop

        uvloop.run(work)
    else:
        asyncio.run(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
