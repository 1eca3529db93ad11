"""All of it on MySQL itself, where the machine has it: `make mysql` fetches it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ommi import Ommi
from ommi.testing.compliance import *  # noqa: F403
from services.mariadb import MySQL
from services.private import needed


@pytest.fixture(scope="module")
def url() -> str:
    return needed(MySQL).url


@pytest.fixture
def make_database(url: str) -> Callable[[], Ommi]:
    return lambda: Ommi(url)
