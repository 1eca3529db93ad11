"""Statements as functions on tables, made of `query/evaluate.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import assert_never, cast

from ommi.drivers.memory.tables import Row, Tables
from ommi.errors import ArithmeticOverflow, ConstraintViolation
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Kind, StorageType, Unfit
from ommi.planning.plan import Compiled, Parameters, ResultColumn, Rows, StoreCodec
from ommi.query.evaluate import (
    Condition,
    Reader,
    Situated,
    Sorter,
    condition,
    operand,
    sorter,
)
from ommi.query.expressions import Arithmetic, Ordering, Parameter
from ommi.query.nodes import Predicate
from ommi.query.reach import is_own
from ommi.query.statements import Count, Delete, Insert, Select, Statement, Update

Run = Callable[[Tables, Parameters], Rows]


@dataclass(frozen=True, slots=True)
class MemoryCommand:
    """What to do with the tables; its rows are of one number where it writes."""

    description: str
    run: Run
    is_write: bool = False


class MemoryCompiler:
    """Turns statements into functions on tables."""

    def codec(self, storage: StorageType) -> StoreCodec:
        """Say how values travel: as they are, but for documents, which must not be shared."""
        return StoreCodec(decode=deepcopy) if storage.kind is Kind.JSON else StoreCodec()

    def text(self, command: object) -> str:
        """Show a command to a person, without values."""
        return cast("MemoryCommand", command).description

    def compile(self, statement: Statement) -> Compiled:
        """Give the function for a statement."""
        match statement:
            case Select(model):
                columns = tuple(field.column for field in model.fields)
                command = partial(_select, _Selection.of(statement), columns)
                return self._compiled(statement, command, model.fields)
            case Count(select):
                return self._compiled(statement, partial(_count, _Selection.of(select)))
            case Insert(_, _, returning):
                run = _in_words_of(statement.model, partial(_insert, statement))
                return self._compiled(statement, run, returning)
            case Update():
                changes = tuple((f, _assigned(f, v)) for f, v in statement.changes)
                matching = _Matching.of(statement.model, statement.where)
                run = partial(_update, matching, changes)
                return self._compiled(statement, _in_words_of(statement.model, run))
            case Delete(model, where):
                run = partial(_delete, _Matching.of(model, where))
                return self._compiled(statement, _in_words_of(model, run))
            case _:
                assert_never(statement)

    def _compiled(
        self, statement: Statement, run: Run, fields: Sequence[FieldMetadata] = ()
    ) -> Compiled:
        is_write = not isinstance(statement, Select | Count)
        command = MemoryCommand(_described(statement), run, is_write)
        return Compiled(command, columns=tuple(map(self._result, fields)))

    def _result(self, field: FieldMetadata) -> ResultColumn:
        # Loading makes new containers itself; what needs no loading is copied.
        load = field.required_codec.load
        return ResultColumn(field, load or self.codec(field.storage).decode)


def _in_words_of(model: ModelMetadata, run: Run) -> Run:
    """Name the model and its fields where tables name themselves and their columns."""
    names = {field.column: field.name for field in model.fields}

    def named(tables: Tables, values: Parameters) -> Rows:
        try:
            return run(tables, values)
        except ConstraintViolation as error:
            # Another table's columns, met in a cascade, are no fields of this model.
            told = error.fields if error.model == model.table else ()
            fields = tuple(names.get(column, column) for column in told)
            where = f"{model.name} ({', '.join(fields)})" if fields else model.name
            raise type(error)(
                f"{where}: {error.reason}", model=model.name, fields=fields, store=error.store
            ) from None

    return named


@dataclass(frozen=True, slots=True)
class _Matching:
    """The rows of one table that meet a condition; `is_related` if other rows are asked about."""

    table: str
    where: Condition | None
    is_related: bool

    @classmethod
    def of(
        cls, model: ModelMetadata, where: Predicate | None, order: Sequence[Ordering] = ()
    ) -> _Matching:
        asked = [*([] if where is None else [where]), *(key.expression for key in order)]
        is_related = not all(is_own(node, model) for node in asked)
        return cls(model.table, None if where is None else condition(where), is_related)

    def rows(self, tables: Tables, values: Parameters) -> list[Row]:
        rows = tables.rows(self.table)
        if self.is_related:
            found = _Found(tables)
            rows = [Situated(row, found) for row in rows]
        where = self.where
        return list(rows) if where is None else [row for row in rows if where(row, values)]

    def taken(self, tables: Tables, values: Parameters) -> list[Row]:
        """Give the rows as the table holds them."""
        rows = self.rows(tables, values)
        return [cast("Situated", row).row for row in rows] if self.is_related else rows


@dataclass(frozen=True, slots=True)
class _Selection:
    """The rows of one table that a statement means, in order, and the page of them."""

    matching: _Matching
    sort: Sorter | None
    limit: Reader | None
    offset: Reader | None
    at_most: int | None
    of_each: tuple[str, ...]

    @classmethod
    def of(cls, select: Select) -> _Selection:
        return cls(
            _Matching.of(select.model, select.where, select.order),
            sorter(select.order) if select.order else None,
            None if select.limit is None else operand(cast("Parameter", select.limit)),
            None if select.offset is None else operand(cast("Parameter", select.offset)),
            select.at_most,
            tuple(field.column for field in select.of_each),
        )

    def rows(self, tables: Tables, values: Parameters) -> list[Row]:
        found = self.matching.rows(tables, values)
        if self.sort is not None:
            self.sort(found, values)
        if self.of_each:
            groups: dict[object, list[Row]] = {}
            for row in found:
                groups.setdefault(tuple([row[c] for c in self.of_each]), []).append(row)
            return [row for group in groups.values() for row in self._page(group, values)]
        return self._page(found, values)

    def _page(self, found: list[Row], values: Parameters) -> list[Row]:
        if self.offset is not None:
            found = found[cast("int", self.offset({}, values)) :]
        if self.limit is not None:
            found = found[: cast("int", self.limit({}, values))]
        return found if self.at_most is None else found[: self.at_most]


class _Found:
    """The rows of all tables by the values that they were looked for with."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._known: dict[tuple[str, tuple[str, ...]], dict[tuple[object, ...], list[Row]]] = {}

    def rows_with(
        self, table: str, columns: tuple[str, ...], values: tuple[object, ...]
    ) -> Sequence[Row]:
        known = self._known.get((table, columns))
        if known is None:
            known = self._known[table, columns] = {}
            for row in self._tables.rows(table):
                known.setdefault(tuple([row[column] for column in columns]), []).append(row)
        return known.get(values, ())


