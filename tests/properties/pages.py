"""Random orders, and pages of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from properties.meaning import ordered
from properties.questions import BOOLEANS, COLUMNS, IN_PLACES, calculation
from properties.things import Thing


@dataclass(frozen=True)
class Key:
    """One thing to order by."""

    subject: Any
    is_descending: bool
    has_nulls_last: bool | None

    def ordering(self) -> Any:
        reference = self.subject.reference
        ordering = reference.desc if self.is_descending else reference.asc
        if self.has_nulls_last is None:
            return ordering
        return ordering.nulls_last() if self.has_nulls_last else ordering.nulls_first()


@dataclass(frozen=True)
class Page:
    """An order and the part of it that is wanted."""

    keys: tuple[Key, ...]
    limit: int | None
    offset: int | None

    def of(self, rows: Sequence[Thing]) -> list[Thing]:
        order = [(k.subject.read, k.is_descending, k.has_nulls_last) for k in self.keys]
        start = self.offset or 0
        stop = None if self.limit is None else start + self.limit
        return ordered(rows, [*order, (lambda thing: thing.key, False, None)])[start:stop]


_orderable = [s for s in (*BOOLEANS, *COLUMNS, *COLUMNS, *IN_PLACES) if "<" in s.operators]


def _key(rng: random.Random) -> Key:
    subject = calculation(rng) if rng.random() < 0.2 else rng.choice(_orderable)
    return Key(subject, rng.random() < 0.5, rng.choice((None, None, True, False)))


def page(rng: random.Random) -> Page:
    """Give an order of up to three keys, and the part of the rows that is wanted."""
    keys = tuple(_key(rng) for _ in range(rng.randrange(4)))
    limit, offset = (rng.choice((None, None, rng.randrange(40))) for _ in range(2))
    return Page(keys, limit, offset)
