from __future__ import annotations

import gc
from contextlib import aclosing

import pytest

from ommi.database import Ommi
from ommi.errors import (
    ConnectionFailed,
    MultipleFound,
    NotFound,
    OmmiError,
    UnhandledFailureWarning,
)
from ommi.planning.capabilities import Capability
from ommi.query.fields import fields
from ommi.results import Failure, Success
from ommi.testing.compliance.models import MODELS, Account, Note
from ommi.testing.requirements import requires

NUMBER, TEXT = fields(Note).number, fields(Note).text
MORE_THAN_ONE_CHUNK = 2_300


@pytest.mark.anyio
class TestResults:
    @pytest.fixture
    async def db(self, db: Ommi) -> Ommi:
        await db.add(Note("a", 1), Note("b", 2), Note("c", 2)).or_raise()
        return db

    async def test_a_fetch_answers_with_every_row(self, db: Ommi) -> None:
        result = await db.find(Note, NUMBER == 2).fetch()

        assert isinstance(result, Success)
        assert {note.text for note in result.value} == {"b", "c"}

    async def test_a_fetch_of_nothing_is_an_empty_success(self, db: Ommi) -> None:
        assert await db.find(Note, NUMBER == 9).fetch == Success([])

    async def test_awaiting_a_question_itself_fetches(self, db: Ommi) -> None:
        result = await db.find(Note, NUMBER == 1)

        assert [note.text for note in result.value] == ["a"]

    async def test_one_gives_the_only_row(self, db: Ommi) -> None:
        note = await db.find(Note, NUMBER == 1).one.or_raise()

        assert note.text == "a"

    async def test_one_of_no_rows_is_not_found(self, db: Ommi) -> None:
        failure = await db.find(Note, NUMBER == 9).one

        assert isinstance(failure.error, NotFound)
        assert failure.error.model == "Note"

    async def test_one_of_several_rows_is_multiple_found(self, db: Ommi) -> None:
        failure = await db.find(Note, NUMBER == 2).one()

        assert isinstance(failure.error, MultipleFound)

    async def test_a_default_stands_for_what_is_not_found(self, db: Ommi) -> None:
        assert await db.find(Note, NUMBER == 9).one.or_use(None) is None
        assert await db.find(Note, NUMBER == 9).one().value_or("none") == "none"

    async def test_one_respects_a_limit(self, db: Ommi) -> None:
        note = await db.find(Note).order_by("-text").limit(1).one.or_raise()

        assert note.text == "c"

    async def test_fetch_one_raises_what_one_answers(self, db: Ommi) -> None:
        assert (await db.find(Note, NUMBER == 1).fetch.one()).text == "a"
        with pytest.raises(MultipleFound):
            await db.find(Note, NUMBER == 2).fetch.one()
        with pytest.raises(NotFound):
            await db.find(Note, NUMBER == 9).fetch.one()

    async def test_first_gives_the_first_row_or_none(self, db: Ommi) -> None:
        note = await db.find(Note).order_by("-text").first.or_raise()

        assert note is not None
        assert note.text == "c"
        assert await db.find(Note, NUMBER == 9).first() == Success(None)

    async def test_count_counts_with_or_without_parentheses(self, db: Ommi) -> None:
        assert await db.find(Note, NUMBER == 2).count == Success(2)
        assert await db.find(Note, NUMBER == 2).count() == Success(2)
        assert await db.find(Note, NUMBER == 9).count.or_raise() == 0

    async def test_exists_tells_whether_there_is_any_row(self, db: Ommi) -> None:
        assert await db.find(Note, NUMBER == 2).exists == Success(value=True)
        assert await db.find(Note, NUMBER == 9).exists == Success(value=False)

    async def test_the_other_door_gives_plain_values_and_raises(self, db: Ommi) -> None:
        query = db.query(Note)

        assert len(await query.fetch_all()) == await query.count() == 3
        assert await query.where(NUMBER == 9).fetch_one() is None
        assert (await query.where(NUMBER == 1).one()).text == "a"
        assert await query.exists()
        with pytest.raises(NotFound):
            await query.where(NUMBER == 9).one()
        with pytest.raises(MultipleFound):
            await query.one()

    async def test_an_answer_can_be_mapped_before_it_is_there(self, db: Ommi) -> None:
        operation = db.find(Note, NUMBER == 1).one.map(lambda note: note.text.upper())

        assert await operation == Success("A")

    async def test_a_failure_that_nobody_looks_at_warns(self, db: Ommi) -> None:
        with pytest.warns(UnhandledFailureWarning, match=r"find\(Note\)\.one"):
            await db.find(Note, NUMBER == 9).one

    async def test_a_failure_can_be_matched(self, db: Ommi) -> None:
        match await db.find(Note, NUMBER == 9).one:
            case Failure(error):
                assert isinstance(error, NotFound)
            case success:
                pytest.fail(f"found {success!r}")

    async def test_two_reads_give_two_instances(self, db: Ommi) -> None:
        first, second = [await db.find(Note, NUMBER == 1).one.or_raise() for _ in range(2)]

        assert first == second
        assert first is not second

    async def test_what_a_reader_changes_is_not_in_the_store(self, db: Ommi) -> None:
        note = await db.query(Note).where(NUMBER == 1).one()
        note.text = "changed"
        note.tags.append("changed")

        assert await db.query(Note).where(NUMBER == 1).one() == Note("a", 1, id=note.id)

    async def test_a_plan_can_be_asked_for(self, db: Ommi) -> None:
        explanation = await db.find(Note, NUMBER == 1).explain().or_raise()

        assert explanation.plan

    @requires(Capability.TEXT_STATEMENTS)
    async def test_the_statement_can_be_shown_and_holds_no_value(self, db: Ommi) -> None:
        assert "sesame" not in db.find(Note, TEXT == "sesame").sql()


