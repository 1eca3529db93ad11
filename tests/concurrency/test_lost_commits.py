"""When the answer to COMMIT is lost, that is said, and nothing is done again."""

# ruff: noqa: SIM117 - the proxy comes first

from __future__ import annotations

import asyncio
from random import Random

import pytest

from concurrency.things import ROWS, Thing
from ommi import CommitOutcomeUnknown, Ommi, Outcome, TransactionOptions
from profiles import examples
from services.proxy import End, Proxy, before
from services.stores import ServerPlace, becomes

pytestmark = pytest.mark.anyio

OPTIONS = TransactionOptions(commit_marker=True, retry_on_conflict=True)


async def lose_the_answer(proxy: Proxy, random: Random) -> asyncio.Task[None] | None:
    """Break the connection, after COMMIT has reached the server or before."""
    if random.random() < 0.5:
        proxy.cut_after(0, random.choice(list(End)))
        return None
    proxy.be_silent()
    return asyncio.create_task(lose_the_question(proxy))


async def lose_the_question(proxy: Proxy) -> None:
    """Forget what is on its way to the server."""
    await asyncio.sleep(0.005)
    await proxy.end()
    proxy.speak()
    await proxy.listen()


async def test_a_lost_answer_is_told_and_the_store_knows_the_truth(server: ServerPlace) -> None:
    random = Random(7)
    truths = {Outcome.COMMITTED: 0, Outcome.ROLLED_BACK: 0}
    async with before(server.port) as proxy, server.database() as direct:
        async with Ommi(server.url(port=proxy.port), max_connections=2) as db:
            for number in range(ROWS + 1, ROWS + 1 + examples(50, 500)):
                runs = 0
                with pytest.raises(CommitOutcomeUnknown) as caught:
                    async for tx in db.attempts(OPTIONS):
                        async with tx:
                            runs += 1
                            await db.add(Thing(number, "new"))
                            losing = await lose_the_answer(proxy, random)
                if losing is not None:
                    await losing
                proxy.cut_after(None)

                assert (runs, tx.outcome) == (1, Outcome.UNKNOWN)
                assert caught.value.token == tx.token is not None
                truth = await direct.resolve(tx.token)
                truths[truth] += 1
                there = await direct.query(Thing, Thing.id == number).exists()
                assert there is (truth is Outcome.COMMITTED)

    assert all(truths.values())


async def test_a_cancel_during_commit_stays_a_cancel(server: ServerPlace) -> None:
    async with before(server.port) as proxy, server.database() as direct:
        async with Ommi(server.url(port=proxy.port), max_connections=1) as db:
            tx = db.transaction(OPTIONS)

            async def run() -> None:
                async with tx:
                    await db.add(Thing(ROWS + 1, "new"))
                    proxy.be_silent()

            task = asyncio.create_task(run())

            async def is_committing() -> bool:
                return tx._block is not None and tx.outcome is Outcome.UNKNOWN

            await becomes(True, is_committing)
            task.cancel()
            async with asyncio.timeout(5):
                with pytest.raises(asyncio.CancelledError):
                    await task
            proxy.reset()
            proxy.speak()

            assert tx.outcome is Outcome.UNKNOWN
            assert tx.token is not None
            truth = await direct.resolve(tx.token)
            there = await direct.query(Thing, Thing.id == ROWS + 1).exists()
            assert there is (truth is Outcome.COMMITTED)


async def test_a_timeout_during_commit_says_that_nobody_knows(server: ServerPlace) -> None:
    async with before(server.port) as proxy, server.database() as direct:
        async with Ommi(server.url(port=proxy.port), max_connections=1) as db:
            tx = db.transaction(TransactionOptions(commit_marker=True, timeout=2.0))
            async with asyncio.timeout(10):
                with pytest.raises(CommitOutcomeUnknown) as caught:
                    async with tx:
                        await db.add(Thing(ROWS + 1, "new"))
                        proxy.be_silent()
            proxy.reset()
            proxy.speak()

            assert tx.outcome is Outcome.UNKNOWN
            assert caught.value.token == tx.token is not None
            truth = await direct.resolve(tx.token)
            there = await direct.query(Thing, Thing.id == ROWS + 1).exists()
            assert there is (truth is Outcome.COMMITTED)
