"""What is written on a lent session makes answers old at once, not when the session ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, cast

import pytest

from migrations.twelve import MIGRATIONS, start
from ommi import Auto, Key, ModelCollection, Ommi, QueryCache, ommi_model
from ommi.drivers.protocol import Migrating
from ommi.migrations import Migrator
from ommi.migrations.session import session_of
from ommi.schema.operations import Execute, Sql

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection(naming=lambda _: "lent_leaves")


@ommi_model(collection=COLLECTION)
@dataclass
class Leaf:
    name: str
    id: Annotated[int | None, Key | Auto] = None


INSERT = Execute(Sql.of("INSERT INTO lent_leaves (name) VALUES ('b')"))


@pytest.fixture
async def db(url: str) -> AsyncGenerator[Ommi, None]:
    async with Ommi(url, cache=QueryCache()) as db:
        await db.use_models(COLLECTION)
        await db.add(Leaf("a")).or_raise()
        assert await db.query(Leaf).cached().count() == 1
        yield db


async def test_a_statement_that_is_over_is_seen_before_the_session_ends(db: Ommi) -> None:
    async with db.session() as connection:
        await cast("Migrating", connection).change_schema(INSERT)

        assert await db.query(Leaf).cached().count() == 2


async def test_a_step_of_a_migration_is_seen_before_the_next(db: Ommi) -> None:
    async with session_of(db) as session:
        await session.change(INSERT)
        assert await db.query(Leaf).cached().count() == 2

        await session.begin()
        await session.add(Leaf("c")).or_raise()
        assert await db.query(Leaf).cached().count() == 2
        await session.commit()

        assert await db.query(Leaf).cached().count() == 3


async def test_migrations_are_run_on_a_database_with_a_cache(db: Ommi) -> None:
    await start(db)
    assert await db.query(Leaf).cached().count() == 1

    report = await Migrator(db, MIGRATIONS).apply()

    assert len(report.migrations) == 1
    assert await db.query(Leaf).cached().count() == 1
