"""The exact SQL of PostgreSQL for everything that can be asked, beside the rows that it gives."""

# ruff: noqa: F811 - fixtures are imported, and asked for by their names

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from ommi import (
    ArithmeticOverflow,
    Ommi,
)
from services.postgresql import Server, database, server  # noqa: F401
from text.people import COLLECTION, PEOPLE, P, Person

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(server: Server, database: str) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(database)) as db:
        await db.use_models(COLLECTION)
        await db.add_all(PEOPLE).or_raise()
        yield db


def full(text: str) -> str:
    """Write out the columns: `@name` is `"people"."name"`."""
    return re.sub(r"@(\w+)", r'"people"."\1"', text)


async def test_a_calculated_decimal_is_kept_from_being_rounded(db: Ommi) -> None:
    query = db.find(P.id == 1)

    failed = await query.update(price=P.worth * Decimal("0.0001"))
    done = await query.update(price=P.worth * Decimal("0.01"))

    assert isinstance(failed.error, ArithmeticOverflow)
    assert "CASE WHEN value <> round(value, 2) THEN 1000000000 ELSE value END" in str(failed.error)
    assert done.value == 1
    assert (await query.one.or_raise()).price == Decimal("0.10")


async def test_one_row_is_written_by_these_texts(db: Ommi) -> None:
    written = await db.add(Person("Bob", id=4)).error

    assert str(written).endswith(
        'INSERT INTO "people" ("name", "nick", "age", "height", "active", "photo", "price", '
        '"worth", "tags", "extra", "home", "id") VALUES '
        "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    )
