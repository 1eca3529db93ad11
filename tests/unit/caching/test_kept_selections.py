"""A selection that is asked again and again is made ready once, and is as right as a new one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

import pytest

from ommi import (
    Auto,
    Key,
    ModelCollection,
    MultipleFound,
    NotFound,
    Ommi,
    QueryCache,
    ommi_model,
)
from ommi.caching.footprints import Footprint
from ommi.execution.keeping import Keeper
from ommi.results import NOT_YET

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection(naming=lambda name: f"asked_{name.lower()}")


@ommi_model(collection=COLLECTION)
@dataclass
class Page:
    title: str
    tags: list[str] = field(default_factory=list)
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION)
@dataclass
class Strict:
    name: str
    id: Annotated[int | None, Key | Auto] = None
    refuses: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if Strict.refuses:
            raise ValueError(self.name)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncGenerator[Ommi, None]:
    async with Ommi(f"sqlite:///{tmp_path}/pages.db", cache=QueryCache()) as db:
        await db.use_models(COLLECTION)
        await db.add(Page("a", ["x"]), Page("b")).or_raise()
        yield db


async def test_it_is_looked_up_when_it_is_awaited_not_when_it_is_called(db: Ommi) -> None:
    question = db.query(Page, Page.id == 1).cached()
    await question.one()

    asked, counted = question.one(), question.where(Page.title == "c").count()
    await db.find(Page.id == 1).update(title="c").or_raise()

    assert ((await asked).title, await counted) == ("c", 1)


async def test_every_way_to_ask_gives_the_same_again(db: Ommi) -> None:
    assert db.cache is not None
    found, none = db.find(Page, Page.title < "c").cached(), db.find(Page.title == "z").cached()
    for _ in range(3):
        assert [page.title for page in await found.order_by("-title").fetch.all()] == ["b", "a"]
        assert (await found.order_by("title").first.or_raise()).title == "a"  # type: ignore[union-attr]
        assert [await found.count.value, await found.exists.value] == [2, True]
        assert [await none.first.value, await none.exists.value] == [None, False]
        assert isinstance(await found.one.error, MultipleFound)
        assert isinstance(await none.one.error, NotFound)

    # Of eight questions.
    assert (db.cache.stats.misses, db.cache.stats.hits) == (8, 16)


async def test_each_is_given_lists_of_its_own(db: Ommi) -> None:
    question = db.query(Page, Page.id == 1).cached()
    for _ in range(3):
        page = await question.one()
        assert page.tags == ["x"]
        page.tags.append("y")


async def test_what_is_given_knows_where_it_came_from(db: Ommi) -> None:
    question = db.query(Page, Page.id == 1).cached()
    await question.one()
    page = await question.one()

    page.title = "c"
    await db.save(page).or_raise()
    assert (await db.query(Page, Page.id == 1).one()).title == "c"


async def test_a_list_among_the_values_may_change(db: Ommi) -> None:
    wanted = ["x"]
    question = db.query(Page, Page.tags == wanted).cached()
    for _ in range(2):
        assert await question.count() == 1

    assert await db.query(Page, Page.tags == ["x", "y"]).cached().count() == 0


async def test_an_operation_gives_the_same_each_time_it_is_awaited(db: Ommi) -> None:
    question = db.find(Page.id == 1).cached()
    await question.one
    operation = question.one

    first = await operation.or_raise()
    await db.find(Page.id == 1).update(title="c").or_raise()
    assert [await operation.value, (await operation).value] == [first, first]
    assert (await question.one.map(lambda page: page.title)).value == "c"


async def test_models_that_cannot_be_made_of_what_is_kept_are_failures(
    db: Ommi, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.add(Strict("a")).or_raise()
    question = db.find(Strict, Strict.name == "a").cached()
    for _ in range(2):
        await question.fetch.all()
        await question.one.or_raise()
        await question.first.or_raise()

    monkeypatch.setattr(Strict, "refuses", True)
    for answer in (await question, await question.one, await question.first):
        assert isinstance(answer.error, ValueError)
    with pytest.raises(ValueError, match="a"):
        await question.one.or_raise()
    with pytest.raises(ValueError, match="a"):
        await db.query(Strict, Strict.name == "a").cached().one()


async def test_in_a_transaction_and_after_it(db: Ommi) -> None:
    question = db.query(Page, Page.id == 1).cached()
    await question.one()
    async with db.transaction():
        await db.find(Page.id == 1).update(title="c").or_raise()
        assert (await question.one()).title == "c"
        with db.outside():
            assert (await question.one()).title == "a"
    assert (await question.one()).title == "c"


async def test_a_database_that_was_closed_and_opened_again(db: Ommi) -> None:
    question = db.query(Page, Page.id == 1).cached()
    for _ in range(2):
        await question.one()
    await db.close()
    async with Ommi(db.driver) as other:
        await other.find(Page.id == 1).update(title="c").or_raise()
    await db.open()

    assert (await question.one()).title == "c"


async def test_without_a_cache_the_database_is_asked(tmp_path: Path) -> None:
    async with Ommi(f"sqlite:///{tmp_path}/other.db") as db:
        await db.use_models(COLLECTION)
        question = db.query(Page).cached(ttl=5)
        assert await question.fetch_all() == []
        await db.add(Page("a")).or_raise()
        assert len(await question.fetch_all()) == 1


@pytest.mark.parametrize("more", [(), ("x",)])
def test_values_that_python_takes_for_equal_have_keys_of_their_own(more: tuple[str, ...]) -> None:
    keeper = Keeper(QueryCache())
    footprint = Footprint(
        object(), 1, (), frozenset(), False, True, False, None, (), str, None, None
    )
    values = (1, 1.0, True, "1")
    keys = {keeper.constant_key_of(footprint, [value, *more]) for value in values}

    assert len(keys) == len(values)
    assert keys == {keeper.key_of(footprint, [value, *more]) for value in values}


async def test_it_is_given_at_once_again_after_its_plan_was_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ommi.planning.planner.MOST_PLANS", 8)
    async with Ommi("sqlite://", cache=QueryCache()) as db:
        await db.use_models(COLLECTION)
        await db.add(Page("a")).or_raise()
        question = db.query(Page, Page.id == 1).cached
        await question().one()
        await question().one()
        for count in range(20):
            db.query(Page).where(*[Page.title == "a"] * count).sql()
        await db.find(Page.id == 1).update(title="c").or_raise()

        for _ in range(2):
            assert (await question().one()).title == "c"
        # Only what is at hand needs nobody to await it.
        assert question()._one_now() is not NOT_YET  # type: ignore[attr-defined]
