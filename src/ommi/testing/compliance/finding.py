from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable

import pytest

from ommi.database import Ommi
from ommi.errors import InvalidValue, QueryError, UnknownField
from ommi.query.builder import when
from ommi.query.fields import col
from ommi.query.nodes import Predicate
from ommi.testing.compliance.models import Account, Note

Meaning = Callable[[Note], object]
Question = tuple[Predicate, Meaning]

TEXT = col(Note.text)
LABEL = col(Note.label)
NUMBER = col(Note.number)
DONE = col(Note.is_done)
TAGS = col(Note.tags)

LABELS = (
    *(None, "", " ", "a", "A", "a ", " a", "ab", "AB", "aB", "b", "ba", "aba", "10", "9"),
    *("%", "_", "a%b", "a_b", "axb", "a\\b", "\\", "a|b", "a.b", "[a]", "a'b", 'a"b', "a`b"),
    *("a\nb", "a\n", "\t", "é", "e\u0301", "É", "ä", "Ä", "ß", "ss", "ẞ", "Σ", "σ", "ς", "ﬁ"),
    *("İ", "i", "I", "ı", "\u00a0", "😀", "😁", "\uffff", "\U0001f600\U0001f3fd", "日本語", "null"),
)
NUMBERS = (None, 0, 1, -1, 7, 2**53, 2**53 + 1, 2**63 - 1, -(2**63))


def labelled(means: Callable[[str], object]) -> Meaning:
    """Give a meaning that is False of rows without a label."""
    return lambda note: note.label is not None and means(note.label)


def numbered(means: Callable[[int], object]) -> Meaning:
    """Give a meaning that is False of rows without a number."""
    return lambda note: note.number is not None and means(note.number)


def text_questions() -> dict[str, Question]:
    """Give what can be asked of text, with what it means in Python."""
    return {
        **{f"== {s!r}": (LABEL == s, lambda n, s=s: n.label == s) for s in LABELS},
        **{f"!= {s!r}": (LABEL != s, lambda n, s=s: n.label != s) for s in (None, "", "a", "é")},
        **_each("contains", col(Note.label).contains, lambda part, text: part in text),
        **_each("starts_with", LABEL.starts_with, lambda part, text: text.startswith(part)),
        **_each("ends_with", LABEL.ends_with, lambda part, text: text.endswith(part)),
        "not_contains": (LABEL.not_contains("a"), lambda n: "a" not in (n.label or "")),
        "> 'a'": (LABEL > "a", labelled(lambda s: s > "a")),
        ">= 'a'": (LABEL >= "a", labelled(lambda s: s >= "a")),
        "< 'é'": (LABEL < "é", labelled(lambda s: s < "é")),
        "<= '9'": (LABEL <= "9", labelled(lambda s: s <= "9")),
        "< '\\uffff'": (LABEL < "\uffff", labelled(lambda s: s < "\uffff")),
        "between": (LABEL.between("A", "a"), labelled(lambda s: "A" <= s <= "a")),
        "in_": (LABEL.in_(["a", "😀", ""]), lambda n: n.label in {"a", "😀", ""}),
        "in_ with None": (LABEL.in_(["a", None]), lambda n: n.label in {"a", None}),
        "in_ of nothing": (LABEL.in_([]), lambda _: False),
        "in_ of None alone": (LABEL.in_([None]), lambda n: n.label is None),
        "not_in": (LABEL.not_in(["a", "b"]), lambda n: n.label not in {"a", "b"}),
        "not_in with None": (LABEL.not_in(["a", None]), lambda n: n.label not in {"a", None}),
        "not_in of nothing": (LABEL.not_in([]), lambda _: True),
        "is_null": (LABEL.is_null(), lambda n: n.label is None),
        "is_not_null": (LABEL.is_not_null(), lambda n: n.label is not None),
        "field == field": (LABEL == TEXT, lambda n: n.label == n.text),
        "field > field": (LABEL > TEXT, labelled(lambda s: s > "a")),
    }


def _each(
    method: str, ask: Callable[[str], Predicate], means: Callable[[str, str], object]
) -> dict[str, Question]:
    parts = [label for label in LABELS if label is not None]
    return {
        f"{method} {part!r}": (ask(part), labelled(lambda text, part=part: means(part, text)))
        for part in parts
    }


