"""What `regex` means: a search of the pattern anywhere in the text.

Python's `re` is the fastest way and backtracks: on some patterns its time grows with a power of
the text, and it lets nothing else run meanwhile. So the most steps it can take are counted from
the tree, and beyond a bound an automaton answers instead, slower per character but always in
proportion to the text.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from enum import Enum
from functools import cached_property, lru_cache, reduce
from itertools import combinations, dropwhile
from typing import Final, NamedTuple

from ommi.errors import QueryError
from ommi.query.regex.automaton import Automaton
from ommi.query.regex.parse import parse_regex
from ommi.query.regex.render import PYTHON, render
from ommi.query.regex.tree import (
    NOTHING,
    Chain,
    Characters,
    Choice,
    Range,
    Regex,
    Repeat,
    Start,
    chain,
    characters,
    nullable,
    repeat,
)

_MOST_STEPS = 3e6
_LONGEST_TEXT = 1 << 24
_HOPELESS = 1e30


class Route(Enum):
    """Which machine answers."""

    BACKTRACKING = "backtracking"
    AUTOMATON = "automaton"


def search(pattern: str, subject: str) -> bool:
    """Say whether `pattern` matches anywhere in `subject`. QueryError if that costs too much."""
    return searcher(pattern).search(subject)


@lru_cache(maxsize=256)
def searcher(pattern: str) -> Searcher:
    """Prepare a pattern for many texts. QueryError if it is outside the subset."""
    return Searcher(parse_regex(pattern))


class Searcher:
    """One pattern, ready to be searched for."""

    def __init__(self, regex: Regex) -> None:
        self._regex = trim(regex)
        code = re.compile(render(self._regex, PYTHON))
        self._find: Final = code.match if _anchored(self._regex) else code.search

    def search(self, subject: str) -> bool:
        """Say whether the pattern is found. QueryError if the text is too long for it."""
        if self.route(len(subject)) is Route.BACKTRACKING:
            return self._find(subject) is not None
        return self.automaton.search(subject)

    def route(self, length: int) -> Route:
        """Choose the machine for a text of `length` characters. QueryError if none will do."""
        if length <= self.longest_backtracking:
            return Route.BACKTRACKING
        if length <= self.automaton.longest_text:
            return Route.AUTOMATON
        raise QueryError(
            f"regex too costly for a text of {length} characters; write a simpler pattern, "
            "or narrow the rows with another condition first"
        )

    @cached_property
    def longest_backtracking(self) -> int:
        """Count the characters that `re` can search within its bound."""
        lengths = range(_LONGEST_TEXT)
        return bisect_right(lengths, _MOST_STEPS, key=self._most_steps) - 1

    @cached_property
    def automaton(self) -> Automaton:
        """The machine for patterns and texts that `re` is too slow for."""
        return Automaton(self._regex)

    def _most_steps(self, length: int) -> float:
        if _anchored(self._regex):
            return _work(self._regex, length).steps
        return (length + 1) * _work(_after_literal(self._regex), length).steps


def trim(regex: Regex) -> Regex:
    """Drop what a search does not need at either end: of `.*x+` only `x` has to be there."""
    return _trim(_trim(regex, 0), -1)


def _trim(node: Regex, edge: int) -> Regex:
    match node:
        case Repeat(body, least, _):
            return _trim(body, edge) if least == 1 else repeat(body, least, least)
        case Choice(branches):
            return Choice(tuple(_trim(branch, edge) for branch in branches))
        case Chain(parts):
            return _trim_chain(list(parts), edge)
        case _:
            return node


def _trim_chain(parts: list[Regex], edge: int) -> Regex:
    while parts:
        parts[edge] = _trim(parts[edge], edge)
        if parts[edge] != NOTHING:
            break
        del parts[edge]
    return chain(parts)


def _anchored(node: Regex) -> bool:
    match node:
        case Chain((first, *_)):
            return _anchored(first)
        case Choice(branches):
            return all(map(_anchored, branches))
        case _:
            return isinstance(node, Start)


def _after_literal(node: Regex) -> Regex:
    """Leave out the literal at the front, which `re` finds without trying every place."""
    if not isinstance(node, Chain):
        return node
    rest = dropwhile(lambda part: isinstance(part, Characters) and part.literal, node.parts)
    return chain([Start(), *rest])


class _Work(NamedTuple):
    """The ways in which a node can match at one place, and the steps to try them all."""

    ways: float
    steps: float


def _work(node: Regex, length: int) -> _Work:
    match node:
        case Chain(parts):
            return reduce(_then, (_work(part, length) for part in parts), _Work(1, 0))
        case Choice(branches):
            ways, steps = zip(*(_work(branch, length) for branch in branches), strict=True)
            return _Work(max(ways) if _distinct(branches) else sum(ways), sum(steps))
        case Repeat():
            return _work_of_repeat(node, length)
        case _:
            return _Work(1, 1)


def _then(before: _Work, after: _Work) -> _Work:
    ways = min(_HOPELESS, before.ways * after.ways)
    return _Work(ways, min(_HOPELESS, before.steps + before.ways * after.steps))


def _work_of_repeat(node: Repeat, length: int) -> _Work:
    once = _work(node.body, length)
    most = length + 1 if node.most is None else node.most
    times = most if nullable(node.body) else min(most, length + 1)
    if once.ways == 1:
        return _Work(max(1, times - node.least + 1), max(1, times) * once.steps)
    if times * math.log(once.ways) > math.log(_HOPELESS) / 2:
        return _Work(_HOPELESS, _HOPELESS)
    ways = 2 * once.ways**times
    return _Work(ways, ways * max(1, times) * once.steps)


def _distinct(branches: tuple[Regex, ...]) -> bool:
    """Say whether the first character alone decides which branch can match."""
    first = [_first(branch) for branch in branches]
    return all(first) and not any(_overlap(*pair) for pair in combinations(first, 2))


def _first(node: Regex) -> tuple[Range, ...]:
    """Give the characters that `node` has to start with, or none if that is not plain."""
    match node:
        case Characters():
            return node.members
        case Chain((Characters() as front, *_)):
            return front.members
        case _:
            return ()


def _overlap(one: tuple[Range, ...], other: tuple[Range, ...]) -> bool:
    outside = characters(characters(one).ranges, negated=True).members
    return characters([*other, *outside]).members != outside
