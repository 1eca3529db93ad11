"""The stores that migrations are tried on, each with a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.databases import MYSQL, POSTGRESQL, database_on

STORES = ("sqlite", "postgresql", "mariadb")


@contextmanager
def store(name: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database."""
    if name == "sqlite":
        yield f"sqlite:///{folder / 'migrated.db'}"
        return
    with database_on(POSTGRESQL if name == "postgresql" else MYSQL) as url:
        yield url
