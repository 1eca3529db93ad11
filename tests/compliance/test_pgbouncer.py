"""All of it through a pooler that lends another server session for each transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ommi import Ommi
from ommi.testing.compliance import *  # noqa: F403
from services.databases import POSTGRESQL, database_on
from services.pgbouncer import pooler_of, through


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with database_on(POSTGRESQL) as own, pooler_of(own) as pooler:
        yield through(pooler, own)


@pytest.fixture
def make_database(url: str) -> Callable[[], Ommi]:
    return lambda: Ommi(url)
