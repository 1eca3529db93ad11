"""What a pattern of the subset is read as, and how anything else is refused."""

from __future__ import annotations

import pytest

from ommi.errors import QueryError
from ommi.query.regex import parse_regex
from ommi.query.regex.tree import ANY, DIGIT, Chain, Choice, End, Repeat, Start, literal

A, B = literal("a"), literal("b")


@pytest.mark.parametrize(
    ("pattern", "tree"),
    [
        ("", Chain(())),
        ("a", A),
        ("ab", Chain((A, B))),
        ("(a)(?:b)", Chain((A, B))),
        ("a|b|", Choice((A, B, Chain(())))),
        ("a*", Repeat(A, 0, None)),
        ("a+", Repeat(A, 1, None)),
        ("a?", Repeat(A, 0, 1)),
        ("a{2}", Repeat(A, 2, 2)),
        ("a{2,}", Repeat(A, 2, None)),
        ("a{2,3}", Repeat(A, 2, 3)),
        ("a{1}", A),
        ("a{0}", Chain(())),
        ("^.$", Chain((Start(), ANY, End()))),
        (r"\.", literal(".")),
        (r"\t\n\r", Chain((literal("\t"), literal("\n"), literal("\r")))),
    ],
)
def test_pattern_is_read_as_this_tree(pattern: str, tree: object) -> None:
    assert parse_regex(pattern) == tree


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\d", "[0-9]"),
        (r"\D", r"[^\d]"),
        (r"[^\D]", r"\d"),
        (r"\w", "[a-zA-Z0-9_]"),
        (r"\W", r"[^\w]"),
        (r"[\S]", r"\S"),
        (".", r"[^\n]"),
        ("[cab]", "[a-c]"),
        ("[a]", "a"),
        ("[-a]", "[a-]"),
        (r"[\]\[]", r"[[\]]"),
        (r"[\s\S]", r"[\d\D]"),
        ("[a-]", r"[a\-]"),
    ],
)
def test_sets_of_the_same_characters_are_equal(one: str, other: str) -> None:
    assert parse_regex(one) == parse_regex(other)


def test_classes_are_ascii() -> None:
    assert parse_regex(r"\d") == DIGIT == parse_regex("[0-9]")
    assert parse_regex(r"\w").members == ((48, 57), (65, 90), (95, 95), (97, 122))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("pattern", "construct", "at"),
    [
        (r"(a)\1", "a backreference", 3),
        (r"(a)\k<x>", "a backreference", 3),
        ("(?P=x)", "a backreference", 0),
        ("a(?=b)", "a lookahead", 1),
        ("a(?!b)", "a lookahead", 1),
        ("(?<=a)b", "a lookbehind", 0),
        ("(?<!a)b", "a lookbehind", 0),
        ("(?P<x>a)", "a named group", 0),
        ("(?<x>a)", "a named group", 0),
        ("(?i)a", "an inline flag", 0),
        ("(?>a)", "an atomic group", 0),
        ("(?#a)", "a comment", 0),
        ("(a)?(?(1)b)", "a conditional group", 4),
        ("a*?", "a lazy repeat", 2),
        ("a{1,2}?", "a lazy repeat", 6),
        ("a++", "a possessive repeat", 2),
        ("a**", "a repeat of a repeat", 2),
        ("a{2}{3}", "a repeat of a repeat", 4),
        (r"\bword", "a word boundary", 0),
        (r"\Aa", "the anchor \\A", 0),
        (r"a\Z", "the anchor \\Z", 1),
        (r"\p{L}", "a Unicode class", 0),
        (r"\x41", "the escape \\x", 0),
        (r"a\é", "the escape \\é", 1),
        ("[[:alpha:]]", "a POSIX class", 1),
        ("(a+)+", "an unbounded repeat inside an unbounded repeat", 4),
        ("(a*b*)*", "an unbounded repeat inside an unbounded repeat", 6),
        ("((a{3,}|b)c)+", "an unbounded repeat inside an unbounded repeat", 12),
        ("*a", "a repeat of nothing", 0),
        ("a|+", "a repeat of nothing", 2),
        ("^*", "a repeat of nothing", 1),
        ("()+", "a repeat of nothing", 2),
        ("(a", "an unbalanced (", 0),
        ("a)", "an unbalanced )", 1),
        ("[a", "an unbalanced [", 0),
        ("a]", "an unbalanced ]", 1),
        ("a}", "an unbalanced }", 1),
        ("[]", "a ] at the start of a class", 1),
        (r"[^\s\S]", "a class that matches nothing", 0),
        ("[z-a]", "a range without order", 1),
        (r"[a-\d]", "a range without order", 1),
        ("a{,3}", "a { that is no repeat", 1),
        ("a{x}", "a { that is no repeat", 1),
        ("a{3,2}", "a repeat that ends before it starts", 1),
        ("a{1001}", "a repeat this long", 1),
        ("a\\", "a lone \\ at the end", 1),
        ("(" * 51 + ")" * 51, "a group this deep", 50),
        ("a" * 1001, "a pattern of 1001 characters", 1000),
        ("(a{1000}){3}", "a pattern that spells out to 3000 characters", 9),
        ("a{999}b{999}c{999}", "a pattern that spells out to 2997 characters", 18),
    ],
)
def test_what_is_outside_the_subset_is_named_with_its_place(
    pattern: str, construct: str, at: int
) -> None:
    with pytest.raises(QueryError) as refused:
        parse_regex(pattern)
    assert f": {construct} at position {at} is not supported; " in str(refused.value)


def test_at_most_sixty_characters_of_a_refused_pattern_are_shown() -> None:
    with pytest.raises(QueryError) as refused:
        parse_regex("a" * 100 + "**")
    assert str(refused.value).startswith(f"regex '{'a' * 57}...': ")


@pytest.mark.parametrize(
    "pattern", ["(" * 50 + ")" * 50, "a" * 1000, "a{1000}", "(a{1000}){2}", "(a+){1,20}", "(a?b)*"]
)
def test_what_is_just_inside_the_limits_is_read(pattern: str) -> None:
    assert hash(parse_regex(pattern)) == hash(parse_regex(pattern))
