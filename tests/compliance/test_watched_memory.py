"""All of it through middleware and a policy, in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from compliance.watched import layers_for
from ommi import Ommi
from ommi.testing.compliance import *  # noqa: F403


@pytest.fixture
def make_database(request: pytest.FixtureRequest) -> Callable[[], Ommi]:
    return lambda: Ommi("memory://", middleware=layers_for(request.node.name))
