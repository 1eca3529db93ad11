"""What of a migration hurts a store in use, and what to do instead.

It looks at operations, so it needs neither a database nor a parser of SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from ommi.metadata.storage import Kind, StorageType
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Backfill,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Execute,
    Operation,
    RenameColumn,
    RenameTable,
    Sql,
    ValidateConstraint,
)
from ommi.schema.snapshot import Check, Column, Index, shortened_name
from ommi.schema.state import Schema, column_of


class Harm(StrEnum):
    """What an operation may do to a store in use."""

    LOSS = "loses data"
    LOCK = "locks a table"
    REWRITE = "rewrites a table"
    BREAK = "breaks code that runs meanwhile"
    FAIL = "fails on rows that do not fit"
    UNKNOWN = "cannot be judged"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an operation does, and what would not. `safe` expansions are made by Ommi."""

    operation: Operation
    harm: Harm
    reason: str
    instead: str
    is_expandable: bool = False


def lint(operations: Sequence[Operation], before: Schema) -> tuple[Finding, ...]:
    """Tell what operations do to a store that holds many rows and is in use.

    Tables that the operations themselves make are empty, and nothing hurts them.
    """
    found: list[Finding] = []
    made: set[str] = set()
    for operation in operations:
        if isinstance(operation, CreateTable):
            made.add(operation.table.name)
        elif operation.tables[:1] and operation.tables[0] in made:
            pass
        else:
            found.extend(_findings(operation, before))
        before = operation.apply(before)
    return tuple(found)


def losses(operations: Sequence[Operation], before: Schema) -> tuple[Finding, ...]:
    """Tell what of the operations loses data, which asks for a decision."""
    return tuple(each for each in lint(operations, before) if each.harm is Harm.LOSS)


def expanded(operations: Sequence[Operation], before: Schema) -> tuple[tuple[Operation, ...], ...]:
    """Give operations that do the same without the harm, in stages: a migration each.

    What cannot be expanded without a change of code stays as it is. The first stage is never
    empty; later ones hold what must not share a transaction with it.
    """
    first: list[Operation] = []
    later: list[Operation] = []
    made: set[str] = set()
    for operation in operations:
        if isinstance(operation, CreateTable):
            made.add(operation.table.name)
        if operation.tables[:1] and operation.tables[0] in made:
            first.append(operation)
        else:
            now, then = _expanded(operation, before)
            first.extend(now)
            later.extend(then)
        before = operation.apply(before)
    return tuple(stage for stage in (tuple(first), tuple(later)) if stage)


def _findings(operation: Operation, before: Schema) -> Iterator[Finding]:
    match operation:
        case DropTable() | DropColumn():
            yield Finding(
                operation,
                Harm.LOSS,
                "its rows are gone, and undoing brings it back empty",
                "first deploy code that does not use it, and keep a copy; drop it in a later "
                "migration",
            )
        case RenameTable() | RenameColumn():
            yield Finding(
                operation,
                Harm.BREAK,
                "code that was deployed before still asks for the old name",
                "keep the name in the store with table= or StoreAs(...); or add the new one, "
                "write both, backfill, and drop the old one later",
            )
        case AddColumn():
            yield from _of_added(operation)
        case AlterColumn():
            table = before.table(operation.table)
            yield from _of_altered(operation, column_of(table, operation.column.name))
        case AddIndex(is_concurrent=False):
            yield from _of_index(operation, operation.index)
        case DropIndex(is_concurrent=False):
            yield Finding(
                operation,
                Harm.LOCK,
                "PostgreSQL waits for every query of the table, and lets none pass meanwhile",
                "drop it concurrently",
                is_expandable=True,
            )
        case AddConstraint(constraint=Index() as index):
            yield from _of_index(operation, index)
        case AddConstraint(is_validated=True):
            yield Finding(
                operation,
                Harm.LOCK,
                "every row is looked at while nobody can write",
                "add it without looking at rows, and validate it in a migration of its own",
                is_expandable=True,
            )
        case Execute():
            yield Finding(operation, Harm.UNKNOWN, "Ommi does not read SQL", "look at it yourself")
        case _:
            pass


def _of_added(operation: AddColumn) -> Iterator[Finding]:
    default = operation.column.default
    if default is not None and not re.fullmatch(r"'[^']*'|-?[\d.]+|\w+", default.strip()):
        yield Finding(
            operation,
            Harm.REWRITE,
            f"the default {default} is worked out for every row, while nobody can read",
            "add the column without it, give it the default, then backfill",
        )


