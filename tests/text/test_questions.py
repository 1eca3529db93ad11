"""The exact text of everything that can be asked, beside the rows that it gives."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ommi import Ommi
from services import mariadb, postgresql
from services.private import needed
from text.comparisons import COMPARISONS
from text.documents import DOCUMENTS
from text.orders import ORDERS
from text.people import COLLECTION, PEOPLE, Person, Texts
from text.searches import SEARCHES

pytestmark = pytest.mark.anyio

CONDITIONS = {**COMPARISONS, **SEARCHES, **DOCUMENTS}
SELECT = (
    "SELECT @name, @nick, @age, @height, @active, @photo, @price, @worth, @tags, @extra, @home, "
    "@id FROM "
)
QUOTES = {"sqlite": '"', "postgresql": '"', "mariadb": "`"}


@pytest.fixture(params=QUOTES)
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def db(store: str) -> AsyncIterator[Ommi]:
    async with Ommi(_driver(store)) as db:
        await db.remove_models(COLLECTION)
        await db.use_models(COLLECTION)
        await db.add_all(PEOPLE).or_raise()
        yield db
        await db.remove_models(COLLECTION)


def _driver(store: str) -> Any:
    if store == "postgresql":
        return needed(postgresql.Server).driver("test")
    return needed(mariadb.Server).driver() if store == "mariadb" else "sqlite://"


def full(texts: Texts, store: str, before: str = "") -> str:
    """Write out the columns: `@name` is the column of that name, in the store's quotes."""
    quote = QUOTES[store]
    table = f"{quote}people{quote}"
    text = f"{SELECT}{table}{before}{getattr(texts, store)}"
    return re.sub(r"@(\w+)", rf"{table}.{quote}\1{quote}", text)


@pytest.mark.parametrize("case", CONDITIONS)
async def test_a_condition_has_this_text_and_these_rows(db: Ommi, store: str, case: str) -> None:
    asked = CONDITIONS[case]

    query = db.query(Person).where(asked.asks())

    assert query.sql() == full(asked, store, " WHERE ")
    assert [person.id for person in await query.order_by("id").fetch_all()] == asked.keys
    assert await query.count() == len(asked.keys)


@pytest.mark.parametrize("case", ORDERS)
async def test_an_order_and_a_page_have_this_text_and_these_rows(
    db: Ommi, store: str, case: str
) -> None:
    asked = ORDERS[case]

    query = asked.asks(db.query(Person))

    assert query.sql() == full(asked, store)
    assert [person.id for person in await query.fetch_all()] == asked.keys
    assert await query.count() == len(asked.keys)
