from __future__ import annotations

from collections.abc import Sequence

import pytest

from ommi.database import Ommi
from ommi.errors import InvalidValue, MultipleFound, NotFound, OmmiError
from ommi.planning.capabilities import Capability
from ommi.selection import Finding, Query
from ommi.testing.compliance.meanings import NOTE, notes
from ommi.testing.compliance.models import Note
from ommi.testing.requirements import requires


@pytest.mark.anyio
class TestPreparedQuestions:
    """A prepared question gives what the ordinary one gives, whatever the values are."""

    @pytest.fixture
    async def every(self, db: Ommi) -> list[Note]:
        return await db.add_all(notes()).or_raise()

    async def test_each_way_to_ask_gives_what_the_ordinary_question_gives(
        self, db: Ommi, every: list[Note]
    ) -> None:
        def numbered(number: int, label: str) -> Finding[Note]:
            return db.find(Note, NOTE.number >= number, NOTE.label != label).order_by("id")

        ask = db.prepare(numbered)

        for values in ((3, "a"), (7, "none"), (10**6, ""), (-1, "é"), (3, "a")):
            asked, ordinary = ask(*values), numbered(*values)
            assert await asked.fetch.all() == await ordinary.fetch.all()
            assert await asked.first.value == await ordinary.first.value
            assert await asked.count.value == await ordinary.count.value
            assert await asked.exists.value is await ordinary.exists.value
            assert [note async for note in asked] == await ordinary.fetch.all()

    async def test_a_row_is_asked_for_by_its_key(self, db: Ommi, every: list[Note]) -> None:
        by_id = db.prepare(lambda key: db.query(Note, NOTE.id == key))

        assert [await by_id(note.id).one() for note in every] == every
        with pytest.raises(NotFound):
            await by_id(10**6).one()

    async def test_one_row_too_many_is_told(self, db: Ommi, every: list[Note]) -> None:
        above = db.prepare(lambda number: db.find(NOTE.number >= number).order_by("id"))

        failure = await above(-(10**6)).one

        assert isinstance(failure.error, MultipleFound)

    async def test_none_asks_for_null(self, db: Ommi, every: list[Note]) -> None:
        labelled = db.prepare(lambda label: db.query(Note, NOTE.label == label).order_by("id"))
        other = db.prepare(lambda label: db.query(Note, NOTE.label != label).order_by("id"))

        assert await labelled(None).fetch_all() == [n for n in every if n.label is None]
        assert await other(None).fetch_all() == [n for n in every if n.label is not None]

    async def test_texts_are_asked_for_parts_to_come(self, db: Ommi, every: list[Note]) -> None:
        def some(start: str, part: str, pattern: str) -> Query[Note]:
            return db.query(
                Note,
                NOTE.label.starts_with(start)
                | NOTE.label.icontains(part)
                | NOTE.label.ilike(pattern)
                | NOTE.label.contains(part),
            ).order_by("id")

        asked = db.prepare(some)
        for texts in (("a", "B", "n%"), ("é", "%", r"\%"), ("", "x", "_")):
            assert await asked(*texts).fetch_all() == await some(*texts).fetch_all()

    async def test_lists_and_calculations_take_values_to_come(self, db: Ommi) -> None:
        await db.add_all(Note("d", n, tags=["ab"[n % 2]]) for n in range(10)).or_raise()
        await db.add(Note("e")).or_raise()

        def among(numbers: Sequence[int | None], more: int, tag: str) -> Query[Note]:
            return db.query(
                Note,
                NOTE.number.in_(numbers)
                | (NOTE.number + more == 9)
                | NOTE.number.between(more, 4)
                | NOTE.tags.contains(tag),
            ).order_by("id")

        listed = db.prepare(among)
        for values in (([3, None], 2, "b"), ([], 6, "nothing"), ([7, 3, 3], 1, "a")):
            assert await listed(*values).fetch_all() == await among(*values).fetch_all()

    async def test_pages_have_a_limit_and_an_offset_to_come(
        self, db: Ommi, every: list[Note]
    ) -> None:
        page = db.prepare(
            lambda size, skipped: db.query(Note).order_by("id").limit(size).offset(skipped)
        )

        assert await page(2, 1).fetch_all() == every[1:3]
        assert await page(3, 0).fetch_all() == every[:3]
        assert await page(0, 0).fetch_all() == []
        assert await page(2, 1).first() == every[1]

    async def test_what_is_asked_further_is_asked_of_the_same_rows(
        self, db: Ommi, every: list[Note]
    ) -> None:
        above = db.prepare(lambda number: db.query(Note, NOTE.number >= number))

        further = above(3).where(NOTE.number < 7).order_by("-id").limit(2)

        ordinary = db.query(Note, NOTE.number >= 3, NOTE.number < 7).order_by("-id").limit(2)
        assert await further.fetch_all() == await ordinary.fetch_all()

    async def test_its_rows_are_updated_and_deleted(self, db: Ommi, every: list[Note]) -> None:
        numbered = db.prepare(lambda number: db.find(NOTE.number == number))

        assert await numbered(7).update(label="seven").or_raise() == 1
        assert (await numbered(7).one.or_raise()).label == "seven"
        assert await numbered(7).delete().or_raise() == 1
        assert await numbered(7).count.or_raise() == 0

    async def test_a_value_that_does_not_fit_is_refused_as_ever(
        self, db: Ommi, every: list[Note]
    ) -> None:
        numbered = db.prepare(lambda number: db.find(NOTE.number == number))

        with pytest.raises(InvalidValue) as refused:
            numbered("7")

        assert (refused.value.model, refused.value.field) == ("Note", "number")

    @requires(Capability.TRANSACTIONS)
    async def test_in_a_transaction_it_sees_what_was_written_there(
        self, db: Ommi, every: list[Note]
    ) -> None:
        numbered = db.prepare(lambda number: db.find(NOTE.number == number))
        await numbered(77).count.or_raise()

        with pytest.raises(OmmiError):
            async with db.transaction() as tx:
                await numbered(7).update(number=77).or_raise()
                assert await numbered(77).count.value == 1
                own = tx.prepare(lambda number: tx.find(NOTE.number == number))
                assert await own(77).count.value == 1
                raise OmmiError

        assert await numbered(77).count.value == 0
