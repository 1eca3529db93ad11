"""Instances to rows and back: add, save, delete and reload."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, repeat
from operator import attrgetter
from typing import Any, Self, cast

from ommi.drivers.protocol import Step
from ommi.errors import ConflictError, InvalidValue, NotFound
from ommi.execution.collector import COLLECTOR_PAUSED
from ommi.execution.executor import Executor
from ommi.execution.extraction import Extractor, extractor
from ommi.execution.hydration import Remember, assign, rememberer
from ommi.execution.transaction.replay import Pin, Told
from ommi.metadata.model import FieldMetadata, ModelMetadata, metadata_of
from ommi.metadata.storage import Kind
from ommi.planning.plan import Parameters, Plan, Rows, composed, unchanged
from ommi.query.builder import when
from ommi.query.fields import references
from ommi.query.nodes import Predicate
from ommi.query.statements import Delete, Insert, Select, Update
from ommi.relations import Batch, state_of


@dataclass(frozen=True, slots=True)
class Insertion:
    """How instances of a model are added when just these of its fields are left to the store."""

    plan: Plan
    model: ModelMetadata
    fields: tuple[FieldMetadata, ...]
    returning: tuple[FieldMetadata, ...]
    extract: Extractor
    remember: Remember | None
    order: tuple[int, ...]
    """Where each field of the model stands in the parameters followed by what is returned."""
    told: Told


class Writer:
    """Writes instances through an executor."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._insertions: dict[tuple[object, ...], Insertion] = {}
        self._extractors: dict[ModelMetadata, Extractor] = {}

    def through(self, executor: Executor) -> Self:
        """Give the same writer, with all that it has worked out, for another executor."""
        other = type(self)(executor)
        other._insertions = self._insertions  # noqa: SLF001 - another one of these
        other._extractors = self._extractors  # noqa: SLF001
        return other

    async def add(self, instance: Any) -> Any:  # noqa: ANN401 - of the user's own class
        """Add one row; give the instance with what the store filled in."""
        insertion = self._insertion(instance)
        filled, [parameters] = self._parameters(insertion, [instance])
        connection = self._executor.connection
        returned: Sequence[object] = ()
        if insertion.returning:
            rows = await connection.fetch(insertion.plan.command, parameters, insertion.told)
            returned = rows[0]
        else:
            await connection.execute(insertion.plan.command, parameters)
        batch = Batch(self._executor.database)
        return completed(insertion, instance, filled[0], parameters, returned, batch)

    async def add_all(self, instances: Sequence[Any]) -> list[Any]:
        """Add rows together or not at all; give the instances in order."""
        groups = [(i, list(group)) for i, group in self._grouped(instances)]
        bound = [self._parameters(insertion, group) for insertion, group in groups]
        steps = [
            Step(insertion.plan.command, rows, insertion.told)
            for (insertion, _), (_, rows) in zip(groups, bound, strict=True)
        ]
        told = await self._executor.connection.run_batch(steps) if steps else []
        added: list[Any] = []
        for (insertion, group), (fillings, rows), returned in zip(
            groups, bound, told, strict=True
        ):
            batch = Batch(self._executor.database)
            if _is_simple(insertion):
                added.extend(_all_completed(insertion, group, rows, returned, batch))
                continue
            each = returned if insertion.returning else repeat((), len(group))
            done = [
                completed(insertion, *parts, batch)
                for parts in zip(group, fillings, rows, each, strict=True)
            ]
            if insertion.model.declared_relations:
                batch.rows = [state[0] for state in map(state_of, done) if state is not None]
            added.extend(done)
        return added

    async def run_together(self, works: Sequence[Update | Delete | list[Any]]) -> list[Any]:
        """Run writes and adds together or not at all; give what was added, a list for a list."""
        steps: list[Step] = []
        added: list[list[tuple[Insertion, Any, dict[str, object] | None, Parameters]]] = []
        for work in works:
            parts = []
            if isinstance(work, list):
                for instance in work:
                    insertion = self._insertion(instance)
                    filled, [parameters] = self._parameters(insertion, [instance])
                    parts.append((insertion, instance, filled[0], parameters))
                    steps.append(Step(insertion.plan.command, [parameters], insertion.told))
            else:
                plan, values = self._executor.planner.plan(work)
                steps.append(Step(plan.command, [plan.bind(values)]))
            added.append(parts)
        told = iter(await self._executor.connection.run_batch(steps) if steps else [])
        batch = Batch(self._executor.database)
        given: list[Any] = []
        for work, parts in zip(works, added, strict=True):
            if not isinstance(work, list):
                next(told)
                given.append(None)
                continue
            given.append([self._told(part, next(told), batch) for part in parts])
        return given

    def _told(
        self,
        part: tuple[Insertion, Any, dict[str, object] | None, Parameters],
        rows: Rows,
        batch: Batch,
    ) -> Any:  # noqa: ANN401 - of the user's own class
        insertion, instance, filled, parameters = part
        returned = rows[0] if insertion.returning else ()
        return completed(insertion, instance, filled, parameters, returned, batch)

    def _grouped(self, instances: Sequence[Any]) -> Iterable[tuple[Insertion, Iterable[Any]]]:
        """Give runs of instances that are added by one command."""
        if len(instances) > 1 and len(set(map(type, instances))) == 1:
            # The usual large add: one class, and keys that all are given or all are not.
            generated = metadata_of(type(instances[0])).generated
            missing = [list(map(attrgetter(f.name), instances)).count(None) for f in generated]
            if all(count in {0, len(instances)} for count in missing):
                return [(self._insertion(instances[0]), instances)]
        return groupby(instances, self._insertion)

    async def save(self, instance: Any) -> Any:  # noqa: ANN401 - of the user's own class
        """Write the fields that changed since the row was read, or all where that is not known."""
        model = metadata_of(type(instance))
        version = model.version
        stored = self._extract(model, instance)
        old = self._remembered(model, instance)
        changes = _changes(model, stored, old)
        if not changes:
            return instance
        filled = times_of(model, instance, is_new=False)
        changes.update(
            (model.by_name[name], model.by_name[name].dump(v)) for name, v in filled.items()
        )
        if version is not None:
            filled[version.name] = cast("int", getattr(instance, version.name)) + 1
            changes[version] = filled[version.name]
        where = _same_row(model, stored if old is None else old)
        matched = await self._executor.write(Update(model, tuple(changes.items()), where))
        _check_matched(model, matched)
        saved = assign(model, instance, filled) if filled else instance
        self._remember(model, saved, state_of(instance))
        return saved

    async def delete(self, instance: Any) -> None:  # noqa: ANN401 - of the user's own class
        """Delete the row of an instance."""
        model = metadata_of(type(instance))
        old = self._remembered(model, instance)
        stored = self._extract(model, instance) if old is None else old
        matched = await self._executor.write(Delete(model, _same_row(model, stored)))
        _check_matched(model, matched)

    async def reload(self, instance: Any) -> Any:  # noqa: ANN401 - of the user's own class
        """Read the row of an instance again; give the instance, another where it is frozen."""
        model = metadata_of(type(instance))
        old = self._remembered(model, instance)
        stored = self._extract(model, instance) if old is None else old
        where = _same_row(model, stored, of_any_version=True)
        found = await self._executor.select(Select(model, where, at_most=1))
        if not found:
            raise NotFound(model.name)
        [fresh] = found
        if model.library.is_frozen(model.cls):
            return fresh
        values = {f.name: getattr(fresh, f.name) for f in model.fields}
        assign(model, instance, values)
        state = state_of(fresh)
        if model.set_state is not None and state is not None:
            model.set_state(instance, state)
        return instance

    def _insertion(self, instance: Any) -> Insertion:  # noqa: ANN401 - of the user's own class
        model = metadata_of(type(instance))
        omitted = tuple([f for f in model.generated if getattr(instance, f.name) is None])
        return self._insertion_without(model, omitted)

    def _insertion_without(
        self, model: ModelMetadata, omitted: tuple[FieldMetadata, ...]
    ) -> Insertion:
        known = self._insertions.get((model, omitted))
        if known is None:
            known = self._planned(model, omitted)
            self._insertions[model, omitted] = known
        return known

    def _planned(self, model: ModelMetadata, omitted: tuple[FieldMetadata, ...]) -> Insertion:
        fields = tuple(f for f in model.fields if f not in omitted)
        plan, _ = self._executor.planner.plan(Insert(model, fields, omitted))
        told = (*fields, *omitted)
        order = tuple(told.index(field) for field in model.fields)
        extract = extractor(model, fields)
        as_told = Told(self._pinning(model, fields, omitted))
        remember = rememberer(model)
        return Insertion(plan, model, fields, omitted, extract, remember, order, as_told)

    def _pinning(
        self,
        model: ModelMetadata,
        fields: tuple[FieldMetadata, ...],
        omitted: tuple[FieldMetadata, ...],
    ) -> Pin:
        """Give what says an INSERT again with that given which the store filled in."""
        codecs = [self._executor.planner.compiler.codec(field.storage) for field in omitted]
        conversions = [composed(codec.decode, codec.encode) for codec in codecs]

        def pin(parameters: Parameters, told: Sequence[object]) -> tuple[object, Parameters]:
            plan, _ = self._executor.planner.plan(Insert(model, (*fields, *omitted)))
            given = [
                raw if raw is None or convert is None else convert(raw)
                for raw, convert in zip(told, conversions, strict=True)
            ]
            return plan.command, (*parameters, *given)

        return pin

    def _parameters(
        self, insertion: Insertion, instances: Sequence[Any]
    ) -> tuple[Sequence[dict[str, object] | None], list[Parameters]]:
        """Give what is filled in besides, and the parameters, of each instance."""
        rows = insertion.extract(instances)
        bind = insertion.plan.bind
        if not insertion.model.times:
            bound = cast("list[Parameters]", rows) if bind is unchanged else list(map(bind, rows))
            return [None] * len(rows), bound
        fillings = [times_of(insertion.model, instance, is_new=True) for instance in instances]
        places = {field.name: place for place, field in enumerate(insertion.fields)}
        bound = []
        for row, filled in zip(rows, fillings, strict=True):
            values = list(row)
            for name, value in filled.items():
                values[places[name]] = insertion.model.by_name[name].dump(value)
            bound.append(bind(values))
        return fillings, bound

    def _extract(self, model: ModelMetadata, instance: Any) -> tuple[object, ...]:  # noqa: ANN401
        extract = self._extractors.get(model)
        if extract is None:
            extract = self._extractors[model] = extractor(model, model.fields)
        [row] = extract([instance])
        return row

    def _remembered(self, model: ModelMetadata, instance: object) -> list[object] | None:
        """Give the stored forms of the row as it was read, if that is known."""
        state = state_of(instance)
        if state is None:
            return None
        codec = self._executor.planner.compiler.codec
        decodes = [codec(field.storage).decode for field in model.fields]
        return [
            raw if raw is None or decode is None else decode(raw)
            for raw, decode in zip(state[0], decodes, strict=True)
        ]

    def _remember(
        self, model: ModelMetadata, instance: object, before: tuple[object, Batch] | None
    ) -> None:
        if model.set_state is None:
            return
        codec = self._executor.planner.compiler.codec
        encodes = [codec(field.storage).encode for field in model.fields]
        raw = tuple(
            value if value is None or encode is None else encode(value)
            for value, encode in zip(self._extract(model, instance), encodes, strict=True)
        )
        # What was read with it is still what its relations are loaded with.
        is_ours = before is not None and before[1].database is self._executor.database
        batch = before[1] if before is not None and is_ours else Batch(self._executor.database)
        model.set_state(instance, (raw, batch))


