from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated

import pytest

from ommi.database import Ommi
from ommi.decorator import ommi_model
from ommi.errors import (
    InvalidValue,
    ModelError,
    QueryError,
    UnawaitedOperationWarning,
    UniqueViolation,
)
from ommi.metadata.annotations import Auto, Default, Key
from ommi.planning.capabilities import Capability
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.models import Account, Note, Seat, new_collection
from ommi.testing.requirements import requires

MORE_THAN_ONE_BATCH = 2_500


@ommi_model(collection=new_collection())
@dataclass
class Filled:
    """A row whose store fills what it is not given."""

    status: Annotated[str | None, Default(sql="'new'")] = None
    id: Annotated[int | None, Key | Auto] = None


@pytest.mark.anyio
class TestAdding:
    async def test_an_added_model_is_the_instance_with_its_key_filled_in(self, db: Ommi) -> None:
        note = Note("a")

        added = await db.add(note).or_raise()

        assert added is note
        assert isinstance(note.id, int)

    async def test_an_added_row_reads_back_equal(self, db: Ommi) -> None:
        note = await db.add(Note("a", 1, "b", True, ["c", "d"])).or_raise()

        assert await db.query(Note).fetch_all() == [note]

    async def test_a_key_that_is_given_is_kept(self, db: Ommi) -> None:
        await db.add(Note("a", id=77)).or_raise()

        assert await db.find(Note, Note.id == 77).count.or_raise() == 1

    async def test_a_generated_key_is_not_one_that_was_given(self, db: Ommi) -> None:
        given = await db.add(Note("a", id=1)).or_raise()

        generated = await db.add(Note("b")).or_raise()

        assert generated.id != given.id

    async def test_several_models_come_back_in_order(self, db: Ommi) -> None:
        notes = [Note("c"), Note("a"), Note("b")]

        added = await db.add(*notes).or_raise()

        assert [id(note) for note in added] == [id(note) for note in notes]
        found = await db.query(Note).order_by("id").fetch_all()
        assert [note.text for note in found] == ["c", "a", "b"]

    async def test_models_of_different_classes_are_added_together(self, db: Ommi) -> None:
        await db.add(Note("a"), Account("a@b.c"), Note("b")).or_raise()

        assert await db.query(Note).count() == 2
        assert await db.query(Account).count() == 1

    async def test_no_models_at_all_are_an_empty_list(self, db: Ommi) -> None:
        assert await db.add_all(list[Note]()).or_raise() == []

    async def test_models_may_come_from_a_generator(self, db: Ommi) -> None:
        added = await db.add_all(Note(text) for text in "abc").or_raise()

        assert [note.text for note in added] == ["a", "b", "c"]

    async def test_more_models_than_fit_one_statement_get_each_its_own_key(self, db: Ommi) -> None:
        notes = [Note("many", number) for number in range(MORE_THAN_ONE_BATCH)]

        added = await db.add_all(notes).or_raise()

        numbers = {note.id: note.number for note in added}
        found = await db.query(Note).fetch_all()
        assert {note.id: note.number for note in found} == numbers
        assert len(numbers) == MORE_THAN_ONE_BATCH

    async def test_given_and_generated_keys_may_be_mixed(self, db: Ommi) -> None:
        added = await db.add(Note("a", id=50), Note("b"), Note("c", id=70)).or_raise()

        found = await db.query(Note).fetch_all()
        assert {(n.id, n.text) for n in found} == {(n.id, n.text) for n in added}

    @requires(Capability.UNIQUE)
    async def test_a_second_row_with_the_same_key_is_refused(self, db: Ommi) -> None:
        await db.add(Seat("A", 1, "first")).or_raise()

        failure = await db.add(Seat("A", 1, "second"))

        assert isinstance(failure.error, UniqueViolation)
        assert [seat.guest for seat in await db.query(Seat).fetch_all()] == ["first"]

    async def test_rows_that_share_a_part_of_the_key_are_different(self, db: Ommi) -> None:
        await db.add(Seat("A", 1), Seat("A", 2), Seat("B", 1)).or_raise()

        assert await db.query(Seat).count() == 3

    @requires(Capability.UNIQUE)
    async def test_a_second_row_with_the_same_unique_value_is_refused(self, db: Ommi) -> None:
        await db.add(Account("a@b.c")).or_raise()

        failure = await db.add(Account("a@b.c"))

        assert isinstance(failure.error, UniqueViolation)
        assert (failure.error.model, failure.error.fields) == ("Account", ("email",))

    @requires(Capability.UNIQUE)
    async def test_any_number_of_rows_may_have_none_in_a_unique_field(self, db: Ommi) -> None:
        await db.add(Account(), Account()).or_raise()

        assert await db.query(Account).count() == 2

    @requires(Capability.UNIQUE, Capability.ATOMIC_BATCHES)
    async def test_of_several_models_none_is_added_if_one_is_refused(self, db: Ommi) -> None:
        failure = await db.add(Account("a"), Account("b"), Account("a"))

        assert isinstance(failure.error, UniqueViolation)
        assert await db.query(Account).count() == 0

    async def test_none_in_a_required_field_is_refused_before_it_is_sent(self, db: Ommi) -> None:
        failure = await db.add(Note(None))  # type: ignore[arg-type]

        assert isinstance(failure.error, InvalidValue)
        assert (failure.error.model, failure.error.field) == ("Note", "text")

    async def test_of_several_models_none_is_added_if_one_does_not_fit(self, db: Ommi) -> None:
        failure = await db.add(Note("a"), Note("b", "many"))  # type: ignore[arg-type]

        assert isinstance(failure.error, InvalidValue)
        assert await db.query(Note).count() == 0

    async def test_an_object_that_is_no_model_is_a_failure(self, db: Ommi) -> None:
        failure = await db.add(object())

        assert isinstance(failure.error, ModelError)

    async def test_adding_nothing_at_all_is_an_error_at_once(self, db: Ommi) -> None:
        with pytest.raises(QueryError):
            db.add()  # type: ignore[call-overload]

    async def test_an_operation_adds_once_however_often_it_is_awaited(self, db: Ommi) -> None:
        operation = db.add(Note("a"))

        first, second = await operation, await operation

        assert first.value is second.value
        assert await db.query(Note).count() == 1

    async def test_an_operation_that_is_never_awaited_adds_nothing_and_warns(
        self, db: Ommi
    ) -> None:
        with pytest.warns(UnawaitedOperationWarning, match=r"add\(Note\)"):
            db.add(Note("a"))

        assert await db.query(Note).count() == 0


@pytest.mark.anyio
@requires(Capability.SERVER_DEFAULTS)
class TestServerDefaults:
    @pytest.fixture
    async def db(self, database: Ommi) -> AsyncGenerator[Ommi, None]:
        async with tables(database, Filled):
            yield database

    async def test_the_store_fills_what_is_none(self, db: Ommi) -> None:
        added = await db.add(Filled()).or_raise()

        assert added.status == "new"
        assert await db.query(Filled).fetch_all() == [added]

    async def test_a_value_that_is_given_is_kept(self, db: Ommi) -> None:
        added = await db.add(Filled("old")).or_raise()

        assert await db.query(Filled).fetch_all() == [added]
        assert added.status == "old"
