from __future__ import annotations

from collections.abc import Callable

import pytest

from ommi.database import Ommi
from ommi.errors import InvalidValue, QueryError, UnknownField
from ommi.query.fields import col
from ommi.query.operators import OrderDirection
from ommi.selection import Query
from ommi.testing.compliance.models import Account, Note, Seat

NUMBER = col(Note.number)
Asking = Callable[[Query[Note]], Query[Note]]


@pytest.mark.anyio
class TestOrdering:
    @pytest.fixture
    async def notes(self, db: Ommi) -> Query[Note]:
        numbers = (("b", 2), ("a", None), ("é", 1), ("A", 3), ("", 2), ("😀", -5), ("a ", 0))
        await db.add_all(Note(text, number) for text, number in numbers).or_raise()
        return db.query(Note)

    @pytest.mark.parametrize(
        "ask",
        [
            lambda notes: notes.order_by("number", "id"),
            lambda notes: notes.order_by("number", OrderDirection.ASC, "id"),
            lambda notes: notes.order_by(NUMBER, col(Note.id)),
            lambda notes: notes.order_by(NUMBER.asc, col(Note.id).asc),
            lambda notes: notes.order_by("number").order_by("id"),
            lambda notes: notes.order_by(lambda note: note.number, lambda note: note.id),
        ],
    )
    async def test_every_way_to_say_ascending_means_the_same(
        self, notes: Query[Note], ask: Asking
    ) -> None:
        found = await ask(notes).fetch_all()

        assert [note.text for note in found] == ["a", "😀", "a ", "é", "b", "", "A"]

    @pytest.mark.parametrize(
        "ask",
        [
            lambda notes: notes.order_by("-number", "id"),
            lambda notes: notes.order_by("number", OrderDirection.DESC, "id"),
            lambda notes: notes.order_by(NUMBER, OrderDirection.DESC, col(Note.id)),
            lambda notes: notes.order_by(NUMBER.desc, "id"),
        ],
    )
    async def test_every_way_to_say_descending_means_the_same(
        self, notes: Query[Note], ask: Asking
    ) -> None:
        found = await ask(notes).fetch_all()

        assert [note.text for note in found] == ["A", "b", "", "é", "a ", "😀", "a"]

    async def test_nulls_last_puts_none_behind_all_values(self, notes: Query[Note]) -> None:
        found = await notes.order_by(NUMBER.asc.nulls_last(), "id").fetch_all()

        assert [note.number for note in found] == [-5, 0, 1, 2, 2, 3, None]

    async def test_nulls_first_puts_none_before_all_values(self, notes: Query[Note]) -> None:
        found = await notes.order_by(NUMBER.desc.nulls_first(), "id").fetch_all()

        assert [note.number for note in found] == [None, 3, 2, 2, 1, 0, -5]

    async def test_text_is_ordered_by_code_point(self, notes: Query[Note]) -> None:
        found = await notes.order_by("text").fetch_all()

        assert [note.text for note in found] == ["", "A", "a", "a ", "b", "é", "😀"]

    async def test_a_calculation_can_be_ordered_by(self, notes: Query[Note]) -> None:
        found = await notes.where(NUMBER > -9).order_by(NUMBER * NUMBER, "id").fetch_all()

        assert [note.number for note in found] == [0, 1, 2, 2, 3, -5]

    async def test_ordering_by_a_name_that_is_no_field_is_refused(
        self, notes: Query[Note]
    ) -> None:
        with pytest.raises(UnknownField):
            notes.order_by("size")

    async def test_ordering_by_a_list_is_refused(self, notes: Query[Note]) -> None:
        with pytest.raises(QueryError, match="no order"):
            notes.order_by("tags")

    async def test_ordering_by_another_model_is_refused(self, notes: Query[Note]) -> None:
        with pytest.raises(QueryError, match="Account"):
            notes.order_by(col(Account.name))


@pytest.mark.anyio
class TestPaging:
    @pytest.fixture
    async def notes(self, db: Ommi) -> Query[Note]:
        await db.add_all(Note(f"n{number}", number % 3) for number in range(10)).or_raise()
        return db.query(Note)

    async def test_a_limit_takes_the_first_rows(self, notes: Query[Note]) -> None:
        found = await notes.order_by("text").limit(3).fetch_all()

        assert [note.text for note in found] == ["n0", "n1", "n2"]

    async def test_an_offset_leaves_out_the_first_rows(self, notes: Query[Note]) -> None:
        found = await notes.order_by("text").offset(8).fetch_all()

        assert [note.text for note in found] == ["n8", "n9"]

    async def test_limit_and_offset_make_a_page(self, notes: Query[Note]) -> None:
        found = await notes.order_by("-text").offset(2).limit(2).fetch_all()

        assert [note.text for note in found] == ["n7", "n6"]

    async def test_a_limit_of_nothing_gives_no_rows(self, notes: Query[Note]) -> None:
        assert await notes.limit(0).fetch_all() == []

    async def test_an_offset_beyond_the_end_gives_no_rows(self, notes: Query[Note]) -> None:
        assert await notes.offset(10).fetch_all() == []

    async def test_a_limit_beyond_the_end_gives_every_row(self, notes: Query[Note]) -> None:
        assert len(await notes.limit(2**63 - 1).fetch_all()) == 10

    async def test_the_last_limit_said_counts(self, notes: Query[Note]) -> None:
        assert len(await notes.limit(1).limit(4).fetch_all()) == 4

    async def test_a_count_is_of_the_page(self, notes: Query[Note]) -> None:
        assert await notes.offset(8).limit(5).count() == 2

    @pytest.mark.parametrize("order", [(), ("number",), ("-number",)])
    async def test_pages_together_are_every_row_once(
        self, notes: Query[Note], order: tuple[str, ...]
    ) -> None:
        ordered = notes.order_by(*order)

        pages = [await ordered.offset(start).limit(3).fetch_all() for start in range(0, 12, 3)]

        assert sorted(note.text for page in pages for note in page) == [
            f"n{number}" for number in range(10)
        ]

    async def test_ties_in_a_page_are_broken_by_the_whole_key(self, db: Ommi) -> None:
        await db.add(Seat("B", 1), Seat("A", 2), Seat("A", 1)).or_raise()

        found = await db.query(Seat).order_by("guest").limit(3).fetch_all()

        assert [(seat.row, seat.number) for seat in found] == [("A", 1), ("A", 2), ("B", 1)]

    @pytest.mark.parametrize("count", [-1, 2**63, True, 1.0, "1", None])
    async def test_what_is_no_count_is_refused_where_it_is_written(
        self, notes: Query[Note], count: int
    ) -> None:
        with pytest.raises(InvalidValue):
            notes.limit(count)
        with pytest.raises(InvalidValue):
            notes.offset(count)
