"""Everything that Ommi promises of a store, asked of this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ommi import Ommi
from ommi.testing.compliance import *  # noqa: F403


@pytest.fixture
def make_database(tmp_path: Path) -> Callable[[], Ommi]:
    return lambda: Ommi(f"csv:///{tmp_path / 'rows'}")
