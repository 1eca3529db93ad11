"""Answers that are kept: no statement for the same question, and never an old answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import pytest

from ommi.caching.query_cache import QueryCache
from ommi.database import Ommi
from ommi.decorator import ommi_model
from ommi.drivers.protocol import Explaining
from ommi.errors import DatabaseError
from ommi.metadata.annotations import Auto, Key, ReferenceTo
from ommi.planning.capabilities import Capability
from ommi.query.fields import fields
from ommi.relations import Lazy, LazyList
from ommi.testing.compliance.counted import sent
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.models import new_collection
from ommi.testing.counting import CountingDriver
from ommi.testing.requirements import requires

KEPT = new_collection()


@ommi_model(collection=KEPT)
@dataclass
class KeptShop:
    name: str
    tags: list[str] = field(default_factory=list)
    id: Annotated[int | None, Key | Auto] = None
    sales: ClassVar[LazyList[KeptSale]]


@ommi_model(collection=KEPT)
@dataclass
class KeptSale:
    amount: int
    shop_id: Annotated[int, ReferenceTo(KeptShop, on_delete="cascade")] = 0
    id: Annotated[int | None, Key | Auto] = None
    shop: ClassVar[Lazy[KeptShop]]


@ommi_model(collection=KEPT)
@dataclass
class KeptUnit:
    """Has nothing to do with the others."""

    name: str
    id: Annotated[int | None, Key | Auto] = None


SHOP, SALE, UNIT = fields(KeptShop), fields(KeptSale), fields(KeptUnit)


@pytest.mark.anyio
class TestCaching:
    @pytest.fixture
    async def db(
        self, database: Ommi, make_database: Callable[[], Ommi]
    ) -> AsyncGenerator[Ommi, None]:
        """Give a database with a cache that counts what is sent, with a few rows in it."""
        del database
        driver = CountingDriver(make_database().driver)
        async with (
            Ommi(driver, cache=QueryCache(), cache_all=[KeptUnit]) as db,
            tables(db, KEPT),
        ):
            shops = await db.add(KeptShop("a", ["x"]), KeptShop("b")).or_raise()
            await db.add_all(KeptSale(n, shops[n % 2].id or 0) for n in range(4)).or_raise()
            yield db

    async def test_the_same_question_is_asked_once(self, db: Ommi) -> None:
        question = db.query(KeptSale).where(SALE.amount > 1).order_by("amount").cached(ttl=30)
        first = await question.fetch_all()
        before = sent(db)

        again = await question.fetch_all()

        assert (again, sent(db)) == (first, before)
        assert again[0] is not first[0]

    async def test_counts_firsts_and_existence_are_kept_as_well(self, db: Ommi) -> None:
        question = db.find(SALE.amount > 1).cached()

        async def asked() -> list[object]:
            first = await question.order_by("amount").first.or_raise()
            return [await question.count.or_raise(), await question.exists.or_raise(), first]

        first, before = await asked(), sent(db)

        assert (await asked(), sent(db)) == (first, before)

    async def test_a_question_that_is_not_cached_is_asked_again(self, db: Ommi) -> None:
        await db.query(KeptSale).cached().fetch_all()
        before = sent(db)

        await db.query(KeptSale).fetch_all()

        assert sent(db) == before + 1

    async def test_every_question_about_some_models_is_cached(self, db: Ommi) -> None:
        await db.add(KeptUnit("u")).or_raise()
        found = await db.find(KeptUnit, UNIT.name == "u").fetch.all()
        before = sent(db)

        assert await db.query(KeptUnit).where(UNIT.name == "u").fetch_all() == found
        assert sent(db) == before

    async def test_what_one_caller_changes_no_other_sees(self, db: Ommi) -> None:
        question = db.query(KeptShop).order_by("name").cached()
        for _ in range(2):
            mine = (await question.fetch_all())[0]
            mine.name = "changed"
            mine.tags.append("changed")

        assert (await question.fetch_all())[0].tags == ["x"]
        assert [shop.name for shop in await question.fetch_all()] == ["a", "b"]

    @pytest.mark.parametrize(
        "change",
        [
            lambda db: db.add(KeptSale(9, 1)),
            lambda db: db.add(KeptSale(9, 1), KeptSale(8, 1)),
            lambda db: db.find(SALE.amount == 1).update(amount=7),
            lambda db: db.find(KeptSale, SALE.amount == 1).delete(),
            lambda db: db.find(SHOP.name == "a").delete(),
            lambda db: db.find(SHOP.name == "a").update(name="c"),
            lambda db: db.find(KeptSale, SHOP.name == "a").update(amount=5),
            lambda db: db.batch(db.find(SALE.amount == 3).update(amount=4)),
        ],
        ids=["add", "add-many", "update", "delete", "cascade", "joined", "by-join", "batch"],
    )
    async def test_a_write_makes_what_it_touches_old(
        self, db: Ommi, change: Callable[[Ommi], Any]
    ) -> None:
        plain = db.query(KeptSale).where(SHOP.name == "a").order_by("amount")
        counted = db.query(KeptShop).where(KeptShop.sales.count() > 1).order_by("name")
        for question in (plain, counted):
            await question.cached().fetch_all()

        await change(db).or_raise()

        for question in (plain, counted):
            assert await question.cached().fetch_all() == await question.fetch_all()

    async def test_a_write_leaves_answers_about_other_tables(self, db: Ommi) -> None:
        await db.query(KeptSale).cached().fetch_all()
        await db.add(KeptUnit("u")).or_raise()
        before = sent(db)

        await db.query(KeptSale).cached().fetch_all()

        assert sent(db) == before

    async def test_methods_of_instances_are_writes(self, db: Ommi) -> None:
        question = db.query(KeptShop).order_by("name").cached()
        shop = (await question.fetch_all())[0]

        shop.name = "aa"
        await db.save(shop).or_raise()
        assert (await question.fetch_all())[0].name == "aa"

        await db.delete(shop).or_raise()
        assert [each.name for each in await question.fetch_all()] == ["b"]

    async def test_loaded_relations_are_kept_and_become_old(self, db: Ommi) -> None:
        question = db.query(KeptShop).order_by("name").load(KeptShop.sales).cached()
        first = await question.fetch_all()
        before = sent(db)

        assert [len(await s.sales) for s in await question.fetch_all()] == [2, 2]
        assert sent(db) == before

        await db.add(KeptSale(9, first[0].id or 0)).or_raise()
        assert [len(await s.sales) for s in await question.fetch_all()] == [3, 2]

    async def test_values_that_python_takes_for_equal_are_different_questions(
        self, db: Ommi
    ) -> None:
        cache = db.cache
        assert cache is not None
        for amount in (1, 1 + 0, 2):
            await db.query(KeptSale).where(SALE.amount == amount).cached().count()

        assert (cache.stats.hits, cache.stats.misses) == (1, 2)

    async def test_many_who_ask_at_once_are_one_statement(self, db: Ommi) -> None:
        question = db.query(KeptSale).order_by("amount").cached()
        before = sent(db)

        answers = await asyncio.gather(*(question.fetch_all() for _ in range(1000)))

        assert sent(db) == before + 1
        assert all(len(answer) == 4 for answer in answers)

    async def test_a_leader_that_is_cancelled_is_followed_by_another(self, db: Ommi) -> None:
        question = db.query(KeptSale).order_by("amount").cached()
        tasks = [asyncio.create_task(question.fetch_all()) for _ in range(3)]
        await asyncio.sleep(0)

        tasks[0].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)

        assert [len(each) for each in found if isinstance(each, list)] >= [4, 4]

    async def test_explain_says_whether_the_answer_is_kept(
        self, db: Ommi, make_database: Callable[[], Ommi]
    ) -> None:
        async with Ommi(make_database().driver, cache=QueryCache()) as own:
            if not isinstance(own._executor.connection, Explaining):  # noqa: SLF001
                pytest.skip("the store tells no plan")
            async with tables(own, KEPT):
                question = own.query(KeptSale).cached()
                assert str(await question.explain()).count("cache: miss") == 1

                await question.fetch_all()
                assert str(await question.explain()).count("cache: hit") == 1
                assert "cache:" not in str(await own.query(KeptSale).explain())

    async def test_schema_changes_make_everything_old(self, db: Ommi) -> None:
        await db.query(KeptSale).cached().fetch_all()
        await db.remove_models(KEPT)
        await db.use_models(KEPT)

        assert await db.query(KeptSale).cached().fetch_all() == []

    async def test_somebody_elses_write_can_be_told(
        self, db: Ommi, make_database: Callable[[], Ommi]
    ) -> None:
        question = db.query(KeptUnit).cached()
        assert await question.fetch_all() == []
        if Capability.PERSISTENCE not in db.driver.capabilities:
            pytest.skip("nobody else can write")
        async with make_database() as other:
            await other.add(KeptUnit("u")).or_raise()

        assert await question.fetch_all() == []
        await db.invalidate(KeptUnit)
        assert len(await question.fetch_all()) == 1

    @requires(Capability.TRANSACTIONS)
    async def test_a_transaction_is_old_news_only_once_it_commits(self, db: Ommi) -> None:
        question = db.query(KeptSale).order_by("amount").cached()
        await question.fetch_all()

        async with db.transaction():
            await db.find(SALE.amount == 3).update(amount=30).or_raise()
            assert (await question.fetch_all())[-1].amount == 30
            before = sent(db)
            with db.outside():
                assert (await question.fetch_all())[-1].amount == 3
            assert sent(db) == before

        assert (await question.fetch_all())[-1].amount == 30

    @requires(Capability.TRANSACTIONS)
    async def test_what_is_rolled_back_makes_nothing_old(self, db: Ommi) -> None:
        question = db.query(KeptSale).order_by("amount").cached()
        first = await question.fetch_all()

        with pytest.raises(RuntimeError):
            async with db.transaction():
                await db.find(SALE.amount == 3).update(amount=30).or_raise()
                await question.fetch_all()
                raise RuntimeError
        before = sent(db)

        assert (await question.fetch_all(), sent(db)) == (first, before)

    @requires(Capability.TRANSACTIONS)
    async def test_nested_blocks_and_savepoints_count_with_the_outer_one(self, db: Ommi) -> None:
        question = db.query(KeptSale).order_by("amount").cached()
        await question.fetch_all()

        async with db.transaction() as tx:
            async with db.transaction():
                await db.find(SALE.amount == 3).update(amount=30).or_raise()
            await tx.savepoint("here")
            await db.find(SALE.amount == 2).update(amount=20).or_raise()
            await tx.rollback_to_savepoint("here")

        assert [sale.amount for sale in await question.fetch_all()] == [0, 1, 2, 30]

    async def test_a_write_that_is_refused_keeps_answers_right(self, db: Ommi) -> None:
        question = db.query(KeptShop).order_by("name").cached()
        first = await question.fetch_all()

        assert isinstance(await db.add(KeptShop("c", id=first[0].id)).error, DatabaseError)

        assert await question.fetch_all() == first
