"""What a question costs: how its rows are found, and how many are looked at."""

from __future__ import annotations

from ommi.drivers.redis.access import Access, access
from ommi.drivers.redis.compiler import RedisCommand
from ommi.drivers.redis.introspection import Catalogue, StoredTable
from ommi.drivers.redis.scripts import LIVING
from ommi.drivers.redis.session import Session
from ommi.planning.plan import Parameters


async def explained(
    session: Session,
    catalogue: Catalogue,
    command: RedisCommand,
    values: Parameters,
    scan_limit: int,
) -> list[str]:
    """Give the way to the rows and its cost, a line each."""
    table = catalogue.table(command.model.table)
    if command.insert is not None:
        return ["one row, written by its key"]
    way = access(table, command.bounds, values)
    rows = await _rows_read(session, table, way)
    number = "1 row is" if rows == 1 else f"{rows} rows are"
    lines = [f"{way.says}: {number} read and compared; the limit is {scan_limit}"]
    if command.is_related:
        lines.append("rows of other tables are read by key or index where there is one")
    if command.is_write:
        lines.append("written in one step, if what was read is still so")
    return lines


async def size_of(session: Session, table: StoredTable) -> int:
    """Count the rows of a table, without reading any."""
    if table.expiry is not None:
        return int(await session.run(LIVING, (table.expiry.key,)))
    return int(await session.ask(b"HLEN", table.rows))


async def _rows_read(session: Session, table: StoredTable, way: Access) -> int:
    match way.how:
        case b"all":
            return await size_of(session, table)
        case b"keys":
            return len(way.what)
        case b"unique":
            return len(way.values)
        case b"score":
            return int(await session.ask(b"ZCOUNT", *way.what))
        case _:
            key, *ends = way.what
            return sum(
                [
                    int(await session.ask(b"ZLEXCOUNT", key, low, high))
                    for low, high in zip(ends[::2], ends[1::2], strict=True)
                ]
            )
