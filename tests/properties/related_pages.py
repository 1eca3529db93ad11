"""Pages of rows in an order that reads related rows, and what a store gives for them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ommi import Ommi, Query, fields
from properties.meaning import ordered
from properties.people import MODELS, Rows, World
from properties.related import Scene, Stage, number, text


async def load(database: Ommi, known: Rows) -> None:
    await database.query(MODELS[1]).update(boss_id=None)
    for model in reversed(MODELS):
        await database.query(model).delete()
    for model in MODELS:
        await database.add_all(known[model]).or_raise()


def key_of(row: Any) -> tuple[Any, ...]:
    return (row.street, row.number) if hasattr(row, "street") else (row.id,)


@dataclass(frozen=True)
class Key:
    """One thing to order by: of the row, of one that it refers to, or a count."""

    subject: Any
    is_descending: bool
    has_nulls_last: bool | None

    def ordering(self, model: type) -> Any:
        subject = self.subject.written((fields(model),))
        ordering = subject.desc if self.is_descending else subject.asc
        if self.has_nulls_last is None:
            return ordering
        return ordering.nulls_last() if self.has_nulls_last else ordering.nulls_first()


@dataclass(frozen=True)
class Page:
    keys: tuple[Key, ...]
    limit: int | None
    offset: int | None

    def of(self, found: Sequence[Any], world: World) -> list[Any]:
        def reading(subject: Any) -> Any:
            return lambda row: subject.read(Scene(world, (row,)))

        order = [(reading(k.subject), k.is_descending, k.has_nulls_last) for k in self.keys]
        start = self.offset or 0
        stop = None if self.limit is None else start + self.limit
        return ordered(found, [*order, (key_of, False, None)])[start:stop]

    def put(self, query: Query[Any], model: type) -> Query[Any]:
        query = query.order_by(*(key.ordering(model) for key in self.keys))
        query = query if self.limit is None else query.limit(self.limit)
        query = query if self.offset is None else query.offset(self.offset)
        if self.limit is not self.offset:
            return query
        return query.order_by(*(("street", "number") if model is MODELS[0] else ("id",)))


def page(rng: random.Random, model: type) -> Page:
    """Give an order, through references too, and the part of the rows that is wanted."""
    stage = OwnStage((model,), (False,))
    keys = tuple(
        Key(
            rng.choice((number, number, text) if model is not MODELS[4] else (number,))(
                rng, stage
            ),
            rng.random() < 0.5,
            rng.choice((None, True, False)),
        )
        for _ in range(rng.randrange(3))
    )
    limit, offset = (rng.choice((None, None, rng.randrange(6))) for _ in range(2))
    return Page(keys, limit, offset)


class OwnStage(Stage):
    """Only the row asked for is at hand: others have no order."""

    def places(self) -> list[tuple[Any, type]]:
        return super().places()[:1]


async def answer(query: Query[Any]) -> tuple[list[Any], int, list[Any]]:
    found = [key_of(row) for row in await query.fetch_all()]
    streamed = [key_of(row) async for row in query.stream()]
    return found, await query.count(), streamed
