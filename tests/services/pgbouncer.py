"""A PgBouncer of the tests' own, in front of a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from ommi.drivers.addresses import parsed
from services.postgresql import Server


@dataclass(frozen=True)
class PgBouncer(Server):
    """A pooler; what talks to it talks to PostgreSQL."""

    kind = "PgBouncer"

    async def console(self) -> Any:
        """Give a client of the pooler itself, which knows no prepared statements."""
        return await self.client("pgbouncer")


@contextmanager
def pooler_of(url: str, **settings: str) -> Iterator[PgBouncer]:
    """Have a pooler in front of the server of a URL, which lends its sessions by turns."""
    address = parsed(url, {})
    server = f"{address.host}:{address.port or 5432}"
    extra = "server_round_robin = 1\nmin_pool_size = 3"
    pooler = PgBouncer.start(**{"SERVER": server, "EXTRA": extra, **settings})
    if pooler is None:
        pytest.skip("no PgBouncer is installed here")
    try:
        yield pooler
    finally:
        pooler.do("remove")


def through(pooler: PgBouncer, url: str) -> str:
    """Give the URL of a database, by way of its server's pooler."""
    address = parsed(url, {})
    return f"postgresql://postgres@127.0.0.1:{pooler.port}{address.place}?pooler=transaction"
