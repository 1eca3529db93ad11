"""Distributions that are there for a test only: entry points, and the modules they lead to."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def put_distribution(
    place: Path, name: str, groups: Mapping[str, Mapping[str, str]], modules: Mapping[str, str]
) -> None:
    """Write a distribution into a folder as pip would have installed it there."""
    info = place / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    for module, text in modules.items():
        (place / f"{module}.py").write_text(text)


@contextmanager
def importable(place: Path, *modules: str) -> Iterator[None]:
    """Let a folder be among those that Python imports from, inside the block."""
    sys.path.insert(0, str(place))
    try:
        yield
    finally:
        sys.path.remove(str(place))
        for module in modules:
            sys.modules.pop(module, None)
