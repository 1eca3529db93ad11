"""Statements as pieces of work: which rows to look at, and what to do with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import assert_never, cast

from ommi.drivers.redis import rules
from ommi.drivers.redis.access import Bound, access, bounds_of
from ommi.drivers.redis.introspection import StoredTable
from ommi.drivers.redis.related import settled
from ommi.drivers.redis.values import Row
from ommi.drivers.redis.work import Found, Work
from ommi.errors import ConstraintViolation
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Kind, StorageType
from ommi.planning.plan import Compiled, Parameters, ResultColumn, Rows, StoreCodec
from ommi.query.evaluate import Reader
from ommi.query.nodes import Logical, Predicate
from ommi.query.operators import LogicalOperator, QueryOperator
from ommi.query.selecting import Found as NoRows
from ommi.query.selecting import Matching, Selection, assigned, described
from ommi.query.statements import Count, Delete, Insert, Select, Statement, Update
from ommi.schema.violations import in_words_of

Run = Callable[[Work, Parameters], Awaitable[Rows]]
NOWHERE = NoRows(lambda _: ())
"""Where questions about a row alone look for others."""


@dataclass(frozen=True, slots=True)
class RedisCommand:
    """A statement: what to do, and what makes it simple where it is.

    `key` is set for a question for one row by its key: the place of the value of each column.
    `is_size` is it for the number of all rows.
    """

    description: str
    model: ModelMetadata
    run: Run
    is_write: bool = False
    bounds: tuple[Bound, ...] = ()
    is_related: bool = False
    key: Mapping[str, int] | None = None
    insert: Insert | None = None
    is_size: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a question's rows."""
        return tuple(field.column for field in self.model.fields)


class RedisCompiler:
    """Turns statements into pieces of work."""

    def codec(self, storage: StorageType) -> StoreCodec:
        """Say how values travel: as they are, but for documents, which must not be shared."""
        return StoreCodec(decode=deepcopy) if storage.kind is Kind.JSON else StoreCodec()

    def text(self, command: object) -> str:
        """Show a command to a person, without values."""
        return cast("RedisCommand", command).description

    def compile(self, statement: Statement) -> Compiled:
        """Give the piece of work for a statement."""
        match statement:
            case Select(model, where):
                run: Run = partial(
                    _select, _Search.of(statement), [f.column for f in model.fields]
                )
                command = _command(statement, run, where, key=_key_of(statement))
                return Compiled(command, columns=tuple(map(self._result, model.fields)))
            case Count(select):
                run = partial(_count, _Search.of(select))
                return Compiled(_command(statement, run, select.where))
            case Insert(_, _, returning):
                run = partial(_insert, statement)
                command = _command(statement, run, None, insert=statement)
                return Compiled(command, columns=tuple(map(self._result, returning)))
            case Update(model, changes, where):
                made = tuple((field.column, assigned(field, value)) for field, value in changes)
                run = _in_words_of(model, partial(_update, _Match.of(model, where), made))
                return Compiled(_command(statement, run, where))
            case Delete(model, where):
                run = _in_words_of(model, partial(_delete, _Match.of(model, where)))
                return Compiled(_command(statement, run, where))
            case _:
                assert_never(statement)

    def _result(self, field: FieldMetadata) -> ResultColumn:
        # Loading makes new containers itself; what needs no loading is copied.
        load = field.required_codec.load
        return ResultColumn(field, load or self.codec(field.storage).decode)


def _command(
    statement: Statement,
    run: Run,
    where: Predicate | None,
    *,
    key: Mapping[str, int] | None = None,
    insert: Insert | None = None,
) -> RedisCommand:
    select = statement.select if isinstance(statement, Count) else statement
    order = select.order if isinstance(select, Select) else ()
    return RedisCommand(
        described(statement),
        select.model,
        run,
        is_write=not isinstance(statement, Select | Count),
        bounds=bounds_of(where),
        is_related=Matching.of(select.model, where, order).is_related,
        key=key,
        insert=insert,
        is_size=isinstance(statement, Count) and _is_everything(statement.select),
    )


def _is_everything(select: Select) -> bool:
    bounds = (select.where, select.limit, select.offset, select.at_most)
    return all(bound is None for bound in bounds)


def _key_of(select: Select) -> Mapping[str, int] | None:
    """Give the places of the key's values, where nothing else is asked."""
    where = select.where
    is_plain = select.limit is select.offset is None and not select.of_each
    if where is None or not is_plain:
        return None
    parts = [where]
    if isinstance(where, Logical) and where.operator is LogicalOperator.AND:
        parts = list(where.flattened())  # type: ignore[arg-type]  # of bare fields none is left
    bounds = bounds_of(where)
    keys = {field.column for field in select.model.keys}
    is_by_key = {bound.column for bound in bounds} == keys and len(parts) == len(keys)
    if not is_by_key or any(b.operator is not QueryOperator.EQUALS for b in bounds):
        return None
    return {bound.column: cast("int", bound.value) for bound in bounds}


