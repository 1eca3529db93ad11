from __future__ import annotations

from collections.abc import AsyncGenerator
from copy import deepcopy
from typing import TypeVar, cast

import pytest

from ommi.database import Ommi
from ommi.errors import NotFound
from ommi.metadata.model import metadata_of
from ommi.query.fields import fields
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.kinds import KINDS, REGISTERED, ModelKind, decorated, registered

T = TypeVar("T")


def changed(instance: T, **values: object) -> T:
    """Give the instance with other values, another one where it is frozen."""
    model = metadata_of(type(instance))
    if model.library.is_frozen(model.cls):
        return cast("T", model.library.replace(instance, values))
    for name, value in values.items():
        setattr(instance, name, value)
    return instance


class KindSuite:
    """What holds however a class became a model; needs a fixture `kind`."""

    @pytest.fixture
    async def db(self, database: Ommi, kind: ModelKind) -> AsyncGenerator[Ommi, None]:
        async with tables(database, kind.cls):
            yield database

    async def test_adding_fills_in_the_key_where_the_instance_can_change(
        self, db: Ommi, kind: ModelKind
    ) -> None:
        user = kind.cls(name="a")

        added = await db.add(user).or_raise()

        assert isinstance(added.id, int)
        assert (added is user) is not kind.is_frozen
        assert (user.id is None) is kind.is_frozen

    async def test_a_row_comes_back_as_an_equal_instance_of_the_class(
        self, db: Ommi, kind: ModelKind
    ) -> None:
        added = await db.add(kind.cls(name="a", age=3, tags=["x"])).or_raise()

        found = await db.query(kind.cls).one()

        assert type(found) is kind.cls
        assert found == added == kind.cls(name="a", age=3, tags=["x"], id=added.id)

    async def test_what_ommi_remembers_does_not_show(self, db: Ommi, kind: ModelKind) -> None:
        added = await db.add(kind.cls(name="a", age=3, tags=["x"], id=1)).or_raise()

        found = await db.query(kind.cls).one()

        assert repr(found) == repr(added) == repr(kind.cls(name="a", age=3, tags=["x"], id=1))

    async def test_defaults_of_the_class_are_stored(self, db: Ommi, kind: ModelKind) -> None:
        await db.add(kind.cls(name="a"), kind.cls(name="b")).or_raise()

        found = await db.query(kind.cls).order_by("id").fetch_all()

        assert [(user.name, user.age, user.tags) for user in found] == [("a", 0, []), ("b", 0, [])]
        assert found[0].tags is not found[1].tags

    async def test_several_are_added_in_order(self, db: Ommi, kind: ModelKind) -> None:
        users = [kind.cls(name=f"u{number}", age=number) for number in range(20)]

        added = await db.add_all(users).or_raise()

        assert [user.age for user in added] == list(range(20))
        assert await db.query(kind.cls).order_by("id").fetch_all() == added

    async def test_every_field_can_be_asked_for(self, db: Ommi, kind: ModelKind) -> None:
        await db.add(kind.cls(name="a", age=1, tags=["x"]), kind.cls(name="b", age=2)).or_raise()
        user = fields(kind.cls)

        for asked in (
            user.name == "a",
            user.age < 2,
            user.tags.contains("x"),
            user.id.is_not_null(),
        ):
            assert "a" in [found.name for found in await db.find(kind.cls, asked).fetch.all()]
        assert await db.query(kind.cls).where(lambda u: u.age > 1).count() == 1

    async def test_changes_are_saved(self, db: Ommi, kind: ModelKind) -> None:
        await db.add(kind.cls(name="a", age=1, tags=["x"])).or_raise()
        user = changed(await db.query(kind.cls).one(), name="b", tags=["x", "y"])

        saved = await db.save(user).or_raise()

        assert await db.query(kind.cls).fetch_all() == [saved]
        assert (saved.name, saved.age, saved.tags) == ("b", 1, ["x", "y"])

    async def test_a_row_is_reloaded(self, db: Ommi, kind: ModelKind) -> None:
        user = await db.add(kind.cls(name="a")).or_raise()
        await db.find(kind.cls).update(name="b").or_raise()

        reloaded = await db.reload(user).or_raise()

        assert reloaded.name == "b"
        assert (reloaded is user) is not kind.is_frozen

    async def test_a_row_is_deleted(self, db: Ommi, kind: ModelKind) -> None:
        first, second = await db.add(kind.cls(name="a"), kind.cls(name="b")).or_raise()

        await db.delete(first).or_raise()

        assert await db.query(kind.cls).fetch_all() == [second]
        assert isinstance(await db.delete(first).error, NotFound)

    async def test_a_stream_gives_instances(self, db: Ommi, kind: ModelKind) -> None:
        added = await db.add_all(kind.cls(name=f"{number}") for number in range(3)).or_raise()

        assert [user async for user in db.query(kind.cls).order_by("id")] == added

    async def test_a_copy_is_equal_and_can_be_saved(self, db: Ommi, kind: ModelKind) -> None:
        user = await db.add(kind.cls(name="a", tags=["x"])).or_raise()
        copy = deepcopy(user)
        assert copy == user

        await db.save(changed(copy, name="b")).or_raise()

        assert (await db.query(kind.cls).one()).name == "b"
        assert user.name == "a"


@pytest.mark.anyio
class TestDecoratedKinds(KindSuite):
    @pytest.fixture(params=sorted(KINDS))
    def kind(self, request: pytest.FixtureRequest) -> ModelKind:
        return decorated(request.param)

    async def test_the_class_answers_with_its_fields(self, db: Ommi, kind: ModelKind) -> None:
        await db.add(kind.cls(name="a", age=1), kind.cls(name="b", age=2)).or_raise()

        assert (await db.find(kind.cls.age > 1).one.or_raise()).name == "b"

    async def test_instances_save_reload_and_delete_themselves(
        self, db: Ommi, kind: ModelKind
    ) -> None:
        user = changed(await db.add(kind.cls(name="a")).or_raise(), name="b")

        await user.save().or_raise()
        await db.find(kind.cls).update(age=5).or_raise()
        user = await user.reload().or_raise()

        assert (user.name, user.age) == ("b", 5)
        await user.delete().or_raise()
        assert await db.query(kind.cls).count() == 0


@pytest.mark.anyio
class TestRegisteredKinds(KindSuite):
    @pytest.fixture(params=REGISTERED)
    def kind(self, request: pytest.FixtureRequest) -> ModelKind:
        return registered(request.param)

    async def test_the_class_is_not_touched(self, db: Ommi, kind: ModelKind) -> None:
        assert not {"save", "delete", "reload", "_ommi"} & {*dir(kind.cls)}
