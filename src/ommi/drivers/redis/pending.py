"""What was seen and what is to be written: a commit in the making, of keys, fields and members.

It knows nothing of tables. What is to be written hides what was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Place(NamedTuple):
    """A field of a hash."""

    key: bytes
    field: bytes


class Group(NamedTuple):
    """The members of an index that have one value."""

    key: bytes
    value: bytes


class Moved(Exception):
    """Something that was seen is no longer so."""


Fields = dict[bytes, dict[bytes, bytes | None]]


@dataclass(slots=True)
class Writes:
    """Changes, by key and then by field or member; the last one of a place counts."""

    fields: Fields = field(default_factory=dict)
    groups: dict[Group, dict[bytes, bool]] = field(default_factory=dict)
    ranks: Fields = field(default_factory=dict)
    raised: dict[Place, bytes] = field(default_factory=dict)
    tables: dict[bytes, None] = field(default_factory=dict)  # a set that keeps its order

    def __bool__(self) -> bool:
        return bool(self.tables)

    def field(self, place: Place, value: bytes | None) -> None:
        """Put a value into a field, or remove it."""
        self.fields.setdefault(place.key, {})[place.field] = value

    def member(self, group: Group, id_: bytes, *, is_in: bool) -> None:
        """Add to a group, or remove from it."""
        self.groups.setdefault(group, {})[id_] = is_in

    def rank(self, key: bytes, member: bytes, rank: bytes | None) -> None:
        """Add to a sorted set with a score, or remove from it."""
        self.ranks.setdefault(key, {})[member] = rank

    def copy(self) -> Writes:
        """Give the same changes, to be gone back to."""
        return Writes(
            {key: part.copy() for key, part in self.fields.items()},
            {group: part.copy() for group, part in self.groups.items()},
            {key: part.copy() for key, part in self.ranks.items()},
            self.raised.copy(),
            self.tables.copy(),
        )

    def arguments(self) -> Iterator[bytes]:
        """Give them as the script reads them."""
        for key, fields in self.fields.items():
            for name, value in fields.items():
                yield from (b"unset", key, name) if value is None else (b"set", key, name, value)
        for (key, value), members in self.groups.items():
            for id_, is_in in members.items():
                member = value + b"\0" + id_
                yield from (b"rank", key, member, b"0") if is_in else (b"unrank", key, member)
        for key, ranks in self.ranks.items():
            for member, rank in ranks.items():
                if rank is None:
                    yield from (b"unrank", key, member)
                else:
                    yield from (b"rank", key, member, rank)
        for (key, name), value in self.raised.items():
            yield from (b"raise", key, name, value)
        for table in self.tables:
            yield from (b"changed", table)


@dataclass(slots=True)
class Seen:
    """What the store held when it was looked at: a commit is made only if it still does."""

    fields: dict[Place, bytes | None] = field(default_factory=dict)
    groups: dict[Group, frozenset[bytes]] = field(default_factory=dict)
    tables: dict[bytes, bytes] = field(default_factory=dict)
    until: int | None = None
    """When the first of the rows expires that were seen, in microseconds."""

    def expiring(self, end: int) -> None:
        """Remember when something that was seen will be no longer so."""
        self.until = end if self.until is None else min(self.until, end)

    def field(self, place: Place, found: bytes | None) -> None:
        """Remember a field; raises `Moved` if it was another before."""
        if self.fields.setdefault(place, found) != found:
            raise Moved

    def group(self, group: Group, found: frozenset[bytes]) -> None:
        """Remember a group; raises `Moved` if it was another before."""
        if self.groups.setdefault(group, found) != found:
            raise Moved

    def table(self, name: bytes, changed: bytes) -> None:
        """Remember when a table was changed; raises `Moved` if it was another time before."""
        if self.tables.setdefault(name, changed) != changed:
            raise Moved

    def checks(self, changes: bytes) -> list[tuple[bytes, ...]]:
        """Give them as the script checks them."""
        made: list[tuple[bytes, ...]] = [
            (b"-", key, name) if value is None else (b"=", key, name, value)
            for (key, name), value in self.fields.items()
        ]
        made.extend(
            (b"group", key, *limits(value), str(len(found)).encode(), *_members(value, found))
            for (key, value), found in self.groups.items()
        )
        made.extend(
            (b"=", changes, name, changed) if changed else (b"-", changes, name)
            for name, changed in self.tables.items()
        )
        if self.until is not None:
            made.append((b"before", str(self.until).encode()))
        return made


def limits(value: bytes) -> tuple[bytes, bytes]:
    """Give where the members with a value begin and end, as the server wants it said."""
    return b"[" + value + b"\0", b"(" + value + b"\x01"


def _members(value: bytes, ids: Iterable[bytes]) -> list[bytes]:
    return sorted(value + b"\0" + id_ for id_ in ids)
