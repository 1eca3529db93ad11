"""The handles of relations, and where an instance finds its database."""

from ommi.relations.handles import Lazy, LazyList, RelationAttribute
from ommi.relations.surroundings import (
    ATTACHED,
    BATCH,
    CURRENT,
    ROW,
    Attachments,
    Batch,
    Database,
    RelationFacts,
    attachments_of,
    batch_of,
    database_closed,
    database_of,
    database_opened,
    state_of,
    use_database,
)

__all__ = [
    "ATTACHED",
    "BATCH",
    "CURRENT",
    "ROW",
    "Attachments",
    "Batch",
    "Database",
    "Lazy",
    "LazyList",
    "RelationAttribute",
    "RelationFacts",
    "attachments_of",
    "batch_of",
    "database_closed",
    "database_of",
    "database_opened",
    "state_of",
    "use_database",
]
