r"""What `ilike` means: a pattern for the whole text, blind to the case of letters.

`%` stands for any run of characters, `_` for exactly one, and `\` takes the special meaning from
the `%`, `_` or `\` after it. Two letters are equal when Python's `lower()` of each alone is:
accents count, nothing becomes longer or shorter, and no letter depends on its neighbours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

from ommi.errors import QueryError


class Wildcard(Enum):
    """What stands for other characters in a pattern."""

    RUN = "%"
    ONE = "_"


MAX_LENGTH = 10_000
"""Each character of a pattern costs time in Python, while no other thread runs."""

Token: TypeAlias = str | Wildcard

_ESCAPE = "\\"
_WILDCARDS = {wildcard.value: wildcard for wildcard in Wildcard}
_SPECIAL = str.maketrans({char: _ESCAPE + char for char in (*_WILDCARDS, _ESCAPE)})
# Letters with two cases are all in the first two planes.
_CODE_POINTS = range(0x20000)


def fold(text: str) -> str:
    """Fold each character to its lower case, if that is one character."""
    if text.isascii():
        return text.lower()
    # On a whole text `lower()` does two things more: it lengthens İ, and Σ depends on the place.
    return "İ".join(part.lower() for part in text.replace("Σ", "\u03c3").split("İ"))


def letter_class(char: str) -> str:
    """Give every character that folds like `char`, itself among them, by code point."""
    return _letter_classes().get(fold(char), char)


def escape_like(text: str) -> str:
    """Write `text` so that a pattern takes it literally."""
    return text.translate(_SPECIAL)


def validate_ilike(pattern: str) -> None:
    """Refuse with QueryError a pattern that is too long or whose escapes have no meaning."""
    if len(pattern) > MAX_LENGTH:
        raise QueryError(
            f"an ilike pattern of {len(pattern)} characters; use at most {MAX_LENGTH}"
        )
    for _ in tokens(pattern):
        pass


def ilike_matches(pattern: str, text: str) -> bool:
    """Say whether `pattern` matches the whole of `text`, in time proportional to the text."""
    return _matcher(pattern).matches(fold(text))


class _Matcher:
    """A folded pattern, cut at each `%`: the outer segments are anchored, the others found."""

    def __init__(self, pattern: str) -> None:
        segments = _split(_folded(token) for token in tokens(pattern))
        self._prefix = segments[0]
        self._middle = [_Segment(segment) for segment in segments[1:-1] if segment]
        self._suffix = segments[-1] if len(segments) > 1 else None

    def matches(self, text: str) -> bool:
        if self._suffix is None:
            return len(text) == len(self._prefix) and _fits(self._prefix, text)
        start, end = len(self._prefix), len(text) - len(self._suffix)
        if start > end or not _fits(self._prefix, text) or not _fits(self._suffix, text[end:]):
            return False
        return self._middle_fits(text, start, end)

    def _middle_fits(self, text: str, start: int, end: int) -> bool:
        for segment in self._middle:
            start = segment.find_end(text, start, end)
            if start < 0:
                return False
        return True


class _Segment:
    """What stands between two `%`."""

    def __init__(self, tokens: list[Token]) -> None:
        letters = [token for token in tokens if isinstance(token, str)]
        self._length = len(tokens)
        self._literal = "".join(letters) if len(letters) == len(tokens) else None
        self._wild = sum(1 << place for place, token in enumerate(tokens) if token is Wildcard.ONE)
        self._places = dict.fromkeys(letters, self._wild)
        for place, token in enumerate(tokens):
            if isinstance(token, str):
                self._places[token] |= 1 << place

    def find_end(self, text: str, start: int, end: int) -> int:
        """Give where the first occurrence ends, or -1."""
        if self._literal is None:
            return self._find_wild(text, start, end)
        found = text.find(self._literal, start, end)
        return found if found < 0 else found + self._length

    def _find_wild(self, text: str, start: int, end: int) -> int:
        # A bit for each place in the segment that the text so far may have reached.
        places, wild, last = self._places, self._wild, 1 << (self._length - 1)
        reached = 0
        for index in range(start, end):
            reached = (reached << 1 | 1) & places.get(text[index], wild)
            if reached & last:
                return index + 1
        return -1


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> _Matcher:
    return _Matcher(pattern)


def tokens(pattern: str) -> Iterator[Token]:
    """Give the letters and wildcards of a pattern; raises `QueryError`."""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == _ESCAPE:
            at += 1
            yield _escaped(pattern, at)
        else:
            yield _WILDCARDS.get(char, char)
        at += 1


def _escaped(pattern: str, at: int) -> str:
    char = pattern[at : at + 1]
    if char in _WILDCARDS or char == _ESCAPE:
        return char
    raise QueryError(
        f"the \\ at position {at - 1} of an ilike pattern stands before no %, _ or \\; "
        "write \\\\ for the character, or build the pattern with escape_like"
    )


def _folded(token: Token) -> Token:
    return fold(token) if isinstance(token, str) else token


def _split(tokens: Iterable[Token]) -> list[list[Token]]:
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wildcard.RUN:
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


def _fits(tokens: list[Token], text: str) -> bool:
    """Say whether `text` starts with what the tokens stand for; it is at least as long."""
    return all(token in (Wildcard.ONE, char) for token, char in zip(tokens, text, strict=False))


@lru_cache(maxsize=1)
def _letter_classes() -> dict[str, str]:
    """Collect the letters that fold like another, in about 20 ms."""
    everything = "".join(map(chr, _CODE_POINTS))
    pairs = zip(fold(everything), everything, strict=True)
    changed = [(folded, char) for folded, char in pairs if folded != char]
    classes: defaultdict[str, list[str]] = defaultdict(list)
    for folded, char in changed:
        classes[folded].append(char)
    return {folded: "".join(sorted([*chars, folded])) for folded, chars in classes.items()}
