"""What models say to migrations beyond their tables: ids, choices, values for old rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum, Flag
from typing import Literal, get_args, get_origin

from ommi.errors import ModelError
from ommi.metadata.model import MISSING, FieldMetadata, ModelMetadata
from ommi.migrations.autogenerate import Wanted
from ommi.schema.changes import Place
from ommi.schema.snapshot import Table, check_index_names, in_dependency_order, table_of

_MADE_EMPTY = (list, dict, set, frozenset, tuple)


def wanted_of(models: Iterable[ModelMetadata]) -> Wanted:
    """Give what models want; raises `ModelError`."""
    models = tuple(models)
    tables = in_dependency_order(map(_table, models))
    check_index_names(tables)
    return Wanted(tables, dict(fill for model in models for fill in _fills(model)))


def lasting_table_of(model: ModelMetadata) -> Table:
    """Give the table that a model wants; raises `ModelError` for one whose rows expire."""
    if model.expiry is not None:
        raise ModelError(
            "its rows expire, which no store that has migrations can do; leave Expires out",
            model=model.name,
            field=model.expiry.name,
        )
    return table_of(model)


def _table(model: ModelMetadata) -> Table:
    table = lasting_table_of(model)
    columns = (
        replace(column, id=field.field_id, choices=_choices(field))
        for column, field in zip(table.columns, model.fields, strict=True)
    )
    return replace(table, columns=tuple(columns))


def _choices(field: FieldMetadata) -> tuple[object, ...]:
    core = field.inner_type
    if get_origin(core) is Literal:
        return tuple(field.dump(value) for value in get_args(core) if value is not None)
    if isinstance(core, type) and issubclass(core, Enum) and not issubclass(core, Flag):
        return tuple(field.dump(member) for member in core)
    return ()


def _fills(model: ModelMetadata) -> Iterator[tuple[Place, object]]:
    """Give what the defaults of fields are as stored forms, where every row may have the same."""
    for field in model.fields:
        default = field.default
        if field.default_factory in _MADE_EMPTY and field.default_factory is not None:
            default = field.default_factory()
        if default is not MISSING and default is not None:
            yield (model.table, field.column), field.dump(default)
