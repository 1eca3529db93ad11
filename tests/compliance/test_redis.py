from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ommi import Ommi
from ommi.testing.compliance import *  # noqa: F403
from services.databases import REDIS, prefix_on


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with prefix_on(REDIS) as own:
        yield own


@pytest.fixture
def make_database(url: str) -> Callable[[], Ommi]:
    return lambda: Ommi(url)