@pytest.mark.anyio
class TestStreaming:
    @pytest.fixture
    async def db(self, db: Ommi) -> Ommi:
        notes = (Note(f"{number}", number) for number in range(MORE_THAN_ONE_CHUNK))
        await db.add_all(notes).or_raise()
        return db

    async def test_a_stream_gives_every_row_that_matches_in_order(self, db: Ommi) -> None:
        asked = db.find(Note, NUMBER >= 10).order_by("-number")

        numbers = [note.number async for note in asked]

        assert numbers == list(range(MORE_THAN_ONE_CHUNK - 1, 9, -1))

    async def test_a_stream_of_nothing_ends_at_once(self, db: Ommi) -> None:
        assert [note async for note in db.query(Note).where(NUMBER < 0)] == []

    async def test_a_stream_respects_limit_and_offset(self, db: Ommi) -> None:
        asked = db.query(Note).order_by("number").offset(990).limit(20)

        assert [note.number async for note in asked] == list(range(990, 1010))

    async def test_rows_added_meanwhile_do_not_show(self, db: Ommi) -> None:
        seen = 0

        async for note in db.find(Note):
            seen += 1
            if note.number == 0:
                await db.add(Note("later")).or_raise()

        assert seen == MORE_THAN_ONE_CHUNK
        assert await db.query(Note).count() == MORE_THAN_ONE_CHUNK + 1

    async def test_rows_changed_meanwhile_show_as_they_were(self, db: Ommi) -> None:
        texts = []

        async for note in db.find(Note).order_by("number"):
            texts.append(note.text)
            if note.number == 0:
                await db.find(Note).update(text="later").or_raise()

        assert texts[-1] == f"{MORE_THAN_ONE_CHUNK - 1}"

    async def test_rows_deleted_meanwhile_show_still(self, db: Ommi) -> None:
        seen = 0

        async for note in db.find(Note):
            seen += 1
            if note.number == 0:
                await db.find(Note).delete().or_raise()

        assert seen == MORE_THAN_ONE_CHUNK
        assert await db.query(Note).count() == 0

    async def test_what_a_stream_gives_can_be_saved(self, db: Ommi) -> None:
        async for note in db.find(Note, NUMBER < 3):
            note.text = "saved"
            await db.save(note).or_raise()

        assert await db.find(Note, TEXT == "saved").count.or_raise() == 3

    async def test_two_streams_may_be_open_at_once(self, db: Ommi) -> None:
        async with (
            aclosing(db.query(Note).order_by("number").stream()) as up,
            aclosing(db.query(Note).order_by("-number").stream()) as down,
        ):
            sums = {
                (first.number or 0) + (second.number or 0)
                for first, second in [(await anext(up), await anext(down)) for _ in range(1_100)]
            }

        assert sums == {MORE_THAN_ONE_CHUNK - 1}

    async def test_a_stream_that_was_left_early_holds_nothing(self, db: Ommi) -> None:
        async with aclosing(db.find(Note).stream()) as notes:
            async for _ in notes:
                break

        await db.find(Note).delete().or_raise()
        await db.remove_models(MODELS)

    async def test_a_stream_that_was_forgotten_holds_nothing(self, db: Ommi) -> None:
        async for _ in db.find(Note):
            break
        gc.collect()

        await db.find(Note).delete().or_raise()
        await db.remove_models(MODELS)

    async def test_an_error_in_the_body_ends_the_stream_and_comes_through(self, db: Ommi) -> None:
        async def fail() -> None:
            async for _ in db.find(Note):
                raise LookupError

        with pytest.raises(LookupError):
            await fail()

        assert await db.find(Note).delete().or_raise() == MORE_THAN_ONE_CHUNK


@pytest.mark.anyio
class TestOpening:
    async def test_a_database_that_was_closed_says_so(self, db: Ommi) -> None:
        await db.close()

        failure = await db.find(Note).count

        await db.open()
        assert isinstance(failure.error, ConnectionFailed)
        assert "not open" in str(failure.error)

    async def test_a_model_without_a_table_is_a_failure(self, db: Ommi) -> None:
        await db.remove_models(Account)

        failure = await db.find(Account).count

        assert isinstance(failure.error, OmmiError)
