"""Violations of tables, said in the words of the model that was written."""

from __future__ import annotations

from ommi.errors import ConstraintViolation
from ommi.metadata.model import ModelMetadata


def in_words_of(model: ModelMetadata, error: ConstraintViolation) -> ConstraintViolation:
    """Name the model and its fields where a table names itself and its columns."""
    names = {field.column: field.name for field in model.fields}
    # Another table's columns, met in a cascade, are no fields of this model.
    told = error.fields if error.model == model.table else ()
    fields = tuple(names.get(column, column) for column in told)
    where = f"{model.name} ({', '.join(fields)})" if fields else model.name
    return type(error)(
        f"{where}: {error.reason}", model=model.name, fields=fields, store=error.store
    )
