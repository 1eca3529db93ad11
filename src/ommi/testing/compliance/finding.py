from __future__ import annotations

from collections.abc import Callable

import pytest

from ommi.database import Ommi
from ommi.errors import ArithmeticOverflow, InvalidValue, QueryError, UnknownField
from ommi.query.fields import fields
from ommi.testing.compliance.meanings import (
    FAMILIES,
    NOTE,
    Question,
    Questions,
    notes,
)
from ommi.testing.compliance.models import Account, Note


async def is_answered(db: Ommi, every: list[Note], question: Question) -> bool:
    """Tell whether the store gives what the question means, and the rest for its negation."""
    predicate, means = question
    found = await db.query(Note, predicate).order_by("id").fetch_all()
    rest = await db.query(Note, ~predicate).order_by("id").fetch_all()
    return found == [n for n in every if means(n)] and rest == [n for n in every if not means(n)]


@pytest.mark.anyio
class TestFinding:
    @pytest.fixture
    async def every(self, db: Ommi) -> list[Note]:
        return await db.add_all(notes()).or_raise()

    @pytest.mark.parametrize("questions", FAMILIES.values(), ids=FAMILIES)
    async def test_questions_and_their_negations_mean_what_they_mean_in_python(
        self, db: Ommi, every: list[Note], questions: Questions
    ) -> None:
        wrong = [
            name
            for name, question in questions.items()
            if not await is_answered(db, every, question)
        ]

        assert wrong == []

    async def test_no_condition_at_all_asks_for_every_row(
        self, db: Ommi, every: list[Note]
    ) -> None:
        assert await db.find(Note).count.or_raise() == len(every)

    async def test_several_conditions_must_all_be_met(self, db: Ommi, every: list[Note]) -> None:
        found = await db.find(Note, NOTE.number == 3, NOTE.tags[0] == "a").fetch.all()

        assert [note.tags for note in found] == [["a"], ["a", "b"]]

    async def test_where_narrows_what_was_asked_before(self, db: Ommi, every: list[Note]) -> None:
        found = (
            await db.query(Note).where(NOTE.number == 3).where(NOTE.tags.contains("b")).fetch_all()
        )

        assert len(found) == 2

    async def test_a_function_of_a_row_is_a_condition(self, db: Ommi, every: list[Note]) -> None:
        found = await db.query(Note).where(lambda note: note.number == 7).fetch_all()

        assert [note.number for note in found] == [7]

    async def test_the_model_is_found_in_the_condition(self, db: Ommi, every: list[Note]) -> None:
        assert await db.find(NOTE.number == 7).count.or_raise() == 1

    async def test_a_question_is_not_changed_by_the_questions_made_of_it(
        self, db: Ommi, every: list[Note]
    ) -> None:
        asked = db.query(Note)

        asked.where(NOTE.number == 7).limit(1)

        assert await asked.count() == len(every)

    async def test_one_question_can_be_asked_with_other_values(
        self, db: Ommi, every: list[Note]
    ) -> None:
        counts = [
            await db.find(NOTE.label == label).count.or_raise() for label in ("a", "none", "é")
        ]

        assert counts == [1, 0, 1]

    async def test_many_alternatives_may_be_joined(self, db: Ommi, every: list[Note]) -> None:
        some = NOTE.number == 7
        for number in range(1_500):
            some |= NOTE.number == number * 10_000 + 11

        assert await db.find(some).count.or_raise() == 1

    async def test_a_calculation_may_stand_on_either_side(self, db: Ommi) -> None:
        await db.add(Note("a", 1), Note("b", 2)).or_raise()

        for asked in (
            NOTE.number + 1 == 2,
            NOTE.number == 3 - NOTE.number * 2,
            NOTE.number * NOTE.number > NOTE.number + 1,
        ):
            assert await db.find(Note, asked).count.or_raise() == 1

    async def test_a_calculation_that_overflows_is_a_failure(self, db: Ommi) -> None:
        await db.add(Note("a", 2**63 - 1)).or_raise()

        failure = await db.find(NOTE.number + 1 > 0).count

        assert isinstance(failure.error, ArithmeticOverflow)


@pytest.mark.anyio
class TestRefusedQuestions:
    """What is wrong without asking the store raises where it is written."""

    @pytest.mark.parametrize(
        "ask",
        [
            lambda: NOTE.number == "1",
            lambda: NOTE.number > None,
            lambda: NOTE.number == True,  # noqa: E712
            lambda: NOTE.number == 2**63,
            lambda: NOTE.number.in_(["1"]),
            lambda: NOTE.label == 1,
            lambda: NOTE.label.contains(1),
            lambda: NOTE.label == "nul \x00",
            lambda: NOTE.label == "half \ud800",
            lambda: NOTE.is_done == 1,
            lambda: NOTE.tags.contains(1),
        ],
    )
    async def test_a_value_of_another_type_is_refused(self, ask: Callable[[], object]) -> None:
        with pytest.raises(InvalidValue):
            ask()

    @pytest.mark.parametrize(
        "ask",
        [
            lambda: NOTE.number.starts_with("a"),
            lambda: NOTE.number == NOTE.label,
            lambda: NOTE.tags > ["a"],
            lambda: NOTE.label + "a",
        ],
    )
    async def test_an_operator_that_the_field_lacks_is_refused(
        self, ask: Callable[[], object]
    ) -> None:
        with pytest.raises(QueryError):
            ask()

    async def test_a_bare_field_that_is_no_flag_is_refused(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match="stands alone"):
            db.find(Note, NOTE.number)

    async def test_a_condition_on_two_models_must_say_which_is_asked_for(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match="which model"):
            db.find(NOTE.number == 1, fields(Account).name == "a")

    async def test_a_name_that_is_no_field_is_refused(self, db: Ommi) -> None:
        with pytest.raises(UnknownField):
            db.query(Note).where(lambda note: note.nothing == 1)  # type: ignore[attr-defined]

    async def test_the_truth_of_a_question_cannot_be_told(self) -> None:
        with pytest.raises(TypeError, match="&"):
            bool(NOTE.number == 1)
