"""Middleware stands around a cache: it sees every question, and which answers were kept."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated

import pytest

from ommi import Auto, Key, ModelCollection, Ommi, QueryCache, ommi_model
from ommi.plugins.operation import Operation
from ommi.plugins.protocol import Answer, Proceed

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION)
@dataclass
class Page:
    title: str
    is_public: bool = True
    id: Annotated[int | None, Key | Auto] = None


class Looking:
    def __init__(self) -> None:
        self.seen: list[tuple[str, bool]] = []

    async def __call__(self, operation: Operation, proceed: Proceed, /) -> Answer:
        answer = await proceed(operation)
        self.seen.append((operation.verb.value, answer.is_kept))
        return answer


async def test_middleware_sees_which_answers_were_kept() -> None:
    looking = Looking()
    async with Ommi("memory://", cache=QueryCache(), middleware=[looking]) as db:
        await db.use_models(COLLECTION)
        await db.add(Page("a")).or_raise()
        looking.seen.clear()

        for _ in range(2):
            await db.query(Page).cached().fetch_all()
        await db.find(Page.title == "a").update(title="b").or_raise()
        assert [page.title for page in await db.query(Page).cached().fetch_all()] == ["b"]

    selects = [("SELECT", False), ("SELECT", True), ("UPDATE", False), ("SELECT", False)]
    assert looking.seen == selects


async def test_a_transaction_of_a_watched_database_makes_answers_old() -> None:
    async with Ommi("memory://", cache=QueryCache(), middleware=[Looking()]) as db:
        await db.use_models(COLLECTION)
        question = db.query(Page).cached()
        assert await question.fetch_all() == []

        async with db.transaction():
            await db.add(Page("a")).or_raise()
            assert len(await question.fetch_all()) == 1
            with db.outside():
                assert await question.fetch_all() == []

        assert len(await question.fetch_all()) == 1


async def test_tenants_are_asked_apart() -> None:
    tenant = ContextVar[str]("tenant")
    async with Ommi("memory://", cache=QueryCache(tenant=tenant.get)) as db:
        await db.use_models(COLLECTION)
        cache = db.cache
        assert cache is not None
        for name in ("a", "b", "a"):
            tenant.set(name)
            await db.query(Page).cached().fetch_all()

        assert (cache.stats.misses, cache.stats.hits) == (2, 1)
