"""Statements as finds, aggregations and writes of MongoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never, cast

from ommi.drivers.mongodb import commands
from ommi.drivers.mongodb.calculations import fitted
from ommi.drivers.mongodb.commands import Aggregate, Bounds, Command, Find, described
from ommi.drivers.mongodb.conditions import Conditions
from ommi.drivers.mongodb.documents import place_of, reader
from ommi.drivers.mongodb.expressions import refuse_order_of_bytes
from ommi.drivers.mongodb.scopes import Scope
from ommi.drivers.mongodb.storage import STORE, codec
from ommi.drivers.mongodb.templates import Template, Value, filler
from ommi.errors import UnsupportedOperation
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import StorageType
from ommi.planning.plan import Compiled, ResultColumn, StoreCodec, composed
from ommi.query.expressions import Parameter
from ommi.query.nodes import Logical, Predicate
from ommi.query.operators import LogicalOperator, OrderDirection
from ommi.query.ordering import Ordering
from ommi.query.statements import Count, Delete, Insert, Select, Statement, Update


class MongoDBCompiler:
    """Turns statements into commands of MongoDB."""

    def codec(self, storage: StorageType) -> StoreCodec:
        """Say how values of a storage type travel to the server and back."""
        return codec(storage)

    def text(self, command: object) -> str:
        """Show a command to a person, without values."""
        return cast("Command", command).text

    def compile(self, statement: Statement) -> Compiled:
        """Give the command for a statement, or raise `UnsupportedOperation`."""
        match statement:
            case Select():
                return _Writing(statement.model).select(statement)
            case Count(select):
                return _Writing(select.model).count(select)
            case Insert():
                return _Writing(statement.model).insert(statement)
            case Update():
                return _Writing(statement.model).update(statement)
            case Delete():
                return _Writing(statement.model).delete(statement)
            case _:
                assert_never(statement)


class _Writing:
    """One statement while it is written."""

    def __init__(self, model: ModelMetadata) -> None:
        self._model = model
        self._terms = Conditions()
        self._scope = Scope()
        check_collection(model.table)

    @property
    def _names(self) -> Mapping[str, str]:
        return {place_of(self._model, field): field.name for field in self._model.fields}

    def select(self, select: Select) -> Compiled:
        stages, filter_ = self._found(select.where)
        sort, before = self._order(select.order)
        bounds = self._bounds(select)
        fields = self._model.fields
        read = reader([place_of(self._model, field) for field in fields])
        if stages or before or select.of_each:
            page = self._page_of_each(select, sort, bounds) if select.of_each else None
            tail = page or [*_sorted(sort), *_paged(bounds)]
            found = stages or _matched(filter_)
            pipeline = [*found, *before, *tail, self._only_columns()]
            return self._aggregate(pipeline, bounds, read, fields)
        parts: list[tuple[str, Template]] = [("filter", filter_), ("sort", dict(sort) or None)]
        parts += [("skip", bounds.skip), ("limit", bounds.limit or bounds.at_most)]
        command = Find(
            self._model.table,
            self._model.name,
            self._names,
            described("find", self._model.table, parts),
            tuple(self._terms.checks),
            filter=filter_,
            sort=sort,
            bounds=bounds,
            read=read,
            fill=filler(filter_),
        )
        return self._compiled(command, fields)

    def _aggregate(
        self,
        pipeline: list[Template],
        bounds: Bounds,
        read: object,
        fields: Sequence[FieldMetadata],
    ) -> Compiled:
        command = Aggregate(
            self._model.table,
            self._model.name,
            self._names,
            described("aggregate", self._model.table, [("pipeline", pipeline)]),
            tuple(self._terms.checks),
            pipeline=pipeline,
            bounds=bounds,
            read=read,  # type: ignore[arg-type]
            fill=filler(pipeline),
        )
        return self._compiled(command, fields)

    def count(self, select: Select) -> Compiled:
        stages, filter_ = self._found(select.where)
        bounds = self._bounds(select)
        first = stages or _matched(filter_)
        pipeline = [*first, *_paged(bounds), {"$count": "n"}]
        command = commands.Count(
            self._model.table,
            self._model.name,
            self._names,
            described("aggregate", self._model.table, [("pipeline", pipeline)]),
            tuple(self._terms.checks),
            bounds=bounds,
            fill=filler(pipeline),
        )
        return self._compiled(command)

    def insert(self, insert: Insert) -> Compiled:
        filled = [field for field in insert.returning if not field.is_auto]
        if filled:
            raise UnsupportedOperation(
                "fill a field with Default(sql=...)", STORE, "give it a default"
            )
        generated = [place_of(self._model, field) for field in insert.returning]
        if len(generated) > 1:
            raise UnsupportedOperation("generate several fields of one row", STORE)
        places = tuple(place_of(self._model, field) for field in insert.fields)
        given = [at for at, field in enumerate(insert.fields) if field.is_auto]
        auto = [place_of(self._model, f) for f in self._model.fields if f.is_auto]
        for field in insert.fields:
            parameter = Parameter(len(self._terms.slots), field.storage)
            self._terms.encoded(parameter)
        shape: dict[str, Template] = dict.fromkeys(places, Value(0))
        command = commands.Insert(
            self._model.table,
            self._model.name,
            self._names,
            described("insert", self._model.table, [("document", shape)]),
            places=places,
            generated=generated[0] if generated else None,
            given=given[0] if given else None,
            key=auto[0] if auto else "",
        )
        return self._compiled(command, insert.returning)

    def update(self, update: Update) -> Compiled:
        keys = [field.name for field, _ in update.changes if field.is_key]
        if keys:
            raise UnsupportedOperation(
                f"change the key {', '.join(keys)} of {self._model.name}",
                STORE,
                "delete the row and add another",
            )
        is_calculated = any(not isinstance(value, Parameter) for _, value in update.changes)
        changes = [(f, self._changed(f, v, is_calculated)) for f, v in update.changes]
        parts = [(place_of(self._model, field), part) for field, part in changes]
        matching, said = self._matching(update.where)
        document: Template = {"$set": dict(parts)}
        command = commands.Update(
            self._model.table,
            self._model.name,
            self._names,
            described("update", self._model.table, [said, ("update", document)]),
            tuple(self._terms.checks),
            matching=matching,
            changes=tuple((place, filler(part)) for place, part in parts),
            is_calculated=is_calculated,
        )
        return self._compiled(command)

    def _changed(self, field: FieldMetadata, value: object, is_calculated: bool) -> Template:  # noqa: FBT001
        if isinstance(value, Parameter):
            encode = codec(field.storage).encode
            if not is_calculated:
                return self._terms.slot(value, encode)
            known: Template = {"$literal": self._terms.slot(value, encode)}
        else:
            known = fitted(field.storage, self._terms.value(value, self._scope))
        # A null is a field that is not there, so that unique indexes leave it out.
        return {"$ifNull": [known, "$$REMOVE"]}

    def delete(self, delete: Delete) -> Compiled:
        matching, said = self._matching(delete.where)
        command = commands.Delete(
            self._model.table,
            self._model.name,
            self._names,
            described("delete", self._model.table, [said]),
            tuple(self._terms.checks),
            matching=matching,
        )
        return self._compiled(command)

    def _matching(self, where: Predicate | None) -> tuple[commands.Matching, tuple[str, Template]]:
        stages, filter_ = self._found(where)
        if not stages:
            return commands.matching(filter_), ("filter", filter_)
        pipeline = [*stages, {"$project": {"_id": 1}}]
        return commands.matching(pipeline, own=filter_), ("pipeline", pipeline)

    def _found(self, where: Predicate | None) -> tuple[list[Template], Template]:
        """Give the filter for a condition; and a pipeline, where it needs others' documents.

        The filter is then of those parts that need none.
        """
        if where is None:
            return [], {}
        own: list[Template] = []
        others: list[Template] = []
        for part in self._terms.by_key(_parts(where)):
            known = self._scope.uses
            found = (
                self._terms.condition(part, self._scope) if isinstance(part, Predicate) else part
            )
            (own if self._scope.uses == known else others).append(found)
        if not others and not self._scope.stages:
            return [], _joined(own)
        mine = _joined(own)
        return [*_matched(mine), *self._scope.stages, *_matched(_joined(others))], mine

    def _order(
        self, order: Sequence[Ordering]
    ) -> tuple[tuple[tuple[str, int], ...], list[Template]]:
        """Give what to sort by, and the stages that calculate it."""
        known = len(self._scope.stages)
        sort: dict[str, int] = {}
        for ordering in order:
            refuse_order_of_bytes(ordering.expression.kind)
            direction = -1 if ordering.direction is OrderDirection.DESC else 1
            path = self._terms.path(ordering.expression, self._scope)
            if path is None:
                path = self._scope.keep(self._terms.known(ordering.expression, self._scope))
            if ordering.puts_nulls_last is not (direction == -1):
                is_null = self._scope.keep({"$lte": [f"${path}", None]})
                sort[is_null] = 1 if ordering.puts_nulls_last else -1
            sort.setdefault(path, direction)
        before = self._scope.stages[known:]
        return tuple(sort.items()), before

    def _bounds(self, select: Select) -> Bounds:
        skip, limit = (
            self._terms.slot(bound, None) if isinstance(bound, Parameter) else bound
            for bound in (select.offset, select.limit)
        )
        return Bounds(skip, limit, select.at_most)

    def _page_of_each(
        self, select: Select, sort: Sequence[tuple[str, int]], bounds: Bounds
    ) -> list[Template]:
        group = {
            f"g{at}": {"$ifNull": [f"${place_of(self._model, field)}", None]}
            for at, field in enumerate(select.of_each)
        }
        number = self._scope.fresh()
        by = dict(sort) or {"_id": 1}
        window = {"partitionBy": group, "sortBy": by, "output": {number: {"$documentNumber": {}}}}
        start: Template = {"$literal": 0} if bounds.skip is None else {"$literal": bounds.skip}
        tests: list[Template] = [{"$gt": [f"${number}", start]}]
        if bounds.limit is not None:
            end = {"$add": [start, {"$literal": bounds.limit}]}
            tests.append({"$lte": [f"${number}", end]})
        page: list[Template] = [
            {"$setWindowFields": window},
            {"$match": {"$expr": {"$and": tests}}},
            *_sorted(sort),
        ]
        return page if select.at_most is None else [*page, {"$limit": select.at_most}]

    def _only_columns(self) -> Template:
        # What pipelines calculated is no column; `_id` is always given.
        tops = {place_of(self._model, field).partition(".")[0] for field in self._model.fields}
        return {"$project": dict.fromkeys(sorted(tops | {"_id"}), 1)}

    def _compiled(self, command: Command, fields: Sequence[FieldMetadata] = ()) -> Compiled:
        return Compiled(command, tuple(self._terms.slots), tuple(map(_result, fields)))


def _result(field: FieldMetadata) -> ResultColumn:
    own, load = codec(field.storage), field.required_codec.load
    inline = own.inline if load is None else None
    return ResultColumn(field, composed(own.decode, load), inline)


def _parts(where: Predicate) -> list[Predicate]:
    if isinstance(where, Logical) and where.operator is LogicalOperator.AND:
        return [cast("Predicate", part) for part in where.flattened()]
    return [where]


def _joined(filters: Sequence[Template]) -> Template:
    if len(filters) > 1:
        return {"$and": list(filters)}
    return filters[0] if filters else {}


def _matched(filter_: Template) -> list[Template]:
    return [{"$match": filter_}] if filter_ else []


def _sorted(sort: Sequence[tuple[str, int]]) -> list[Template]:
    return [{"$sort": dict(sort)}] if sort else []


def _paged(bounds: Bounds) -> list[Template]:
    skip = [] if bounds.skip is None else [{"$skip": bounds.skip}]
    limit = bounds.at_most if bounds.limit is None else bounds.limit
    return [*skip, *([] if limit is None else [{"$limit": limit}])]


def check_collection(name: str) -> None:
    """Raise `UnsupportedOperation` for a name that no collection can have."""
    is_dotted = ".." in name or name.startswith((".", "system.")) or name.endswith(".")
    if not name or "$" in name or "\0" in name or is_dotted:
        raise UnsupportedOperation(f"have a collection named {name!r}", STORE, "say table=...")
