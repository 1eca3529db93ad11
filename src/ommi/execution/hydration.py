"""From rows to models: built, and told where they came from."""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import repeat
from typing import Any, cast

from ommi.errors import InvalidValue
from ommi.execution.building import Source, builder, has_plain_slot, runs_user_code
from ommi.execution.collector import COLLECTOR_PAUSED
from ommi.execution.fused import fused
from ommi.execution.joining import joining
from ommi.metadata.model import ModelMetadata
from ommi.metadata.typesystem import TypeSystem
from ommi.planning.plan import Hydrator, ResultColumn, Rows
from ommi.planning.planner import Related

LARGE_BATCH = 200
"""From this many rows on the garbage collector costs more than pausing it."""

Builder = Callable[[Rows, object], list[object]]
Remember = Callable[[list[object], Rows, object], None]


def hydrator(
    model: ModelMetadata, columns: Sequence[ResultColumn], related: Sequence[Related] = ()
) -> Hydrator:
    """Make the function that turns rows of these columns into models.

    With a batch, instances of decorated classes remember it and their row. What a column cannot
    decode is an `InvalidValue`; what a constructor of the user's raises comes out as it is. The
    columns of `related` models stand behind those of the model, in the same rows.
    """
    source = builder(model, columns)
    build: Builder = compiled(source)
    remember = None if source.remembers else _remember(model, columns)

    # Never around code of the user's, however many rows there are.
    large = LARGE_BATCH if not runs_user_code(model) else sys.maxsize

    def hydrate(rows: Rows, batch: object, /) -> list[object]:
        if len(rows) >= large and gc.isenabled():
            with COLLECTOR_PAUSED:
                return hydrate(rows, batch)
        try:
            if batch is None and source.remembers:
                return without_memory()(rows, batch)
            instances = build(rows, batch)
        except Exception:
            _refuse_undecodable(model, columns, rows)
            raise
        if batch is not None and remember is not None:
            remember(instances, rows, batch)
        return instances

    @cache
    def without_memory() -> Builder:
        return cast("Builder", compiled(builder(model, columns, may_remember=False)))

    if not related:
        return hydrate
    together = fused(model, columns, related)
    if together is not None:
        return _fused(compiled(together), model, columns, related)
    others = [
        (relation, theirs, hydrator(relation.target, theirs)) for relation, theirs in related
    ]
    return joining(hydrate, len(columns), others)


def _fused(
    build: Builder,
    model: ModelMetadata,
    columns: Sequence[ResultColumn],
    related: Sequence[Related],
) -> Hydrator:
    models = (model, *(relation.target for relation, _ in related))
    large = sys.maxsize if any(map(runs_user_code, models)) else LARGE_BATCH

    def hydrate(rows: Rows, batch: object, /) -> list[object]:
        if len(rows) >= large and gc.isenabled():
            with COLLECTOR_PAUSED:
                return hydrate(rows, batch)
        try:
            return build(rows, batch)
        except Exception:
            start = len(columns)
            _refuse_undecodable(model, columns, [row[:start] for row in rows])
            for relation, theirs in related:
                stop = start + len(theirs)
                _refuse_undecodable(relation.target, theirs, [row[start:stop] for row in rows])
                start = stop
            raise

    return hydrate


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


def _remember(model: ModelMetadata, columns: Sequence[ResultColumn]) -> Remember | None:
    """Give what sets the states; `None` where instances keep none or a column is missing."""
    places = {column.field.name: number for number, column in enumerate(columns)}
    order = [places.get(field.name, -1) for field in model.fields]
    remember = None if -1 in order else rememberer(model)
    if remember is None or order == list(range(len(columns))):
        return remember
    return lambda instances, rows, batch: remember(
        instances, [tuple([row[place] for place in order]) for row in rows], batch
    )


def rememberer(model: ModelMetadata) -> Remember | None:
    """Give what sets the states of instances, by whole rows; `None` where they keep none."""
    if model.set_state is None:
        return None
    remember = _by_attribute if has_plain_slot(model.cls) else _by_function(model.set_state)
    return _with_rows(remember) if model.declared_relations else remember


def _by_attribute(instances: list[Any], rows: Rows, batch: object) -> None:
    if len(instances) == 1:
        # The interpreter's fastest way.
        instances[0]._ommi_row = rows[0]  # noqa: SLF001
        instances[0]._ommi = batch  # noqa: SLF001
        return
    for instance, row in zip(instances, rows):  # noqa: B905 - strict costs 200 ns
        instance._ommi_row = row  # noqa: SLF001
        instance._ommi = batch  # noqa: SLF001


def _by_function(set_state: Callable[[object, tuple[object, object]], None]) -> Remember:
    def remember(instances: list[object], rows: Rows, batch: object) -> None:
        if len(instances) == 1:
            set_state(instances[0], (rows[0], batch))
            return
        deque(map(set_state, instances, zip(rows, repeat(batch))), maxlen=0)

    return remember


def _with_rows(remember: Remember) -> Remember:
    """Let the batch know the rows of all its instances: relations are loaded for all of them."""

    def keep(instances: list[object], rows: Rows, batch: Any) -> None:  # noqa: ANN401
        batch.rows = rows
        remember(instances, rows, batch)

    return keep


def _refuse_undecodable(model: ModelMetadata, columns: Sequence[ResultColumn], rows: Rows) -> None:
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            _check_decodable(model, column, value)


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
