"""Rows put in, exchanged and taken out, with the rules of their tables kept.

They know tables and columns only; violations are said in the words of the model elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from ommi.drivers.redis.access import Access
from ommi.drivers.redis.introspection import STORE, Catalogue, Referring, StoredTable
from ommi.drivers.redis.pending import Group, Moved, Place, Writes
from ommi.drivers.redis.values import Row, encoded, identity, score
from ommi.drivers.redis.work import Found, Work
from ommi.errors import ForeignKeyViolation, NotNullViolation, TooManyRows, UniqueViolation
from ommi.schema.snapshot import ForeignKey


async def clear(work: Work, table: StoredTable) -> None:
    """Remove rows that have expired, so that what is there is what can be seen.

    It is no part of the work, nor a change to anybody's answers. A question that reads once does
    without: it leaves them out.
    """
    while table.expiry is not None and work.is_checked:
        beside = work.beside()
        ended = await beside.ended(table, table.expiry)
        if not ended:
            return
        for id_, row in ended:
            take(beside.writes, table, row, id_)
        beside.writes.tables.clear()
        with suppress(Moved):  # Somebody else was quicker.
            await beside.send(beside.writes)


async def insert(work: Work, table: StoredTable, rows: Sequence[Row]) -> None:
    """Add rows, one after the other."""
    for row in rows:
        check_not_null(table, row)
    await clear(work, table)
    await work.look(_places(work.catalogue, table, rows))
    for row in rows:
        _put(work, table, row)
        _check_targets(work, table, row)


async def replace(work: Work, table: StoredTable, old: Found, new: Sequence[Row]) -> None:
    """Exchange rows for others, all at once."""
    for row in new:
        check_not_null(table, row)
    moved = list(_moved(table, old, new))
    for referring, _ in moved:
        await clear(work, work.catalogue.table(referring.table))
    await work.look(
        [*_places(work.catalogue, table, new), *(_place(table, values) for _, values in moved)],
        [referring.equal.group(list(values.values())) for referring, values in moved],
        of=", ".join(dict.fromkeys(referring.table for referring, _ in moved)),
    )
    for id_, row in old:
        take(work.writes, table, row, id_)
    for row in new:
        _put(work, table, row)
    for row in new:
        _check_targets(work, table, row)
    for referring, values in moved:
        _check_left(work, table, referring, values)


async def delete(work: Work, table: StoredTable, rows: Found) -> None:
    """Remove rows, and do with those that refer to them what their rule says."""
    for id_, row in rows:
        take(work.writes, table, row, id_)
    for referring in table.referring:
        await clear(work, work.catalogue.table(referring.table))
        groups = list(_groups_of(referring, (row for _, row in rows)))
        await _look_at_referring(work, table, referring, groups)
        ids = [id_ for group in groups for id_ in work.members(group)]
        if ids:
            await _follow(work, table, referring, ids)


async def _look_at_referring(
    work: Work, table: StoredTable, referring: Referring, groups: Sequence[Group]
) -> None:
    try:
        await work.look((), groups, of=referring.table)
    except TooManyRows:
        if referring.foreign_key.on_delete == "restrict":
            raise _still_referred_to(table, referring) from None
        raise


async def _follow(
    work: Work, table: StoredTable, referring: Referring, ids: Sequence[bytes]
) -> None:
    rule = referring.foreign_key.on_delete
    if rule == "restrict":
        raise _still_referred_to(table, referring)
    other = work.catalogue.table(referring.table)
    wanted = set(ids)
    found = [(i, row) for i, row in await work.rows(other, by_ids(ids)) if i in wanted]
    if rule == "cascade":
        await delete(work, other, found)
    else:
        empty = dict.fromkeys(referring.foreign_key.columns)
        await replace(work, other, found, [{**row, **empty} for _, row in found])


def lay(writes: Writes, table: StoredTable, row: Row, id_: bytes, text: bytes) -> None:
    """Write a row, and its places in every index."""
    writes.field(Place(table.rows, id_), text)
    for unique in table.uniques:
        name = unique.field(row)
        if name is not None:
            writes.field(Place(unique.key, name), id_)
    for equal in table.equals:
        writes.member(equal.group([row[c] for c in equal.columns]), id_, is_in=True)
    for key, member, place in _ranks(table, row, id_):
        writes.rank(key, member, place)
    for column, counter in table.counters.items():
        value = row[column]
        if isinstance(value, int) and value > 0:
            _raise(writes, counter, value)
    writes.tables[table.name.encode()] = None


def take(writes: Writes, table: StoredTable, row: Row, id_: bytes) -> None:
    """Remove a row, and its places in every index."""
    writes.field(Place(table.rows, id_), None)
    for unique in table.uniques:
        name = unique.field(row)
        if name is not None:
            writes.field(Place(unique.key, name), None)
    for equal in table.equals:
        writes.member(equal.group([row[c] for c in equal.columns]), id_, is_in=False)
    for key, member, _ in _ranks(table, row, id_):
        writes.rank(key, member, None)
    writes.tables[table.name.encode()] = None


def _raise(writes: Writes, place: Place, value: int) -> None:
    # A longer number is a larger one, and of two equally long ones the later in order.
    text = str(value).encode()
    known = writes.raised.get(place, b"")
    if (len(text), text) > (len(known), known):
        writes.raised[place] = text


def _ranks(table: StoredTable, row: Row, id_: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    for known in table.ranges:
        value = row[known.column]
        if value is None:
            continue
        if known.is_text:
            yield known.key, f"{value}".encode() + b"\0" + id_, b"0"
        else:
            yield known.key, id_, repr(score(value)).encode()
    if table.expiry is not None:
        yield table.expiry.key, id_, table.expiry.rank(row)


def _put(work: Work, table: StoredTable, row: Row) -> None:
    id_ = table.id_of(row)
    if work.value(Place(table.rows, id_)) is not None:
        raise not_unique(table, table.schema.key, "key")
    for unique in table.uniques:
        name = unique.field(row)
        if name is not None and work.value(Place(unique.key, name)) is not None:
            raise not_unique(table, unique.columns, "value")
    lay(work.writes, table, row, id_, encoded(row))


def check_not_null(table: StoredTable, row: Row) -> None:
    """Raise `NotNullViolation` where a value is missing."""
    for column in table.required:
        if row[column] is None:
            raise NotNullViolation(
                "a value is required", model=table.name, fields=(column,), store=STORE
            )


def target_of(catalogue: Catalogue, foreign_key: ForeignKey, row: Row) -> Place | None:
    """Give the place that says whether the row referred to is there; `None` for no reference."""
    values = {
        far: row[near]
        for near, far in zip(foreign_key.columns, foreign_key.target_columns, strict=True)
    }
    return None if None in values.values() else _place(catalogue.table(foreign_key.table), values)


def _place(table: StoredTable, values: Row) -> Place:
    unique = None if set(table.schema.key) == set(values) else table.unique_of(tuple(values))
    if unique is None:
        return Place(table.rows, table.id_of(values))
    return Place(unique.key, identity([values[column] for column in unique.columns]))


def _places(catalogue: Catalogue, table: StoredTable, rows: Iterable[Row]) -> Iterator[Place]:
    """Give the places that tell whether rows may be put in."""
    for row in rows:
        yield Place(table.rows, table.id_of(row))
        for unique in table.uniques:
            name = unique.field(row)
            if name is not None:
                yield Place(unique.key, name)
        for foreign_key in table.schema.foreign_keys:
            target = target_of(catalogue, foreign_key, row)
            if target is not None:
                yield target


def _check_targets(work: Work, table: StoredTable, row: Row) -> None:
    for foreign_key in table.schema.foreign_keys:
        target = target_of(work.catalogue, foreign_key, row)
        if target is not None and work.value(target) is None:
            raise no_target(table, foreign_key)


def _moved(table: StoredTable, old: Found, new: Sequence[Row]) -> Iterator[tuple[Referring, Row]]:
    """Give what rows were referred to by, and are no more, as far as they change."""
    for (_, was), row in zip(old, new, strict=True):
        for referring in table.referring:
            values = _referred_by(referring, was)
            if values is not None and values != _referred_by(referring, row):
                yield referring, values


def _referred_by(referring: Referring, row: Row) -> Row | None:
    values = {column: row[column] for column in referring.foreign_key.target_columns}
    return None if None in values.values() else values


def _groups_of(referring: Referring, rows: Iterable[Row]) -> Iterator[Group]:
    """Give the groups of rows that refer to rows."""
    for row in rows:
        values = _referred_by(referring, row)
        if values is not None:
            yield referring.equal.group(list(values.values()))


def _check_left(work: Work, table: StoredTable, referring: Referring, values: Row) -> None:
    """Raise where rows refer to what a row was, and no row is any more."""
    is_gone = work.value(_place(table, values)) is None
    if is_gone and work.members(referring.equal.group(list(values.values()))):
        raise _still_referred_to(table, referring)


def by_ids(ids: Sequence[bytes]) -> Access:
    """Find rows by the keys that an index gave."""
    return Access(b"keys", tuple(ids), "rows by key")


async def generate(work: Work, table: StoredTable, rows: Sequence[dict[str, object]]) -> None:
    """Fill in the generated keys of rows that are to be added."""
    for column, counter in table.counters.items():
        missing = [row for row in rows if row[column] is None]
        if missing:
            above = max([0, *(k for row in rows if isinstance(k := row[column], int))])
            last = await work.reserve(counter, len(missing), above)
            for number, row in enumerate(missing, last - len(missing) + 1):
                row[column] = number


def not_unique(table: StoredTable, columns: Sequence[str], what: str) -> UniqueViolation:
    """Say that another row has the same."""
    return UniqueViolation(
        f"another row already has this {what}", model=table.name, fields=columns, store=STORE
    )


def no_target(table: StoredTable, foreign_key: ForeignKey) -> ForeignKeyViolation:
    """Say that a row refers to none."""
    return ForeignKeyViolation(
        f"there is no such row of {foreign_key.table}",
        model=table.name,
        fields=foreign_key.columns,
        store=STORE,
    )


def _still_referred_to(table: StoredTable, referring: Referring) -> ForeignKeyViolation:
    return ForeignKeyViolation(
        f"the row is still referred to by {referring.table}", model=table.name, store=STORE
    )
