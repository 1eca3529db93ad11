"""What a search answers, and which machine answers it."""

from __future__ import annotations

import pytest

from ommi.errors import QueryError
from ommi.query.regex import Route, search, searcher


@pytest.mark.parametrize(
    ("pattern", "subject", "found"),
    [
        (".*[Pp]ython.*", "first line\nI like python", True),
        (".*[Pp]ython.*", "PYTHON", False),
        ("", "", True),
        ("^$", "", True),
        ("^$", "\n", False),
        ("a$", "a\n", False),
        ("^b", "a\nb", False),
        ("a.b", "a\nb", False),
        ("a[^b]b", "a\nb", True),
        (r"^\d$", "٣", False),
        (r"^\w$", "é", False),
        (r"^\s$", "\u00a0", False),
        (r"^\s$", "\v", True),
        (r"^\W$", "é", True),
        ("(^|,)b(,|$)", "a,b", True),
        ("(^|,)b(,|$)", "ab", False),
        ("a{2}", "a", False),
        ("^.$", "\U0001f40d", True),
        ("b^", "b", False),
        ("(a$|b)c", "ac", False),
    ],
)
def test_both_machines_find_it_or_both_do_not(pattern: str, subject: str, found: bool) -> None:
    assert search(pattern, subject) is found
    assert searcher(pattern).automaton.search(subject) is found


HARMFUL = [
    "(a+)+$", "([a-zA-Z]+)*$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}$", "(a*)*b", "(a*a*)*b",
    "(a|b|ab)*c", "(x+x+)+y", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a|a)*b", "(a|a)+$",
    "^(a|b|c|ab)*d$", "(a?){30}a{30}", "(a?a?){20}b", "a*a*a*a*a*a*b", ".*.*=.*", ".*.*.*x$",
    "(ab?)*c$", "(ab|a|b)*c", "^(.|x)*y$", r"(\w|\d)+!", r"(\d+)*\.", r"(\s|\t)*$x", r"\s+$",
    r"^\s+|\s+$", r"(\s*,\s*)+x", r"([\w.]+)+@", r"^([a-z0-9]+)*@x", r"\w+\w+\w+\w+!",
    r"^(\w+\s?)*$", r"(\w*\w*)!", "((a|b)*|c*)*d", "((a{1,9}){1,9}){1,9}b", "(a{0,30}){0,30}b",
    "(a|ab|abc)*(d|cd)!", "x[a-z]*[a-e]*[b-z]*y", r"<[^>]*<[^>]*<[^>]*x", '"[^"]*"[^"]*"[^"]*x',
    r"(\$|[A-Z]|\w)*;", r"^(\d|\d\d|\d\d\d)+$", "(0|1|01|10)*2", r"(.|\n)*x", "(foo|fo|o)*bar",
    "(a.*b.*){5}c", r"a.*b.*c.*d.*e", "(a|b?c|ab)*z", r"[ab]*a[ab]{12}x", r"(\w{1,20}\.){1,9}!x",
]  # fmt: skip


def test_fifty_harmful_patterns_are_known() -> None:
    assert len(set(HARMFUL)) == 50


@pytest.mark.parametrize("pattern", HARMFUL)
@pytest.mark.parametrize("piece", ["a", "ab", "0", " "])
def test_a_harmful_pattern_is_refused_or_answered_in_bounded_steps(
    pattern: str, piece: str
) -> None:
    text = piece * (20_000 // len(piece)) + "!"
    try:
        found = searcher(pattern)
    except QueryError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert "an unbounded repeat inside an unbounded repeat" in refusal
        return
    if found.route(len(text)) is Route.AUTOMATON:
        assert found.automaton.tabulated or len(text) <= found.automaton.longest_text
    else:
        assert len(text) <= found.longest_backtracking
    assert found.search(text) in (True, False)


@pytest.mark.parametrize(
    "pattern", ["a.*b", r"x\w*@\w+y", "(a?){30}a{30}", "c(a|aa)*$", "(b|a|ab){40}c"]
)
def test_a_costly_pattern_on_a_long_text_goes_to_the_automaton(pattern: str) -> None:
    assert searcher(pattern).route(40_000) is Route.AUTOMATON


@pytest.mark.parametrize("pattern", ["python", ".*[Pp]ython.*", r"^\d{4}-\d\d$", "cat|dog"])
def test_a_plain_pattern_on_a_long_text_stays_with_re(pattern: str) -> None:
    assert searcher(pattern).route(40_000) is Route.BACKTRACKING


def test_a_cubic_pattern_stays_with_re_on_a_short_text_only() -> None:
    routes = [searcher("a.*b.*c").route(length) for length in (20, 2_000)]
    assert routes == [Route.BACKTRACKING, Route.AUTOMATON]


def test_an_automaton_without_a_table_gives_the_same_answer() -> None:
    machine = searcher("a.{30}b").automaton
    assert not machine.tabulated
    assert machine.search("a" * 40 + "b")
    assert not machine.search("b" + "a" * 40)


def test_a_text_too_long_for_both_machines_is_refused_by_its_length() -> None:
    with pytest.raises(QueryError, match="regex too costly for a text of 100000 characters"):
        search("(ab?){500}c", "secret" + "ab" * 49_997)


def test_a_text_of_a_million_characters_is_not_too_long_for_a_plain_pattern() -> None:
    assert search("a.*b.*c", "x" * 999_997 + "abc")
