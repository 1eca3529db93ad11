"""Programs as they were written for Ommi 0.2."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import attrs
import pydantic
import pytest
from ommi.database.query_results import DBQueryResult  # type: ignore[import-not-found]
from ommi.database.results import (  # type: ignore[import-not-found]
    DBResult,
    DBStatusNoResultException,
)
from ommi.driver_context import UseDriver, get_current_driver  # type: ignore[import-not-found]
from ommi.ext.drivers.postgresql import PostgreSQLDriver  # type: ignore[import-not-found]
from ommi.ext.drivers.sqlite import SQLiteDriver  # type: ignore[import-not-found]
from ommi.models.collections import ModelCollection  # type: ignore[import-not-found]
from ommi.models.field_metadata import ReferenceTo  # type: ignore[import-not-found]
from ommi.models.query_fields import (  # type: ignore[import-not-found]
    AssociateUsing,
    LazyLoadEveryRelated,
    LazyLoadTheRelated,
)
from ommi.query_ast import when  # type: ignore[import-not-found]

from ommi import (
    Auto,
    BaseDriver,
    FieldType,
    Key,
    NotFound,
    Ommi,
    OmmiModel,
    StoreAs,
    active_driver,
    ommi_model,
    use_driver,
)
from ommi.drivers import BaseDriverTransaction, DatabaseResult  # type: ignore[attr-defined]
from services.databases import POSTGRESQL, database_on

pytestmark = pytest.mark.anyio

collection = ModelCollection()


@ommi_model(collection=collection)
@dataclass
class User:
    name: str
    age: int = 0
    id: int = None  # type: ignore[assignment]


@ommi_model(collection=collection)
@dataclass
class Post:
    title: str
    author_id: Annotated[int, ReferenceTo(User.id)]  # type: ignore[valid-type]
    author: LazyLoadTheRelated[User]
    id: int = None  # type: ignore[assignment]


class WithModels:
    def __init__(self, driver: Any, models: Any) -> None:
        self.driver = driver
        self.models = models

    async def __aenter__(self) -> None:
        await self.driver.apply_schema(self.models)

    async def __aexit__(self, *_: object) -> None:
        await self.driver.delete_schema(self.models)


@pytest.fixture(params=["memory", "file"])
async def driver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Any, None]:
    where = {"database": str(tmp_path / "old.db")} if request.param == "file" else None
    async with SQLiteDriver.connect(where) as connected:
        with UseDriver(connected):
            async with WithModels(connected, collection):
                yield connected


def names(users: list[Any]) -> list[str]:
    return [user.name for user in users]


async def test_a_driver_adds_fetches_counts_updates_and_deletes(driver: Any) -> None:
    alice, bob = await driver.add([User("Alice", 31), User("Bob", 17)])
    assert (alice.id, bob.id) == (1, 2)
    cid = await driver.add([User("Cid", 50)])[0]
    assert cid.id == 3

    assert (await driver.fetch(when(User.name == "Alice")).one()).age == 31
    assert names(await driver.fetch(when(User.age > 18)).get()) == ["Alice", "Cid"]
    assert names(await driver.fetch(when(User)).get()) == ["Alice", "Bob", "Cid"]
    assert [user.name async for user in driver.fetch(when(User, User.age < 40))] == [
        "Alice",
        "Bob",
    ]
    either = when(User.name == "Bob").Or(User.name == "Cid").And(User.age > 18)
    assert names(await driver.fetch(either).get()) == ["Cid"]
    page = when(User).sort(User.age.desc).limit(2, 1)  # type: ignore[attr-defined]
    assert names(await driver.fetch(page).get()) == ["Bob"]
    assert await driver.count(when(User.age > 18)) == 2
    await driver.update(when(User.name == "Bob"), {"age": 18})
    assert (await driver.fetch(when(User.name == "Bob")).one()).age == 18
    await driver.delete(when(User.name == "Bob"))
    assert await driver.count(when(User)) == 2
    with pytest.raises(NotFound):
        await driver.fetch(when(User.name == "Bob")).one()
    assert await driver.fetch(when(User.name == "Bob")).one_or(None) is None


async def test_a_transaction_commits_or_rolls_back(driver: Any) -> None:
    async with driver.transaction() as tx:
        assert isinstance(tx, BaseDriverTransaction)
        await tx.add([User("kept")])
        assert await tx.count(when(User)) == 1
    async with driver.transaction() as tx:
        await tx.add([User("not kept")])
        await tx.rollback()
    with pytest.raises(ZeroDivisionError):
        async with driver.transaction() as tx:
            await tx.add([User("neither")])
            1 / 0
    async with driver.transaction() as tx:
        await tx.update(when(User.name == "kept"), {"age": 7})
        await tx.commit()

    [user] = await driver.fetch(when(User)).get()
    assert (user.name, user.age) == ("kept", 7)


@pytest.fixture(params=["memory", "file"])
def connected(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    where = {"database": str(tmp_path / "old.db")} if request.param == "file" else None
    return SQLiteDriver.connect(where)


async def test_an_ommi_and_its_driver_see_the_same_rows(connected: Any) -> None:
    async with Ommi(connected) as db:
        await db.use_models(collection)
        await db.add(User("Alice")).or_raise()
        assert names(await connected.fetch(when(User)).get()) == ["Alice"]
        await db.find(User.name == "Alice").delete().or_raise()
        assert await connected.count(when(User)) == 0
        await connected.disconnect()


async def test_relations_load_through_the_driver_that_is_used(driver: Any) -> None:
    [alice] = await driver.add([User("Alice")])
    [post] = await driver.add([Post(title="Hello", author_id=alice.id)])  # type: ignore[call-arg]

    assert (await post.author).name == "Alice"
    assert names(await driver.fetch(when(User, Post.title == "Hello")).get()) == ["Alice"]
    assert get_current_driver() is driver
    assert active_driver.get() is driver
    bob = User("Bob", id=alice.id)
    await bob.save().or_raise()  # type: ignore[attr-defined]
    assert names(await driver.fetch(when(User)).get()) == ["Bob"]


@pytest.mark.parametrize("style", ["dataclass", "attrs", "pydantic"])
async def test_relations_are_fields_in_every_style(driver: Any, style: str) -> None:
    related = ModelCollection()
    base: Any = pydantic.BaseModel if style == "pydantic" else object
    made: Any = {"dataclass": dataclass, "attrs": attrs.define}.get(style, lambda cls: cls)

    @ommi_model(collection=related)
    @made
    class Student(base):  # type: ignore[misc]
        name: str
        id: int = None  # type: ignore[assignment]
        courses: LazyLoadEveryRelated[Annotated[Course, AssociateUsing("Takes")]] = None

    @ommi_model(collection=related)
    @made
    class Course(base):  # type: ignore[misc]
        name: str
        id: int = None  # type: ignore[assignment]

    @ommi_model(collection=related)
    @made
    class Takes(base):  # type: ignore[misc]
        student_id: Annotated[int, Key | ReferenceTo(Student.id)]  # type: ignore[valid-type]
        course_id: Annotated[int, Key | ReferenceTo(Course.id)]  # type: ignore[valid-type]

    async with WithModels(driver, related):
        ann, bob = await driver.add([Student(name="Ann"), Student(name="Bob")])
        logic, art = await driver.add([Course(name="logic"), Course(name="art")])
        await driver.add(
            [
                Takes(student_id=ann.id, course_id=logic.id),
                Takes(student_id=ann.id, course_id=art.id),
                Takes(student_id=bob.id, course_id=art.id),
            ]
        )

        assert sorted(names(await ann.courses)) == ["art", "logic"]
        assert names(await driver.fetch(when(Student, Course.name == "logic")).get()) == ["Ann"]


async def test_results_are_matched_and_read_as_they_were(connected: Any) -> None:
    async with Ommi(connected) as db:
        await db.schema(collection).create_models()  # type: ignore[attr-defined]
        match await db.add(User("Alice", 31)):
            case DBResult.DBSuccess(added):
                assert added.name == "Alice"
            case DBResult.DBFailure(error):
                raise error
        match await db.find(User.name == "nobody").one():
            case DBQueryResult.DBQueryFailure(error):
                assert isinstance(error, DBStatusNoResultException)
            case _:
                pytest.fail("there is nobody")
        found: Any = await db.find(User.name == "Alice").one()
        missing: Any = await db.find(User.name == "nobody").one()

        assert isinstance(found, DatabaseResult.Success)
        assert (found.result.age, found.result_or(None).age) == (31, 31)
        assert found.exception_or("none") == "none"
        with pytest.raises(NotFound, match="has no exception"):
            found.exception
        assert isinstance(missing.exception, NotFound)
        assert isinstance(missing.exception_or(None), NotFound)
        assert missing.result_or("nobody") == "nobody"
        every: Any = await db.find(User).all.or_raise()  # type: ignore[attr-defined]
        assert [user.name async for user in every] == ["Alice"]
        assert names(await every.get()) == ["Alice"]
        assert (await every.one()).name == "Alice"


async def test_a_database_keeps_its_schema_methods() -> None:
    async with Ommi(SQLiteDriver.connect()) as db:
        await db.schema(collection).create_models()  # type: ignore[attr-defined]
        await db.add(User("Alice")).or_raise()
        await db.schema(collection).delete_models()  # type: ignore[attr-defined]
        assert (await db.find(User).count()).error is not None


def test_markers_and_models_are_recognised() -> None:
    @ommi_model(collection=ModelCollection())
    @dataclass
    class Marked:
        name: Annotated[str, StoreAs("called"), FieldType("TEXT")]
        id: Annotated[int | None, Key | Auto] = None

    assert isinstance(Marked("a"), OmmiModel)
    assert issubclass(Marked, OmmiModel)
    assert not isinstance(object(), OmmiModel)
    with pytest.raises(RuntimeError, match="No active driver"):
        get_current_driver()
    assert get_current_driver("none") == "none"


async def test_an_ommi_may_be_the_driver_that_is_used() -> None:
    async with Ommi("sqlite://") as db, Ommi("memory://"):
        await db.use_models(collection)
        with use_driver(db):
            await db.add(User("Alice")).or_raise()
            await User("Bob", id=1).save().or_raise()  # type: ignore[attr-defined]
        assert names(await db.query(User).fetch_all()) == ["Bob"]


@pytest.fixture
def on_postgresql() -> Iterator[str]:
    with database_on(POSTGRESQL) as url:
        yield url.rpartition("/")[2]


async def test_postgresql_is_awaited_with_the_settings_that_it_had(on_postgresql: str) -> None:
    settings = {
        "host": "127.0.0.1",
        "port": 5432,
        "database_name": on_postgresql,
        "username": "postgres",
    }
    connected = await PostgreSQLDriver.connect(settings)
    assert isinstance(connected, BaseDriver)
    async with WithModels(connected, collection):
        await connected.add([User("Alice")])
        assert await connected.count(when(User)) == 1
    await connected.disconnect()
