from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import pytest

from ommi.database import Ommi
from ommi.decorator import ommi_model
from ommi.errors import ModelError, SchemaMismatch, UniqueViolation
from ommi.metadata.annotations import (
    Auto,
    Digits,
    Index,
    IndexTogether,
    Key,
    Length,
    ReferenceTo,
    StoreAs,
    Unique,
    UniqueTogether,
)
from ommi.planning.capabilities import Capability
from ommi.query.fields import fields
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.models import new_collection
from ommi.testing.requirements import requires

ITEM = new_collection()
OTHER = new_collection()
"""Models of other shapes for the same table, as if the program had changed."""


@ommi_model(collection=ITEM)
@dataclass
class Item:
    name: str
    size: int | None = None
    id: Annotated[int | None, Key | Auto] = None


@dataclass
class Narrower:
    name: str
    id: Annotated[int | None, Key | Auto] = None


@dataclass
class Wider:
    name: str
    color: str | None = None
    size: int | None = None
    id: Annotated[int | None, Key | Auto] = None


@dataclass
class OtherType:
    name: str
    size: str | None = None
    id: Annotated[int | None, Key | Auto] = None


@dataclass
class OtherKey:
    name: Annotated[str, Key]
    size: int | None = None
    id: int = 0


@dataclass
class Required:
    name: str
    size: int
    id: Annotated[int | None, Key | Auto] = None


@dataclass
class Optional:
    name: str | None = None
    size: int | None = None
    id: Annotated[int | None, Key | Auto] = None


@dataclass
class Odd:
    order: Annotated[str, StoreAs('a "quoted" name')]
    select: Annotated[int, StoreAs("ORDER BY 1; --")]
    id: Annotated[int | None, Key | Auto] = None


@dataclass
class Measured:
    name: str
    size: Annotated[str | None, Length(5)] = None
    id: Annotated[int | None, Key | Auto] = None


@dataclass
class Shelf:
    room: Annotated[str, Length(50)]
    number: int
    code: Annotated[str, Length(20) | Unique]
    label: Annotated[str | None, Length(50) | Index] = None
    id: Annotated[int | None, Key | Auto] = None


def item_as(cls: type, table: str = "ommi_compliance_item") -> type:
    """Give a model for the table of `Item`, of the shape of a class."""
    copy = type(cls.__name__, (cls,), {"__annotations__": {}, "__module__": cls.__module__})
    return ommi_model(collection=new_collection(), table=table)(copy)


@pytest.mark.anyio
class TestUsingModels:
    @pytest.fixture
    async def db(self, database: Ommi) -> AsyncGenerator[Ommi, None]:
        async with tables(database, ITEM):
            yield database

    async def test_using_models_again_keeps_every_row(self, db: Ommi) -> None:
        item = await db.add(Item("a", 1)).or_raise()

        await db.use_models(ITEM)

        assert await db.query(Item).fetch_all() == [item]

    async def test_a_single_model_may_be_used(self, db: Ommi) -> None:
        await db.remove_models(Item)

        await db.use_models(Item)

        assert await db.query(Item).count() == 0

    async def test_removing_models_removes_the_rows(self, db: Ommi) -> None:
        await db.add(Item("a")).or_raise()

        await db.remove_models(ITEM)
        await db.use_models(ITEM)

        assert await db.query(Item).count() == 0

    async def test_removing_what_is_not_there_is_no_error(self, db: Ommi) -> None:
        await db.remove_models(ITEM)

        await db.remove_models(ITEM)

    async def test_a_model_with_fewer_fields_works_on_the_table(self, db: Ommi) -> None:
        narrower = item_as(Narrower)
        await db.add(Item("a", 1)).or_raise()

        await db.use_models(narrower)
        await db.add(narrower("b")).or_raise()

        assert [(item.name, item.size) for item in await db.query(Item).order_by("id").fetch_all()]
        assert await db.query(narrower).count() == 2
        assert await db.query(Item).where(fields(Item).size == 1).count() == 1

    async def test_names_may_be_anything(self, database: Ommi) -> None:
        odd = item_as(Odd, 'ommi_compliance "odd" table')
        async with tables(database, odd):
            added = await database.add(odd(order="x'", select=7)).or_raise()

            found = await database.find(odd, fields(odd).order == "x'").fetch.all()

            assert found == [added]

    async def test_a_text_longer_than_its_length_is_refused(self, database: Ommi) -> None:
        measured = item_as(Measured, "ommi_compliance_measured")
        async with tables(database, measured):
            await database.add(measured("a", "12345")).or_raise()

            failure = await database.add(measured("a", "123456"))

            assert isinstance(failure.error, ValueError)
            assert await database.query(measured).count() == 1

    @requires(Capability.PERSISTENCE)
    async def test_rows_are_there_when_the_database_is_opened_anew(
        self, db: Ommi, make_database: Callable[[], Ommi]
    ) -> None:
        item = await db.add(Item("a", 1)).or_raise()

        async with make_database() as again:
            await again.use_models(ITEM)

            assert await again.query(Item).fetch_all() == [item]

    @requires(Capability.PERSISTENCE)
    async def test_two_open_databases_see_what_the_other_writes(
        self, db: Ommi, make_database: Callable[[], Ommi]
    ) -> None:
        async with make_database() as other:
            await other.add(Item("a")).or_raise()
            await db.find(Item).update(name="b").or_raise()

            assert (await other.query(Item).one()).name == "b"


