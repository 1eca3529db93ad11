from __future__ import annotations

from datetime import datetime

import pytest

from ommi.database import Ommi
from ommi.errors import (
    ArithmeticOverflow,
    InvalidValue,
    QueryError,
    UniqueViolation,
    UnknownField,
)
from ommi.planning.capabilities import Capability
from ommi.query.fields import fields
from ommi.testing.compliance.models import Account, Draft, Note
from ommi.testing.requirements import requires

NOTE = fields(Note)
NUMBER = NOTE.number
LONG_AGO = datetime(2001, 2, 3, 4, 5, 6)  # noqa: DTZ001 - the field is naive


async def numbers(db: Ommi) -> list[int | None]:
    return [note.number for note in await db.query(Note).order_by("id").fetch_all()]


@pytest.mark.anyio
class TestUpdating:
    async def test_every_row_that_matches_gets_the_value(self, db: Ommi) -> None:
        await db.add(Note("a", 1), Note("b", 2), Note("c", 3)).or_raise()

        await db.find(Note, NUMBER >= 2).update(number=9).or_raise()

        assert await numbers(db) == [1, 9, 9]

    async def test_an_update_tells_how_many_rows_matched_changed_or_not(self, db: Ommi) -> None:
        await db.add(Note("a", 1), Note("b", 2), Note("c", 3)).or_raise()

        assert await db.find(Note, NUMBER <= 2).update(number=2).or_raise() == 2
        assert await db.find(Note, NUMBER == 99).update(number=2).or_raise() == 0

    async def test_set_is_another_name_for_update(self, db: Ommi) -> None:
        await db.add(Note("a", 1)).or_raise()

        await db.find(Note).set(number=2).or_raise()

        assert await numbers(db) == [2]

    async def test_the_other_door_updates_too_and_gives_the_number(self, db: Ommi) -> None:
        await db.add(Note("a", 1), Note("b", 2)).or_raise()

        assert await db.query(Note).where(NUMBER == 1).update(number=5) == 1
        assert await numbers(db) == [5, 2]

    async def test_none_can_be_written(self, db: Ommi) -> None:
        await db.add(Note("a", 1)).or_raise()

        await db.find(Note).update(number=None).or_raise()

        assert await numbers(db) == [None]

    async def test_fields_that_are_not_named_stay(self, db: Ommi) -> None:
        note = await db.add(Note("a", 1, "b", True, ["c"])).or_raise()

        await db.find(Note).update(number=2).or_raise()

        assert await db.query(Note).fetch_all() == [Note("a", 2, "b", True, ["c"], note.id)]

    async def test_a_list_can_be_written(self, db: Ommi) -> None:
        await db.add(Note("a", tags=["b"])).or_raise()

        await db.find(Note).update(tags=["c", "d"]).or_raise()

        assert (await db.query(Note).one()).tags == ["c", "d"]

    async def test_a_field_can_be_calculated_from_its_old_value(self, db: Ommi) -> None:
        await db.add(Note("a", 1), Note("b", 2), Note("c", None)).or_raise()

        await db.find(Note).update(number=NUMBER * 10 + 1).or_raise()

        assert await numbers(db) == [11, 21, None]

    async def test_a_field_can_be_copied_from_another(self, db: Ommi) -> None:
        await db.add(Note("a", label="b")).or_raise()

        await db.find(Note).update(text=NOTE.label).or_raise()

        assert (await db.query(Note).one()).text == "b"

    async def test_every_value_is_calculated_from_the_row_as_it_was(self, db: Ommi) -> None:
        await db.add(Note("a", label="b")).or_raise()

        await db.find(Note).update(text=NOTE.label, label=NOTE.text).or_raise()

        note = await db.query(Note).one()
        assert (note.text, note.label) == ("b", "a")

    async def test_a_calculation_that_overflows_changes_nothing(self, db: Ommi) -> None:
        await db.add(Note("a", 1), Note("b", 2**63 - 1)).or_raise()

        failure = await db.find(Note).update(number=NUMBER + 1)

        assert isinstance(failure.error, ArithmeticOverflow)
        assert await numbers(db) == [1, 2**63 - 1]

    @requires(Capability.UNIQUE)
    async def test_an_update_that_breaks_a_unique_field_changes_nothing(self, db: Ommi) -> None:
        await db.add(Account("a"), Account("b")).or_raise()

        failure = await db.find(Account).update(email="c")

        assert isinstance(failure.error, UniqueViolation)
        found = await db.query(Account).order_by("id").fetch_all()
        assert [account.email for account in found] == ["a", "b"]

    async def test_a_name_that_is_no_field_is_refused_where_it_is_written(self, db: Ommi) -> None:
        with pytest.raises(UnknownField):
            db.find(Note).update(size=1)

    async def test_a_value_that_does_not_fit_is_refused_where_it_is_written(
        self, db: Ommi
    ) -> None:
        with pytest.raises(InvalidValue):
            db.find(Note).update(number="1")

    async def test_none_for_a_required_field_is_refused_where_it_is_written(
        self, db: Ommi
    ) -> None:
        with pytest.raises(InvalidValue):
            db.find(Note).update(text=None)

    async def test_no_value_at_all_is_refused(self, db: Ommi) -> None:
        with pytest.raises(QueryError):
            db.find(Note).update()

    async def test_the_key_is_not_updated(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match="key"):
            db.find(Note).update(id=1)

    async def test_a_page_is_not_updated(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match="limit"):
            db.find(Note).limit(1).update(number=1)

    async def test_every_update_of_a_row_is_counted_in_its_version(self, db: Ommi) -> None:
        await db.add(Draft("a")).or_raise()

        await db.find(Draft).update(text="b").or_raise()

        assert (await db.query(Draft).one()).version == 2

    async def test_the_version_is_not_updated_by_hand(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match="version"):
            db.find(Draft).update(version=7)

    async def test_the_time_of_an_update_is_recorded(self, db: Ommi) -> None:
        await db.add(Draft("a")).or_raise()
        await db.find(Draft).update(created_at=LONG_AGO).or_raise()
        before = await db.query(Draft).one()

        await db.find(Draft).update(text="b").or_raise()

        after = await db.query(Draft).one()
        assert after.created_at == LONG_AGO
        assert before.updated_at is not None
        assert after.updated_at is not None
        assert LONG_AGO < before.updated_at <= after.updated_at