def pattern_questions() -> dict[str, Question]:
    """Give what can be asked with patterns, with the labels or the `re` that they mean."""
    regexes = (r"^a", r"b$", r"^a.b$", r"\d+", r"[aA]b", r"^(a|b)+$", r"\\", r"^$", r"é|ß", r"\s")
    return {
        **{
            f"regex {regex}": (
                LABEL.regex(regex),
                labelled(re.compile(regex.replace("$", r"\Z"), re.ASCII).search),
            )
            for regex in regexes
        },
        "ilike without a wildcard": _ilike("AB", "ab", "AB", "aB"),
        "ilike with %": _ilike("B%", "b", "ba"),
        "ilike with _": _ilike("a_", "a ", "ab", "AB", "aB", "a\n"),
        "ilike with escapes": _ilike(r"A\%b", "a%b"),
        "ilike with an escaped escape": _ilike(r"A\\b", "a\\b"),
        "ilike beyond ASCII": _ilike("Ä", "ä", "Ä"),
        "ilike keeps accents apart": _ilike("É", "é", "É"),
        "ilike of nothing": _ilike("", ""),
        "icontains": (
            LABEL.icontains("B"),
            labelled(lambda text: "b" in text.lower()),
        ),
        "icontains takes wildcards literally": (
            LABEL.icontains("%"),
            labelled(lambda text: "%" in text),
        ),
    }


def _ilike(pattern: str, *matches: str) -> Question:
    return LABEL.ilike(pattern), lambda note: note.label in matches


def number_questions() -> dict[str, Question]:
    """Give what can be asked of numbers, with what it means in Python."""
    return {
        **{f"== {n}": (NUMBER == n, lambda note, n=n: note.number == n) for n in NUMBERS},
        **{f"!= {n}": (NUMBER != n, lambda note, n=n: note.number != n) for n in NUMBERS},
        **{f"> {n}": (NUMBER > n, numbered(lambda x, n=n: x > n)) for n in NUMBERS[1:]},
        **{f">= {n}": (NUMBER >= n, numbered(lambda x, n=n: x >= n)) for n in NUMBERS[1:]},
        **{f"< {n}": (NUMBER < n, numbered(lambda x, n=n: x < n)) for n in NUMBERS[1:]},
        **{f"<= {n}": (NUMBER <= n, numbered(lambda x, n=n: x <= n)) for n in NUMBERS[1:]},
        "between": (NUMBER.between(-1, 7), numbered(lambda x: -1 <= x <= 7)),
        "between the wrong way": (NUMBER.between(7, -1), lambda _: False),
        "in_": (NUMBER.in_([0, 7, 2**53]), lambda n: n.number in {0, 7, 2**53}),
        "in_ a long list": (NUMBER.in_(range(2_000)), lambda n: n.number in range(2_000)),
        "not_in a long list": (NUMBER.not_in(range(2_000)), lambda n: n.number not in range(2_000)),
        "+ on the left": (NUMBER - 1 == 6, numbered(lambda x: x - 1 == 6)),
        "between fields": (NUMBER * 0 == NUMBER, lambda n: n.number in {None, 0}),
    }


def other_questions() -> dict[str, Question]:
    """Give what can be asked of flags and lists, and how questions combine."""
    return {
        "a bare flag": (when(DONE), lambda n: n.is_done),
        "a negated flag": (when(~DONE), lambda n: not n.is_done),
        "flag == False": (DONE == False, lambda n: not n.is_done),  # noqa: E712
        "list contains": (TAGS.contains("a"), lambda n: "a" in n.tags),
        "list contains the empty text": (TAGS.contains(""), lambda n: "" in n.tags),
        "list not_contains": (TAGS.not_contains("a"), lambda n: "a" not in n.tags),
        "list path": (TAGS[0] == "a", lambda n: n.tags[:1] == ["a"]),
        "list path beyond its end": (TAGS[1] == None, lambda n: len(n.tags) < 2),  # noqa: E711
        "list == list": (TAGS == ["a", "b"], lambda n: n.tags == ["a", "b"]),
        "list == empty list": (TAGS == [], lambda n: n.tags == []),
        "and": (DONE & (NUMBER > 0), lambda n: n.is_done and (n.number or 0) > 0),
        "or": (DONE | (NUMBER > 0), lambda n: n.is_done or (n.number or 0) > 0),
        "not and": (~(DONE & (NUMBER > 0)), lambda n: not (n.is_done and (n.number or 0) > 0)),
        "And and Or": (
            (NUMBER > 0).And(LABEL == None).Or(DONE),  # noqa: E711
            lambda n: ((n.number or 0) > 0 and n.label is None) or n.is_done,
        ),
        "or inside and": (
            (DONE | (NUMBER == 0)) & (TAGS.contains("a") | (NUMBER == 7)),
            lambda n: (n.is_done or n.number == 0) and ("a" in n.tags or n.number == 7),
        ),
    }


def asked(questions: dict[str, Question]) -> pytest.MarkDecorator:
    """Run a test with each of the questions."""
    return pytest.mark.parametrize(("predicate", "means"), questions.values(), ids=questions)


