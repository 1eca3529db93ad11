from __future__ import annotations

import pytest

from ommi.database import Ommi
from ommi.errors import ConflictError, InvalidValue, NotFound, QueryError
from ommi.query.fields import col
from ommi.testing.compliance.models import Draft, Note, Seat

NUMBER = col(Note.number)


@pytest.mark.anyio
class TestDeleting:
    async def test_every_row_that_matches_is_deleted_and_counted(self, db: Ommi) -> None:
        await db.add(Note("a", 1), Note("b", 2), Note("c", None)).or_raise()

        deleted = await db.find(Note, NUMBER >= 1).delete().or_raise()

        assert deleted == 2
        assert [note.text for note in await db.query(Note).fetch_all()] == ["c"]

    async def test_deleting_no_row_is_no_failure(self, db: Ommi) -> None:
        await db.add(Note("a", 1)).or_raise()

        assert await db.find(Note, NUMBER == 2).delete().or_raise() == 0
        assert await db.query(Note).count() == 1

    async def test_without_a_condition_every_row_is_deleted(self, db: Ommi) -> None:
        await db.add(Note("a"), Note("b")).or_raise()

        assert await db.query(Note).delete() == 2
        assert await db.query(Note).count() == 0

    async def test_a_page_is_not_deleted(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match="limit"):
            db.find(Note).offset(1).delete()

    async def test_the_row_of_an_instance_is_deleted_and_no_other(self, db: Ommi) -> None:
        first, second = await db.add(Note("a"), Note("a")).or_raise()

        await db.delete(first).or_raise()

        assert [note.id for note in await db.query(Note).fetch_all()] == [second.id]

    async def test_a_row_is_found_by_its_whole_key(self, db: Ommi) -> None:
        await db.add(Seat("A", 1), Seat("A", 2), Seat("B", 1)).or_raise()

        await db.delete(Seat("A", 1)).or_raise()

        found = await db.query(Seat).order_by("row", "number").fetch_all()
        assert [(seat.row, seat.number) for seat in found] == [("A", 2), ("B", 1)]

    async def test_an_instance_is_deleted_under_the_key_that_it_was_read_with(
        self, db: Ommi
    ) -> None:
        first, second = await db.add(Seat("A", 1), Seat("A", 2)).or_raise()
        first.number = second.number

        await db.delete(first).or_raise()

        assert [seat.number for seat in await db.query(Seat).fetch_all()] == [2]

    async def test_a_row_that_is_gone_is_not_found(self, db: Ommi) -> None:
        note = await db.add(Note("a")).or_raise()
        await db.delete(note).or_raise()

        failure = await db.delete(note)

        assert isinstance(failure.error, NotFound)

    async def test_an_instance_that_was_never_added_is_refused(self, db: Ommi) -> None:
        failure = await db.delete(Note("a"))

        assert isinstance(failure.error, InvalidValue)

    async def test_a_row_whose_version_moved_on_is_not_deleted(self, db: Ommi) -> None:
        draft = await db.add(Draft("a")).or_raise()
        await db.find(Draft).update(text="b").or_raise()

        failure = await db.delete(draft)

        assert isinstance(failure.error, ConflictError)
        assert await db.query(Draft).count() == 1
