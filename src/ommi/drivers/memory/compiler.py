"""Statements as functions on tables, made of `query/evaluate.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import assert_never, cast

from ommi.drivers.memory.tables import Tables
from ommi.errors import ConstraintViolation
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import Compiled, Parameters, ResultColumn, Rows, StoreCodec
from ommi.query.evaluate import Reader
from ommi.query.selecting import Found, Matching, Selection, assigned, described
from ommi.query.statements import Count, Delete, Insert, Select, Statement, Update
from ommi.schema.violations import in_words_of

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
                command = partial(_select, Selection.of(statement), model.table, columns)
                return self._compiled(statement, command, model.fields)
            case Count(select):
                command = partial(_count, Selection.of(select), select.model.table)
                return self._compiled(statement, command)
            case Insert(_, _, returning):
                run = _in_words_of(statement.model, partial(_insert, statement))
                return self._compiled(statement, run, returning)
            case Update():
                changes = tuple((f, assigned(f, v)) for f, v in statement.changes)
                matching = Matching.of(statement.model, statement.where)
                run = partial(_update, matching, statement.model.table, changes)
                return self._compiled(statement, _in_words_of(statement.model, run))
            case Delete(model, where):
                run = partial(_delete, Matching.of(model, where), model.table)
                return self._compiled(statement, _in_words_of(model, run))
            case _:
                assert_never(statement)

    def _compiled(
        self, statement: Statement, run: Run, fields: Sequence[FieldMetadata] = ()
    ) -> Compiled:
        is_write = not isinstance(statement, Select | Count)
        command = MemoryCommand(described(statement), run, is_write)
        return Compiled(command, columns=tuple(map(self._result, fields)))

    def _result(self, field: FieldMetadata) -> ResultColumn:
        # Loading makes new containers itself; what needs no loading is copied.
        load = field.required_codec.load
        return ResultColumn(field, load or self.codec(field.storage).decode)


def _in_words_of(model: ModelMetadata, run: Run) -> Run:
    def named(tables: Tables, values: Parameters) -> Rows:
        try:
            return run(tables, values)
        except ConstraintViolation as error:
            raise in_words_of(model, error) from None

    return named


def _select(
    selection: Selection, table: str, columns: Sequence[str], tables: Tables, values: Parameters
) -> Rows:
    found = selection.rows(tables.rows(table), Found(tables.rows), values)
    return [tuple([row[c] for c in columns]) for row in found]


def _count(selection: Selection, table: str, tables: Tables, values: Parameters) -> Rows:
    return [(len(selection.rows(tables.rows(table), Found(tables.rows), values)),)]


def _insert(insert: Insert, tables: Tables, values: Parameters) -> Rows:
    given = {field.column: value for field, value in zip(insert.fields, values, strict=True)}
    row = tables.insert(insert.model.table, given)
    if not insert.returning:
        return [(1,)]
    return [tuple([row[field.column] for field in insert.returning])]


def _update(
    matching: Matching,
    table: str,
    changes: Sequence[tuple[FieldMetadata, Reader]],
    tables: Tables,
    values: Parameters,
) -> Rows:
    matched = matching.taken(tables.rows(table), Found(tables.rows), values)
    changed = [
        {**row, **{field.column: read(row, values) for field, read in changes}} for row in matched
    ]
    tables.replace(table, matched, changed)
    return [(len(matched),)]


def _delete(matching: Matching, table: str, tables: Tables, values: Parameters) -> Rows:
    matched = matching.taken(tables.rows(table), Found(tables.rows), values)
    tables.delete(table, matched)
    return [(len(matched),)]
