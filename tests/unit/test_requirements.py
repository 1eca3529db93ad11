"""The dependency groups and the pinned requirements say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]


def entries(group: str) -> set[str]:
    return {
        f"-r {entry['include-group']}.txt" if isinstance(entry, dict) else entry
        for entry in GROUPS[group]
    }


def lines(group: str) -> list[str]:
    text = (ROOT / "requirements" / f"{group}.txt").read_text()
    return [line for line in text.splitlines() if line and not line.startswith(("#", "-c"))]


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_pinned_in_the_file_of_its_name(group: str) -> None:
    assert {line.partition("==")[0] for line in lines(group)} == entries(group)


@pytest.mark.parametrize("group", [*GROUPS, "indirect"])
def test_every_requirement_has_an_exact_version(group: str) -> None:
    loose = [
        line for line in lines(group) if not re.fullmatch(r"-r \w+\.txt|[\w.\[\]-]+==[\w.]+", line)
    ]

    assert loose == []
