"""Redis: a reply that is lost is told as such, and what was asked is never asked again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from ommi import (
    AsyncResultWrapper,
    CommitOutcomeUnknown,
    ConflictError,
    ConnectionLost,
    Index,
    Key,
    ModelCollection,
    Ommi,
    TransactionOptions,
    ommi_model,
)
from ommi.drivers.protocol import Outcome
from services.proxy import Proxy, before
from services.redis import Server, database, peer, server

__all__ = ["database", "peer", "server"]
pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()
LATER = ModelCollection()
OPTIONS = TransactionOptions(allow_implicit_commit=True)


@ommi_model(collection=COLLECTION)
@dataclass
class Counted:
    key: Annotated[int, Key]
    number: Annotated[int, Index] = 0


@ommi_model(collection=LATER)
@dataclass
class Later:
    id: int


Write = Callable[[Ommi, int], AsyncResultWrapper[Any]]


class Stop(Exception):
    pass


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[Proxy]:
    async with before(server.port) as proxy:
        yield proxy


@pytest.fixture
async def db(server: Server, database: int, proxy: Proxy) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(port=proxy.port), max_connections=2) as opened:
        await opened.use_models(COLLECTION)
        await opened.add(Counted(1)).or_raise()
        yield opened


async def numbers(db: Ommi) -> list[tuple[int, int]]:
    rows = await db.query(Counted).order_by("key").fetch_all()
    return [(row.key, row.number) for row in rows]


async def test_a_lost_reply_to_a_commit_is_an_unknown_outcome(db: Ommi, proxy: Proxy) -> None:
    tx = db.transaction()
    with pytest.raises(CommitOutcomeUnknown):
        async with tx:
            await db.add(Counted(2))
            proxy.cut_after(0)
    proxy.cut_after(None)

    assert tx.outcome is Outcome.UNKNOWN
    assert await numbers(db) == [(1, 0), (2, 0)]


async def test_a_lost_reply_to_the_commit_before_tables_go_is_an_unknown_outcome(
    db: Ommi, proxy: Proxy
) -> None:
    tx = db.transaction(OPTIONS)
    with pytest.raises(CommitOutcomeUnknown):
        async with tx:
            await db.find(Counted.key == 1).update(number=Counted.number + 1)
            proxy.cut_after(0)
            await db.remove_models(LATER)
    proxy.cut_after(None)

    assert tx.outcome is Outcome.UNKNOWN
    assert await numbers(db) == [(1, 1)]


async def test_a_conflict_in_the_commit_before_tables_go_is_a_rollback(db: Ommi) -> None:
    tx = db.transaction(OPTIONS)
    with pytest.raises(ConflictError):
        async with tx:
            await db.find(Counted.key == 1).update(number=Counted.number + 1)
            with db.outside():
                await db.find(Counted.key == 1).update(number=5).or_raise()
            await db.remove_models(LATER)

    assert tx.outcome is Outcome.ROLLED_BACK
    assert await numbers(db) == [(1, 5)]


async def test_what_comes_after_tables_went_is_a_transaction_of_its_own(db: Ommi) -> None:
    with pytest.raises(Stop):
        async with db.transaction(OPTIONS) as tx:
            await db.find(Counted.key == 1).update(number=1)
            await db.remove_models(LATER)
            await db.find(Counted.key == 1).update(number=2)
            raise Stop

    assert tx.outcome is Outcome.ROLLED_BACK
    assert await numbers(db) == [(1, 1)]


WRITES: dict[str, Write] = {
    "one row": lambda db, n: db.add(Counted(n)),
    "two rows": lambda db, n: db.add(Counted(n), Counted(-n)),
    "a change": lambda db, _: db.find(Counted.key == 1).update(number=Counted.number + 1),
    "rows away": lambda db, n: db.find(Counted.number + n == n).delete(),
    "a batch": lambda db, n: db.batch(db.add(Counted(n)), db.find(Counted.key == -5).delete()),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_a_write_whose_last_reply_is_lost_is_done_once_and_told_as_lost(
    db: Ommi, proxy: Proxy, write: Write
) -> None:
    async def reset() -> None:
        await db.find(Counted).delete().or_raise()
        await db.add(Counted(1)).or_raise()

    await write(db, 2).or_raise()
    await reset()
    proxy.cut_after(None)
    await write(db, 2).or_raise()
    told, done = proxy.told, await numbers(db)
    await reset()
    proxy.cut_after(told - 1)

    failure = await write(db, 2)
    proxy.cut_after(None)

    assert isinstance(failure.error, ConnectionLost)
    assert await numbers(db) == done != [(1, 0)]
