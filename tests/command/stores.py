"""The stores that the command is tried on: an empty database of the test's own on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.databases import MYSQL, POSTGRESQL, database_on

STORES = ("SQLite", "PostgreSQL", "MariaDB")


@pytest.fixture(params=STORES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "SQLite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    with database_on(POSTGRESQL if request.param == "PostgreSQL" else MYSQL) as made:
        yield made
