"""The suite on MongoDB: on a real server where `OMMI_TEST_MONGODB_URL` says one, else over the wire.

Without a server the tests' own one answers, which means what MongoDB documents of itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from ommi import Ommi
from ommi.testing.compliance import *  # noqa: F403
from services.mongodb.server import serving

REAL = os.environ.get("OMMI_TEST_MONGODB_URL")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if REAL:
        yield REAL
        return
    with serving() as server:
        yield server.url


@pytest.fixture
def make_database(url: str) -> Callable[[], Ommi]:
    return lambda: Ommi(url)
