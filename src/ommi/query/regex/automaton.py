"""Search in time proportional to the text, whatever the pattern.

Each character of a pattern is a position, and a position is a bit. What a search has read so far
comes down to the set of positions that the last character may have matched: one integer. Where
the integers that can come up are few, the steps between them are worked out once, as a table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

from ommi.query.regex.tree import Chain, Characters, Choice, End, Regex, Repeat, Start, size

# What a table may cost to build and a text to search, in steps of about 60 ns each.
_TABLE_BUDGET = 100_000
_TEXT_BUDGET = 1_000_000
_BITS_PER_STEP = 1000
_KNOWN_CHARACTERS = 4096

_MATCH = 1


class _Ahead(NamedTuple):
    """The positions that may come next, by where in the text this is decided."""

    inside: int
    at_start: int
    at_end: int
    at_both: int

    def __or__(self, other: _Ahead) -> _Ahead:
        return _Ahead(*(mine | theirs for mine, theirs in zip(self, other, strict=True)))

    def without(self, bit: int) -> _Ahead:
        return _Ahead(*(mask & ~bit for mask in self))


class _Row(list["_Row"]):
    """The next row for each class of characters; `ends` says whether a match may end here."""

    ends = False


class Automaton:
    """The answer machine of one pattern; `longest_text` is what it takes in bounded time."""

    def __init__(self, regex: Regex) -> None:
        positions = _Positions(regex)
        self._classes = _Classes(positions.characters)
        self._accepting = self._classes.masks(positions.characters)
        self._first = positions.entry.at_start
        self._restart = positions.entry.inside
        self._final = _where(ahead.inside & _MATCH for ahead in positions.ahead)
        self._final_at_end = _where(ahead.at_end & _MATCH for ahead in positions.ahead)
        self._always = bool((self._first | self._restart) & _MATCH)
        self._at_end = bool(positions.entry.at_end & _MATCH)
        self._if_empty = bool(positions.entry.at_both & _MATCH)
        self._shifted, self._jumps = _steps([ahead.inside for ahead in positions.ahead])
        self._step_cost = (4 + len(self._jumps)) * (1 + len(positions.ahead) / _BITS_PER_STEP)
        self._table = self._tabulate()

    @property
    def tabulated(self) -> bool:
        """Say whether every step is known beforehand."""
        return self._table is not None

    @property
    def longest_text(self) -> int:
        """Count the characters that can be searched within the budget."""
        return int(_TEXT_BUDGET / (1 if self.tabulated else self._step_cost))

    def search(self, text: str) -> bool:
        """Say whether the pattern matches anywhere in `text`."""
        if self._always or (self._at_end if text else self._if_empty):
            return True
        if not text:
            return False
        if self._table is None:
            return self._simulate(text)
        return self._walk(self._table, text)

    def _walk(self, row: _Row, text: str) -> bool:
        classes = self._classes
        for char in text:
            row = row[classes[char]]
            if row is _FOUND:
                return True
        return row.ends

    def _simulate(self, text: str) -> bool:
        classes, final = self._classes, self._final
        matched = self._first & self._accepting[classes[text[0]]]
        for char in text[1:]:
            if matched & final:
                return True
            matched = self._reach(matched) & self._accepting[classes[char]]
        return bool(matched & (final | self._final_at_end))

    def _reach(self, matched: int) -> int:
        reached = (matched >> 1) & self._shifted | self._restart
        for source, target in self._jumps:
            if matched & source:
                reached |= target
        return reached

    def _tabulate(self) -> _Row | None:
        """Work out every step that can come up, or None where they are too many."""
        budget = _TABLE_BUDGET / (self._step_cost + 3 * len(self._accepting))
        rows: dict[int, _Row] = {}
        first = _Row()
        pending = [(first, self._first)]
        while pending:
            row, reached = pending.pop()
            for accepting in self._accepting:
                matched = reached & accepting
                if matched & self._final:
                    row.append(_FOUND)
                    continue
                if matched not in rows:
                    rows[matched] = following = _Row()
                    following.ends = bool(matched & self._final_at_end)
                    pending.append((following, self._reach(matched)))
                row.append(rows[matched])
            if len(rows) > budget:
                return None
        return first


class _Positions:
    """The positions of a pattern, numbered from its end; 0 is the match itself."""

    def __init__(self, regex: Regex) -> None:
        self.characters: list[Characters | None] = [None]
        self.ahead = [_Ahead(0, 0, 0, 0)]
        self._loop = 1 << (size(regex) + 1)
        self.entry = self._before(regex, _Ahead(*[_MATCH] * 4))

    def _before(self, node: Regex, ahead: _Ahead) -> _Ahead:
        """Give what comes next before `node`, where `ahead` comes next after it."""
        match node:
            case Characters():
                self.characters.append(node)
                self.ahead.append(ahead)
                return _Ahead(*[1 << (len(self.ahead) - 1)] * 4)
            case Start():
                return _Ahead(0, ahead.at_start, 0, ahead.at_both)
            case End():
                return _Ahead(0, 0, ahead.at_end, ahead.at_both)
            case Chain(parts):
                return reduce(lambda after, part: self._before(part, after), parts[::-1], ahead)
            case Choice(branches):
                entries = [self._before(branch, ahead) for branch in branches]
                return reduce(_Ahead.__or__, entries)
            case Repeat():
                return self._before_repeat(node, ahead)

    def _before_repeat(self, node: Repeat, after: _Ahead) -> _Ahead:
        ahead = self._before_loop(node.body, after) if node.most is None else after
        for _ in range((node.most or node.least) - node.least):
            ahead = self._before(node.body, ahead) | after
        for _ in range(node.least):
            ahead = self._before(node.body, ahead)
        return ahead

    def _before_loop(self, body: Regex, after: _Ahead) -> _Ahead:
        # The loop's own entry is not known until its body is done, so a bit stands in for it. One
        # bit will do, since a loop is never inside another.
        first = len(self.ahead)
        entry = self._before(body, _Ahead(*[self._loop] * 4)).without(self._loop) | after
        for position in range(first, len(self.ahead)):
            if self.ahead[position].at_both & self._loop:
                self.ahead[position] = self.ahead[position].without(self._loop) | entry
        return entry


class _Classes(dict[str, int]):
    """The class of each character: characters of a class are in the same sets of the pattern."""

    def __init__(self, sets: list[Characters | None]) -> None:
        ranges = [ends for found in sets if found for ends in found.members]
        edges = {low for low, _ in ranges} | {high + 1 for _, high in ranges}
        self._edges = sorted(edges - {0})

    def __missing__(self, char: str) -> int:
        found = bisect_right(self._edges, ord(char))
        if len(self) < _KNOWN_CHARACTERS:
            self[char] = found
        return found

    def masks(self, sets: list[Characters | None]) -> list[int]:
        """Give, for each class, the positions that take its characters."""
        masks = [0] * (len(self._edges) + 1)
        for position, found in enumerate(sets):
            for low, high in found.members if found else ():
                last = bisect_right(self._edges, high)
                for index in range(bisect_right(self._edges, low), last + 1):
                    masks[index] |= 1 << position
        return masks


def _steps(ahead: list[int]) -> tuple[int, list[tuple[int, int]]]:
    """Split what follows each position into the shift to its neighbour and the other jumps."""
    shifted = 0
    jumps: defaultdict[int, int] = defaultdict(int)
    for position, targets in enumerate(ahead[1:], 1):
        neighbour = targets & (1 << (position - 1)) & ~_MATCH
        shifted |= neighbour
        if others := targets & ~neighbour & ~_MATCH:
            jumps[others] |= 1 << position
    return shifted, [(source, target) for target, source in jumps.items()]


def _where(flags: Iterable[int]) -> int:
    return sum(1 << position for position, flag in enumerate(flags) if flag)


_FOUND = _Row()
