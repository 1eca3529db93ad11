"""A store's tables become models, and the models want those tables and no others."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from command.thirty import tables
from ommi import ModelCollection, Ommi
from ommi.cli.live import tables_of
from ommi.cli.model_source import STYLES, source_of
from ommi.drivers.protocol import SchemaKeeping
from ommi.drivers.registry import driver_for
from ommi.metadata.collection import DEFAULT_COLLECTION
from ommi.schema.drift import drift
from ommi.schema.snapshot import Table, table_of

NUMBER = itertools.count()


async def make(url: str) -> None:
    driver, _ = driver_for(url, {})
    connection = await driver.connect()
    try:
        assert isinstance(connection, SchemaKeeping)
        await connection.create_tables(tables())
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def collection() -> Iterator[ModelCollection]:
    kept = dict(DEFAULT_COLLECTION._models)
    yield DEFAULT_COLLECTION
    DEFAULT_COLLECTION._models = kept


def models_of(source: str, collection: ModelCollection) -> list[Table]:
    """Run a module of models; give the tables that they want."""
    collection._models = {}
    module = ModuleType(f"inspected_{next(NUMBER)}")
    sys.modules[module.__name__] = module
    exec(compile(source, f"{module.__name__}.py", "exec"), module.__dict__)
    return [table_of(model) for model in collection]


def test_the_schema_has_thirty_tables() -> None:
    assert len({table.name for table in tables()}) == 30


def test_models_of_a_store_want_exactly_its_tables(url: str, collection: ModelCollection) -> None:
    asyncio.run(make(url))
    found = asyncio.run(tables_of(url))

    for style in STYLES:
        wanted = models_of(source_of(found, style), collection)

        assert drift(wanted, found) == ()
        assert {table.name for table in wanted} == {table.name for table in tables()}


def test_a_store_made_of_inspected_models_is_the_same(
    url: str, collection: ModelCollection
) -> None:
    models_of(source_of(tables(), "dataclass"), collection)

    async def use() -> None:
        async with Ommi(url) as db:
            await db.use_models()

    asyncio.run(use())

    assert drift(tables(), asyncio.run(tables_of(url))) == ()
