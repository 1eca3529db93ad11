"""The relations of a model in questions: `User.posts`, `fields(Post).author`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ommi.metadata.model import ModelMetadata
from ommi.metadata.relations import Relation
from ommi.query.nodes import Node

if TYPE_CHECKING:
    from ommi.query.loads import RelatedSelection


class RelationReference(Node):
    """A relation of a model; `via` is the relation that leads to its owner, in a path."""

    __slots__ = ("name", "owner", "via")
    owner: ModelMetadata
    name: str
    via: RelationReference | None

    def __init__(
        self, owner: ModelMetadata, name: str, via: RelationReference | None = None
    ) -> None:
        object.__setattr__(self, "owner", owner)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "via", via)

    @property
    def relation(self) -> Relation:
        """What it leads to; raises `ModelError` where that is nothing."""
        return self.owner.relation(self.name)

    def where(self, *conditions: object) -> RelatedSelection:
        """Load only the rows that meet these conditions."""
        return _selected(self).where(*conditions)

    def order_by(self, *keys: object) -> RelatedSelection:
        """Load the rows of each owner in this order."""
        return _selected(self).order_by(*keys)

    def limit(self, count: int) -> RelatedSelection:
        """Load no more than `count` rows for each owner."""
        return _selected(self).limit(count)

    def offset(self, count: int) -> RelatedSelection:
        """Load all but the first `count` rows of each owner."""
        return _selected(self).offset(count)

    def __getattr__(self, name: str) -> RelationReference:
        """Give a relation of the model that this one leads to."""
        target = None if name.startswith("__") else self.relation.target
        if target is None or name not in target.declared_relations:
            raise AttributeError(f"{self!r} has no {name!r}")
        return RelationReference(target, name, self)

    def __repr__(self) -> str:
        before = self.owner.name if self.via is None else repr(self.via)
        return f"{before}.{self.name}"


def _selected(reference: RelationReference) -> RelatedSelection:
    from ommi.query.loads import RelatedSelection

    return RelatedSelection(reference)
