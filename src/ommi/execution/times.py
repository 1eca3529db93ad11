"""What every write changes besides what was asked: times and versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Kind
from ommi.query.fields import references


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
