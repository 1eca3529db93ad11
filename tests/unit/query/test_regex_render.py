"""The exact text that each engine is given."""

from __future__ import annotations

import pytest

from ommi.query.regex import (
    MONGODB,
    PCRE,
    POSTGRESQL,
    PYTHON,
    Notation,
    parse_regex,
    render,
    trim,
)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", ""),
        (".", r"[^\n]"),
        (r"\d\w", "[0-9][0-9A-Z_a-z]"),
        (r"\s", r"[\t-\r ]"),
        (r"\S", r"[^\t-\r ]"),
        (r"[\s\S]", r"[\s\S]"),
        ("^a$", r"\Aa\Z"),
        ("(ab)*", "(?:ab)*"),
        ("(a)*", "a*"),
        ("a(b|c)d", "a(?:b|c)d"),
        ("(a|b)+", "(?:a|b)+"),
        ("(a{2}){3}", "(?:a{2}){3}"),
        ("a{2,}b{1,4}c?", "a{2,}b{1,4}c?"),
        (r"\.\^\-\n", r"\.\^-\n"),
        (r"[\^\]\-\\\[]", r"[\-\[-\^]"),
        ("[ab]", "[ab]"),
        ("Größe", "Größe"),
    ],
)
def test_python_is_given_this_text(pattern: str, text: str) -> None:
    assert render(parse_regex(pattern), PYTHON) == text


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        (PYTHON, r"\A[^\n][0-9]\Z"),
        (POSTGRESQL, r"\A[^\n][0-9]\Z"),
        (PCRE, r"\A[^\n][0-9]\z"),
        (MONGODB, r"\A[^\n][0-9](?![\s\S])"),
    ],
)
def test_each_engine_has_its_own_ends_of_the_text(notation: Notation, text: str) -> None:
    assert render(parse_regex(r"^.\d$"), notation) == text


def test_postgresql_takes_any_character_as_a_dot() -> None:
    assert render(parse_regex(r"[\s\S]*a"), POSTGRESQL) == ".*a"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a{255}", "a{255}"),
        ("a{256}", "a{255}a{1}"),
        ("a{600,}", "a{255}a{255}a{90}a*"),
        ("a{10,300}", "a{10}a{0,255}a{0,35}"),
    ],
)
def test_a_repeat_too_long_for_postgresql_is_split(pattern: str, text: str) -> None:
    assert render(parse_regex(pattern), POSTGRESQL) == text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (".*[Pp]ython.*", "[Pp]ython"),
        ("a+b+", "ab"),
        ("a{2,}b{3,5}", "a{2}b{3}"),
        ("(.*a|b.*)", "a|b"),
        (".*^a", r"\Aa"),
        ("^.*a", r"\A[^\n]*a"),
        ("a*b?", ""),
        ("(.*.*x){2,3}", r"(?:[^\n]*[^\n]*x){2}"),
    ],
)
def test_a_search_drops_what_it_does_not_need_at_the_edges(pattern: str, text: str) -> None:
    assert render(trim(parse_regex(pattern)), PYTHON) == text
