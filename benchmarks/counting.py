"""What an operation of Ommi takes, counted, not timed: Python calls, and instructions.

    python -m benchmarks.counting           compare with benchmarks/counts.json
    python -m benchmarks.counting --write   write that file

The store is scripted, so nothing waits, and a run takes the same steps each time. Instructions are
counted by callgrind where valgrind is installed; they hold for one build of Python only.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.libraries.ommi import OmmiLibrary
from benchmarks.models import rows
from benchmarks.scripted import ScriptedDriver
from benchmarks.workloads import Workload, workload_named
from ommi import Ommi

FILE = Path(__file__).with_name("counts.json")
SIZE = 200
MORE = 0.01
"""How much a count of instructions may grow, as a part of it; calls may not."""

FEW, MANY = 5, 25
"""So often; what begins and ends a run is the same in both, and drops out."""

ANSWERS = {
    "W1": list(rows(1)),
    "W2": list(rows(100)),
    "W3": list(rows(SIZE)),
    "W4": [(1,)],
    "W5": [],
    "W5k": [(key,) for key in range(1, SIZE + 1)],
    "W6": [],
    "W7": [(SIZE,)],
    "W10": list(rows(SIZE)),
    "W11": list(rows(1)),
}
Counts = dict[str, dict[str, int]]


def main() -> None:
    """Count, and compare or write; ends with status 1 where something takes more."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counting")
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name}")
    parser.add_argument("--calls", action="store_true", help="calls only, which takes a second")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.run:
        _run_all()
        return
    counted = {name: {"calls": asyncio.run(_calls(_workload(name)))} for name in ANSWERS}
    if shutil.which("valgrind") and not said.calls:
        for name, instructions in _instructions():
            counted[name]["instructions"] = instructions
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    worse = list(_compared(counted, known.get(_minor(), {})))
    if said.write:
        known[_minor()] = {"python": _python(), "counts": counted}
        FILE.write_text(json.dumps(known, indent=2) + "\n")
    elif worse:
        raise SystemExit("\n".join([*worse, "If it is worth it: make count WRITE=--write"]))


def _compared(counted: Counts, known: dict[str, Counts | str]) -> Iterator[str]:
    """Print a table of counts; give a line for each that grew."""
    before = known.get("counts", {})
    assert isinstance(before, dict)
    is_same_build = known.get("python") == _python()
    for name, kinds in counted.items():
        for kind, count in kinds.items():
            was = before.get(name, {}).get(kind)
            if was is None or (kind == "instructions" and not is_same_build):
                print(f"{name:4} {kind:12} {count:>10,}")
                continue
            print(f"{name:4} {kind:12} {count:>10,}  {count / was - 1:+.1%}")
            if count > was * (1 + MORE if kind == "instructions" else 1):
                yield f"{name} takes {count:,} {kind} an operation; it took {was:,}"


def _workload(name: str) -> Workload:
    return replace(workload_named(name), size=SIZE)


async def _opened(workload: Workload) -> OmmiLibrary:
    library = OmmiLibrary()
    library.db = await Ommi(ScriptedDriver(ANSWERS[workload.name])).open()
    await _repeated(library, workload, FEW)
    return library


async def _repeated(library: OmmiLibrary, workload: Workload, times: int) -> None:
    # What is one operation for this workload; many where it is one of many.
    each = replace(workload, operations=times if workload.operations > 1 else 1)
    for _ in range(1 if workload.operations > 1 else times):
        await each.run(library, each.prepare(library, each))


async def _calls(workload: Workload) -> int:
    """Count calls, of Python functions and of others."""
    library = await _opened(workload)
    few, many = [await _profiled(library, workload, times) for times in (FEW, MANY)]
    await library.close()
    return round((many - few) / (MANY - FEW))


async def _profiled(library: OmmiLibrary, workload: Workload, times: int) -> int:
    count = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    gc.disable()
    sys.setprofile(note)
    await _repeated(library, workload, times)
    sys.setprofile(None)
    gc.enable()
    return count


def _instructions() -> Iterator[tuple[str, int]]:
    """Run every workload below callgrind, few times and many times, each in a fork."""
    command = [sys.executable, "-m", "benchmarks.counting", "--run"]
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    env = {**os.environ, "PYTHONHASHSEED": "0"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    with TemporaryDirectory() as cache:
        # Below callgrind Python would take many minutes to compile its modules.
        env["PYTHONPYCACHEPREFIX"] = cache
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run(
            [*valgrind, *command], env=env, check=True, capture_output=True, text=True
        )
    totals = dict(re.findall(r"==(\d+)== Collected : (\d+)", done.stderr))
    for line in done.stdout.splitlines():
        name, few, many = line.split()
        yield name, (int(totals[many]) - int(totals[few])) // (MANY - FEW)


def _run_all() -> None:
    gc.disable()
    for name in ANSWERS:
        print(name, *(_forked(_workload(name), times) for times in (FEW, MANY)), flush=True)


def _forked(workload: Workload, times: int) -> int:
    """Run it in a process of its own, whose number is known to callgrind too."""
    process = os.fork()
    if process == 0:
        asyncio.run(_run(workload, times))
        os._exit(0)
    os.waitpid(process, 0)
    return process


async def _run(workload: Workload, times: int) -> None:
    library = await _opened(workload)
    await _repeated(library, workload, times)


def _minor() -> str:
    return "{}.{}".format(*sys.version_info[:2])


def _python() -> str:
    """Tell builds of Python apart, whose instructions cannot be compared."""
    made: Sequence[str] = platform.python_build()
    return f"{platform.python_version()}, {' '.join(made)}, {platform.python_compiler()}"


if __name__ == "__main__":
    main()
