"""Instances to rows and back: add, save, delete and reload."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby, repeat
from typing import Any, Self, cast

from ommi.drivers.protocol import Step
from ommi.errors import ConflictError, InvalidValue, NotFound
from ommi.execution.executor import Executor
from ommi.execution.extraction import Extractor, extractor
from ommi.execution.hydration import assign
from ommi.execution.insertion import Insertion, completed, planned
from ommi.execution.times import times_of
from ommi.metadata.model import FieldMetadata, ModelMetadata, metadata_of
from ommi.planning.plan import Parameters, Rows
from ommi.query.builder import when
from ommi.query.fields import references
from ommi.query.nodes import Predicate
from ommi.query.statements import Delete, Select, Update
from ommi.relations import Batch, state_of

Group = tuple[Insertion, list[Any], Iterable[dict[str, object] | None], Sequence[Parameters]]
"""Instances that are added by one command: what is filled in besides, and the parameters."""


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
        executor, complete = self._executor, insertion.complete
        filling: dict[str, object] | None = None
        rows: list[Parameters]
        if complete is None:
            [filling], rows = insertion.filled([instance])
        elif insertion.encodes:
            rows = insertion.extract([instance])  # type: ignore[assignment]  # one is like itself
        else:
            rows = insertion.bound([instance])  # type: ignore[assignment]
        connection = executor.connection
        returned: Rows = ()
        if insertion.returning:
            returned = await connection.fetch(insertion.plan.command, rows[0], insertion.told)
        else:
            await connection.execute(insertion.plan.command, rows[0])
        batch = Batch(executor.database)
        if complete is not None:
            return complete([instance], rows, returned, batch)[0]
        told: Sequence[object] = next(iter(returned), ())
        return completed(insertion, instance, filling, rows[0], told, batch)

    async def add_all(self, instances: Sequence[Any]) -> list[Any]:
        """Add rows together or not at all; give the instances in order."""
        every = instances if isinstance(instances, list) else list(instances)
        groups = self._grouped(every)
        steps = [Step(each.plan.command, rows, each.told) for each, _, _, rows in groups]
        told = await self._executor.connection.run_batch(steps) if steps else []
        added: list[Any] = []
        for (insertion, group, fillings, rows), returned in zip(groups, told, strict=True):
            batch = Batch(self._executor.database)
            if insertion.complete is not None:
                added.extend(insertion.complete(group, rows, returned, batch))
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
                    filled, [parameters] = insertion.filled([instance])
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

    def _grouped(self, instances: list[Any]) -> list[Group]:
        """Give runs of instances that are added by one command, and the parameters of each."""
        if len(instances) > 1:
            # The usual large add: one class, and keys that all are given or all are not.
            insertion = self._insertion(instances[0])
            rows = None if insertion.model.times else insertion.bound(instances)
            if rows is not None:
                return [(insertion, instances, repeat(None, len(instances)), rows)]
        groups = [(each, list(group)) for each, group in groupby(instances, self._insertion)]
        return [(each, group, *each.filled(group)) for each, group in groups]

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
        return self._insertions.get((model, omitted)) or self._insertion_without(model, omitted)

    def _insertion_without(
        self, model: ModelMetadata, omitted: tuple[FieldMetadata, ...]
    ) -> Insertion:
        known = self._insertions.get((model, omitted))
        if known is None:
            known = planned(self._executor.planner, model, omitted)
            self._insertions[model, omitted] = known
        return known

    def _extract(self, model: ModelMetadata, instance: Any) -> tuple[object, ...]:  # noqa: ANN401
        extract = self._extractors.get(model)
        if extract is None:
            extract = self._extractors[model] = extractor(model.fields)
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
