"""What is written on a lent session makes answers old at once, not when the session ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import pytest

from ommi import Auto, Key, ModelCollection, Ommi, QueryCache, ommi_model
from ommi.drivers.protocol import Migrating
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
async def db(tmp_path: Path) -> AsyncGenerator[Ommi, None]:
    async with Ommi(f"sqlite:///{tmp_path}/leaves.db", cache=QueryCache()) as db:
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
