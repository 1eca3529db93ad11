"""What chains of middleware cost: `python -m benchmarks.middleware`.

Reads of one row by key in memory, so that next to nothing but Ommi's own work is measured, with
no middleware, with one, and with three that hand on; with a policy, and with its condition written
by hand, which is what the store itself takes for it. The rounds of all of them take turns.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Annotated, Any

from ommi import Auto, Key, ModelCollection, Ommi, fields, ommi_model
from ommi.execution.executor import Executor
from ommi.plugins.operation import Operation
from ommi.plugins.policies import SoftDelete
from ommi.plugins.protocol import Answer, Proceed
from ommi.query.nodes import Predicate

COLLECTION = ModelCollection()
ROUNDS = 9
READS = 500


@ommi_model(collection=COLLECTION)
@dataclass
class Item:
    name: str
    is_gone: bool = False
    id: Annotated[int | None, Key | Auto] = None


async def handing_on(operation: Operation, proceed: Proceed) -> Answer:
    return await proceed(operation)


CHAINS: dict[str, Sequence[Any]] = {
    "0": (),
    "1": (handing_on,),
    "3": (handing_on,) * 3,
    "by hand": (),
    "a policy": (SoftDelete("is_gone"),),
}
ITEM: Any = fields(Item)


def asked(number: int) -> Predicate:
    return ITEM.id == number % 100 + 1


def asked_by_hand(number: int) -> Predicate:
    return asked(number) & (ITEM.is_gone == False)  # noqa: E712 - a question


async def seconds(db: Ommi, asks: Callable[[int], Predicate]) -> float:
    """Give the CPU seconds of one read."""
    start = process_time()
    for number in range(READS):
        await db.find(asks(number)).one.or_raise()
    return (process_time() - start) / READS


async def main() -> None:
    databases = {name: Ommi("memory://", middleware=chain) for name, chain in CHAINS.items()}
    assert type(databases["0"]._executor) is Executor  # noqa: SLF001 - nothing is in the way
    for db in databases.values():
        await db.open()
        await db.use_models(COLLECTION)
        await db.add_all(Item(str(number)) for number in range(100)).or_raise()
    rounds: dict[str, list[float]] = {name: [] for name in databases}
    for _ in range(ROUNDS):
        for name, db in databases.items():
            rounds[name].append(await seconds(db, asked_by_hand if name == "by hand" else asked))
    for name, found in rounds.items():
        other = "by hand" if name == "a policy" else "0"
        ratio = statistics.median(x / y for x, y in zip(found, rounds[other], strict=True))
        print(f"{name:>8}: {min(found) * 1e6:6.1f} us a read, {ratio:.2f} of {other!r}")
    for db in databases.values():
        await db.close()


if __name__ == "__main__":
    asyncio.run(main())
