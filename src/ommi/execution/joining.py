"""Rows with those of related models beside them: which relations come so, and how both are built.

A relation comes beside the rows where each row has one at most, and where there are not many rows:
then a statement less outweighs that the row of a target comes once for each row that leads to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

from ommi.execution.building import runs_user_code
from ommi.metadata.paths import names_one_row
from ommi.metadata.relations import Relation
from ommi.metadata.storage import Kind
from ommi.planning.plan import Hydrator, ResultColumn, Rows
from ommi.query.fields import FieldReference
from ommi.query.loads import Load
from ommi.query.statements import Select
from ommi.relations import Batch

MOST_JOINED = 1000
"""With more rows than this, or any number, a relation is loaded by a statement of its own."""

_LONG = frozenset({Kind.JSON, Kind.BYTES})

Put = Callable[[Sequence[Any], Rows, Batch], None]


def joinable(select: Select, loads: Sequence[Load]) -> tuple[Relation, ...]:
    """Give the relations, of those to be loaded, whose rows can come beside the rows asked for."""
    most = select.at_most if select.limit is None else select.limit
    if not isinstance(most, int) or most > MOST_JOINED or not _is_plainly_ordered(select):
        return ()
    return tuple(
        load.relation
        for load in loads
        if load.selection.filter is None and _leads_to_one_short_row(load.relation)
    )


def _is_plainly_ordered(select: Select) -> bool:
    model = select.model
    terms = [ordering.expression for ordering in select.order]
    return all(type(term) is FieldReference and term.owner is model for term in terms)


@cache
def _leads_to_one_short_row(relation: Relation) -> bool:
    return (
        not relation.is_many
        and relation.association is None
        and names_one_row(relation.target, relation.far_fields)
        and not any(field.storage.kind in _LONG for field in relation.target.fields)
        and relation.owner.set_state is not None
        # A constructor of the user's may put another key into the instance than the row has.
        and not runs_user_code(relation.owner)
    )


def joining(
    own: Hydrator,
    width: int,
    related: Sequence[tuple[Relation, Sequence[ResultColumn], Hydrator]],
) -> Hydrator:
    """Make the function that builds models of the first columns, and related ones of the others.

    What belongs to a row is remembered by the batch, once however many rows lead to it.
    """
    puts: list[Put] = []
    start = width
    for relation, columns, hydrate in related:
        puts.append(_putting(relation, columns, hydrate, start))
        start += len(columns)

    def hydrate_all(rows: Rows, batch: object, /) -> list[object]:
        instances = own([row[:width] for row in rows], batch)
        for put in puts:
            put(instances, rows, cast("Batch", batch))
        return instances

    return hydrate_all


def _putting(
    relation: Relation, columns: Sequence[ResultColumn], hydrate: Hydrator, start: int
) -> Put:
    stop, key_of = start + len(columns), relation.key_of
    compared = relation.far_fields[0]
    # Never null in a row that was found.
    mark = start + next(n for n, column in enumerate(columns) if column.field is compared)

    def put(instances: Sequence[Any], rows: Rows, batch: Batch) -> None:
        asked = dict(zip(map(key_of, instances), rows, strict=True))
        asked.pop(None, None)
        found = {key: row[start:stop] for key, row in asked.items() if row[mark] is not None}
        built = hydrate(list(found.values()), Batch(batch.database))
        known = batch.known(relation)
        if len(found) < len(asked):
            known.update(dict.fromkeys(asked))
        known.update(zip(found, built, strict=True))

    return put
