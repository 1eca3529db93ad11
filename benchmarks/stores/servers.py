"""A server of the benchmarks' own, on the core that this process is pinned to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.stores.protocol import NotHere

SCRIPTS = Path(__file__).parents[2] / "tests/services"
MISSING = 3
"""A script's exit status where the machine has no such server."""


@contextmanager
def started(script: str) -> Iterator[str]:
    """Start a server and give its URL; in the end remove it with everything in it."""
    done = subprocess.run([SCRIPTS / script, "start"], capture_output=True, text=True, check=False)
    if done.returncode == MISSING:
        raise NotHere(done.stderr.strip())
    if done.returncode:
        raise RuntimeError(done.stderr)
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    try:
        yield told["URL"]
    finally:
        subprocess.run([SCRIPTS / script, "remove", told["FOLDER"]], check=True)


def database(url: str, name: str) -> str:
    """Give the URL of another database on the same server."""
    return f"{url.rpartition('/')[0]}/{name}"
