"""How a table in the store differs from the one that a model wants."""

from __future__ import annotations

from collections.abc import Iterator

from ommi.schema.snapshot import Column, Table


def differences(wanted: Table, found: Table) -> tuple[str, ...]:
    """List, in words, what keeps the model from working on the table that was found.

    More than the model wants is no difference, unless a row could not be added without it.
    """
    return tuple(_differences(wanted, found))


def _differences(wanted: Table, found: Table) -> Iterator[str]:
    there = {column.name: column for column in found.columns}
    for column in wanted.columns:
        if column.name not in there:
            yield f"{wanted.name} has no column {column.name!r} ({column.storage})"
        else:
            yield from _column_differences(wanted, column, there[column.name])
    if set(wanted.key) != set(found.key):
        has = ", ".join(found.key) or "none"
        yield f"{wanted.name} has the key {has}, wanted {', '.join(wanted.key)}"
    if wanted.expiry not in {None, found.expiry}:
        has = "do not expire" if found.expiry is None else f"expire by {found.expiry}"
        yield f"the rows of {wanted.name} {has}, wanted to expire by {wanted.expiry}"
    names = {column.name for column in wanted.columns}
    for column in found.columns:
        is_filled = column.is_nullable or column.default is not None or column.is_generated
        if column.name not in names and not is_filled:
            yield (
                f"{wanted.name} has a column {column.name!r} that must be given and that no field "
                "fills"
            )


def _column_differences(table: Table, wanted: Column, found: Column) -> Iterator[str]:
    where = f"{table.name}.{wanted.name}"
    if found.storage is None or not holds(found, wanted):
        has = found.storage or found.declared or "of no type"
        yield f"{where} is {has}, wanted {wanted.storage}"
    if found.is_nullable and not wanted.is_nullable and not wanted.is_generated:
        if wanted.name not in table.key:
            yield f"{where} may be null, but the field may not be None"
    elif wanted.is_nullable and not found.is_nullable:
        yield f"{where} may not be null, but the field may be None"


def holds(found: Column, wanted: Column) -> bool:
    """Tell whether every value of the wanted type fits, and comes back, from the one found."""
    if found.storage is None or wanted.storage is None:
        return False
    if found.storage.kind is not wanted.storage.kind:
        return False
    if (found.storage.precision, found.storage.scale) != (
        wanted.storage.precision,
        wanted.storage.scale,
    ):
        return False
    if found.storage.length is None:
        return True
    return wanted.storage.length is not None and wanted.storage.length <= found.storage.length
