"""How instances of one model are added, worked out once: their rows, and what comes back."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from ommi.execution.building import Source, has_plain_slot, spelled, state_set
from ommi.execution.collector import COLLECTOR_PAUSED
from ommi.execution.extraction import AlikeExtractor, Encoding, extractor_of_alike
from ommi.execution.hydration import LARGE_BATCH, assign, compiled, rememberer
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
    extract: AlikeExtractor
    encodes: bool
    """Whether `extract` gives parameters; else it gives stored forms, for the plan to bind."""
    order: tuple[int, ...]
    """Where each field of the model stands in the parameters followed by what is returned."""
    told: Told
    complete: Complete | None

    def bound(self, instances: Sequence[Any]) -> list[Parameters] | None:
        """Give the parameters of each instance, of a model without times.

        `None` where one of them is not added so: those of another class, and those that have
        other fields left to the store.
        """
        rows = cast("list[Parameters] | None", self.extract(instances))
        return rows if rows is None or self.encodes else list(map(self.plan.bind, rows))

    def filled(self, instances: Sequence[Any]) -> tuple[Fillings, list[Parameters]]:
        """Give what is filled in besides, and the parameters, of instances that are added so."""
        if not self.model.times:
            return [None] * len(instances), cast("list[Parameters]", self.bound(instances))
        rows = cast("list[Parameters]", self.extract(instances))
        fillings = [times_of(self.model, instance, is_new=True) for instance in instances]
        places = {field.name: place for place, field in enumerate(self.fields)}
        bound = []
        for row, filled in zip(rows, fillings, strict=True):
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
    encodings = _encodings(planner, plan, model, fields)
    told = (*fields, *omitted)
    order = tuple(told.index(field) for field in model.fields)
    return Insertion(
        plan,
        model,
        fields,
        omitted,
        extractor_of_alike(model, fields, omitted, encodings or ()),
        encodings is not None or (plan.bind is unchanged and not model.times),
        order,
        Told(_pinning(planner, model, fields, omitted)),
        _completer(plan, model, omitted, order),
    )


def _encodings(
    planner: Planner, plan: Plan, model: ModelMetadata, fields: tuple[FieldMetadata, ...]
) -> list[Encoding] | None:
    """Tell how the stored form of each field becomes a parameter, where each becomes one.

    Of a model with times the stored forms are wanted first, to put the times among them.
    """
    places = [(slot.index, slot.position) for slot in plan.slots]
    if model.times or places != [(number, None) for number in range(len(fields))]:
        return None
    encodings = []
    for slot, field in zip(plan.slots, fields, strict=True):
        codec = planner.compiler.codec(field.storage)
        inline = codec.encode_inline if slot.encode is codec.encode else None
        encodings.append(Encoding(slot.encode, inline))
    return encodings


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
    if not omitted:
        return _remembering(model)
    [key] = omitted
    takes_key = key.is_auto and plan.columns[0].decode is None
    if not takes_key or model.library.is_frozen(model.cls):
        return None
    return _giving_keys(model, key.name, order)


def _remembering(model: ModelMetadata) -> Complete:
    remember = rememberer(model)

    def complete(
        instances: list[Any], rows: Sequence[Parameters], _: Rows, batch: Batch
    ) -> list[Any]:
        if remember is not None:
            remember(instances, rows, batch)
        return instances

    return _paused_for_states(model, complete)


def _giving_keys(model: ModelMetadata, name: str, order: Sequence[int]) -> Complete:
    """Give each instance its key, and its row with the key where it belongs."""
    source = Source()
    columns = "".join(f"c{number}, " for number in range(len(order) - 1))
    row = "".join("key, " if place == len(order) - 1 else f"c{place}, " for place in order)
    remembered, keeps_rows = [], model.set_state is not None and model.declared_relations
    if model.set_state is not None:
        remembered = [f"row = ({row})", state_set(source, model)]
    lines = [
        "def made(instances, rows, returned, batch):",
        *(["    batch.rows = whole = []", "    append = whole.append"] if keeps_rows else []),
        f"    for m, ({columns}), (key,) in zip(instances, rows, returned, strict=True):",
        f"        m.{spelled(name)} = key",
        *(f"        {line}" for line in remembered),
        *(["        append(row)"] if keeps_rows else []),
        "    return instances",
    ]
    return _paused_for_states(model, cast("Complete", compiled(source.define(lines))))


def _paused_for_states(model: ModelMetadata, complete: Complete) -> Complete:
    """Pause the garbage collector where an object is made for each state, which it keeps track of.

    Without such there is nothing to track but rows of plain values, which `extractor_of_alike`
    tells of.
    """
    if model.set_state is None or has_plain_slot(model.cls):
        return complete

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
