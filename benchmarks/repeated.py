"""The ratios of a whole run, beside those of the one before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.measuring import Measured

FILE = Path(__file__).with_name("ratios.json")

Ratios = Mapping[str, Mapping[str, tuple[float, float]]]
"""By store and workload, Ommi's medians to hand-written code: of wall clock, and of the client."""

REPEATED = """\
Ommi's ratios in this run, and in the one before it, of wall clock and in brackets of the client's
processor time.
"""


def ratios_of(measured: Mapping[str, Sequence[Measured]]) -> Ratios:
    """Give Ommi's ratios, by the stores' titles."""
    return {
        title: {
            each.workload.name: (times.ratio.median, times.cpu_ratio.median)
            for each in workloads
            if (times := each.times.get("ommi")) is not None
        }
        for title, workloads in measured.items()
    }


def before() -> Ratios:
    """Give those of the last whole run; nothing where there was none."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def keep(ratios: Ratios) -> None:
    """Write those of this run, for the next."""
    FILE.write_text(json.dumps(ratios, indent=1) + "\n")


def page(now: Ratios, then: Ratios) -> Iterator[str]:
    """Give both runs as Markdown, nothing where there is one only."""
    if not then:
        return
    yield "## Twice"
    yield REPEATED
    for title, workloads in now.items():
        known = then.get(title, {})
        yield f"### {title}, twice"
        lines = ["|  | this run | the one before |", "| --- | --: | --: |"]
        for name, ratios in workloads.items():
            earlier = _cell(known[name]) if name in known else ""
            lines.append(f"| {name} | {_cell(ratios)} | {earlier} |")
        yield "\n".join(lines)


def _cell(ratios: Sequence[float]) -> str:
    wall, used = ratios
    return f"{wall:.2f} ({used:.2f})"
