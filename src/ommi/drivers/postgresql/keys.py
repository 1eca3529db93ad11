"""Generated keys: drawn before the rows that have them, and kept apart from those given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import cast

from ommi.drivers.postgresql.dialect import DIALECT
from ommi.drivers.postgresql.errors import OUTDATED
from ommi.drivers.postgresql.statements import Statements
from ommi.metadata.storage import LARGEST_INT
from ommi.planning.plan import Parameters
from ommi.sql.dialect import SqlCommand


async def drawn(statements: Statements, table: str, key: str, number: int) -> Sequence[object]:
    """Draw so many keys; they are `None` where the column has no sequence of its own."""
    text = (
        f"SELECT ARRAY(SELECT nextval((SELECT {_sequence(table, key)})) "
        "FROM generate_series(1, $1::bigint))"
    )
    statement = await statements.get(text)
    [[keys]] = await statement.fetch(number)
    return cast("Sequence[object]", keys)


async def go_past(statements: Statements, sql: SqlCommand, rows: Sequence[Parameters]) -> None:
    """Have no key generated that these rows give; nothing where the user may not say that."""
    if sql.given_key is None or not rows:
        return
    place = sql.columns.index(sql.given_key)
    largest = max(cast("Iterable[int]", map(itemgetter(place), rows)))
    text = (
        "SELECT setval(sequence, $1) "
        f"FROM (SELECT {_sequence(sql.table, sql.given_key)} AS sequence) AS key "
        "WHERE has_sequence_privilege(sequence, 'UPDATE') "
        "AND coalesce(pg_sequence_last_value(sequence), 0) < $1"
    )
    if 0 < largest < LARGEST_INT:
        statement = await statements.get(text)
        try:
            await statement.fetch(largest)
        except OUTDATED:
            # Whoever tries again is to have it prepared again.
            statements.forget(text)
            raise


def _sequence(table: str, key: str) -> str:
    named = f"{DIALECT.literal(DIALECT.quote(table))}, {DIALECT.literal(key)}"
    return f"pg_get_serial_sequence({named})::regclass"
