"""Any pattern, any text: every way to the answer gives the same one."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from ommi.query.regex import PYTHON, Searcher, parse_regex, render, trim
from ommi.query.regex.automaton import Automaton
from ommi.query.regex.tree import size

ATOMS = [
    "a", "b", "ab", ".", r"\.", r"\n", "[ab]", "[^a]", "[a-c]", r"[\d-]", r"[^\w]",
    r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "^", "$", "é", "-",
]  # fmt: skip
SIGNS = ["*", "+", "?", "{2}", "{0,3}", "{1,2}", "{2,}"]
BOUNDED = ["?", "{2}", "{0,3}", "{1,2}"]


def grown(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = smaller.map("({})".format)
    return st.one_of(
        st.tuples(smaller, smaller).map("".join),
        st.tuples(smaller, smaller).map("|".join),
        st.tuples(smaller.map("(a?{})".format), st.sampled_from(BOUNDED)).map("".join),
        group,
        group.map("(?:|{})".format),
    )


REPEATED = st.tuples(
    st.sampled_from([atom for atom in ATOMS if atom not in "^$"] + ["(ab|b)", "(^a|b)", "(a$|b)"]),
    st.sampled_from(SIGNS),
).map("".join)
PATTERNS = st.recursive(st.sampled_from(ATOMS) | REPEATED, grown, max_leaves=6)
SUBJECTS = st.text("ab1-. \n\té\u00a0٣", max_size=12)


def by_hand(pattern: str) -> re.Pattern[str]:
    """Translate for Python by text alone: the patterns here escape no dollar sign."""
    return re.compile(pattern.replace("$", r"\Z"), re.ASCII)


@settings(deadline=None)
@given(PATTERNS, SUBJECTS)
def test_search_agrees_with_python_on_the_pattern_as_written(pattern: str, subject: str) -> None:
    assert Searcher(parse_regex(pattern)).search(subject) == bool(by_hand(pattern).search(subject))


@settings(deadline=None)
@given(PATTERNS, SUBJECTS)
def test_automaton_agrees_with_python(pattern: str, subject: str) -> None:
    automaton = Automaton(parse_regex(pattern))
    assert automaton.search(subject) == bool(by_hand(pattern).search(subject))


@settings(deadline=None)
@given(PATTERNS, SUBJECTS)
def test_automaton_without_a_table_agrees_with_python(pattern: str, subject: str) -> None:
    # The other branch leads to 2 ** 16 sets of positions: too many, unless a match comes first.
    wide = f"({pattern})|a.{{16}}c"
    automaton = Automaton(parse_regex(wide))
    assert automaton.search(subject) == bool(by_hand(wide).search(subject))


@given(PATTERNS)
def test_a_rendered_pattern_is_read_again_as_a_pattern_of_the_same_size(pattern: str) -> None:
    tree = parse_regex(pattern)
    again = render(tree, PYTHON).replace(r"\A", "^").replace(r"\Z", "$")
    assert size(parse_regex(again)) == size(tree)


@given(PATTERNS)
def test_trimming_twice_is_trimming_once(pattern: str) -> None:
    once = trim(parse_regex(pattern))
    assert trim(once) == once