def _in_words_of(model: ModelMetadata, run: Run) -> Run:
    async def named(work: Work, values: Parameters) -> Rows:
        try:
            return await run(work, values)
        except ConstraintViolation as error:
            raise in_words_of(model, error) from None

    return named


@dataclass(frozen=True, slots=True)
class _Search:
    """The rows that a question means, and where to look for them."""

    table: str
    bounds: tuple[Bound, ...]
    selection: Selection

    @classmethod
    def of(cls, select: Select) -> _Search:
        return cls(select.model.table, bounds_of(select.where), Selection.of(select))

    async def rows(self, work: Work, values: Parameters) -> Sequence[Row]:
        table = work.catalogue.table(self.table)
        await rules.clear(work, table)
        found = await work.rows(table, access(table, self.bounds, values))
        rows, selection = [row for _, row in found], self.selection
        matching = selection.matching
        if work.wants_to_know:
            # The whole answer, and not only a page of it.
            await _matched(work, table, found, matching, values)
        if not matching.is_related:
            return selection.rows(rows, NOWHERE, values)
        return await settled(work, lambda related: selection.rows(rows, related, values))


@dataclass(frozen=True, slots=True)
class _Match:
    """The rows that a write means, and where to look for them."""

    table: str
    bounds: tuple[Bound, ...]
    matching: Matching

    @classmethod
    def of(cls, model: ModelMetadata, where: Predicate | None) -> _Match:
        return cls(model.table, bounds_of(where), Matching.of(model, where))

    async def rows(self, work: Work, values: Parameters) -> tuple[StoredTable, Found]:
        table = work.catalogue.table(self.table)
        await rules.clear(work, table)
        found = await work.rows(table, access(table, self.bounds, values))
        return table, await _matched(work, table, found, self.matching, values)


async def _matched(
    work: Work, table: StoredTable, found: Found, matching: Matching, values: Parameters
) -> Found:
    """Give the rows of those found that match, and have them remembered."""
    rows = [row for _, row in found]
    passing = work.passing()
    if matching.is_related:
        taken = await settled(work, lambda related: matching.taken(rows, related, values))
    else:
        taken = matching.taken(rows, NOWHERE, values)
    ids = {id(row): id_ for id_, row in found}
    matched = [(ids[id(row)], row) for row in taken]
    work.meant(table, passing, (id_ for id_, _ in matched))
    return matched


async def _select(search: _Search, columns: Sequence[str], work: Work, values: Parameters) -> Rows:
    found = await search.rows(work, values)
    if len(columns) == 1:
        return [(row[columns[0]],) for row in found]
    return list(map(itemgetter(*columns), found))


async def _count(search: _Search, work: Work, values: Parameters) -> Rows:
    return [(len(await search.rows(work, values)),)]


async def _insert(insert: Insert, work: Work, values: Parameters) -> Rows:
    [row] = await insert_all(insert, work, [values])
    return [row] if insert.returning else [(1,)]


async def insert_all(insert: Insert, work: Work, each: Sequence[Parameters]) -> Rows:
    """Add rows of one kind; give what is to be told of each."""
    table = work.catalogue.table(insert.model.table)
    rows = [row_of(insert, table, values) for values in each]
    try:
        await rules.generate(work, table, rows)
        await rules.insert(work, table, rows)
    except ConstraintViolation as error:
        raise in_words_of(insert.model, error) from None
    return [tuple([row[field.column] for field in insert.returning]) for row in rows]


def row_of(insert: Insert, table: StoredTable, values: Parameters) -> dict[str, object]:
    """Give the row that an insert puts in; what is to be generated is `None`."""
    row: dict[str, object] = {}
    row.update(dict.fromkeys(table.columns))
    row.update(zip([field.column for field in insert.fields], values, strict=True))
    return row


async def _update(
    match: _Match, changes: Sequence[tuple[str, Reader]], work: Work, values: Parameters
) -> Rows:
    table, matched = await match.rows(work, values)
    changed = [
        {**row, **{column: read(row, values) for column, read in changes}} for _, row in matched
    ]
    await rules.replace(work, table, matched, changed)
    return [(len(matched),)]


async def _delete(match: _Match, work: Work, values: Parameters) -> Rows:
    table, matched = await match.rows(work, values)
    await rules.delete(work, table, matched)
    return [(len(matched),)]
