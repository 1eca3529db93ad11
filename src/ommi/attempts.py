"""Code that is run again, as a whole, after a conflict."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ommi.drivers.protocol import Outcome
from ommi.errors import ConflictError, QueryError, TransactionTimeout, UniqueViolation
from ommi.execution.transaction.outside import Outside
from ommi.execution.transaction.policy import TransactionOptions, pause
from ommi.execution.transaction.scope import block_here
from ommi.operations import Operations
from ommi.transactions import Run, Transaction

P = ParamSpec("P")
T = TypeVar("T")


async def attempts(
    db: Operations, options: TransactionOptions | None
) -> AsyncGenerator[Transaction, None]:
    """Give transactions, one after the other, until one does not end in a conflict."""
    asked = options or TransactionOptions()
    if block_here(db._executor) is not None:  # noqa: SLF001 - another way to it
        # The outer transaction is what a conflict ends, and who opened it runs it again.
        yield Transaction(db, asked)
        return
    loop = asyncio.get_running_loop()
    deadline = None if asked.timeout is None else loop.time() + asked.timeout
    for number in range(1, asked.max_retries + 2):
        tx = Transaction(db, asked, run=Run(number, deadline, number > asked.max_retries))
        yield tx
        conflict = tx.conflict
        if conflict is None:
            return
        await _wait(number, deadline, conflict)


async def _wait(number: int, deadline: float | None, conflict: ConflictError) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            await asyncio.sleep(pause(number))
    except TimeoutError:
        raise TransactionTimeout(
            f"the time was over after {number} attempts, each of which ended in a conflict",
            store=conflict.store,
        ) from conflict


async def run_transaction(
    db: Operations,
    function: Callable[[Transaction], Awaitable[T]],
    options: TransactionOptions | None,
) -> T:
    """Run a function in a transaction, again after a conflict; give what it gives."""
    async for tx in attempts(db, options):
        async with tx:
            given = await function(tx)
        if tx.conflict is None:
            return given
    raise QueryError("a transaction ended without an outcome")


def transactional(
    db: Operations, options: TransactionOptions | None
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Give a decorator that has each call of a function run in a transaction."""

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(function)
        async def run(*args: P.args, **kwargs: P.kwargs) -> T:
            return await run_transaction(db, lambda _: function(*args, **kwargs), options)

        return run

    return decorate


async def resolve(db: Operations, token: str) -> Outcome:
    """Tell what became of a transaction that was to leave a marker with this token.

    The store is asked to take the same marker again: it makes this wait for a transaction that
    still goes on, and refuses if that one, or an earlier one, is committed.
    """
    from ommi.commits import COMMITS, Commit

    with Outside(db._executor):  # noqa: SLF001 - another way to it
        await db.use_models(COMMITS)
        try:
            async for tx in attempts(db, None):
                async with tx:
                    await tx.add(Commit(token)).or_raise()
                    await tx.rollback()
        except UniqueViolation:
            return Outcome.COMMITTED
        return Outcome.ROLLED_BACK
