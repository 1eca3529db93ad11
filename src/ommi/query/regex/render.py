"""From a tree to the text that a store's regular expression engine takes.

Only the ASCII letters, digits and ranges of code points are relied on, so that no engine's idea of
locale, case or newline comes in. Patterns are meant to be sent as parameters, with no flag set.
"""

from __future__ import annotations

from dataclasses import dataclass

from ommi.query.regex.tree import (
    EVERY,
    Chain,
    Characters,
    Choice,
    End,
    Range,
    Regex,
    Repeat,
    Start,
    chain,
)

_SPECIAL = frozenset(r"\.^$*+?{}[]()|")
_SPECIAL_IN_CLASS = frozenset(r"\]^-[&~|")
_CONTROL = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}
_SIGNS = {(0, None): "*", (1, None): "+", (0, 1): "?"}


@dataclass(frozen=True, slots=True)
class Notation:
    """What an engine writes in its own way; `bound` is the largest it takes in `{m,n}`."""

    start: str
    end: str
    every: str
    bound: int = 1000


PYTHON = Notation(start=r"\A", end=r"\Z", every=r"[\s\S]")
POSTGRESQL = Notation(start=r"\A", end=r"\Z", every=".", bound=255)
PCRE = Notation(start=r"\A", end=r"\z", every=r"[\s\S]")
MONGODB = Notation(start=r"\A", end=r"(?![\s\S])", every=r"[\s\S]")


def render(regex: Regex, notation: Notation) -> str:
    """Write `regex` in `notation`."""
    match regex:
        case Characters():
            return _characters(regex, notation)
        case Start():
            return notation.start
        case End():
            return notation.end
        case Chain(parts):
            return "".join(_part(part, notation) for part in parts)
        case Choice(branches):
            return "|".join(render(branch, notation) for branch in branches)
        case Repeat():
            return _repeat(regex, notation)


def _part(node: Regex, notation: Notation) -> str:
    text = render(node, notation)
    return f"(?:{text})" if isinstance(node, Choice) else text


def _repeat(node: Repeat, notation: Notation) -> str:
    if max(node.least, node.most or 0) > notation.bound:
        return render(_split(node, notation.bound), notation)
    text = render(node.body, notation)
    body = text if isinstance(node.body, Characters) else f"(?:{text})"
    return body + _quantifier(node.least, node.most)


def _quantifier(least: int, most: int | None) -> str:
    if (least, most) in _SIGNS:
        return _SIGNS[least, most]
    if most is None:
        return f"{{{least},}}"
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _split(node: Repeat, bound: int) -> Regex:
    """Write a long repeat as several shorter ones, one after the other."""
    parts = [Repeat(node.body, count, count) for count in _counts(node.least, bound)]
    if node.most is None:
        return chain([*parts, Repeat(node.body, 0, None)])
    optional = _counts(node.most - node.least, bound)
    return chain([*parts, *(Repeat(node.body, 0, count) for count in optional)])


def _counts(total: int, bound: int) -> list[int]:
    whole, rest = divmod(total, bound)
    return [bound] * whole + [rest] * (rest > 0)


def _characters(node: Characters, notation: Notation) -> str:
    if node == EVERY:
        return notation.every
    if node.literal is not None:
        return _escaped(node.literal, _SPECIAL)
    return f"[{'^' * node.negated}{''.join(map(_range, node.ranges))}]"


def _range(ends: Range) -> str:
    # No text holds NUL, and PostgreSQL takes none in a pattern.
    ends = (max(ends[0], min(1, ends[1])), ends[1])
    low, high = (_escaped(chr(code), _SPECIAL_IN_CLASS) for code in ends)
    if low == high:
        return low
    return f"{low}-{high}" if ends[1] - ends[0] > 1 else low + high


def _escaped(char: str, special: frozenset[str]) -> str:
    return "\\" + char if char in special else _CONTROL.get(char, char)
