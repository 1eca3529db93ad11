"""Money is moved while connections are killed: none is made, none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Annotated

import pytest

from ommi import (
    CommitOutcomeUnknown,
    ConnectionFailed,
    IsolationLevel,
    Key,
    ModelCollection,
    Ommi,
    Outcome,
    TransactionFailed,
    TransactionOptions,
    ommi_model,
)
from profiles import examples
from services.stores import ServerPlace, View

pytestmark = pytest.mark.anyio

collection = ModelCollection()
ACCOUNTS, EACH, TASKS = 32, 1000, 16
MOVING = TransactionOptions(isolation_level=IsolationLevel.REPEATABLE_READ, max_retries=100)
LOOKING = TransactionOptions(isolation_level=IsolationLevel.REPEATABLE_READ, read_only=True)


@ommi_model(collection=collection, table="ledger_accounts")
@dataclass
class Account:
    id: Annotated[int, Key]
    balance: int = EACH


@ommi_model(collection=collection, table="ledger_transfers")
@dataclass
class Transfer:
    id: Annotated[int, Key]
    amount: int


@pytest.fixture
async def db(server: ServerPlace) -> AsyncGenerator[Ommi, None]:
    async with server.database() as made:
        await made.remove_models(collection)
        await made.use_models(collection)
        await made.add_all(Account(n) for n in range(ACCOUNTS)).or_raise()
    async with server.database(max_connections=TASKS) as made:
        yield made
    async with server.database() as made:
        await made.remove_models(collection)


async def move(db: Ommi, number: int, random: Random) -> Outcome:
    """Make a transfer; tell what is known of it."""
    source, target = random.sample(range(ACCOUNTS), 2)
    amount = random.randint(1, 50)
    try:
        async for tx in db.attempts(MOVING):
            async with tx:
                taker = await db.query(Account, Account.id == source).one()
                giver = await db.query(Account, Account.id == target).one()
                await db.add(Transfer(number, amount))
                taker.balance -= amount
                giver.balance += amount
                await db.save(taker)
                await db.save(giver)
    except CommitOutcomeUnknown:
        return Outcome.UNKNOWN
    except (ConnectionFailed, TransactionFailed):
        return Outcome.ROLLED_BACK
    return Outcome.COMMITTED


async def test_transfers_happen_once_or_not_at_all(
    server: ServerPlace, view: View, db: Ommi
) -> None:
    transfers = examples(500, 5000)
    numbers = iter(range(transfers))
    told: dict[int, Outcome] = {}
    sums: set[int] = set()
    is_over = asyncio.Event()

    async def mover(seed: int) -> None:
        random = Random(seed)
        for number in numbers:
            told[number] = await move(db, number, random)

    async def look() -> None:
        while not is_over.is_set():
            with suppress(ConnectionFailed, TransactionFailed, CommitOutcomeUnknown):
                async with db.transaction(LOOKING):
                    accounts = await db.query(Account).fetch_all()
                    sums.add(sum(account.balance for account in accounts))
            await asyncio.sleep(0.01)

    async def kill() -> None:
        committed = 0
        while not is_over.is_set():
            await asyncio.sleep(0.05)
            before, committed = committed, [*told.values()].count(Outcome.COMMITTED)
            # However slow the machine, something happens between two kills.
            if committed > before:
                await view.kill()

    others = [asyncio.create_task(look()), asyncio.create_task(kill())]
    await asyncio.gather(*map(mover, range(TASKS)))
    is_over.set()
    await asyncio.gather(*others)

    async with server.database() as quiet:
        there = {transfer.id for transfer in await quiet.query(Transfer).fetch_all()}
        accounts = await quiet.query(Account).fetch_all()
    assert sums == {ACCOUNTS * EACH}
    assert sum(account.balance for account in accounts) == ACCOUNTS * EACH
    for number, outcome in told.items():
        if outcome is not Outcome.UNKNOWN:
            assert (number in there) is (outcome is Outcome.COMMITTED)
    assert len(told) == transfers
    assert Outcome.COMMITTED in told.values()
    assert Outcome.ROLLED_BACK in told.values()
