"""From rows to models: built, and told where they came from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

from ommi.errors import InvalidValue
from ommi.execution.building import Source, builder
from ommi.execution.collector import COLLECTOR_PAUSED
from ommi.metadata.builtin_values import holds_only_builtins
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.typesystem import TypeSystem
from ommi.planning.plan import Hydrator, ResultColumn, Rows

LARGE_BATCH = 200
"""From this many rows on the garbage collector costs more than pausing it."""
_SMALL_BATCH = 4

Builder = Callable[[Rows], list[object]]
States = Callable[[Rows], Iterable[object]]


def hydrator(model: ModelMetadata, columns: Sequence[ResultColumn]) -> Hydrator:
    """Make the function that turns rows of these columns into models.

    With a batch, instances of decorated classes remember it and their row. What a column cannot
    decode is an `InvalidValue`; what a constructor of the user's raises comes out as it is.
    """
    build = _explaining(compiled(builder(model, columns)), model, columns)
    hydrate = _remembering(build, model, columns)
    return hydrate if runs_user_code(model) else _with_collector_paused(hydrate)


def runs_user_code(model: ModelMetadata) -> bool:
    """Tell whether building an instance of the model runs code of the user's."""
    return model.library.construction(model.cls).runs_user_code or not all(
        holds_only_builtins(field.type_annotation) for field in model.fields
    )


def compiled(source: Source) -> Any:  # noqa: ANN401 - what it is, the source says
    """Give the function that a source defines."""
    scope: dict[str, Any] = {}
    exec(compile(source.text, "<ommi generated>", "exec"), scope)
    return scope["make"](**source.bound)


def replaced(model: ModelMetadata, instance: object, changes: Mapping[str, object]) -> object:
    """Give a copy with other values, which remembers nothing yet."""
    return model.library.replace(instance, changes)


def assign(model: ModelMetadata, instance: object, changes: Mapping[str, object]) -> object:
    """Give the instance with other values: the same one, or a copy where it is frozen."""
    if model.library.is_frozen(model.cls):
        return replaced(model, instance, changes)
    for name, value in changes.items():
        setattr(instance, name, value)
    return instance


def _with_collector_paused(hydrate: Hydrator) -> Hydrator:
    def paused(rows: Rows, batch: object, /) -> list[object]:
        if len(rows) < LARGE_BATCH:
            return hydrate(rows, batch)
        with COLLECTOR_PAUSED:
            return hydrate(rows, batch)

    return paused


def _remembering(
    build: Builder, model: ModelMetadata, columns: Sequence[ResultColumn]
) -> Hydrator:
    set_state = model.set_state
    states = _states(model.fields, columns)
    if set_state is None or states is None:
        return lambda rows, _, /: build(rows)

    def hydrate(rows: Rows, batch: object, /) -> list[object]:
        instances = build(rows)
        if batch is None:
            return instances
        if len(instances) <= _SMALL_BATCH:
            for instance, state in zip(instances, states(rows), strict=True):
                set_state(instance, (state, batch))
            return instances
        deque(map(set_state, instances, zip(states(rows), repeat(batch))), maxlen=0)
        return instances

    return hydrate


def _states(fields: Sequence[FieldMetadata], columns: Sequence[ResultColumn]) -> States | None:
    """Give what makes of a row one value per field, in order; `None` if a column is missing."""
    places = {column.field.name: number for number, column in enumerate(columns)}
    wanted = [places.get(field.name) for field in fields]
    if None in wanted:
        return None
    if wanted == list(range(len(columns))):
        return lambda rows: rows
    if len(wanted) == 1:
        return lambda rows: [(row[wanted[0]],) for row in rows]  # type: ignore[index]
    pick = itemgetter(*wanted)
    return lambda rows: map(pick, rows)


def _explaining(build: Builder, model: ModelMetadata, columns: Sequence[ResultColumn]) -> Builder:
    decoded = [(n, c) for n, c in enumerate(columns) if c.decode is not None]
    if not decoded:
        return build

    def explained(rows: Rows) -> list[object]:
        try:
            return build(rows)
        except Exception:
            _refuse_undecodable(model, decoded, rows)
            raise

    return explained


def _refuse_undecodable(
    model: ModelMetadata, decoded: Sequence[tuple[int, ResultColumn]], rows: Rows
) -> None:
    for row in rows:
        for number, column in decoded:
            _check_decodable(model, column, row[number])


def _check_decodable(model: ModelMetadata, column: ResultColumn, value: object) -> None:
    if value is None or column.decode is None:
        return
    try:
        column.decode(value)
    except Exception as error:
        raise InvalidValue(
            f"a stored {type(value).__name__} cannot be decoded as "
            f"{TypeSystem.describe(column.field.type_annotation)}",
            model=model.name,
            field=column.field.name,
        ) from error
