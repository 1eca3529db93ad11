from __future__ import annotations

from collections.abc import Callable

import pytest

from ommi import Ommi
from ommi.testing.compliance import *  # noqa: F403


@pytest.fixture
def make_database() -> Callable[[], Ommi]:
    return lambda: Ommi("memory://")
