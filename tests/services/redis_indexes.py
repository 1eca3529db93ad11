"""Whether the indexes in a Redis database agree with its rows."""

from __future__ import annotations

from typing import Any

from ommi.drivers.redis.introspection import catalogue
from ommi.drivers.redis.names import Names
from ommi.drivers.redis.pending import Writes
from ommi.drivers.redis.rules import lay
from ommi.drivers.redis.values import decoded


async def disagreements(client: Any, prefix: str = "ommi") -> list[str]:
    """Tell every key below the prefix that does not hold what the rows say, or that nobody owns.

    What is there is read by plain commands; what should be there is made of the rows alone.
    """
    names = Names(prefix)
    told = [part for pair in (await client.hgetall(names.tables)).items() for part in pair]
    known = catalogue(b"", told, names)
    wrong: list[str] = []
    owned = {names.tables, names.changes, names.clock, names.counters}
    for table in known.tables.values():
        writes = Writes()
        for id_, text in (await client.hgetall(table.rows)).items():
            row = decoded(text)
            if table.id_of(row) != id_:
                wrong.append(f"{table.rows!r} has a row under another key")
            lay(writes, table, row, id_, text)
        owned.update(table.keys)
        hashes = {unique.key for unique in table.uniques}
        for key in hashes:
            if await client.hgetall(key) != writes.fields.get(key, {}):
                wrong.append(f"{key!r} does not agree with the rows")
        ranks: dict[bytes, dict[bytes, float]] = {}
        for (key, value), members in writes.groups.items():
            ranks.setdefault(key, {}).update({value + b"\0" + id_: 0.0 for id_ in members})
        for key, placed in writes.ranks.items():
            ranks[key] = {member: float(rank or b"nan") for member, rank in placed.items()}
        for key in set(table.keys) - hashes - {table.rows}:
            found = dict(await client.zrange(key, 0, -1, withscores=True))
            if found != ranks.get(key, {}):
                wrong.append(f"{key!r} does not agree with the rows")
    orphans = {key async for key in client.scan_iter(f"{prefix}:*")} - owned
    return [*wrong, *(f"{key!r} belongs to nothing" for key in orphans)]
