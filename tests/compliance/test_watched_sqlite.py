"""All of it through middleware and a policy, on SQLite; at night, since memory shows the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from compliance.watched import layers_for
from ommi import Ommi
from ommi.testing.compliance import *  # noqa: F403
from profiles import PROFILE, SOAK

pytestmark = pytest.mark.skipif(PROFILE != SOAK, reason="test_watched_memory.py shows the same")


@pytest.fixture
def make_database(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Ommi]:
    url = f"sqlite:///{tmp_path / 'compliance.db'}"
    return lambda: Ommi(url, middleware=layers_for(request.node.name))
