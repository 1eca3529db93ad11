"""Histories of appends to lists: no cycle at SERIALIZABLE, whatever happens at the same time.

Every append is unlike every other and every read gives the whole list, so the order of all writes
of a key is known, and with it who depends on whom.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from random import Random
from typing import Annotated

import pytest

from ommi import (
    ConflictError,
    IsolationLevel,
    Key,
    ModelCollection,
    Ommi,
    TransactionOptions,
    ommi_model,
)
from profiles import examples
from services.databases import MYSQL, POSTGRESQL, database_on

pytestmark = pytest.mark.anyio

collection = ModelCollection()
KEYS, CLIENTS = 4, 6


@ommi_model(collection=collection, table="appended")
@dataclass
class Appended:
    id: Annotated[int, Key]
    values: list[int] = field(default_factory=list)


@dataclass
class Done:
    """A transaction that was committed: what it read, and what it appended to."""

    read: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    appended: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


def cycle_in(history: list[Done]) -> list[int] | None:  # noqa: C901 - one rule after the other
    """Give transactions that depend on each other in a circle; fails on an impossible read."""
    order: dict[int, tuple[int, ...]] = {}
    writer = {
        value: n
        for n, done in enumerate(history)
        for values in done.appended.values()
        for value in values
    }
    for done in history:
        for key, values in done.read:
            longer = max(values, order.get(key, ()), key=len)
            shorter = min(values, order.get(key, ()), key=len)
            assert longer[: len(shorter)] == shorter, "two reads of a list do not agree"
            assert all(value in writer for value in values), "what was read was never written"
            order[key] = longer
    before: dict[int, set[int]] = defaultdict(set)
    for values in order.values():
        for earlier, later in pairwise(values):
            before[writer[later]].add(writer[earlier])
    for n, done in enumerate(history):
        for key, values in done.read:
            if values:
                before[n].add(writer[values[-1]])
            if len(values) < len(order[key]):
                before[writer[order[key][len(values)]]].add(n)
    for n, earlier_ones in before.items():
        earlier_ones.discard(n)
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        found: list[int] = error.args[1]
        return found
    return None


def test_the_checker_tells_a_cycle_from_an_order() -> None:
    writes = [
        Done(read=[(1, ())], appended={1: [10]}),
        Done(read=[(1, (10,))], appended={2: [20]}),
    ]
    skewed = [Done(read=[(2, ())], appended={1: [10]}), Done(read=[(1, ())], appended={2: [20]})]
    reader = Done(read=[(1, (10,)), (2, (20,))])

    assert cycle_in([*writes, reader]) is None
    assert cycle_in([*skewed, reader]) is not None


@pytest.fixture(params=["PostgreSQL", "MariaDB", "SQLite"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "SQLite":
        yield f"sqlite:///{tmp_path_factory.mktemp('histories') / 'appended.db'}"
        return
    with database_on(POSTGRESQL if request.param == "PostgreSQL" else MYSQL) as made:
        yield made


@pytest.fixture
async def db(url: str) -> AsyncGenerator[Ommi, None]:
    async with Ommi(url) as made:
        await made.use_models(collection)
        await made.add_all(Appended(key) for key in range(KEYS)).or_raise()
        yield made


async def test_histories_at_serializable_have_no_cycle(db: Ommi) -> None:
    options = TransactionOptions(isolation_level=IsolationLevel.SERIALIZABLE)
    history: list[Done] = []
    values = iter(range(1, 1_000_000))

    async def client(seed: int) -> None:
        random = Random(seed)
        for _ in range(examples(50, 5000)):
            done = Done()
            try:
                async with db.transaction(options):
                    for _ in range(random.randint(1, 4)):
                        key = random.randrange(KEYS)
                        row = await db.query(Appended, Appended.id == key).one()
                        done.read.append((key, tuple(row.values)))
                        if random.random() < 0.5:
                            row.values.append(next(values))
                            done.appended[key].append(row.values[-1])
                            await db.save(row)
            except ConflictError:
                continue
            history.append(done)

    await asyncio.gather(*map(client, range(CLIENTS)))

    assert len(history) > CLIENTS
    assert cycle_in(history) is None
