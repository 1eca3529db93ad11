"""A regular expression as a value: six kinds of node, compared and hashed by content.

Groups leave no node behind (nothing can refer back to them) and every set of characters has one
spelling, so two patterns that differ only in notation give the same tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]
Regex: TypeAlias = "Characters | Start | End | Chain | Choice | Repeat"

_LAST_CODE_POINT = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of `ranges` (code points, inclusive), or out of all others."""

    ranges: tuple[Range, ...]
    negated: bool = False

    @property
    def members(self) -> tuple[Range, ...]:
        """List the ranges that match."""
        return _complement(self.ranges) if self.negated else self.ranges

    @property
    def literal(self) -> str | None:
        """Give the character, if there is exactly one."""
        if self.negated or len(self.ranges) != 1:
            return None
        low, high = self.ranges[0]
        return chr(low) if low == high else None


@dataclass(frozen=True, slots=True)
class Start:
    """The start of the text."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of the text; a newline before it does not count."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One part after the other; no part at all matches the empty text."""

    parts: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of `branches`."""

    branches: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`body`, at least `least` times and at most `most` times; None is no bound."""

    body: Regex
    least: int
    most: int | None


def characters(ranges: Iterable[Range], *, negated: bool = False) -> Characters:
    """Make a set of characters in its one spelling: the side without the last code point."""
    merged = _merge(ranges)
    members = _complement(merged) if negated else merged
    if members and members[-1][1] == _LAST_CODE_POINT:
        return Characters(_complement(members), negated=True)
    return Characters(members)


def literal(char: str) -> Characters:
    """Make the set of exactly one character."""
    return Characters(((ord(char), ord(char)),))


def chain(parts: Iterable[Regex]) -> Regex:
    """Join parts in order; a chain within a chain is spliced, a chain of one is its part."""
    flat: list[Regex] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Chain) else (part,))
    return flat[0] if len(flat) == 1 else Chain(tuple(flat))


def repeat(body: Regex, least: int, most: int | None) -> Regex:
    """Repeat `body`; exactly once is the body, exactly never is the empty text."""
    if most == 0:
        return NOTHING
    return body if least == most == 1 else Repeat(body, least, most)


def size(node: Regex) -> int:
    """Count the leaves of the tree with every bounded repeat written out."""
    match node:
        case Chain(parts):
            return sum(map(size, parts))
        case Choice(branches):
            return sum(max(1, size(branch)) for branch in branches)
        case Repeat(body, least, most):
            return size(body) * (least + 1 if most is None else most)
        case _:
            return 1


def consumes(node: Regex) -> bool:
    """Say whether a match of `node` can take any character at all."""
    match node:
        case Chain(parts) | Choice(parts):
            return any(map(consumes, parts))
        case Repeat(body):
            return consumes(body)
        case _:
            return isinstance(node, Characters)


def nullable(node: Regex) -> bool:
    """Say whether `node` can match without taking a character."""
    match node:
        case Chain(parts):
            return all(map(nullable, parts))
        case Choice(branches):
            return any(map(nullable, branches))
        case Repeat(body, least, _):
            return least == 0 or nullable(body)
        case _:
            return not isinstance(node, Characters)


def unbounded(node: Regex) -> bool:
    """Say whether there is a repeat without an upper bound anywhere in `node`."""
    match node:
        case Chain(parts) | Choice(parts):
            return any(map(unbounded, parts))
        case Repeat(body, _, most):
            return most is None or unbounded(body)
        case _:
            return False


def _merge(ranges: Iterable[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _complement(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    gaps: list[Range] = []
    following = 0
    for low, high in ranges:
        if following < low:
            gaps.append((following, low - 1))
        following = high + 1
    if following <= _LAST_CODE_POINT:
        gaps.append((following, _LAST_CODE_POINT))
    return tuple(gaps)


NOTHING = Chain(())
ANY = characters([(ord("\n"), ord("\n"))], negated=True)
EVERY = Characters((), negated=True)
DIGIT = characters([(ord("0"), ord("9"))])
WORD = characters(
    [*DIGIT.ranges, (ord("A"), ord("Z")), (ord("_"), ord("_")), (ord("a"), ord("z"))]
)
SPACE = characters([(ord("\t"), ord("\r")), (ord(" "), ord(" "))])
