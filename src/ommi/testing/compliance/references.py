from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated

import pytest

from ommi.database import Ommi
from ommi.decorator import ommi_model
from ommi.errors import ForeignKeyViolation
from ommi.metadata.annotations import Auto, Key, Length, ReferenceTo
from ommi.planning.capabilities import Capability
from ommi.query.fields import fields
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.models import new_collection
from ommi.testing.requirements import requires

LIBRARY = new_collection()


@ommi_model(collection=LIBRARY)
@dataclass
class Author:
    name: str
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=LIBRARY)
@dataclass
class Book:
    """Keeps its author from being deleted."""

    author_id: Annotated[int | None, ReferenceTo(Author.id)] = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=LIBRARY)
@dataclass
class Letter:
    """Goes with its author."""

    author_id: Annotated[int, ReferenceTo(Author, on_delete="cascade")]
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=LIBRARY)
@dataclass
class Stamp:
    """Goes with its letter, and so with the author of that."""

    letter_id: Annotated[int, ReferenceTo("Letter.id", on_delete="cascade")]
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=LIBRARY)
@dataclass
class Portrait:
    """Stays when the author goes."""

    author_id: Annotated[int | None, ReferenceTo("Author", on_delete="set_null")] = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=LIBRARY)
@dataclass
class Person:
    """Refers to its own table."""

    name: str
    parent_id: Annotated[int | None, ReferenceTo("Person", on_delete="cascade")] = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=LIBRARY)
@dataclass
class Hall:
    name: Annotated[str, Key | Length(50)]
    floor: Annotated[int, Key]


@ommi_model(collection=LIBRARY)
@dataclass
class Desk:
    """Refers to a key of two fields."""

    hall_name: Annotated[str | None, ReferenceTo(Hall.name) | Length(50)] = None
    hall_floor: Annotated[int | None, ReferenceTo(Hall.floor)] = None
    id: Annotated[int | None, Key | Auto] = None


@pytest.mark.anyio
@requires(Capability.FOREIGN_KEYS)
class TestReferences:
    @pytest.fixture
    async def db(self, database: Ommi) -> AsyncGenerator[Ommi, None]:
        async with tables(database, LIBRARY):
            await database.add(Author("a", id=1), Author("b", id=2)).or_raise()
            yield database

    async def test_a_reference_to_no_row_is_refused(self, db: Ommi) -> None:
        failure = await db.add(Book(3))

        assert isinstance(failure.error, ForeignKeyViolation)
        assert await db.query(Book).count() == 0

    async def test_none_refers_to_nothing(self, db: Ommi) -> None:
        await db.add(Book()).or_raise()

        assert await db.query(Book).count() == 1

    async def test_an_update_to_no_row_is_refused(self, db: Ommi) -> None:
        await db.add(Book(1)).or_raise()

        failure = await db.find(Book).update(author_id=3)

        assert isinstance(failure.error, ForeignKeyViolation)
        assert (await db.query(Book).one()).author_id == 1

    async def test_a_row_may_refer_to_one_that_is_added_with_it(self, db: Ommi) -> None:
        await db.add(Author("c", id=3), Book(3)).or_raise()

        assert (await db.query(Book).one()).author_id == 3

    async def test_restrict_keeps_a_row_that_others_refer_to(self, db: Ommi) -> None:
        await db.add(Book(1)).or_raise()

        failure = await db.find(Author).delete()

        assert isinstance(failure.error, ForeignKeyViolation)
        assert failure.error.model == "Author"
        assert failure.error.referring == ("Book",)
        assert "Author: the row is still referred to by Book" in str(failure.error)
        assert await db.query(Author).count() == 2

    async def test_restrict_keeps_an_instance_that_others_refer_to(self, db: Ommi) -> None:
        await db.add(Book(1)).or_raise()

        failure = await db.delete(await db.query(Author).where(Author.id == 1).one())

        assert isinstance(failure.error, ForeignKeyViolation)
        assert failure.error.referring == ("Book",)

    async def test_restrict_lets_go_of_a_row_that_nobody_refers_to(self, db: Ommi) -> None:
        await db.add(Book(1)).or_raise()

        await db.find(Author, Author.id == 2).delete().or_raise()

        assert [author.name for author in await db.query(Author).fetch_all()] == ["a"]

    async def test_cascade_deletes_what_refers_to_the_row_and_nothing_else(self, db: Ommi) -> None:
        mine, _ = await db.add(Letter(1), Letter(2)).or_raise()
        await db.add(Stamp(mine.id or 0)).or_raise()

        await db.find(Author, Author.id == 1).delete().or_raise()

        assert [letter.author_id for letter in await db.query(Letter).fetch_all()] == [2]
        assert await db.query(Stamp).count() == 0

    async def test_set_null_empties_the_reference_and_keeps_the_row(self, db: Ommi) -> None:
        await db.add(Portrait(1), Portrait(2)).or_raise()

        await db.delete(await db.query(Author).where(Author.id == 1).one()).or_raise()

        found = await db.query(Portrait).order_by("id").fetch_all()
        assert [portrait.author_id for portrait in found] == [None, 2]

    async def test_one_refusal_undoes_the_whole_deletion(self, db: Ommi) -> None:
        await db.add(Letter(1)).or_raise()
        await db.add(Portrait(1)).or_raise()
        await db.add(Book(1)).or_raise()

        failure = await db.find(Author, Author.id == 1).delete()

        assert isinstance(failure.error, ForeignKeyViolation)
        assert await db.query(Letter).count() == 1
        assert (await db.query(Portrait).one()).author_id == 1

    async def test_a_number_told_is_of_the_rows_asked_for(self, db: Ommi) -> None:
        await db.add(Letter(1), Letter(1), Letter(2)).or_raise()

        assert await db.find(Author).delete().or_raise() == 2
        assert await db.query(Letter).count() == 0

    async def test_a_whole_tree_of_one_table_goes_with_its_root(self, db: Ommi) -> None:
        root = await db.add(Person("root")).or_raise()
        child = await db.add(Person("child", root.id)).or_raise()
        await db.add(Person("grandchild", child.id), Person("stranger")).or_raise()

        await db.find(Person, fields(Person).name == "root").delete().or_raise()

        assert [person.name for person in await db.query(Person).fetch_all()] == ["stranger"]

    async def test_a_row_may_refer_to_itself(self, db: Ommi) -> None:
        await db.add(Person("self", 9, 9)).or_raise()

        assert await db.find(Person).delete().or_raise() == 1

    async def test_a_reference_of_two_fields_is_checked_as_one(self, db: Ommi) -> None:
        await db.add(Hall("north", 1), Hall("south", 2)).or_raise()
        await db.add(Desk("north", 1)).or_raise()

        failure = await db.add(Desk("north", 2))

        assert isinstance(failure.error, ForeignKeyViolation)
        assert await db.query(Desk).count() == 1

    async def test_a_key_that_others_refer_to_does_not_change(self, db: Ommi) -> None:
        author = await db.query(Author).where(Author.id == 1).one()
        await db.add(Book(1)).or_raise()
        author.id = 7

        failure = await db.save(author)

        assert isinstance(failure.error, ForeignKeyViolation)
        assert await db.find(Author, Author.id == 1).count.or_raise() == 1

    async def test_a_row_that_others_refer_to_may_change_otherwise(self, db: Ommi) -> None:
        await db.add(Book(1)).or_raise()

        await db.find(Author).update(name="changed").or_raise()

        assert {author.name for author in await db.query(Author).fetch_all()} == {"changed"}
