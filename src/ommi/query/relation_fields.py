"""The relations of a model in questions: `User.posts`, `fields(Post).author`."""

from __future__ import annotations

from ommi.metadata.model import ModelMetadata
from ommi.metadata.relations import Relation
from ommi.query.nodes import Node


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

    def __repr__(self) -> str:
        before = self.owner.name if self.via is None else repr(self.via)
        return f"{before}.{self.name}"
