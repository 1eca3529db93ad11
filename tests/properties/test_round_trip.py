"""A value comes back as it was written, or is refused before anything is sent."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ommi import Auto, InvalidValue, Key, ModelCollection, Ommi, fields, ommi_model
from profiles import examples
from properties.values import SORTS

IDENTITY = Annotated[int | None, Key | Auto]
BATCH = 60
SLOW = 4
"""So many values of a batch are also written and asked for one by one."""


def of_dataclass(said: Any) -> type:
    return dataclasses.make_dataclass("Box", [("value", said), ("id", IDENTITY, None)])


def of_attrs(said: Any) -> type:
    known = {"value": attrs.field(type=said), "id": attrs.field(type=IDENTITY, default=None)}
    return attrs.make_class("Box", known)


def of_pydantic(said: Any) -> type:
    return pydantic.create_model("Box", value=(said, ...), id=(IDENTITY, None))


def of_msgspec(said: Any) -> type:
    return msgspec.defstruct("Box", [("value", said), ("id", IDENTITY, None)])


LIBRARIES: dict[str, Callable[[Any], type]] = {
    "dataclass": of_dataclass,
    "attrs": of_attrs,
    "pydantic": of_pydantic,
    "msgspec": of_msgspec,
}


def same(found: Any, written: Any) -> bool:
    return type(found) is type(written) and found == written


async def check_batch(database: Ommi, box: Any, good: Sequence[Any]) -> None:
    boxes = await database.add_all([box(value=value) for value in good]).or_raise()
    found = await database.query(box).order_by("id").fetch_all()
    assert [each.id for each in found] == [each.id for each in boxes]
    for each, value in zip(found, good, strict=True):
        assert same(each.value, value), value


async def check_one(database: Ommi, box: Any, value: Any, other: Any) -> None:
    added = await database.add(box(value=value)).or_raise()
    mine = fields(box).id == added.id
    assert same((await database.query(box, mine).one()).value, value)
    equal = await database.query(box, fields(box).value == value).fetch_all()
    assert added.id in [each.id for each in equal]
    assert all(same(each.value, value) for each in equal)
    assert await database.query(box, mine).update(value=other) == 1
    loaded = await database.query(box, mine).one()
    assert same(loaded.value, other)
    loaded.value = value
    await database.save(loaded).or_raise()
    assert same((await database.query(box, mine).one()).value, value)


async def check_refused(database: Ommi, box: Any, value: Any) -> None:
    before = await database.query(box).count()
    bad = box.model_construct(value=value, id=None) if hasattr(box, "model_construct") else None
    bad = bad or box(value=value)
    assert isinstance(await database.add(bad).error, InvalidValue), value
    assert isinstance(await database.add_all([bad]).error, InvalidValue), value
    with pytest.raises(InvalidValue):
        database.query(box).update(value=value)
    assert await database.query(box).count() == before


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("sort", SORTS)
def test_a_value_comes_back_as_it_was_or_is_refused(sort: str, library: str) -> None:
    said = SORTS[sort]
    collection = ModelCollection()
    box = ommi_model(collection=collection)(LIBRARIES[library](said.annotation))
    databases = [Ommi("memory://"), Ommi("sqlite://")]

    async def check(values: Sequence[Any]) -> None:
        good = [value for value in values if said.fits(value)]
        bad = [value for value in values if not said.fits(value)]
        for database in databases:
            await database.query(box).delete()
            await check_batch(database, box, good)
            for value, other in zip(good[:SLOW], reversed(good), strict=False):
                await check_one(database, box, value, other)
            for value in bad[:SLOW]:
                await check_refused(database, box, value)

    with asyncio.Runner() as runner:
        for database in databases:
            runner.run(database.open())
            runner.run(database.use_models(collection))

        @settings(max_examples=examples(5, 85))
        @given(st.lists(said.values, min_size=BATCH, max_size=BATCH))
        def run(values: list[Any]) -> None:
            runner.run(check(values))

        try:
            run()
        finally:
            for database in databases:
                runner.run(database.close())
