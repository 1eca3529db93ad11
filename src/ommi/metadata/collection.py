"""Groups of models: what one database uses, and how its tables are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ommi.errors import ModelError

if TYPE_CHECKING:
    from ommi.metadata.model import ModelMetadata


class ModelCollection:
    """A set of models that belong together.

    `naming` turns the name of a class into the name of its table where the model does not say
    `table=` itself.
    """

    def __init__(self, *, naming: Callable[[str], str] | None = None) -> None:
        self._naming = naming
        self._models: dict[type, ModelMetadata] = {}

    def table_name(self, class_name: str) -> str:
        """Give the name of the table for a class of that name."""
        return class_name if self._naming is None else self._naming(class_name)

    def add(self, model: ModelMetadata) -> None:
        """Take a model in; raises `ModelError` if another one has the same table."""
        for other in self._models.values():
            if other.table.casefold() == model.table.casefold() and not _redefines(model, other):
                raise ModelError(
                    f"its table {model.table!r} is already that of {other.cls.__qualname__}; "
                    "give one of them table= or a collection of its own",
                    model=model.name,
                )
        for cls in [c for c, other in self._models.items() if _redefines(model, other)]:
            del self._models[cls]
        self._models[model.cls] = model

    def __iter__(self) -> Iterator[ModelMetadata]:
        return iter(tuple(self._models.values()))

    def __len__(self) -> int:
        return len(self._models)

    def __contains__(self, cls: object) -> bool:
        return cls in self._models

    def __repr__(self) -> str:
        return f"ModelCollection({', '.join(model.name for model in self)})"


def _redefines(model: ModelMetadata, other: ModelMetadata) -> bool:
    # A module reloaded, or a notebook cell run again, makes the same class anew.
    return (model.cls.__module__, model.cls.__qualname__) == (
        other.cls.__module__,
        other.cls.__qualname__,
    )


DEFAULT_COLLECTION = ModelCollection()
"""Where models go that name no collection."""