def _select(
    selection: _Selection, columns: Sequence[str], tables: Tables, values: Parameters
) -> Rows:
    return [tuple([row[c] for c in columns]) for row in selection.rows(tables, values)]


def _count(selection: _Selection, tables: Tables, values: Parameters) -> Rows:
    return [(len(selection.rows(tables, values)),)]


def _insert(insert: Insert, tables: Tables, values: Parameters) -> Rows:
    given = {field.column: value for field, value in zip(insert.fields, values, strict=True)}
    row = tables.insert(insert.model.table, given)
    if not insert.returning:
        return [(1,)]
    return [tuple([row[field.column] for field in insert.returning])]


def _update(
    matching: _Matching,
    changes: Sequence[tuple[FieldMetadata, Reader]],
    tables: Tables,
    values: Parameters,
) -> Rows:
    matched = matching.taken(tables, values)
    changed = [
        {**row, **{field.column: read(row, values) for field, read in changes}} for row in matched
    ]
    tables.replace(matching.table, matched, changed)
    return [(len(matched),)]


def _assigned(field: FieldMetadata, value: object) -> Reader:
    read = operand(value)
    if not isinstance(value, Arithmetic):
        return read

    def fitted(row: Row, values: Parameters) -> object:
        result = read(row, values)
        try:
            return None if result is None else field.required_codec.dump(result)
        except Unfit as error:
            raise ArithmeticOverflow(
                f"a calculated value does not fit {field.model}.{field.name}: {error}"
            ) from None

    return fitted


def _delete(matching: _Matching, tables: Tables, values: Parameters) -> Rows:
    matched = matching.taken(tables, values)
    tables.delete(matching.table, matched)
    return [(len(matched),)]


def _described(statement: Statement) -> str:
    select = statement.select if isinstance(statement, Count) else statement
    words = [type(statement).__name__.lower(), select.model.table]
    where = getattr(select, "where", None)
    if where is not None:
        words.append(f"where {where!r}")
    order = getattr(select, "order", ())
    if order:
        words.append(f"order by {', '.join(map(repr, order))}")
    return " ".join(words)
