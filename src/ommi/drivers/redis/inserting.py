"""One row added in one round trip: what must hold is checked where it is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain

from ommi.drivers.redis import rules
from ommi.drivers.redis.compiler import row_of
from ommi.drivers.redis.introspection import Catalogue, StoredTable
from ommi.drivers.redis.names import Names
from ommi.drivers.redis.pending import Place, Writes
from ommi.drivers.redis.scripts import COMMIT, DRAWN
from ommi.drivers.redis.session import Session
from ommi.drivers.redis.values import Row, encoded
from ommi.drivers.redis.work import OutOfDate
from ommi.errors import ConstraintViolation
from ommi.planning.plan import Parameters, Rows
from ommi.query.statements import Insert
from ommi.schema.violations import in_words_of

Check = tuple[tuple[bytes, ...], Callable[[], ConstraintViolation]]


def may_insert_alone(insert: Insert, table: StoredTable) -> bool:
    """Tell whether nothing but the key, at most, has to be drawn, and nothing is made of it."""
    if table.expiry is not None:
        return False
    drawn = [field.column for field in insert.returning]
    if not drawn:
        return True
    indexed = (
        *(column for unique in table.uniques for column in unique.columns),
        *(column for equal in table.equals for column in equal.columns),
        *(known.column for known in table.ranges),
    )
    return tuple(drawn) == table.schema.key and not {*drawn} & {*indexed}


async def insert_alone(
    session: Session, catalogue: Catalogue, names: Names, insert: Insert, values: Parameters
) -> Rows:
    """Add a row; raises `OutOfDate` where the catalogue is."""
    table = catalogue.table(insert.model.table)
    row = row_of(insert, table, values)
    try:
        drawn = await _sent(session, catalogue, names, table, row, bool(insert.returning))
    except ConstraintViolation as error:
        raise in_words_of(insert.model, error) from None
    return [(int(drawn[0]),)] if insert.returning else [(1,)]


async def _sent(
    session: Session,
    catalogue: Catalogue,
    names: Names,
    table: StoredTable,
    row: dict[str, object],
    is_drawn: bool,  # noqa: FBT001 - said once
) -> list[bytes]:
    if is_drawn:
        [key] = table.schema.key
        start = [b"draw", *table.counters[key]]
        id_, text = DRAWN, _with_drawn(row, key)
        row = {**row, key: 0}
        rules.check_not_null(table, row)
    else:
        start = []
        rules.check_not_null(table, row)
        id_, text = table.id_of(row), encoded(row)
    checks = _checks(catalogue, table, row, id_)
    writes = Writes()
    rules.lay(writes, table, row, id_, text)
    reply = await session.run(
        COMMIT,
        (
            names.clock,
            names.changes,
            catalogue.version,
            str(len(checks)).encode(),
            *chain.from_iterable(check for check, _ in checks),
            *start,
            *writes.arguments(),
        ),
    )
    if isinstance(reply, int):
        raise OutOfDate if reply == 0 else checks[reply - 1][1]()
    drawn: list[bytes] = reply
    return drawn


def _checks(catalogue: Catalogue, table: StoredTable, row: Row, id_: bytes) -> list[Check]:
    """Give what must hold, in the order in which it is told, and what is told."""
    checks: list[Check] = []
    if id_ != DRAWN:
        key = table.schema.key
        checks.append(
            ((b"-", table.rows, id_), lambda: rules.not_unique(table, key, "key")),
        )
    for unique in table.uniques:
        name = unique.field(row)
        if name is not None:
            columns = unique.columns
            checks.append(
                (
                    (b"-", unique.key, name),
                    lambda columns=columns: rules.not_unique(table, columns, "value"),  # type: ignore[misc]
                )
            )
    own = {Place(table.rows, id_), *(Place(u.key, u.field(row) or b"") for u in table.uniques)}
    for foreign_key in table.schema.foreign_keys:
        target = rules.target_of(catalogue, foreign_key, row)
        if target is not None and target not in own:
            checks.append(
                (
                    (b"+", *target),
                    lambda foreign_key=foreign_key: rules.no_target(table, foreign_key),  # type: ignore[misc]
                )
            )
    return checks


def _with_drawn(row: Row, key: str) -> bytes:
    """Give the text of a row in which the key is still to be filled in."""
    rest = encoded({column: value for column, value in row.items() if column != key})
    between = b"," if len(rest) > len(b"{}") else b""
    return b"{" + json.dumps(key).encode() + b":" + DRAWN + between + rest[1:]