@pytest.mark.anyio
class TestFinding:
    @pytest.fixture
    async def notes(self, db: Ommi) -> AsyncGenerator[list[Note], None]:
        notes = [Note("a", label=label) for label in LABELS]
        notes += [Note("b", number, is_done=number == 7) for number in NUMBERS]
        notes += [Note("c", 3, None, True, tags) for tags in (["a"], ["b", "a"], ["a", "b"], [""])]
        yield await db.add_all(notes).or_raise()

    @asked({**text_questions(), **pattern_questions(), **number_questions(), **other_questions()})
    async def test_a_question_and_its_negation_mean_what_they_mean_in_python(
        self, db: Ommi, notes: list[Note], predicate: Predicate, means: Meaning
    ) -> None:
        found = await db.query(Note, predicate).order_by("id").fetch_all()
        rest = await db.query(Note, ~predicate).order_by("id").fetch_all()

        assert found == [note for note in notes if means(note)]
        assert rest == [note for note in notes if not means(note)]

    async def test_no_condition_at_all_asks_for_every_row(
        self, db: Ommi, notes: list[Note]
    ) -> None:
        assert await db.find(Note).count.or_raise() == len(notes)

    async def test_several_conditions_must_all_be_met(self, db: Ommi, notes: list[Note]) -> None:
        found = await db.find(Note, NUMBER == 3, TAGS[0] == "a").fetch.all()

        assert [note.tags for note in found] == [["a"], ["a", "b"]]

    async def test_where_narrows_what_was_asked_before(self, db: Ommi, notes: list[Note]) -> None:
        found = await db.query(Note).where(NUMBER == 3).where(TAGS.contains("b")).fetch_all()

        assert len(found) == 2

    async def test_a_function_of_a_row_is_a_condition(self, db: Ommi, notes: list[Note]) -> None:
        found = await db.query(Note).where(lambda note: note.number == 7).fetch_all()

        assert [note.number for note in found] == [7]

    async def test_the_model_is_found_in_the_condition(self, db: Ommi, notes: list[Note]) -> None:
        assert await db.find(NUMBER == 7).count.or_raise() == 1

    async def test_a_question_is_not_changed_by_the_questions_made_of_it(
        self, db: Ommi, notes: list[Note]
    ) -> None:
        every = db.query(Note)

        every.where(NUMBER == 7).limit(1)

        assert await every.count() == len(notes)

    async def test_one_question_can_be_asked_with_other_values(
        self, db: Ommi, notes: list[Note]
    ) -> None:
        counts = [await db.find(LABEL == label).count.or_raise() for label in ("a", "none", "é")]

        assert counts == [1, 0, 1]

    async def test_many_alternatives_may_be_joined(self, db: Ommi, notes: list[Note]) -> None:
        some = NUMBER == 7
        for number in range(1_500):
            some |= NUMBER == number * 10_000 + 11

        assert await db.find(some).count.or_raise() == 1


@pytest.mark.anyio
class TestRefusedQuestions:
    """What is wrong without asking the store raises where it is written."""

    @pytest.mark.parametrize(
        "ask",
        [
            lambda: NUMBER == "1",
            lambda: NUMBER > None,
            lambda: NUMBER == True,  # noqa: E712
            lambda: NUMBER == 2**63,
            lambda: NUMBER.in_(["1"]),
            lambda: LABEL == 1,
            lambda: LABEL.contains(1),
            lambda: LABEL == "nul \x00",
            lambda: LABEL == "half \ud800",
            lambda: DONE == 1,
            lambda: TAGS.contains(1),
        ],
    )
    async def test_a_value_of_another_type_is_refused(self, ask: Callable[[], object]) -> None:
        with pytest.raises(InvalidValue):
            ask()

    @pytest.mark.parametrize(
        "ask",
        [
            lambda: NUMBER.starts_with("a"),  # type: ignore[misc]
            lambda: NUMBER == LABEL,
            lambda: TAGS > ["a"],
            lambda: LABEL + "a",
        ],
    )
    async def test_an_operator_that_the_field_lacks_is_refused(
        self, ask: Callable[[], object]
    ) -> None:
        with pytest.raises(QueryError):
            ask()

    async def test_a_bare_field_that_is_no_flag_is_refused(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match="stands alone"):
            db.find(Note, NUMBER)

    async def test_a_condition_on_two_models_must_say_which_is_asked_for(self, db: Ommi) -> None:
        with pytest.raises(QueryError, match="which model"):
            db.find(NUMBER == 1, col(Account.name) == "a")

    async def test_a_name_that_is_no_field_is_refused(self, db: Ommi) -> None:
        with pytest.raises(UnknownField):
            db.query(Note).where(lambda note: note.nothing == 1)  # type: ignore[attr-defined]

    async def test_the_truth_of_a_question_cannot_be_told(self) -> None:
        with pytest.raises(TypeError, match="&"):
            bool(NUMBER == 1)