@pytest.mark.anyio
@requires(Capability.INTROSPECTION)
class TestMismatches:
    @pytest.fixture
    async def db(self, database: Ommi) -> AsyncGenerator[Ommi, None]:
        async with tables(database, ITEM):
            await database.add(Item("kept", 1)).or_raise()
            yield database

    @pytest.mark.parametrize(
        ("shape", "told"),
        [
            (Wider, "color"),
            (OtherType, "size"),
            (OtherKey, "key"),
            (Required, "size"),
            (Optional, "name"),
        ],
    )
    async def test_a_table_that_does_not_suit_the_model_is_told_and_left_alone(
        self, db: Ommi, shape: type, told: str
    ) -> None:
        with pytest.raises(SchemaMismatch, match=told) as caught:
            await db.use_models(item_as(shape))

        assert len(caught.value.differences) == 1
        assert [item.name for item in await db.query(Item).fetch_all()] == ["kept"]

    async def test_a_required_column_that_no_field_fills_is_told(self, database: Ommi) -> None:
        required = item_as(Required, "ommi_compliance_required")
        async with tables(database, required):
            with pytest.raises(SchemaMismatch, match="size"):
                await database.use_models(item_as(Narrower, "ommi_compliance_required"))

    async def test_decimals_of_another_scale_are_told(self, database: Ommi) -> None:
        two, three = (_priced(scale) for scale in (2, 3))
        async with tables(database, two):
            with pytest.raises(SchemaMismatch, match="price"):
                await database.use_models(three)

    async def test_an_unchanged_model_is_never_told(self, database: Ommi) -> None:
        shelf = item_as(Shelf, "ommi_compliance_shelf")
        async with tables(database, shelf):
            await database.use_models(shelf)

    async def test_nothing_is_made_where_one_table_does_not_suit(self, db: Ommi) -> None:
        wider, missing = item_as(Wider), item_as(Narrower, "ommi_compliance_missing")

        with pytest.raises(SchemaMismatch):
            await db.use_models(wider, missing)

        failure = await db.find(missing).count
        assert failure.error is not None


def _priced(scale: int) -> type:
    @dataclass
    class Priced:
        price: Annotated[Decimal, Digits(10, scale)]
        id: Annotated[int | None, Key | Auto] = None

    return ommi_model(collection=new_collection(), table="ommi_compliance_priced")(Priced)


@ommi_model(UniqueTogether("room", "number"), IndexTogether("label", "room"), collection=OTHER)
@dataclass
class Place:
    room: Annotated[str, Length(50)]
    number: int | None
    code: Annotated[str | None, Length(20) | Unique] = None
    label: Annotated[str | None, Length(50) | Index] = None
    id: Annotated[int | None, Key | Auto] = None


@pytest.mark.anyio
@requires(Capability.UNIQUE)
class TestUnique:
    @pytest.fixture
    async def db(self, database: Ommi) -> AsyncGenerator[Ommi, None]:
        async with tables(database, OTHER):
            await database.add(Place("A", 1, "x")).or_raise()
            yield database

    async def test_fields_that_are_unique_together_may_repeat_alone(self, db: Ommi) -> None:
        await db.add(Place("A", 2), Place("B", 1)).or_raise()

        assert await db.query(Place).count() == 3

    async def test_fields_that_are_unique_together_never_repeat_together(self, db: Ommi) -> None:
        failure = await db.add(Place("A", 1))

        assert isinstance(failure.error, UniqueViolation)
        assert failure.error.fields == ("room", "number")

    async def test_none_makes_a_combination_unlike_any_other(self, db: Ommi) -> None:
        await db.add(Place("A", None), Place("A", None)).or_raise()

        assert await db.query(Place).count() == 3

    @pytest.mark.parametrize("code", ["X", "x ", " x", "\u0445"])
    async def test_texts_that_only_look_alike_are_different(self, db: Ommi, code: str) -> None:
        await db.add(Place("B", 1, code)).or_raise()

        assert await db.query(Place).count() == 2

    async def test_a_save_is_refused_too(self, db: Ommi) -> None:
        place = await db.add(Place("B", 1, "y")).or_raise()
        place.code = "x"

        failure = await db.save(place)

        assert isinstance(failure.error, UniqueViolation)
        assert failure.error.fields == ("code",)

    async def test_a_value_is_free_again_once_its_row_is_gone(self, db: Ommi) -> None:
        await db.find(Place).delete().or_raise()

        await db.add(Place("A", 1, "x")).or_raise()

        assert await db.query(Place).count() == 1


@pytest.mark.anyio
class TestReferencesToNothing:
    async def test_a_reference_to_a_table_that_is_not_there_is_refused(
        self, database: Ommi
    ) -> None:
        models = new_collection()

        @ommi_model(collection=models)
        @dataclass
        class Target:
            id: Annotated[int | None, Key | Auto] = None

        @ommi_model(collection=models)
        @dataclass
        class Pointing:
            target_id: Annotated[int, ReferenceTo(Target)]
            id: Annotated[int | None, Key | Auto] = None

        with pytest.raises(ModelError, match="target"):
            await database.use_models(Pointing)
