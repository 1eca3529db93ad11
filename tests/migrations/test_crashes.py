"""A migration of twelve steps is killed at its moments; what is resumed is as if nothing had been.

In `soak` at every one of them; otherwise at one in ten on a file, and at one in forty on servers,
where each takes seconds.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from profiles import examples

CRASHING = Path(__file__).with_name("crashing.py")


def test_killed_anywhere_it_is_resumed(url: str) -> None:
    step = examples(1, 0) * (10 if url.startswith("sqlite") else 40) or 1
    done = subprocess.run(
        [sys.executable, CRASHING, url, "1" if step == 1 else "3", str(step)],
        capture_output=True,
        text=True,
        timeout=7200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " tried" in done.stdout