def _is_simple(insertion: Insertion) -> bool:
    """Tell whether nothing is left to fill in but, at most, a generated key as it comes."""
    model, returning = insertion.model, insertion.returning
    if model.times or len(returning) > 1:
        return False
    return not returning or (
        returning[0].is_auto
        and insertion.plan.columns[0].decode is None
        and not model.library.is_frozen(model.cls)
    )


def _all_completed(
    insertion: Insertion,
    instances: list[Any],
    rows: Sequence[Parameters],
    returned: Rows,
    batch: Batch,
) -> list[Any]:
    """Do what `_completed` does, for many instances of a simple insertion."""
    with COLLECTOR_PAUSED:
        if insertion.returning:
            name, place = insertion.returning[0].name, insertion.order.index(len(insertion.fields))
            for instance, (key,) in zip(instances, returned, strict=True):
                setattr(instance, name, key)
            rows = [
                (*row[:place], *key, *row[place:]) for row, key in zip(rows, returned, strict=True)
            ]
        if insertion.remember is not None:
            insertion.remember(instances, rows, batch)
    return instances


def completed(
    insertion: Insertion,
    instance: Any,  # noqa: ANN401 - of the user's own class
    filled: dict[str, object] | None,
    parameters: Parameters,
    returned: Sequence[object],
    batch: Batch,
) -> Any:  # noqa: ANN401
    """Give an added instance what the store and the clock filled in, and its memory of the row."""
    model = insertion.model
    if returned:
        filled = filled or {}
        for column, raw in zip(insertion.plan.columns, returned, strict=True):
            filled[column.field.name] = column.value(raw)
    if filled:
        instance = assign(model, instance, filled)
    if model.set_state is not None:
        told = (*parameters, *returned)
        model.set_state(instance, (tuple([told[place] for place in insertion.order]), batch))
    return instance


