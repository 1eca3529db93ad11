"""A write of the row with a key makes old what depends on that row, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any, ClassVar

import pytest

from ommi import (
    Auto,
    Key,
    LazyList,
    ModelCollection,
    Ommi,
    QueryCache,
    ReferenceTo,
    fields,
    ommi_model,
)
from ommi.caching.versions import Versions, condensed, new_rows_of, row_of, table_of
from profiles import examples

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection(naming=lambda name: f"keyed_{name.lower()}")
OTHER_KEY = ModelCollection(naming=lambda _: "keyed_item")


@ommi_model(collection=COLLECTION)
@dataclass
class Item:
    name: str
    place: int = 0
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION)
@dataclass
class Node:
    id: Annotated[int, Key]
    name: str
    parent_id: Annotated[int | None, ReferenceTo("Node", on_delete="cascade")] = None
    children: ClassVar[LazyList[Node]]


@ommi_model(collection=COLLECTION)
@dataclass
class Word:
    text: Annotated[str, Key]
    count: int = 0


@ommi_model(collection=OTHER_KEY)
@dataclass
class ItemByPlace:
    """The same table, of whose rows another column says which is meant."""

    id: int
    name: str
    place: Annotated[int, Key]


NODE = fields(Node)


@pytest.fixture(params=["memory://", "sqlite://"])
async def db(request: pytest.FixtureRequest) -> AsyncGenerator[Ommi, None]:
    async with Ommi(request.param, cache=QueryCache()) as db:
        await db.use_models(COLLECTION)
        await db.add_all(Item(f"i{n}", n) for n in range(1, 4)).or_raise()
        await db.add(Node(1, "root")).or_raise()
        await db.add(Node(2, "child", 1)).or_raise()
        await db.add(Word("a")).or_raise()
        yield db


async def is_hit(db: Ommi, ask: Callable[[], Awaitable[object]]) -> bool:
    assert db.cache is not None
    before = db.cache.stats.hits
    await ask()
    return db.cache.stats.hits > before


def item(db: Ommi, key: int) -> Callable[[], Awaitable[list[Item]]]:
    return lambda: db.query(Item, Item.id == key).cached().fetch_all()


async def test_a_write_of_one_row_leaves_answers_about_others(db: Ommi) -> None:
    first, second = item(db, 1), item(db, 2)
    await first()
    [other] = await second()

    await db.find(Item.id == 2).update(name="x").or_raise()
    assert await is_hit(db, first)
    other.name = "y"
    await db.save(other).or_raise()
    assert await is_hit(db, first)
    assert [each.name for each in await second()] == ["y"]
    await db.delete(other).or_raise()
    assert await is_hit(db, first)
    assert await second() == []


async def test_a_write_of_one_row_makes_answers_about_any_rows_old(db: Ommi) -> None:
    every = db.query(Item).order_by("id").cached()
    some = db.query(Item, Item.place < 3).cached()
    assert (len(await every.fetch_all()), await some.count()) == (3, 2)

    await db.find(Item.id == 2).update(place=9).or_raise()

    assert [each.place for each in await every.fetch_all()] == [1, 9, 3]
    assert await some.count() == 1


async def test_a_write_of_any_rows_makes_answers_about_one_old(db: Ommi) -> None:
    await item(db, 1)()
    await db.find(Item.place > 0).update(name="x").or_raise()
    assert [each.name for each in await item(db, 1)()] == ["x"]


async def test_what_is_added_makes_old_that_there_is_no_such_row(db: Ommi) -> None:
    there, missing = item(db, 1), item(db, 4)
    counted = db.query(Item, Item.id == 4).cached()
    assert (len(await there()), await missing(), await counted.exists()) == (1, [], False)

    await db.add(Item("i4")).or_raise()

    assert await is_hit(db, there)
    assert [each.name for each in await missing()] == ["i4"]
    assert await counted.exists()


async def test_a_row_that_is_there_but_was_not_meant_counts_too(db: Ommi) -> None:
    question = db.query(Item, Item.id == 2, Item.place == 7).cached()
    assert await question.count() == 0

    await db.find(Item.id == 2).update(place=7).or_raise()
    assert await question.count() == 1


async def test_a_deletion_that_cascades_in_its_own_table(db: Ommi) -> None:
    child = db.query(Node, NODE.id == 2).cached()
    assert len(await child.fetch_all()) == 1

    await db.find(NODE.id == 1).delete().or_raise()
    assert await child.fetch_all() == []


async def test_a_key_that_is_changed(db: Ommi) -> None:
    assert await item(db, 7)() == []
    [first] = await item(db, 1)()
    first.id = 7
    await db.save(first).or_raise()

    assert await item(db, 1)() == []
    assert [each.name for each in await item(db, 7)()] == ["i1"]


async def test_a_question_for_one_row_that_looks_at_another(db: Ommi) -> None:
    below = db.query(Node, NODE.id == 1).where(Node.children.any(NODE.name == "child")).cached()
    assert await below.count() == 1

    await db.find(NODE.id == 2).update(name="x").or_raise()
    assert await below.count() == 0


async def test_keys_whose_equality_the_store_decides_are_not_told_apart(db: Ommi) -> None:
    question = db.query(Word, Word.text == "a").cached()
    await question.fetch_all()
    await db.add(Word("b")).or_raise()
    await db.find(Word.text == "b").update(count=1).or_raise()

    assert not await is_hit(db, question.fetch_all)


async def test_a_model_that_knows_the_rows_of_a_table_by_another_key(db: Ommi) -> None:
    await db.find(Item.id == 1).update(place=9).or_raise()
    first = item(db, 1)
    await first()

    await db.find(ItemByPlace.place == 9).update(name="x").or_raise()

    assert [each.name for each in await first()] == ["x"]


async def test_many_rows_of_one_batch_and_of_one_transaction(db: Ommi) -> None:
    questions = [item(db, key) for key in (1, 2, 3)]
    for ask in questions:
        await ask()

    await db.batch(*(db.find(Item.id == key).update(name="x") for key in (1, 2))).or_raise()
    assert [await is_hit(db, ask) for ask in questions] == [False, False, True]
    assert [(await ask())[0].name for ask in questions] == ["x", "x", "i3"]


@pytest.mark.parametrize("seed", range(examples(4, 200)))
async def test_no_answer_is_old_whatever_is_asked_and_written(db: Ommi, seed: int) -> None:
    random = Random(seed)
    questions: list[Any] = [db.query(Item), db.query(Item, Item.place < 3)]
    for key in range(1, 7):
        by_key = db.query(Item, Item.id == key)
        questions += [by_key, by_key.where(Item.place > 1), by_key.order_by("name").limit(1)]
        questions.append(db.query(Node, NODE.id == key))

    def write() -> Any:
        key, place = random.randrange(1, 7), random.randrange(5)
        return random.choice(
            (
                lambda: db.add(Item("new", place)),
                lambda: db.find(Item.id == key).update(place=place),
                lambda: db.find(Item.id == key, Item.place < 3).update(name=f"n{place}"),
                lambda: db.find(Item.place == place).update(name="p"),
                lambda: db.find(Item.id == key).delete(),
                lambda: db.add(Item("again", place, key)),
                lambda: db.add(Node(key, "n", random.choice((None, 1, 2, 3)))),
                lambda: db.find(NODE.id == key).delete(),
            )
        )()

    for _ in range(60):
        for question in random.sample(questions, 8):
            kept = question.cached()
            assert await kept.fetch_all() == await question.fetch_all()
            assert await kept.count() == await question.count()
        # One that refers to nothing, or is there already, is refused.
        await write().error
    assert db.cache is not None
    assert db.cache.stats.hits > 100


def test_versions_that_are_met_while_a_row_is_written() -> None:
    versions = Versions()
    names = frozenset({row_of("users", "id", 5), new_rows_of("posts")})
    versions.begin(names)
    users, posts = versions.rows_of("users", "id"), versions.rows_of("posts", "id")

    assert versions.stamp([users.rows[5]]) is None
    assert versions.stamp([posts.new]) is None
    assert versions.stamp(versions.of(["users"])) is None
    free = versions.stamp([users.rows[6], users.others, users.new, posts.others])
    assert free is not None
    versions.end(names)
    assert versions.stamp([users.rows[5], posts.new]) is not None


def test_a_part_that_is_known_by_another_column_may_be_any_row() -> None:
    versions = Versions()
    users = versions.rows_of("users", "id")
    for part in (row_of("users", "number", 5), "users\0id\0x"):
        before = versions.stamp([users.others])
        versions.begin(frozenset({part}))
        assert versions.stamp([users.others]) is None
        versions.end(frozenset({part}))
        assert versions.stamp([users.others]) != before


def test_many_parts_of_a_table_are_the_table() -> None:
    rows = frozenset(row_of("users", "id", number) for number in range(100))

    assert condensed(rows | {"posts"}) == {"users", "posts"}
    assert {table_of(part) for part in rows} == {"users"}


async def test_an_add_touches_its_own_table_whatever_was_compiled_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ommi.caching.footprints.MOST_COMMANDS", 8)
    cache = QueryCache()
    async with Ommi("sqlite://", cache=cache) as db:
        await db.use_models(COLLECTION)
        await db.add(Item("a")).or_raise()
        for count in range(20):
            db.query(Word).where(*[Word.text == "a"] * count).sql()
        question = db.query(Word, Word.text == "b").cached()
        await question.count()

        await db.add(Item("b")).or_raise()
        await question.count()

    assert (cache.stats.hits, cache.stats.invalidations) == (1, 0)
