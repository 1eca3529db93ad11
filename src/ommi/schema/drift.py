"""How what a store has differs from what it should have, in words and whole.

`diff.differences` tells what keeps a model from working; this tells everything, an index too many
included, so that code, migrations and stores can be kept the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Column, ForeignKey, Index, Table


def drift(wanted: Iterable[Table], found: Iterable[Table]) -> tuple[str, ...]:
    """List the differences of the tables that are wanted; other tables are nobody's business.

    Names of indexes do not count, and of a default only whether there is one: every store words
    it in its own way.
    """
    there = {table.name: table for table in found}
    return tuple(_differences(tuple(wanted), there))


def _differences(wanted: tuple[Table, ...], there: dict[str, Table]) -> Iterator[str]:
    for table in wanted:
        if table.name in there:
            yield from _of_table(table, there[table.name])
        else:
            yield f"{table.name} is not there"


def _of_table(wanted: Table, found: Table) -> Iterator[str]:
    there = {column.name: column for column in found.columns}
    for column in wanted.columns:
        if column.name in there:
            yield from _of_column(wanted, column, there.pop(column.name))
        else:
            yield f"{wanted.name} has no column {column.name!r}"
    yield from (f"{wanted.name} has a column too many: {name!r}" for name in there)
    if set(wanted.key) != set(found.key):
        has = ", ".join(found.key) or "none"
        yield f"{wanted.name} has the key {has}, wanted {', '.join(wanted.key)}"
    yield from _of_indexes(wanted, found)
    yield from _of_foreign_keys(wanted, found)


def _of_column(table: Table, wanted: Column, found: Column) -> Iterator[str]:
    where = f"{table.name}.{wanted.name}"
    if not _is_held(wanted.storage, found.storage):
        has = found.storage or found.declared or "of no type"
        labels = f" ({', '.join(map(str, found.choices))})" if found.choices else ""
        yield f"{where} is {has}{labels}, wanted {wanted.storage}"
        yield from _of_labels(where, wanted, found)
    is_key = wanted.name in table.key
    if found.is_nullable != wanted.is_nullable and not is_key:
        yield f"{where} may {'' if found.is_nullable else 'not '}be null, wanted the opposite"
    if found.is_generated != wanted.is_generated:
        yield f"{where} is {'' if found.is_generated else 'not '}generated, wanted the opposite"
    elif (found.default is None) != (wanted.default is None) and not wanted.is_generated:
        yield f"{where} has {'no' if found.default is None else 'a'} default, wanted the opposite"


def _of_labels(where: str, wanted: Column, found: Column) -> Iterator[str]:
    """Tell how the labels of an enumeration of the store's own differ from the model's."""
    if found.choices and wanted.choices:
        missing = [str(each) for each in wanted.choices if each not in found.choices]
        unknown = [str(each) for each in found.choices if each not in wanted.choices]
        if missing:
            yield f"{where}: {found.declared} has no {', '.join(missing)}"
        if unknown:
            yield f"{where}: {found.declared} has {', '.join(unknown)}, which the model has not"


def _is_held(wanted: StorageType | None, found: StorageType | None) -> bool:
    if wanted == found or wanted is None or found is None:
        return wanted == found
    # PostgreSQL keeps no length of bytes; the field refuses what is too long.
    return wanted.kind is Kind.BYTES and found == StorageType(Kind.BYTES)


def _of_indexes(wanted: Table, found: Table) -> Iterator[str]:
    has, wants = set(map(_of_what, found.indexes)), set(map(_of_what, wanted.indexes))
    # MariaDB keeps an index for each foreign key, and lets the one of a key that nobody named stay
    # when that is dropped.
    silent = {(key.columns, False) for key in found.foreign_keys}
    silent.update(_of_what(each) for each in found.indexes if (each.name,) == each.columns[:1])
    for columns, is_unique in sorted(wants - has):
        kind = "unique index" if is_unique else "index"
        yield f"{wanted.name} has no {kind} on {', '.join(columns)}"
    for columns, is_unique in sorted(has - wants - silent):
        kind = "a unique index" if is_unique else "an index"
        yield f"{wanted.name} has {kind} too many: {', '.join(columns)}"


def _of_what(index: Index) -> tuple[tuple[str, ...], bool]:
    return index.columns, index.is_unique


def _of_foreign_keys(wanted: Table, found: Table) -> Iterator[str]:
    has = {_of_whom(key): key for key in found.foreign_keys}
    for key in wanted.foreign_keys:
        other = has.pop(_of_whom(key), None)
        columns = ", ".join(key.columns)
        if other is None:
            yield f"{wanted.name}.{columns} does not refer to {key.table}"
        elif other.on_delete != key.on_delete:
            yield (
                f"{wanted.name}.{columns} says on_delete {other.on_delete}, wanted {key.on_delete}"
            )
    for key in has.values():
        yield f"{wanted.name}.{', '.join(key.columns)} refers to {key.table}, which is not wanted"


def _of_whom(key: ForeignKey) -> tuple[frozenset[tuple[str, str]], str]:
    return frozenset(zip(key.columns, key.target_columns, strict=True)), key.table
