"""How instances of one model are added, worked out once: their rows, and what comes back."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from ommi.execution.building import Source, spelled
from ommi.execution.collector import COLLECTOR_PAUSED
from ommi.execution.extraction import Extractor, extractor
from ommi.execution.hydration import LARGE_BATCH, Remember, assign, compiled, rememberer
from ommi.execution.times import times_of
from ommi.execution.transaction.replay import Pin, Told
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.planning.plan import Parameters, Plan, Rows, composed, unchanged
from ommi.planning.planner import Planner
from ommi.query.statements import Insert
from ommi.relations import Batch
from ommi.values import frozen

Complete: TypeAlias = Callable[[list[Any], Sequence[Parameters], Rows, Batch], list[Any]]
Fillings = Sequence[dict[str, object] | None]


@frozen
class Insertion:
    """How instances of a model are added when just these of its fields are left to the store.

    `complete` gives instances what the store told, all at once; `None` where there is more to fill
    in than a generated key as it comes.
    """

    plan: Plan
    model: ModelMetadata
    fields: tuple[FieldMetadata, ...]
    returning: tuple[FieldMetadata, ...]
    extract: Extractor
    order: tuple[int, ...]
    """Where each field of the model stands in the parameters followed by what is returned."""
    told: Told
    complete: Complete | None

    def bound(self, instances: Sequence[Any]) -> list[Parameters]:
        """Give the parameters of each instance, of a model without times."""
        rows = cast("list[Parameters]", self.extract(instances))
        bind = self.plan.bind
        return rows if bind is unchanged else list(map(bind, rows))

    def filled(self, instances: Sequence[Any]) -> tuple[Fillings, list[Parameters]]:
        """Give what is filled in besides, and the parameters, of each instance."""
        if not self.model.times:
            return [None] * len(instances), self.bound(instances)
        fillings = [times_of(self.model, instance, is_new=True) for instance in instances]
        places = {field.name: place for place, field in enumerate(self.fields)}
        bound = []
        for row, filled in zip(self.extract(instances), fillings, strict=True):
            values = list(row)
            for name, value in filled.items():
                values[places[name]] = self.model.by_name[name].dump(value)
            bound.append(self.plan.bind(values))
        return fillings, bound


def planned(
    planner: Planner, model: ModelMetadata, omitted: tuple[FieldMetadata, ...]
) -> Insertion:
    """Work out how to add instances whose `omitted` fields are left to the store."""
    fields = tuple(f for f in model.fields if f not in omitted)
    plan, _ = planner.plan(Insert(model, fields, omitted))
    told = (*fields, *omitted)
    order = tuple(told.index(field) for field in model.fields)
    return Insertion(
        plan,
        model,
        fields,
        omitted,
        extractor(model, fields),
        order,
        Told(_pinning(planner, model, fields, omitted)),
        _completer(plan, model, omitted, order),
    )


def _pinning(
    planner: Planner,
    model: ModelMetadata,
    fields: tuple[FieldMetadata, ...],
    omitted: tuple[FieldMetadata, ...],
) -> Pin:
    """Give what says an INSERT again with that given which the store filled in."""
    codecs = [planner.compiler.codec(field.storage) for field in omitted]
    conversions = [composed(codec.decode, codec.encode) for codec in codecs]

    def pin(parameters: Parameters, told: Sequence[object]) -> tuple[object, Parameters]:
        plan, _ = planner.plan(Insert(model, (*fields, *omitted)))
        given = [
            raw if raw is None or convert is None else convert(raw)
            for raw, convert in zip(told, conversions, strict=True)
        ]
        return plan.command, (*parameters, *given)

    return pin


def _completer(
    plan: Plan,
    model: ModelMetadata,
    omitted: tuple[FieldMetadata, ...],
    order: tuple[int, ...],
) -> Complete | None:
    if model.times or len(omitted) > 1:
        return None
    remember = rememberer(model)
    if not omitted:
        return _remembering(remember)
    [key] = omitted
    takes_key = key.is_auto and plan.columns[0].decode is None
    if not takes_key or model.library.is_frozen(model.cls):
        return None
    return _giving_keys(key.name, order, remember)


def _remembering(remember: Remember | None) -> Complete:
    def complete(
        instances: list[Any], rows: Sequence[Parameters], _: Rows, batch: Batch
    ) -> list[Any]:
        if remember is not None:
            remember(instances, rows, batch)
        return instances

    return _with_collector_paused(complete)


def _giving_keys(name: str, order: Sequence[int], remember: Remember | None) -> Complete:
    """Give each instance its key, and its row with the key where it belongs."""
    source = Source()
    source.bind("remember", remember)
    columns = "".join(f"c{number}, " for number in range(len(order) - 1))
    row = "".join("key, " if place == len(order) - 1 else f"c{place}, " for place in order)
    lines = [
        "def made(instances, rows, returned, batch):",
        "    whole = []",
        "    append = whole.append",
        f"    for m, ({columns}), (key,) in zip(instances, rows, returned, strict=True):",
        f"        m.{spelled(name)} = key",
        f"        append(({row}))",
        *(["    remember(instances, whole, batch)"] if remember else []),
        "    return instances",
    ]
    return _with_collector_paused(cast("Complete", compiled(source.define(lines))))


def _with_collector_paused(complete: Complete) -> Complete:
    def paused(
        instances: list[Any], rows: Sequence[Parameters], returned: Rows, batch: Batch
    ) -> list[Any]:
        if len(instances) < LARGE_BATCH or not gc.isenabled():
            return complete(instances, rows, returned, batch)
        with COLLECTOR_PAUSED:
            return complete(instances, rows, returned, batch)

    return paused


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
