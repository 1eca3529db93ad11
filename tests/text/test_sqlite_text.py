"""The exact SQL of SQLite for everything that can be asked, beside the rows that it gives."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from ommi import (
    Ommi,
    UnsupportedOperation,
)
from text.people import COLLECTION, PEOPLE, P, Person

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db() -> AsyncIterator[Ommi]:
    async with Ommi("sqlite://") as database:
        await database.use_models(COLLECTION)
        await database.add_all(PEOPLE).or_raise()
        yield database


def full(text: str) -> str:
    """Write out the columns: `@name` is `"people"."name"`."""
    return re.sub(r"@(\w+)", r'"people"."\1"', text)


async def test_a_json_key_that_sqlite_cannot_name_is_refused(db: Ommi) -> None:
    with pytest.raises(UnsupportedOperation, match="JSON key"):
        db.query(Person).where(P.extra['a"b'] == 1).sql()
