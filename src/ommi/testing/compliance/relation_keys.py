from __future__ import annotations

import typing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest

from ommi.database import Ommi
from ommi.decorator import ommi_model
from ommi.errors import (
    InvalidValue,
    NoCurrentDatabase,
)
from ommi.metadata.annotations import Aware, Digits, Key, Length, Marker, ReferenceTo
from ommi.relations import Lazy, LazyList  # noqa: F401 - the annotations name them
from ommi.testing.compliance.counted import CountedSuite, filled, sent
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.models import new_collection
from ommi.testing.compliance.related_models import (
    Post,
    User,
)
from ommi.testing.compliance.relation_kinds import class_variable


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


KEYS: dict[str, tuple[Any, list[Any]]] = {
    "text": (Annotated[str, Length(20)], ["a", "A", "a ", "\u00e4"]),
    "bytes": (Annotated[bytes, Length(20)], [b"a", b"A", b"a ", b""]),
    "int": (int, [0, -1, 2**62]),
    "decimal": (Annotated[Decimal, Digits(9, 2)], [Decimal("1.5"), Decimal("1.50") + 1]),
    "uuid": (UUID, [UUID(int=1), UUID(int=2**127)]),
    "enum": (Annotated[Colour, Length(20)], [Colour.RED, Colour.BLUE]),
    "literal": (Annotated[Literal["x", "y"], Length(20)], ["x", "y"]),
    "date": (date, [date(2024, 1, 1), date(1, 1, 1)]),
    "datetime": (datetime, [datetime(2024, 1, 1, 1, 1, 1, 7), datetime.min]),  # noqa: DTZ001, DTZ901
    "instant": (
        Annotated[datetime, Aware],
        [
            datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            datetime(2025, 1, 1, tzinfo=UTC),
        ],
    ),
    "duration": (timedelta, [timedelta(microseconds=1), timedelta(days=-1)]),
}


@pytest.mark.anyio
class TestKeysOfRelations:
    @pytest.mark.parametrize("kind", KEYS)
    async def test_keys_of_every_type_are_followed(self, database: Ommi, kind: str) -> None:
        annotation, keys = KEYS[kind]
        collection = new_collection()
        body = {"code": marked(annotation, Key), "parts": class_variable("LazyList[Part]")}
        whole: Any = ommi_model(collection=collection)(made("Whole", body))
        refers = marked(annotation, ReferenceTo(whole))
        identity = Annotated[int, Key]
        body = {"whole_code": refers, "id": identity, "whole": class_variable("Lazy[Whole]")}
        part: Any = ommi_model(collection=collection)(made("Part", body))
        async with tables(database, collection):
            wholes = await database.add_all(whole(key) for key in keys).or_raise()
            parts = await database.add_all(part(k, n) for n, k in enumerate(keys)).or_raise()
            for loads in ((), ("whole",)):
                found = await database.query(part).load(*loads).order_by("id").fetch_all()

                assert found == parts
                assert [await each.whole for each in found] == wholes
            everything = await database.query(whole).fetch_all()
            for each in everything:
                [only] = await each.parts
                assert only.whole_code == each.code


def marked(annotation: Any, marker: Marker) -> object:
    """Make `Annotated[...]` of an annotation that checkers do not know."""
    return vars(typing)["Annotated"][annotation, marker]


def made(name: str, annotations: dict[str, object]) -> type:
    """Make a dataclass of these annotations."""
    body = {"__annotations__": annotations, "__module__": __name__, "__qualname__": name}
    return dataclass(type(name, (), body))


@pytest.mark.anyio
class TestRelationsOutOfReach(CountedSuite):
    async def test_an_instance_without_a_key_has_no_rows(self, db: Ommi) -> None:
        before = sent(db)

        with pytest.raises(InvalidValue, match=r"User\.id: .*add the instance first"):
            await User("u").posts
        assert sent(db) == before

    async def test_no_database_in_reach_is_told(self, db: Ommi) -> None:
        async with Ommi("memory://"):
            with pytest.raises(NoCurrentDatabase, match="Post"):
                await Post("p", 1).author
        del db

    async def test_a_handle_is_not_what_it_leads_to(self, db: Ommi) -> None:
        await filled(db)
        post = await db.query(Post).where(lambda p: p.title == "p0").one()

        with pytest.raises(AttributeError, match="await it first"):
            post.author.name  # type: ignore[attr-defined]  # noqa: B018
        with pytest.raises(TypeError, match="await it first"):
            bool(post.author)
        author = await post.author
        with pytest.raises(TypeError, match=r"is not iterable; await it first: .*posts"):
            list(author.posts)  # type: ignore[call-overload]
        with pytest.raises(TypeError, match=r"has no length; await it first: .*posts"):
            len(author.posts)  # type: ignore[arg-type]
