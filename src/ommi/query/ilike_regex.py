"""`ilike` for stores that have regular expressions, and for those that have no letters of ours."""

from __future__ import annotations

from ommi.query.ilike import Token, Wildcard, letter_class, tokens
from ommi.query.regex.tree import EVERY, End, Regex, Repeat, Start, chain, characters


def ilike_regex(pattern: str) -> Regex:
    """Say the same as a regular expression, with a class of characters for each letter."""
    parts = (_regex_of(token) for token in tokens(pattern))
    return chain([Start(), *parts, End()])


def _regex_of(token: Token) -> Regex:
    if token is Wildcard.RUN:
        return Repeat(EVERY, 0, None)
    if token is Wildcard.ONE:
        return EVERY
    return characters((ord(char), ord(char)) for char in letter_class(token))
