"""No value of a user becomes an operator, wherever it stands."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from ommi import Auto, Key, ModelCollection, Ommi, fields, ommi_model
from profiles import examples
from services.mongodb.server import Server, serving

COLLECTION = ModelCollection()
MARK = "user-"
OPERATORS = (
    "$where", "$function", "$expr", "$gt", "$ne", "$in", "$regex", "$or", "$set", "$literal",
    "$$ROOT", "$accumulator", "$lookup", "a.b", "_id", "$", "%24gt", "", "\u202e$gt",
)  # fmt: skip


@ommi_model(collection=COLLECTION)
@dataclass
class Page:
    title: str
    body: dict[str, Any]
    id: Annotated[int | None, Key | Auto] = None


def hostile(rng: random.Random, depth: int = 4) -> Any:
    chance = rng.random()
    if depth == 0 or chance < 0.2:
        return rng.choice((1, None, True, *(MARK + name for name in OPERATORS), *OPERATORS))
    if chance < 0.4:
        return [hostile(rng, depth - 1) for _ in range(rng.randrange(3))]
    names = rng.sample(OPERATORS, rng.randint(1, 3))
    return {name: hostile(rng, depth - 1) for name in names}


VALUES = frozenset({"$eq", "$in", "$set", "documents"})
"""Where values alone stand, outside of expressions; inside them that is `$literal`."""


def names_of(
    part: Any, *, is_literal: bool = False, is_expression: bool = False
) -> Iterator[tuple[str, bool]]:
    """Give every name in what was sent, and whether it stands where only values are."""
    if isinstance(part, dict):
        for name, inner in part.items():
            yield name, is_literal
            yield from names_of(
                inner,
                is_literal=is_literal
                or name == "$literal"
                or (name in VALUES and not is_expression),
                is_expression=is_expression or name == "$expr",
            )
    elif isinstance(part, list):
        for each in part:
            yield from names_of(each, is_literal=is_literal, is_expression=is_expression)


async def asked(server: Server, count: int) -> None:
    page = fields(Page)
    async with Ommi(server.url) as db:
        await db.use_models(COLLECTION)
        for number in range(count):
            rng = random.Random(f"hostile {number}")
            body = {"a": hostile(rng), **{n: hostile(rng, 2) for n in rng.sample(OPERATORS, 2)}}
            title = rng.choice(OPERATORS)
            made = await db.add(Page(title, body)).or_raise()
            assert (await db.query(Page).where(page.id == made.id).one()).body == body
            found = db.query(Page).where(page.body == body)
            assert made.id in [each.id for each in await found.fetch_all()]
            named = db.query(Page).where(page.title == title, page.id == made.id)
            assert await named.count() == 1
            for name, value in body.items():
                asks = page.body[name] == value if value is not None else page.body[name].is_null()
                assert await db.query(Page).where(page.id == made.id, asks).count() == 1
            assert await db.query(Page).where(page.title.contains(title)).count() >= 1
            assert await db.query(Page).where(page.title.in_([title])).count() >= 1
            await db.find(Page, page.id == made.id).update(body=body, title=title).or_raise()
            await db.find(Page, page.id == made.id).delete().or_raise()


def test_no_value_becomes_an_operator() -> None:
    with serving() as server:
        asyncio.run(asked(server, examples(50, 500)))

    for command in server.commands:
        for name, is_literal in names_of({n: v for n, v in command.items() if n != "$db"}):
            assert name not in {"$where", "$function", "$accumulator", "$$ROOT"}
            assert not (is_literal and name.startswith("$")), command
