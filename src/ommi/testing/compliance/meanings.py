"""Questions about notes, each with what it means in Python."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable

from ommi.query.builder import when
from ommi.query.fields import fields
from ommi.query.nodes import Predicate
from ommi.testing.compliance.models import Note

Meaning = Callable[[Note], object]
Question = tuple[Predicate, Meaning]
Questions = dict[str, Question]

NOTE = fields(Note)

TEXTS = (
    *("", " ", "a", "A", "a ", " a", "ab", "AB", "aB", "b", "ba", "aba", "10", "9", "null"),
    *("%", "_", "a%b", "a_b", "axb", "a\\b", "\\", "a|b", "a.b", "[a]", "a'b", 'a"b', "a`b"),
    *("a\nb", "a\n", "\t", "é", "e\u0301", "É", "ä", "Ä", "ß", "ss", "ẞ", "Σ", "\u03c3", "ς", "ﬁ"),
    *("İ", "i", "I", "\u0131", "\u00a0", "😀", "😁", "\uffff", "\U0001f600\U0001f3fd", "日本語"),
)
NUMBERS = (0, 1, -1, 7, 2**53, 2**53 + 1, 2**63 - 1, -(2**63))
LISTS: tuple[list[str], ...] = (["a"], ["b", "a"], ["a", "b"], [""], [])


def notes() -> Iterable[Note]:
    """Make notes for all the questions: of each label, each number and each list, and of none."""
    yield from (Note("a", label=label) for label in (None, *TEXTS))
    yield from (Note("b", number, is_done=number == 7) for number in NUMBERS)
    yield from (Note("c", 3, None, True, tags) for tags in LISTS)


def _labelled(means: Callable[[str], object]) -> Meaning:
    """Give a meaning that is False of notes without a label."""
    return lambda note: note.label is not None and means(note.label)


def _numbered(means: Callable[[int], object]) -> Meaning:
    """Give a meaning that is False of notes without a number."""
    return lambda note: note.number is not None and means(note.number)


def _text_compared(name: str, compare: Callable[[str, str], object], part: str) -> Questions:
    return {
        f"{name} {part!r}": (
            getattr(NOTE.label, name)(part),
            _labelled(lambda s: compare(s, part)),
        )
    }


def _parts_of_text() -> Questions:
    questions: Questions = {}
    for part in TEXTS:
        questions |= _text_compared("contains", operator.contains, part)
        questions |= _text_compared("starts_with", str.startswith, part)
        questions |= _text_compared("ends_with", str.endswith, part)
    return questions | {
        "not_contains": (NOTE.label.not_contains("a"), lambda n: "a" not in (n.label or "")),
    }


def _order_of_text() -> Questions:
    questions: Questions = {}
    for text in ("", "a", "é", "9", "\uffff", "😀"):
        questions |= _text_compared("__lt__", operator.lt, text)
        questions |= _text_compared("__le__", operator.le, text)
        questions |= _text_compared("__gt__", operator.gt, text)
        questions |= _text_compared("__ge__", operator.ge, text)
    return questions | {
        "between": (NOTE.label.between("A", "a"), _labelled(lambda s: "A" <= s <= "a")),
        "field > field": (NOTE.label > NOTE.text, _labelled(lambda s: s > "a")),
    }


def _text_is(text: str | None) -> Questions:
    return {
        f"== {text!r}": (NOTE.label == text, lambda n: n.label == text),
        f"!= {text!r}": (NOTE.label != text, lambda n: n.label != text),
    }


def _equality_of_text() -> Questions:
    questions: Questions = {
        "field == field": (NOTE.label == NOTE.text, lambda n: n.label == n.text)
    }
    for text in (None, *TEXTS):
        questions |= _text_is(text)
    return questions


def _membership() -> Questions:
    return {
        "in_": (NOTE.label.in_(["a", "😀", ""]), lambda n: n.label in {"a", "😀", ""}),
        "in_ with None": (NOTE.label.in_(["a", None]), lambda n: n.label in {"a", None}),
        "in_ of nothing": (NOTE.label.in_([]), lambda _: False),
        "in_ of None alone": (NOTE.label.in_([None]), lambda n: n.label is None),
        "not_in": (NOTE.label.not_in(["a", "b"]), lambda n: n.label not in {"a", "b"}),
        "not_in with None": (NOTE.label.not_in(["a", None]), lambda n: n.label not in {"a", None}),
        "not_in of nothing": (NOTE.label.not_in([]), lambda _: True),
        "numbers": (NOTE.number.in_([0, 7, 2**53]), lambda n: n.number in {0, 7, 2**53}),
        "a long list": (NOTE.number.in_(range(2_000)), lambda n: n.number in range(2_000)),
        "not a long list": (
            NOTE.number.not_in(range(2_000)),
            lambda n: n.number not in range(2_000),
        ),
        "is_null": (NOTE.label.is_null(), lambda n: n.label is None),
        "is_not_null": (NOTE.label.is_not_null(), lambda n: n.label is not None),
    }


def _regex(pattern: str) -> Question:
    # `$` is the very end, whatever line ends there, and classes are those of ASCII.
    meaning = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
    return NOTE.label.regex(pattern), _labelled(meaning.search)


def _regexes() -> Questions:
    patterns = (
        *(r"^a", r"b$", r"^a.b$", r"\d+", r"[aA]b", r"^(a|b)+$", r"\\", r"^$", r"é|ß", r"\s"),
        *(r"[^a]", r"a{1,2}b?", r"\w", r"\.", r"^.$", r""),
    )
    return {pattern: _regex(pattern) for pattern in patterns}


def _ilike(pattern: str, *matches: str) -> Questions:
    return {pattern: (NOTE.label.ilike(pattern), lambda note: note.label in matches)}


def _without_case() -> Questions:
    return {
        **_ilike("AB", "ab", "AB", "aB"),
        **_ilike("B%", "b", "ba"),
        **_ilike("a_", "a ", "ab", "AB", "aB", "a\n"),
        **_ilike(r"A\%b", "a%b"),
        **_ilike(r"A\\b", "a\\b"),
        **_ilike("Ä", "ä", "Ä"),
        **_ilike("É", "é", "É"),
        **_ilike("", ""),
        "icontains": (NOTE.label.icontains("B"), _labelled(lambda s: "b" in s.lower())),
        "icontains %": (NOTE.label.icontains("%"), _labelled(lambda s: "%" in s)),
    }


def _number_is(number: int) -> Questions:
    return {
        f"== {number}": (NOTE.number == number, lambda n: n.number == number),
        f"!= {number}": (NOTE.number != number, lambda n: n.number != number),
        f"> {number}": (NOTE.number > number, _numbered(lambda x: x > number)),
        f">= {number}": (NOTE.number >= number, _numbered(lambda x: x >= number)),
        f"< {number}": (NOTE.number < number, _numbered(lambda x: x < number)),
        f"<= {number}": (NOTE.number <= number, _numbered(lambda x: x <= number)),
    }


def _numbers() -> Questions:
    questions: Questions = {
        "== None": (NOTE.number.is_null(), lambda n: n.number is None),
        "between": (NOTE.number.between(-1, 7), _numbered(lambda x: -1 <= x <= 7)),
        "between the wrong way": (NOTE.number.between(7, -1), lambda _: False),
        "calculated": (NOTE.number * 0 == 0, lambda n: n.number is not None),
        "calculated and compared": (
            NOTE.number * 0 == NOTE.number,
            lambda n: n.number in {None, 0},
        ),
    }
    for number in NUMBERS:
        questions |= _number_is(number)
    return questions


def _flags_and_lists() -> Questions:
    return {
        "a bare flag": (when(NOTE.is_done), lambda n: n.is_done),
        "a negated flag": (when(~NOTE.is_done), lambda n: not n.is_done),
        "flag == False": (NOTE.is_done == False, lambda n: not n.is_done),  # noqa: E712
        "contains": (NOTE.tags.contains("a"), lambda n: "a" in n.tags),
        "contains the empty text": (NOTE.tags.contains(""), lambda n: "" in n.tags),
        "not_contains": (NOTE.tags.not_contains("a"), lambda n: "a" not in n.tags),
        "path": (NOTE.tags[0] == "a", lambda n: n.tags[:1] == ["a"]),
        "path to nothing": (NOTE.tags[1].is_null(), lambda n: len(n.tags) <= 1),
        "list == list": (NOTE.tags == ["a", "b"], lambda n: n.tags == ["a", "b"]),
        "list == empty list": (NOTE.tags == [], lambda n: n.tags == []),
    }


def _combinations() -> Questions:
    def is_positive(note: Note) -> bool:
        return (note.number or 0) > 0

    return {
        "&": (NOTE.is_done & (NOTE.number > 0), lambda n: n.is_done and is_positive(n)),
        "|": (NOTE.is_done | (NOTE.number > 0), lambda n: n.is_done or is_positive(n)),
        "~": (~(NOTE.is_done & (NOTE.number > 0)), lambda n: not (n.is_done and is_positive(n))),
        "And, Or": (
            (NOTE.number > 0).And(NOTE.label.is_null()).Or(NOTE.is_done),
            lambda n: (is_positive(n) and n.label is None) or n.is_done,
        ),
        "| inside &": (
            (NOTE.is_done | (NOTE.number == 0)) & (NOTE.tags.contains("a") | (NOTE.number == 7)),
            lambda n: (n.is_done or n.number == 0) and ("a" in n.tags or n.number == 7),
        ),
    }


FAMILIES: dict[str, Questions] = {
    "equality of text": _equality_of_text(),
    "parts of text": _parts_of_text(),
    "order of text": _order_of_text(),
    "membership": _membership(),
    "regex": _regexes(),
    "letter case aside": _without_case(),
    "numbers": _numbers(),
    "flags and lists": _flags_and_lists(),
    "combinations": _combinations(),
}
