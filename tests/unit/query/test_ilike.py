"""Patterns with `%` and `_`, blind to case, against a naive matcher."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ommi.errors import QueryError
from ommi.query.ilike import (
    escape_like,
    fold,
    ilike_matches,
    letter_class,
    validate_ilike,
)
from ommi.query.ilike_regex import ilike_regex
from ommi.query.regex import PYTHON, render

ALL_CHARACTERS = [chr(code) for code in range(0x110000)]


def folded_alone(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 else char


@cache
def naive(pattern: str, text: str) -> bool:
    """Match by the definition; exponential."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(naive(pattern[1:], text[skipped:]) for skipped in range(len(text) + 1))
    if pattern[0] == "_":
        return bool(text) and naive(pattern[1:], text[1:])
    rest = pattern[1:] if pattern[0] == "\\" else pattern
    same = bool(text) and folded_alone(rest[0]) == folded_alone(text[0])
    return same and naive(rest[1:], text[1:])


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("", "", True),
        ("", "a", False),
        ("%", "", True),
        ("_", "", False),
        ("ABC", "abc", True),
        ("b", "abc", False),
        ("%b%", "abc", True),
        ("a%c", "a\n\nc", True),
        ("a_c", "a\nc", True),
        ("a%a", "a", False),
        ("%ab%ab%", "xabx", False),
        ("a__%", "ab", False),
        ("%b_d%f", "abbcdef", True),
        (r"100\%", "100%", True),
        (r"100\%", "1000", False),
        (r"a\_b", "axb", False),
        (r"a\\b", "a\\b", True),
        ("ÄRGER", "ärger", True),
        ("ärger", "arger", False),
        ("straße", "STRASSE", False),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ", True),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", False),
        ("İ", "İ", True),
        ("İ", "i", False),
        ("K", "\u212a", True),
    ],
)
def test_pattern_matches_the_whole_text_or_does_not(
    pattern: str, text: str, matches: bool
) -> None:
    assert ilike_matches(pattern, text) is matches


PATTERNS = st.lists(
    st.sampled_from(["%", "_", r"\%", r"\_", r"\\", "a", "B", "Ä", "σ", "İ", "\n"]), max_size=8
).map("".join)
TEXTS = st.text("aAbBäÄΣσςİi%_\\\n", max_size=9)


@given(PATTERNS, TEXTS)
def test_matching_agrees_with_the_definition(pattern: str, text: str) -> None:
    assert ilike_matches(pattern, text) == naive(pattern, text)


@given(PATTERNS, TEXTS)
def test_the_regular_expression_means_the_same(pattern: str, text: str) -> None:
    code = re.compile(render(ilike_regex(pattern), PYTHON))
    assert bool(code.search(text)) == ilike_matches(pattern, text)


def test_the_regular_expression_has_a_class_per_letter() -> None:
    assert render(ilike_regex("%ä_1"), PYTHON) == r"\A[\s\S]*[Ää][\s\S]1\Z"


@pytest.mark.parametrize(("pattern", "at"), [("a\\", 1), (r"\a", 0), (r"%\\\x", 3)])
def test_an_escape_of_anything_else_is_refused_without_showing_the_pattern(
    pattern: str, at: int
) -> None:
    with pytest.raises(QueryError, match=rf"^the \\ at position {at} of an ilike pattern"):
        validate_ilike(pattern)


@given(TEXTS, TEXTS, TEXTS)
def test_an_escaped_text_is_found_as_it_is(before: str, text: str, after: str) -> None:
    pattern = f"%{escape_like(text)}%"
    validate_ilike(pattern)
    assert ilike_matches(pattern, before + text + after)


@given(TEXTS, TEXTS)
def test_an_escaped_text_is_found_only_where_its_fold_is(needle: str, text: str) -> None:
    found = ilike_matches(f"%{escape_like(needle)}%", text)
    assert found == (fold(needle) in fold(text))


def test_every_character_folds_to_its_own_lower_case() -> None:
    assert [fold(char) for char in ALL_CHARACTERS] == list(map(folded_alone, ALL_CHARACTERS))


@given(st.text() | TEXTS)
def test_no_character_folds_by_its_neighbours(text: str) -> None:
    assert fold(text) == "".join(map(folded_alone, text))


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("char", "letters"),
    [("a", "Aa"), ("ä", "Ää"), ("K", "Kk\u212a"), ("ς", "ς"), ("Σ", "Σσ"), ("İ", "İ"), ("1", "1")],
)
def test_a_letter_stands_in_a_class_with_its_other_cases(char: str, letters: str) -> None:
    assert letter_class(char) == letters


@given(st.characters(), st.characters())
def test_letters_share_a_class_exactly_when_they_fold_equal(one: str, other: str) -> None:
    assert (other in letter_class(one)) == (fold(one) == fold(other))


def test_every_character_is_in_its_own_class() -> None:
    assert [char for char in ALL_CHARACTERS if char not in letter_class(char)] == []