def _changes(
    model: ModelMetadata, stored: Sequence[object], old: Sequence[object] | None
) -> dict[FieldMetadata, object]:
    if old is None:
        _check_has_key(model, stored)
        return {f: v for f, v in zip(model.fields, stored, strict=True) if not f.is_key}
    return {
        field: value
        for field, value, before in zip(model.fields, stored, old, strict=True)
        if _differs(value, before)
    }


def _differs(value: object, before: object) -> bool:
    if isinstance(value, list | dict):
        # In a document, 1, 1.0 and true are three things.
        return json.dumps(value, sort_keys=True) != json.dumps(before, sort_keys=True)
    return value != before


def _check_has_key(model: ModelMetadata, stored: Sequence[object]) -> None:
    for field, value in zip(model.fields, stored, strict=True):
        if field.is_key and value is None:
            raise InvalidValue(
                "the instance has no key yet; add it first", model=model.name, field=field.name
            )


def _same_row(
    model: ModelMetadata, stored: Sequence[object], *, of_any_version: bool = False
) -> Predicate:
    """Ask for the row with this key, and with this version where rows have one."""
    _check_has_key(model, stored)
    asked = [
        references(model)[field.name] == value
        for field, value in zip(model.fields, stored, strict=True)
        if field.is_key or (field.is_version and not of_any_version)
    ]
    return when(*asked)


def _check_matched(model: ModelMetadata, matched: int) -> None:
    if matched:
        return
    if model.version is None:
        raise NotFound(model.name)
    raise ConflictError(
        f"the {model.name} was changed or deleted since it was read; reload it and try again",
        retryable=False,
    )


def times_of(model: ModelMetadata, instance: object, *, is_new: bool) -> dict[str, object]:
    """Give the times of this write for the fields that record them."""
    return {
        field.name: _now(field)
        for field in model.times
        if field.is_updated_at or (is_new and getattr(instance, field.name) is None)
    }


def _now(field: FieldMetadata) -> datetime:
    now = datetime.now(UTC)
    return now if field.storage.kind is Kind.INSTANT else now.replace(tzinfo=None)


def changes_of_all(model: ModelMetadata) -> Iterator[tuple[FieldMetadata, object]]:
    """Give what every bulk update changes besides what was asked: versions and times."""
    for field in model.times:
        if field.is_updated_at:
            yield field, field.dump(_now(field))
    if model.version is not None:
        yield model.version, references(model)[model.version.name] + 1
