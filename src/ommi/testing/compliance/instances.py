from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol, cast

import pytest

from ommi.database import Ommi
from ommi.drivers.memory import MemoryDriver
from ommi.errors import NoCurrentDatabase, NotFound
from ommi.relations import use_database
from ommi.results import AsyncResultWrapper
from ommi.testing.compliance.models import Note


class Active(Protocol):
    """What an instance of a decorated class can do, which type checkers cannot see."""

    def save(self) -> AsyncResultWrapper[Note]: ...
    def delete(self) -> AsyncResultWrapper[None]: ...
    def reload(self) -> AsyncResultWrapper[Note]: ...


def active(note: Note) -> Active:
    return cast("Active", note)


@pytest.mark.anyio
class TestMethodsOfInstances:
    async def test_save_writes_what_changed(self, db: Ommi) -> None:
        note = await db.add(Note("a")).or_raise()
        note.text = "b"

        saved = await active(note).save().or_raise()

        assert saved is note
        assert await db.query(Note).fetch_all() == [note]

    async def test_delete_deletes_the_row(self, db: Ommi) -> None:
        note = await db.add(Note("a")).or_raise()

        await active(note).delete().or_raise()

        assert await db.query(Note).count() == 0

    async def test_reload_reads_the_row_again(self, db: Ommi) -> None:
        note = await db.add(Note("a")).or_raise()
        await db.find(Note).update(text="b").or_raise()

        await active(note).reload().or_raise()

        assert note.text == "b"

    async def test_a_failure_is_an_answer_here_too(self, db: Ommi) -> None:
        note = await db.add(Note("a")).or_raise()
        await db.find(Note).delete().or_raise()

        failure = await active(note).reload()

        assert isinstance(failure.error, NotFound)

    async def test_instances_of_a_large_result_all_know_their_rows(self, db: Ommi) -> None:
        await db.add_all(Note("a", number) for number in range(50)).or_raise()

        for note in await db.query(Note).fetch_all():
            note.text = f"saved {note.number}"
            await active(note).save().or_raise()

        found = await db.query(Note).order_by("number").fetch_all()
        assert [note.text for note in found] == [f"saved {number}" for number in range(50)]


@pytest.mark.anyio
class TestTheDatabaseOfAnInstance:
    @pytest.fixture
    async def other(self, db: Ommi) -> AsyncGenerator[Ommi, None]:
        async with Ommi(MemoryDriver()) as other:
            await other.use_models(Note)
            yield other

    async def test_it_is_the_one_that_added_it(self, db: Ommi, other: Ommi) -> None:
        note = await db.add(Note("a")).or_raise()
        await other.add(Note("untouched", id=note.id)).or_raise()
        note.text = "b"

        await active(note).save().or_raise()

        assert (await db.query(Note).one()).text == "b"
        assert (await other.query(Note).one()).text == "untouched"

    @pytest.mark.parametrize(
        "read",
        [
            lambda db: db.find(Note).one.or_raise(),
            lambda db: db.query(Note).fetch_one(),
            lambda db: anext(db.query(Note).stream()),
        ],
    )
    async def test_it_is_the_one_that_read_it(
        self, db: Ommi, other: Ommi, read: Callable[[Ommi], AsyncResultWrapper[Note]]
    ) -> None:
        added = await db.add(Note("a")).or_raise()
        await other.add(Note("untouched", id=added.id)).or_raise()
        note = await read(db)

        await active(cast("Note", note)).delete().or_raise()

        assert await db.query(Note).count() == 0
        assert await other.query(Note).count() == 1

    async def test_it_stays_the_same_inside_a_block_of_another(
        self, db: Ommi, other: Ommi
    ) -> None:
        note = await db.add(Note("a")).or_raise()

        with use_database(other):
            await active(note).delete().or_raise()

        assert await db.query(Note).count() == 0

    async def test_a_new_instance_uses_the_only_open_database(self, db: Ommi) -> None:
        added = await db.add(Note("a")).or_raise()

        await active(Note("b", id=added.id)).save().or_raise()

        assert (await db.query(Note).one()).text == "b"

    async def test_a_new_instance_uses_the_database_of_the_innermost_block(
        self, db: Ommi, other: Ommi
    ) -> None:
        added = await db.add(Note("a")).or_raise()

        with use_database(other), use_database(db):
            await active(Note("b", id=added.id)).save().or_raise()

        assert (await db.query(Note).one()).text == "b"

    async def test_a_new_instance_does_not_choose_between_open_databases(
        self, db: Ommi, other: Ommi
    ) -> None:
        with pytest.raises(NoCurrentDatabase, match="2 are open"):
            active(Note("a")).save()

    async def test_a_new_instance_has_no_database_when_none_is_open(
        self, make_database: Callable[[], Ommi]
    ) -> None:
        with pytest.raises(NoCurrentDatabase, match="none is open"):
            active(Note("a")).save()
