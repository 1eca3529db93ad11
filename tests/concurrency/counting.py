"""Counts in a file from several tasks, for a test that runs it in several processes."""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import dataclass
from typing import Annotated

from ommi import Key, ModelCollection, Ommi, ommi_model

COLLECTION = ModelCollection()
WRITERS = 4


@ommi_model(collection=COLLECTION, table="counted")
@dataclass
class Counted:
    id: Annotated[int, Key]
    number: int = 0


async def count(url: str, rounds: int) -> None:
    async with Ommi(url) as db:

        async def writer() -> None:
            for _ in range(rounds):
                async with db.transaction():
                    counted = await db.query(Counted).one()
                    await asyncio.sleep(0)
                    await db.query(Counted).update(number=counted.number + 1)

        await asyncio.gather(*(writer() for _ in range(WRITERS)))


if __name__ == "__main__":
    # In development mode, how slow the machine is.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    asyncio.run(count(sys.argv[1], int(sys.argv[2])))
