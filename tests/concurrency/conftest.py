"""Real stores, each with the same rows, which tests may break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import pytest

from concurrency.things import COLLECTION, fill
from services.stores import Place, ServerPlace, View, on_file, on_server

SERVERS = ["PostgreSQL", "MariaDB"]


@pytest.fixture(params=["SQLite", *SERVERS, "Redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A store with the rows."""
    name = request.param
    place = on_file(tmp_path / "things.db") if name == "SQLite" else on_server(name)
    asyncio.run(_fill(place))
    yield place
    asyncio.run(_empty(place))


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[ServerPlace]:
    """A store with the rows and a server."""
    place = on_server(request.param)
    asyncio.run(_fill(place))
    yield place
    asyncio.run(_empty(place))


@pytest.fixture
async def view(request: pytest.FixtureRequest) -> AsyncIterator[View]:
    """Somebody else who looks at it."""
    name = "server" if "server" in request.fixturenames else "place"
    view = await cast("Place", request.getfixturevalue(name)).view()
    yield view
    await view.close()


async def _fill(place: Place) -> None:
    async with place.database() as db:
        await fill(db)


async def _empty(place: Place) -> None:
    async with place.database() as db:
        await db.remove_models(COLLECTION)
