"""The text of a table in SQLite's catalogue, in parts that can be exchanged.

A table is rebuilt from its own text, so that what Ommi has no word for stays: collations,
generated columns, checks and defaults of somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from ommi.errors import MigrationError

_CLOSED_BY = {"'": "'", '"': '"', "`": "`", "[": "]"}
_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})
_ANYTHING = re.DOTALL | re.IGNORECASE
_WORD = re.compile(r'\s*("(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|\'(?:[^\']|\'\')*\'|\w+)')


@dataclass(frozen=True, slots=True)
class Definition:
    """What stands between the parentheses of a CREATE TABLE, part by part, and behind them."""

    parts: tuple[str, ...]
    suffix: str

    @classmethod
    def of(cls, sql: str) -> Definition:
        """Take a CREATE TABLE apart; raises `MigrationError` for one that is none."""
        places = [place for place, depth in _marks(sql) if depth == 1]
        if not places:
            raise MigrationError("a table that is not made of columns cannot be changed")
        inside = [sql[a + 1 : b].strip() for a, b in pairwise(places)]
        return cls(tuple(inside), sql[places[-1] + 1 :])

    def text(self, quoted_name: str) -> str:
        """Give the CREATE TABLE under a name."""
        body = ",\n  ".join(self.parts)
        return f"CREATE TABLE {quoted_name} (\n  {body}\n){self.suffix}"

    def column(self, name: str) -> str:
        """Give the part of a column."""
        return self.parts[self._place(name)]

    def with_column(self, text: str) -> Definition:
        """Add a column behind the others."""
        last = max(place for place, part in enumerate(self.parts) if _column_name(part))
        return replace(self, parts=(*self.parts[: last + 1], text, *self.parts[last + 1 :]))

    def with_column_as(self, name: str, text: str) -> Definition:
        """Exchange the part of a column."""
        place = self._place(name)
        return replace(self, parts=(*self.parts[:place], text, *self.parts[place + 1 :]))

    def without_column(self, name: str) -> Definition:
        """Remove a column, and the foreign keys that are of it alone."""
        place = self._place(name)
        rest = (*self.parts[:place], *self.parts[place + 1 :])
        return replace(self, parts=tuple(p for p in rest if foreign_key_columns(p) != (name,)))

    def with_constraint(self, text: str) -> Definition:
        """Add a constraint behind everything else."""
        return replace(self, parts=(*self.parts, text))

    def without(self, gone: Iterable[str]) -> Definition:
        """Remove parts."""
        gone = set(gone)
        return replace(self, parts=tuple(part for part in self.parts if part not in gone))

    def named(self, name: str) -> str | None:
        """Give the constraint of that name, if there is one."""
        return next((part for part in self.parts if constraint_name(part) == name), None)

    def _place(self, name: str) -> int:
        for place, part in enumerate(self.parts):
            if (_column_name(part) or "").lower() == name.lower():
                return place
        raise MigrationError(f"the table's own text has no column {name!r}")


def constraint_name(part: str) -> str | None:
    """Give the name of a constraint of the table, if it has one."""
    words = _words(part, 2)
    if len(words) == 2 and words[0].upper() == "CONSTRAINT":  # noqa: PLR2004
        return _bare(words[1])
    return None


def check_of(part: str) -> tuple[str, str] | None:
    """Give the name and the condition of a named check of the table."""
    name = constraint_name(part)
    match = re.fullmatch(r"\s*CONSTRAINT\s+.*?\bCHECK\s*\((.*)\)\s*", part, _ANYTHING)
    return None if name is None or match is None else (name, match[1].strip())


def foreign_key_columns(part: str) -> tuple[str, ...] | None:
    """Give the columns of a foreign key of the table; `None` for what is none."""
    words = _words(part, 3)
    rest = part
    if words and words[0].upper() == "CONSTRAINT":
        rest = part[_end_of_words(part, 2) :]
        words = _words(rest, 1)
    if not words or words[0].upper() != "FOREIGN" or words[0] != words[0].strip('"`['):
        return None
    inside = rest[rest.index("(") + 1 : rest.index(")")]
    return tuple(_bare(name.strip()) for name in inside.split(","))


def _column_name(part: str) -> str | None:
    words = _words(part, 1)
    return None if not words or words[0].upper() in _CONSTRAINTS else _bare(words[0])


def _words(text: str, count: int) -> list[str]:
    words: list[str] = []
    place = 0
    while len(words) < count and (match := _WORD.match(text, place)):
        words.append(match[1])
        place = match.end()
    return words


def _end_of_words(text: str, count: int) -> int:
    place = 0
    for _ in range(count):
        match = _WORD.match(text, place)
        place = match.end() if match else place
    return place


def _bare(word: str) -> str:
    closing = _CLOSED_BY.get(word[0])
    return word if closing is None else word[1:-1].replace(closing * 2, closing)


def _marks(sql: str) -> Iterator[tuple[int, int]]:
    """Give where parentheses and commas stand, outside of texts and comments, and how deep.

    Those around the parts of the table, and between them, are of depth 1.
    """
    place, depth = 0, 0
    while place < len(sql):
        char = sql[place]
        if char in _CLOSED_BY:
            place = sql.index(_CLOSED_BY[char], place + 1)
        elif sql.startswith("--", place):
            place = sql.find("\n", place) if "\n" in sql[place:] else len(sql)
        elif sql.startswith("/*", place):
            place = sql.index("*/", place) + 1
        elif char == "(":
            depth += 1
            yield place, depth
        elif char == ")":
            yield place, depth
            depth -= 1
            if not depth:
                return
        elif char == ",":
            yield place, depth
        place += 1
