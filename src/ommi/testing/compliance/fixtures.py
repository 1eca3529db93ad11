"""What every topic starts with: an open database, with the tables it needs for one test."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from ommi.database import Models, Ommi
from ommi.testing.compliance.models import MODELS
from ommi.testing.requirements import skip_unless_able


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run the tests on asyncio."""
    return "asyncio"


@pytest.fixture
async def database(
    make_database: Callable[[], Ommi], request: pytest.FixtureRequest
) -> AsyncGenerator[Ommi, None]:
    """Give an open database; skips what its store cannot do."""
    async with make_database() as opened:
        # Some drivers know only when they are connected whose server it is.
        skip_unless_able(opened.driver, request.function, request.cls)
        yield opened


@pytest.fixture
async def db(database: Ommi) -> AsyncGenerator[Ommi, None]:
    """Give an open database with the tables of the shared models, all empty."""
    async with tables(database, MODELS):
        yield database


@asynccontextmanager
async def tables(database: Ommi, *models: Models) -> AsyncGenerator[None, None]:
    """Have new tables for models inside the block, and none of them after it."""
    await database.remove_models(*models)
    await database.use_models(*models)
    try:
        yield
    finally:
        await database.remove_models(*models)
