"""What `import ommi` takes, and how much of that the standard library takes by itself.

    python -m benchmarks.importing

Processor time of fresh processes, compiled modules at hand.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from tempfile import TemporaryDirectory

ROUNDS = 15

_TIMED = """
import sys
from time import process_time
already = set(sys.modules)
start = process_time()
{imports}
print(process_time() - start)
print(*[name for name in sys.modules if name not in already])
"""


@dataclass(frozen=True, slots=True)
class ImportCost:
    """Seconds, and numbers of modules; `library` is what the standard library takes alone."""

    everything: float
    library: float
    modules: int
    library_modules: int

    def __str__(self) -> str:
        return (
            f"{self.everything * 1e3:.0f} ms for {self.modules} modules, of which the "
            f"{self.library_modules} of the standard library take {self.library * 1e3:.0f} ms"
        )


def measured(rounds: int = ROUNDS) -> ImportCost:
    """Measure by turns, so that a slow moment of the machine hits both alike."""
    with TemporaryDirectory() as cache:
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPYCACHEPREFIX"] = cache
        _, modules = _timed("import ommi", env)
        library = [name for name in modules if name.partition(".")[0] != "ommi"]
        # Parts that only their package can import are there with it.
        alone = (
            f"import importlib\nfor name in {library!r}:\n"
            "    name in sys.modules or importlib.import_module(name)"
        )
        _timed(alone, env)
        pairs = [(_timed("import ommi", env)[0], _timed(alone, env)[0]) for _ in range(rounds)]
    everything, theirs = zip(*pairs, strict=True)
    return ImportCost(median(everything), median(theirs), len(modules), len(library))


def _timed(imports: str, env: Mapping[str, str]) -> tuple[float, list[str]]:
    program = _TIMED.format(imports=imports)
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=env
    )
    seconds, names = done.stdout.splitlines()
    return float(seconds), names.split()


if __name__ == "__main__":
    print(f"import ommi: {measured()}")