def _of_altered(operation: AlterColumn, old: Column) -> Iterator[Finding]:
    new = operation.column
    is_narrower = old.storage != new.storage and not _fits(old.storage, new.storage)
    if is_narrower and operation.using is None:
        yield Finding(
            operation,
            Harm.LOSS,
            f"not every {old.storage} is a {new.storage}: values are cut, or it fails",
            "say how with using=, or add a column, backfill it, and drop the old one later",
        )
    if old.storage != new.storage and not _is_longer_text(old.storage, new.storage):
        yield Finding(
            operation,
            Harm.REWRITE,
            "every row is written anew, while nobody can read or write",
            "add a column of the new type, backfill it in batches, then swap the two",
        )
    gone = [choice for choice in old.choices if choice not in new.choices] if new.choices else []
    if gone:
        yield Finding(
            operation,
            Harm.FAIL,
            f"rows that hold one of {len(gone)} choices that are gone can no longer be read",
            "backfill them with another choice in this migration",
        )
    if old.is_nullable and not new.is_nullable:
        yield Finding(
            operation,
            Harm.LOCK,
            "every row is looked at while nobody can read or write",
            "backfill, add a check without looking at rows, validate it, and then forbid null",
            is_expandable=_is_tightened_only(operation, old),
        )


def _of_index(operation: AddIndex | AddConstraint, index: Index) -> Iterator[Finding]:
    yield Finding(
        operation,
        Harm.LOCK,
        "nobody can write while it is built",
        "build it concurrently",
        is_expandable=True,
    )
    if index.is_unique or isinstance(operation, AddConstraint):
        yield Finding(
            operation,
            Harm.FAIL,
            "two rows with the same values stop it",
            "look for them first, and decide which of them stays",
        )


def _fits(old: StorageType | None, new: StorageType | None) -> bool:
    """Tell whether every value of one type is one of the other."""
    if old is None or new is None or old.kind is not new.kind:
        wider = {(Kind.BOOL, Kind.INT), (Kind.INT, Kind.TEXT), (Kind.UUID, Kind.TEXT)}
        return old is not None and new is not None and (old.kind, new.kind) in wider
    if old.kind is Kind.DECIMAL:
        whole = [(s.precision or 0) - (s.scale or 0) for s in (old, new)]
        return whole[1] >= whole[0] and (new.scale or 0) >= (old.scale or 0)
    return new.length is None or (old.length is not None and old.length <= new.length)


def _is_longer_text(old: StorageType | None, new: StorageType | None) -> bool:
    if old is None or new is None:
        return False
    return old.kind is new.kind and old.kind in {Kind.TEXT, Kind.BYTES} and _fits(old, new)


def _expanded(
    operation: Operation, before: Schema
) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
    """Give what to do at once, and what to do in a migration of its own."""
    match operation:
        case AddIndex() | DropIndex():
            return (replace(operation, is_concurrent=True),), ()
        case AddConstraint(constraint=Index() as index):
            index = replace(index, is_unique=True)
            return (AddIndex(operation.table, index, is_concurrent=True),), ()
        case AddConstraint():
            added = replace(operation, is_validated=False)
            return (added,), (ValidateConstraint(operation.table, operation.name),)
        case AlterColumn():
            old = column_of(before.table(operation.table), operation.column.name)
            if _is_tightened_only(operation, old):
                return _forbidden_null(operation)
    return (operation,), ()


def _is_tightened_only(operation: AlterColumn, old: Column) -> bool:
    """Tell whether all that is to be done is to forbid null, in words that every store reads."""
    new = operation.column
    is_tightened = old.is_nullable and not new.is_nullable and old.storage == new.storage
    is_plain = re.fullmatch("[a-z_][a-z0-9_]*", new.name) is not None
    return is_tightened and is_plain and (operation.fill is None or _literal(operation.fill) != "")


def _forbidden_null(
    operation: AlterColumn,
) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
    """Forbid null by a check, which is looked at without a lock; then nobody need look again."""
    name, table = operation.column.name, operation.table
    check = Check(shortened_name((table, name, "not_null")), f"{name} IS NOT NULL")
    first: list[Operation] = [AddConstraint(table, check, is_validated=False)]
    if operation.fill is not None:
        values = ((name, Sql.of(_literal(operation.fill))),)
        first.append(Backfill(table, values, Sql.of(f"{name} IS NULL")))
    return tuple(first), (
        ValidateConstraint(table, check.name),
        operation,
        DropConstraint(table, check.name),
    )


def _literal(value: object) -> str:
    """Give a stored form in SQL that every store reads; nothing where there is none."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, str) and "\\" not in value:
        quoted = value.replace("'", "''")
        return f"'{quoted}'"
    return ""
