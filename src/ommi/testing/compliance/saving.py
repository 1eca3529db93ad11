from __future__ import annotations

from datetime import datetime

import pytest

from ommi.database import Ommi
from ommi.errors import ConflictError, InvalidValue, NotFound, UniqueViolation
from ommi.planning.capabilities import Capability
from ommi.testing.compliance.models import Account, Draft, Note, Seat
from ommi.testing.requirements import requires

LONG_AGO = datetime(2001, 2, 3, 4, 5, 6)  # noqa: DTZ001 - the field is naive


@pytest.mark.anyio
class TestSaving:
    async def test_what_changed_is_written(self, db: Ommi) -> None:
        note = await db.add(Note("a", 1)).or_raise()
        note.text, note.number = "b", None

        saved = await db.save(note).or_raise()

        assert saved is note
        assert await db.query(Note).fetch_all() == [note]

    async def test_what_did_not_change_is_not_written(self, db: Ommi) -> None:
        await db.add(Note("a", 1)).or_raise()
        first, second = await db.query(Note).one(), await db.query(Note).one()
        first.text, second.number = "b", 2

        await db.save(first).or_raise()
        await db.save(second).or_raise()

        found = await db.query(Note).one()
        assert (found.text, found.number) == ("b", 2)

    async def test_what_was_saved_counts_as_read(self, db: Ommi) -> None:
        note = await db.add(Note("a", 1)).or_raise()
        note.text = "b"
        await db.save(note).or_raise()
        await db.find(Note).update(text="c").or_raise()
        note.number = 2

        await db.save(note).or_raise()

        found = await db.query(Note).one()
        assert (found.text, found.number) == ("c", 2)

    async def test_a_list_that_was_changed_in_place_is_written(self, db: Ommi) -> None:
        await db.add(Note("a", tags=["b"])).or_raise()
        note = await db.query(Note).one()
        note.tags.append("c")

        await db.save(note).or_raise()

        assert (await db.query(Note).one()).tags == ["b", "c"]

    async def test_an_instance_made_by_hand_writes_every_field(self, db: Ommi) -> None:
        note = await db.add(Note("a", 1, "b")).or_raise()

        await db.save(Note("c", id=note.id)).or_raise()

        assert await db.query(Note).fetch_all() == [Note("c", id=note.id)]

    async def test_only_the_row_of_the_instance_is_written(self, db: Ommi) -> None:
        first, _ = await db.add(Seat("A", 1, "a"), Seat("A", 2, "b")).or_raise()
        first.guest = "c"

        await db.save(first).or_raise()

        found = await db.query(Seat).order_by("number").fetch_all()
        assert [seat.guest for seat in found] == ["c", "b"]

    async def test_a_changed_key_moves_the_row(self, db: Ommi) -> None:
        seat = await db.add(Seat("A", 1, "a")).or_raise()
        seat.number = 5

        await db.save(seat).or_raise()

        assert await db.query(Seat).fetch_all() == [Seat("A", 5, "a")]

    async def test_an_instance_that_was_never_added_is_refused(self, db: Ommi) -> None:
        failure = await db.save(Note("a"))

        assert isinstance(failure.error, InvalidValue)

    async def test_a_row_that_is_gone_is_not_found(self, db: Ommi) -> None:
        note = await db.add(Note("a")).or_raise()
        await db.find(Note).delete().or_raise()
        note.text = "b"

        failure = await db.save(note)

        assert isinstance(failure.error, NotFound)
        assert await db.query(Note).count() == 0

    async def test_a_value_that_does_not_fit_is_refused(self, db: Ommi) -> None:
        note = await db.add(Note("a", 1)).or_raise()
        note.number = 2**63

        failure = await db.save(note)

        assert isinstance(failure.error, InvalidValue)
        assert (await db.query(Note).one()).number == 1

    @requires(Capability.UNIQUE)
    async def test_what_the_store_refused_is_still_to_be_saved(self, db: Ommi) -> None:
        _, account = await db.add(Account("a"), Account("b")).or_raise()
        account.email = "a"
        failure = await db.save(account)
        assert isinstance(failure.error, UniqueViolation)
        await db.find(Account, Account.id != account.id).delete().or_raise()

        await db.save(account).or_raise()

        assert (await db.query(Account).one()).email == "a"

    async def test_every_save_is_counted_in_the_version(self, db: Ommi) -> None:
        draft = await db.add(Draft("a")).or_raise()
        draft.text = "b"

        await db.save(draft).or_raise()

        assert draft.version == 2
        assert (await db.query(Draft).one()).version == 2

    async def test_a_row_whose_version_moved_on_is_not_overwritten(self, db: Ommi) -> None:
        await db.add(Draft("a")).or_raise()
        first, second = await db.query(Draft).one(), await db.query(Draft).one()
        first.text, second.text = "b", "c"
        await db.save(first).or_raise()

        failure = await db.save(second)

        assert isinstance(failure.error, ConflictError)
        assert (await db.query(Draft).one()).text == "b"

    async def test_a_conflict_is_over_once_the_instance_is_reloaded(self, db: Ommi) -> None:
        await db.add(Draft("a")).or_raise()
        draft = await db.query(Draft).one()
        await db.find(Draft).update(text="b").or_raise()
        await db.reload(draft).or_raise()
        draft.text += "c"

        await db.save(draft).or_raise()

        assert (await db.query(Draft).one()).text == "bc"

    async def test_the_times_of_writes_are_recorded(self, db: Ommi) -> None:
        draft = await db.add(Draft("a", updated_at=LONG_AGO)).or_raise()
        assert draft.created_at is not None
        assert draft.updated_at is not None
        created, updated = draft.created_at, draft.updated_at
        draft.text = "b"

        await db.save(draft).or_raise()

        assert created > LONG_AGO
        assert draft.updated_at >= updated > LONG_AGO
        assert await db.query(Draft).fetch_all() == [draft]
        assert draft.created_at == created

    async def test_a_time_of_adding_that_is_given_is_kept(self, db: Ommi) -> None:
        draft = await db.add(Draft("a", created_at=LONG_AGO)).or_raise()

        assert draft.created_at == LONG_AGO
        assert await db.query(Draft).fetch_all() == [draft]


@pytest.mark.anyio
class TestReloading:
    async def test_the_instance_gets_what_the_row_has_now(self, db: Ommi) -> None:
        note = await db.add(Note("a", 1)).or_raise()
        await db.find(Note).update(text="b", number=None).or_raise()

        reloaded = await db.reload(note).or_raise()

        assert reloaded is note
        assert (note.text, note.number) == ("b", None)

    async def test_what_was_not_saved_is_forgotten(self, db: Ommi) -> None:
        note = await db.add(Note("a", 1)).or_raise()
        note.text = "b"
        await db.reload(note).or_raise()
        note.number = 2

        await db.save(note).or_raise()

        assert await db.query(Note).fetch_all() == [Note("a", 2, id=note.id)]

    async def test_a_row_that_is_gone_is_not_found(self, db: Ommi) -> None:
        note = await db.add(Note("a")).or_raise()
        await db.find(Note).delete().or_raise()

        failure = await db.reload(note)

        assert isinstance(failure.error, NotFound)
        assert note.text == "a"

    async def test_an_instance_made_by_hand_is_found_by_its_key(self, db: Ommi) -> None:
        await db.add(Seat("A", 1, "a"), Seat("A", 2, "b")).or_raise()

        seat = await db.reload(Seat("A", 2)).or_raise()

        assert seat.guest == "b"
