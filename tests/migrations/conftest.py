"""What the tests of migrations share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations.stores import STORES, store


@pytest.fixture(params=STORES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an empty database on each store."""
    with store(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, which Ommi is made for."""
    return "asyncio"
