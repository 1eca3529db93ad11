"""Tables that are removed take every answer with them, whichever way a driver removes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from ommi import Auto, Key, ModelCollection, Ommi, QueryCache, ommi_model

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION)
@dataclass
class Leaf:
    name: str
    id: Annotated[int | None, Key | Auto] = None


@pytest.mark.parametrize(
    ("url", "in_transaction"), [("memory://", False), ("sqlite://", False), ("sqlite://", True)]
)
async def test_removed_tables_make_answers_old(url: str, *, in_transaction: bool) -> None:
    async with Ommi(url, cache=QueryCache()) as db:
        await db.use_models(COLLECTION)
        await db.add(Leaf("a")).or_raise()
        question = db.query(Leaf).cached()
        assert len(await question.fetch_all()) == 1

        if in_transaction:
            async with db.transaction() as tx:
                await tx.remove_models(COLLECTION)
                await tx.use_models(COLLECTION)
        else:
            await db.remove_models(COLLECTION)
            await db.use_models(COLLECTION)

        assert await question.fetch_all() == []
