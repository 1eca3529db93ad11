"""From models to operations: what changed since the migrations that there are.

The state is what the migrations lead to by replay, so no database is needed. A column that is
gone while another came is never taken for a rename, nor dropped, by guess: that is a `Question`,
which is answered by the field's id, on the command line, or by whoever is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from ommi.errors import MigrationError
from ommi.metadata.storage import Kind, StorageType
from ommi.schema.changes import Place, changes
from ommi.schema.operations import CreateTable, Operation, RenameColumn, RenameTable
from ommi.schema.snapshot import Column, Table
from ommi.schema.state import Schema


@dataclass(frozen=True, slots=True)
class Wanted:
    """The tables of the models. `fills` are stored forms that their defaults give old rows."""

    tables: tuple[Table, ...]
    fills: Mapping[Place, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answers:
    """What was decided. Names are of tables, or `table.column`."""

    renames: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    fills: Mapping[str, str] = field(default_factory=dict)
    rekeyed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RenameQuestion:
    """Whether what is gone is one of what came, under another name."""

    what: str
    candidates: tuple[str, ...]

    def __str__(self) -> str:
        came = " or ".join(self.candidates)
        return (
            f"{self.what} is gone and {came} came: say --rename {self.what}={self.candidates[0]} "
            f"if it was renamed, or --drop {self.what} if it and its data are to go"
        )


@dataclass(frozen=True, slots=True)
class FillQuestion:
    """What rows that are there get in a column that must have a value."""

    what: str
    storage: StorageType

    def __str__(self) -> str:
        return (
            f"{self.what} must have a value, and rows that are there have none: say --fill "
            f"{self.what}=VALUE ({self.storage}), give the field a default, or let it be None"
        )


Question = RenameQuestion | FillQuestion


@dataclass(frozen=True, slots=True)
class Generated:
    """The operations, or the questions that come before them."""

    operations: tuple[Operation, ...] = ()
    questions: tuple[Question, ...] = ()


def generated(before: Schema, wanted: Wanted, answers: Answers | None = None) -> Generated:
    """Give the operations from `before` to the models; none where nothing changed.

    Raises `MigrationError` for an answer to nothing, and for a change that no operation makes.
    """
    answers = answers or Answers()
    renames = _Renames(before, wanted.tables, answers)
    questions: list[Question] = list(renames.questions())
    if questions:
        return Generated(questions=tuple(questions))
    moved = renames.operations()
    schema = renames.after
    _refuse_same_keys(schema, wanted, answers.rekeyed)
    fills = dict(wanted.fills)
    for place, storage in _unfilled(schema, wanted, answers.rekeyed):
        said = answers.fills.get(".".join(place))
        if said is not None:
            fills[place] = stored_form(said, storage, ".".join(place))
        elif place not in fills:
            questions.append(FillQuestion(".".join(place), storage))
    if questions:
        return Generated(questions=tuple(questions))
    return Generated((*moved, *changes(schema, wanted.tables, fills, answers.rekeyed)))


def described(operations: Sequence[Operation]) -> str:
    """Say in a few words what operations do, for the name of their file."""
    if all(isinstance(each, CreateTable) for each in operations):
        names = [each.table.name for each in operations if isinstance(each, CreateTable)]
        more = f" and {len(names) - 2} more" if len(names) > 2 else ""  # noqa: PLR2004
        return f"create {' and '.join(names) if not more else ', '.join(names[:2])}{more}"
    first = str(operations[0])
    return first if len(operations) == 1 else f"{first} and {len(operations) - 1} more"


def stored_form(text: str, storage: StorageType, what: str) -> object:
    """Give the stored form that a text stands for; raises `MigrationError` for no such text."""
    try:
        return _READ[storage.kind](text)
    except (ValueError, InvalidOperation, KeyError) as error:
        raise MigrationError(f"--fill {what}: wanted a value of type {storage}") from error


class _Renames:
    """What was renamed, as far as that is answered."""

    def __init__(self, before: Schema, wanted: Sequence[Table], answers: Answers) -> None:
        self._wanted = {table.name: table for table in wanted}
        self._answers = answers
        self._used: set[str] = set()
        self._tables = tuple(self._of_tables(before))
        self.after = before
        for each in self._tables:
            self.after = each.apply(self.after)
        self._columns = tuple(self._of_columns())
        for column in self._columns:
            self.after = column.apply(self.after)
        self._refuse_unused(before)

    def operations(self) -> tuple[Operation, ...]:
        """Give the renames, tables first."""
        return (*self._tables, *self._columns)

    def questions(self) -> Iterator[RenameQuestion]:
        """Ask for what is gone while something like it came."""
        gone = [table for table in self.after.tables if table.name not in self._wanted]
        made = [t for name, t in self._wanted.items() if self.after.get(name) is None]
        for table in gone:
            like = tuple(each.name for each in made if _is_like(table, each))
            if like and table.name not in self._answers.dropped:
                yield RenameQuestion(table.name, like)
        for table in self.after.tables:
            if table.name in self._wanted:
                yield from self._column_questions(table, self._wanted[table.name])

    def _column_questions(self, old: Table, new: Table) -> Iterator[RenameQuestion]:
        came = tuple(name for name in _names(new) if name not in _names(old))
        for name in _names(old):
            what = f"{new.name}.{name}"
            if name not in _names(new) and came and what not in self._answers.dropped:
                column = _column(old, name)
                alike = sorted(came, key=lambda each: column.storage != _column(new, each).storage)
                yield RenameQuestion(what, tuple(f"{new.name}.{each}" for each in alike))

    def _of_tables(self, before: Schema) -> Iterator[RenameTable]:
        for old, new in self._answers.renames.items():
            if before.get(old) is not None and old not in self._wanted and new in self._wanted:
                self._used.add(old)
                yield RenameTable(old, new)

    def _of_columns(self) -> Iterator[RenameColumn]:
        for table in self.after.tables:
            wanted = self._wanted.get(table.name)
            if wanted is not None:
                yield from self._of_table(table, wanted)

    def _of_table(self, old: Table, new: Table) -> Iterator[RenameColumn]:
        free = [column for column in old.columns if column.name not in _names(new)]
        for column in new.columns:
            if column.name in _names(old):
                continue
            for was in free:
                if self._is_renamed(old.name, was, new.name, column):
                    free.remove(was)
                    yield RenameColumn(new.name, was.name, column.name)
                    break

    def _is_renamed(self, table: str, was: Column, now: str, column: Column) -> bool:
        if column.id is not None and column.id == (was.id or was.name):
            return True
        olds = {r.old for r in self._tables if r.new == now} | {table, now}
        for each in olds:
            said = self._answers.renames.get(f"{each}.{was.name}")
            if said in {column.name, *(f"{name}.{column.name}" for name in olds)}:
                self._used.add(f"{each}.{was.name}")
                return True
        return False

    def _refuse_unused(self, before: Schema) -> None:
        for old, new in self._answers.renames.items():
            if old not in self._used:
                known = ", ".join(_gone(before, self._wanted.values())) or "nothing"
                raise MigrationError(
                    f"--rename {old}={new} fits no change; gone are {known}, and a new name is "
                    "one that a model has and that was not there"
                )


def _gone(before: Schema, wanted: Iterable[Table]) -> Iterator[str]:
    by_name = {table.name: table for table in wanted}
    for table in before.tables:
        if table.name not in by_name:
            yield table.name
        else:
            left = _names(by_name[table.name])
            yield from (f"{table.name}.{name}" for name in _names(table) if name not in left)


def _refuse_same_keys(before: Schema, wanted: Wanted, rekeyed: frozenset[str]) -> None:
    keys = {table.name: set(table.key) for table in wanted.tables}
    for name in sorted(rekeyed):
        old = before.get(name)
        if old is None or name not in keys or set(old.key) == keys[name]:
            raise MigrationError(f"--new-key {name} fits no change: no such table has another key")


def _unfilled(
    before: Schema, wanted: Wanted, rekeyed: frozenset[str]
) -> Iterator[tuple[Place, StorageType]]:
    """Give the columns for which rows that are there need a value."""
    for table in wanted.tables:
        old = before.get(table.name)
        if old is None:
            continue
        there = {column.name: column for column in old.columns}
        for column in table.columns:
            was = there.get(column.name)
            may_stay = was is not None and not was.is_nullable
            if column.is_nullable or column.default is not None or may_stay:
                continue
            if column.is_generated and table.name in rekeyed:
                continue
            if column.storage is not None:
                yield (table.name, column.name), column.storage


def _is_like(one: Table, other: Table) -> bool:
    """Tell whether most columns of two tables are the same."""
    columns = [set(one.columns), set(other.columns)]
    return 2 * len(columns[0] & columns[1]) >= max(map(len, columns))


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _column(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)


def _bool(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_READ: Mapping[Kind, Callable[[str], object]] = {
    Kind.BOOL: _bool,
    Kind.INT: int,
    Kind.FLOAT: float,
    Kind.TEXT: str,
    Kind.BYTES: bytes.fromhex,
    Kind.DECIMAL: Decimal,
    Kind.DATETIME: datetime.fromisoformat,
    Kind.INSTANT: lambda text: datetime.fromisoformat(text).astimezone(UTC),
    Kind.DATE: date.fromisoformat,
    Kind.TIME: time.fromisoformat,
    Kind.DURATION: lambda text: timedelta(seconds=float(text)),
    Kind.UUID: UUID,
    Kind.JSON: json.loads,
}
