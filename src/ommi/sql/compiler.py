"""Statements to SQL: one compiler for every dialect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never, cast

from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import StorageType
from ommi.planning.plan import ByKeys, Compiled, ResultColumn, StoreCodec, binder, composed
from ommi.query.expressions import Parameter
from ommi.query.fields import FieldReference
from ommi.query.nodes import LONGEST_SHORT_LIST, Comparison, Logical, Predicate, Term
from ommi.query.operators import LogicalOperator, OrderDirection, QueryOperator
from ommi.query.ordering import Ordering
from ommi.query.reach import goes_along_keys, is_own, key_asked_for
from ommi.query.statements import Count, Delete, Insert, Select, Statement, Update
from ommi.sql.dialect import Dialect, SqlCommand
from ommi.sql.expressions import Writer
from ommi.sql.sources import Source


class SqlCompiler:
    """Compiles statements whose values were taken out into text with placeholders."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def codec(self, storage: StorageType) -> StoreCodec:
        """Say how values of a storage type travel to the store and back."""
        return self.dialect.codec(storage)

    def text(self, command: object) -> str:
        """Show a command to a person, without values."""
        return command.text if isinstance(command, SqlCommand) else str(command)

    def compile(self, statement: Statement) -> Compiled:
        """Give the command for a statement, or raise `UnsupportedOperation`."""
        of = statement.select if isinstance(statement, Count) else statement
        writer = Writer(self.dialect, of.model)
        match statement:
            case Select(model):
                write = self._select_beside if statement.beside else self._select
                text = write(statement, writer, self._columns(model))
                command = self._command(text, model)
                key = key_asked_for(statement)
                if key is not None:
                    command = replace(command, by_keys=self._by_keys(model, key))
                return self._compiled(command, writer, model.fields)
            case Count(select):
                text = self._count(select, writer)
                return self._compiled(self._command(text, select.model), writer)
            case Insert(model, _, returning):
                return self._compiled(self._insert(statement, writer), writer, returning)
            case Update(model):
                command = self._command(self._update(statement, writer), model, is_write=True)
                return self._compiled(command, writer)
            case Delete(model, where):
                where_text = self._where_by_key(model, where, writer)
                text = f"DELETE FROM {self.dialect.quote(model.table)}{where_text}"
                return self._compiled(self._command(text, model, is_write=True), writer)
            case _:
                assert_never(statement)

    def _by_keys(self, model: ModelMetadata, key: FieldReference[object]) -> ByKeys | None:
        codec = self.dialect.codec(key.storage)
        is_coded = codec.encode is not None or codec.decode is not None
        if is_coded or key.metadata.has_database_collation:
            # What goes there may not be equal to what comes back.
            return None
        several = Parameter(0, key.storage, LONGEST_SHORT_LIST)
        where = Comparison.unchecked(key, QueryOperator.IN, several)
        writer = Writer(self.dialect, model)
        text = self._select(Select(model, where), writer, self._columns(model))
        place = model.fields.index(key.metadata)
        return ByKeys(self._command(text, model), binder(writer.slots), place)

    def _command(self, text: str, model: ModelMetadata, *, is_write: bool = False) -> SqlCommand:
        names = {field.column: field.name for field in model.fields}
        return SqlCommand(
            text, model.name, model.table, names, is_write=is_write, returns_rows=not is_write
        )

    def _compiled(
        self, command: SqlCommand, writer: Writer, fields: Sequence[FieldMetadata] = ()
    ) -> Compiled:
        return Compiled(command, tuple(writer.slots), tuple(map(self._result, fields)))

    def columns_of(self, model: ModelMetadata) -> Sequence[ResultColumn]:
        """Say what stands in a row for another model: all of its fields."""
        return tuple(map(self._result, model.fields))

    def _result(self, field: FieldMetadata) -> ResultColumn:
        codec = self.dialect.codec(field.storage)
        load = field.required_codec.load
        inline = codec.inline if load is None else None
        return ResultColumn(field, composed(codec.decode, load), inline)

    def _columns(self, model: ModelMetadata, name: str | None = None) -> str:
        table = name or self.dialect.quote(model.table)
        return ", ".join(f"{table}.{self.dialect.quote(f.column)}" for f in model.fields)

    def _select(self, select: Select, writer: Writer, what: str) -> str:
        if select.of_each:
            return self._select_of_each(select, writer, what)
        where = writer.where(select.where)
        order = self._order(select, writer)
        limit = None if select.limit is None else writer.bound(select.limit)
        offset = None if select.offset is None else writer.bound(select.offset)
        if limit is None and select.at_most is not None:
            limit = str(select.at_most)
        # What the conditions and the order read beside the table has been joined to it by now.
        source = writer.sources[0].text
        return f"SELECT {what} FROM {source}{where}{order}{self.dialect.bounds(limit, offset)}"

    def _select_beside(self, select: Select, writer: Writer, what: str) -> str:
        """Join the rows that relations to one lead to; a page may have to be cut out first.

        Else SQLite joins to all rows that it sorts, if it has to sort any, and PostgreSQL does not
        see how few it has to join, and plans each time. MariaDB sorts first by itself, and takes
        twice as long so.
        """
        own = select._replace(beside=())
        is_page = select.limit is not None or select.offset is not None
        is_walk = self.dialect.walks_before_joining and goes_along_keys(own)
        if is_walk or not (is_page and self.dialect.pages_before_joining):
            what = self._with_related(select, writer, what)
            return self._select(own, writer, what)
        table = self.dialect.quote(select.model.table)
        page = Source(table, f"({self._select(own, writer, f'{table}.*')})")
        with writer.reading(page):
            columns, order = self._with_related(select, writer, what), self._order(select, writer)
        return f"SELECT {columns} FROM {page.text}{order}"

    def _with_related(self, select: Select, writer: Writer, what: str) -> str:
        """Join to what is being read; give all columns."""
        names = [(each.target, writer.joined_by(each)) for each in select.beside]
        return ", ".join([what, *(self._columns(model, name) for model, name in names)])

    def _select_of_each(self, select: Select, writer: Writer, what: str) -> str:
        """Give the rows of a page of each group, numbered by a subquery with the table's name."""
        quote = self.dialect.quote
        table, place = quote(select.model.table), quote("ommi place")
        groups = ", ".join(f"{table}.{quote(field.column)}" for field in select.of_each)
        order, where = self._order(select, writer), writer.where(select.where)
        numbered = (
            f"SELECT {table}.*, row_number() OVER (PARTITION BY {groups}{order}) AS {place} "
            f"FROM {writer.sources[0].text}{where}"
        )
        bounds, position = [], f"{table}.{place}"
        if select.offset is not None:
            bounds.append(f"{position} > {writer.bound(select.offset)}")
        if select.limit is not None:
            passed = "" if select.offset is None else f" - {writer.bound(select.offset)}"
            bounds.append(f"{position}{passed} <= {writer.bound(select.limit)}")
        return (
            f"SELECT {what} FROM ({numbered}) AS {table} WHERE {' AND '.join(bounds)} "
            f"ORDER BY {table}.{place}"
        )

    def _order(self, select: Select, writer: Writer) -> str:
        if not select.order:
            return ""
        keys = (self._ordering(ordering, writer) for ordering in select.order)
        return f" ORDER BY {', '.join(keys)}"

    def _ordering(self, ordering: Ordering, writer: Writer) -> str:
        return self.dialect.ordering(
            partial(writer.expression, ordering.expression),
            ordering.expression,
            is_descending=ordering.direction is OrderDirection.DESC,
            puts_nulls_last=ordering.puts_nulls_last,
        )

    def _count(self, select: Select, writer: Writer) -> str:
        if select.limit is None and select.offset is None and select.at_most is None:
            where = writer.where(select.where)
            return f"SELECT count(*) FROM {writer.sources[0].text}{where}"
        return f"SELECT count(*) FROM ({self._select(select, writer, '1')}) AS page"

    def _insert(self, insert: Insert, writer: Writer) -> SqlCommand:
        marks = [writer.stored(n, f, insert.model) for n, f in enumerate(insert.fields)]
        text = self._insert_text(insert.model, insert.fields, marks)
        columns = tuple(field.column for field in insert.fields)
        given = next((field.column for field in insert.fields if field.is_auto), None)
        command = self._command(text, insert.model, is_write=True)
        command = replace(command, columns=columns, given_key=given)
        if not insert.returning:
            return command
        if not self.dialect.tells_key(insert):
            returned = ", ".join(self.dialect.quote(f.column) for f in insert.returning)
            command = replace(command, text=f"{text} RETURNING {returned}", returns_rows=True)
        key, *more = insert.returning
        if more or not key.is_auto:
            return command
        marks.append(self.dialect.placeholder(len(marks) + 1))
        with_key = self._insert_text(insert.model, (*insert.fields, key), marks)
        return replace(command, key_column=key.column, text_with_key=with_key)

    def _insert_text(
        self, model: ModelMetadata, fields: Sequence[FieldMetadata], marks: Sequence[str]
    ) -> str:
        table = self.dialect.quote(model.table)
        if not fields:
            return f"INSERT INTO {table} {self.dialect.no_values}"
        names = ", ".join(self.dialect.quote(field.column) for field in fields)
        return f"INSERT INTO {table} ({names}) VALUES ({', '.join(marks)})"

    def _update(self, update: Update, writer: Writer) -> str:
        model = update.model
        key = [field.column for field in model.keys]
        table, before = self.dialect.updated(model.table, key, update.changes)
        assignments = ", ".join(
            f"{before}{self.dialect.quote(f.column)} = {writer.assigned(value, f, model)}"
            for f, value in update.changes
        )
        where = self._where_by_key(model, update.where, writer)
        return f"UPDATE {table} SET {assignments}{where}"

    def _where_by_key(self, model: ModelMetadata, where: Predicate | None, writer: Writer) -> str:
        """Say which rows to write: where others are asked about, by the keys of those found.

        What can be asked of the row itself is asked of it, so that a row that somebody else has
        changed meanwhile is looked at again.
        """
        if where is None or is_own(where, model):
            return writer.where(where)
        is_all = isinstance(where, Logical) and where.operator is LogicalOperator.AND
        parts = list(cast("Logical", where).flattened()) if is_all else [where]
        texts = [writer.predicate(part) for part in parts if is_own(part, model)]
        rest = [part for part in parts if not is_own(part, model)]
        related = rest[0] if len(rest) == 1 else Logical(LogicalOperator.AND, rest)
        return f" WHERE {' AND '.join([*texts, self._among_keys(model, related, writer)])}"

    def _among_keys(self, model: ModelMetadata, where: Predicate | Term, writer: Writer) -> str:
        table = self.dialect.quote(model.table)
        keys = ", ".join(f"{table}.{self.dialect.quote(key.column)}" for key in model.keys)
        with writer.reading(Source(table)) as source:
            condition = writer.predicate(where)
        found = self.dialect.keys_found(keys, f"FROM {source.text} WHERE {condition}")
        return f"{f'({keys})' if len(model.keys) > 1 else keys} IN ({found})"
