"""A process that does one workload with one library, a repetition each time it is told to."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import sqlite3
import sys
import time
from importlib import import_module

from benchmarks.libraries.protocol import Library
from benchmarks.workloads import WORKLOADS, Workload

LIBRARIES = {"ommi": "OmmiLibrary", "aiosqlite": "Aiosqlite", "sqlite3": "Sqlite3"}


def library_named(name: str) -> Library:
    """Import only the library that is wanted."""
    made: Library = getattr(import_module(f"benchmarks.libraries.{name}"), LIBRARIES[name])()
    return made


def workload_named(name: str, *, is_quick: bool) -> Workload:
    """Give a workload, or the short form of it."""
    [found] = [workload for workload in WORKLOADS if workload.name == name]
    return found.quick() if is_quick else found


async def repetition(library: Library, workload: Workload) -> tuple[float, float]:
    """Do the operations once; give wall-clock and processor seconds of an operation."""
    prepared = workload.prepare(library, workload.operations)
    gc.collect()
    started, used = time.perf_counter(), time.process_time()
    await workload.run(library, prepared)
    ended, had_used = time.perf_counter(), time.process_time()
    return (ended - started) / workload.operations, (had_used - used) / workload.operations


def empty(path: str) -> None:
    """Empty the table and the log, so that every repetition starts alike."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute('DELETE FROM "User"')
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def _serve(library: Library, workload: Workload, path: str) -> None:
    await library.open(path)
    checked = repr(await workload.check(library))
    _tell(hashlib.sha256(checked.encode()).hexdigest())
    for _ in sys.stdin:
        if workload.empties:
            empty(path)
        _tell(await repetition(library, workload))
    await library.close()


def _tell(fact: object) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def main(library: str, workload: str, path: str, core: str, speed: str) -> None:
    """Work on one core until standard input ends."""
    if core != "any":
        os.sched_setaffinity(0, {int(core)})
    chosen = workload_named(workload, is_quick=speed == "quick")
    asyncio.run(_serve(library_named(library), chosen, path))


if __name__ == "__main__":
    main(*sys.argv[1:])
