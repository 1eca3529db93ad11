"""What both type checkers must understand about transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_type

from ommi import IsolationLevel, Ommi, Outcome, Transaction, TransactionOptions, transaction


@dataclass
class User:
    name: str
    id: int | None = None


async def returns_from_a_block(db: Ommi) -> User:
    async with db.transaction(TransactionOptions(timeout=1)) as tx:
        assert_type(tx, Transaction)
        return await tx.add(User("a")).or_raise()


async def knows_what_a_block_set(db: Ommi) -> User:
    async with transaction(db) as tx:
        user = await db.add(User("a")).or_raise()
        await tx.savepoint("s")
        async with tx.savepoint("s"):
            await tx.rollback_to_savepoint("s")
        tx.on_commit(lambda: None)
    assert_type(tx.outcome, Outcome)
    assert_type(tx.isolation_level, IsolationLevel)
    assert_type(tx.token, str | None)
    return user


async def gives_what_the_function_gives(db: Ommi) -> None:
    async def work(tx: Transaction) -> int:
        return tx.attempts

    assert_type(await db.run_transaction(work), int)


async def keeps_the_signature(db: Ommi) -> None:
    @db.transactional()
    async def work(name: str, *, age: int = 0) -> list[str]:
        return [name] * age

    assert_type(await work("a", age=3), list[str])


async def loops_over_attempts(db: Ommi) -> None:
    async for tx in db.attempts():
        assert_type(tx, Transaction)
        async with tx:
            pass
    with db.outside():
        pass
    async with db.outside():
        pass
