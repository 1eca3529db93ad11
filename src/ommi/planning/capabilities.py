"""What a store can do, by name. Shared code asks for a capability, never for a store."""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """Something that not every store can do; the value says it in words."""

    UNIQUE = "unique fields"
    FOREIGN_KEYS = "references that are checked"
    SERVER_DEFAULTS = "defaults given as SQL"
    STREAMING = "rows read while more are to come"
    ATOMIC_BATCHES = "several writes that happen together or not at all"
    TRANSACTIONS = "transactions"
    SAVEPOINTS = "savepoints and nested blocks"
    CONCURRENT_WRITERS = "transactions that write at the same time"
    EXPIRY = "rows that expire"
    TRANSACTIONAL_DDL = "tables made and removed inside a transaction"
    PERSISTENCE = "rows that outlive the database object"
    INTROSPECTION = "telling which tables it has"
    TEXT_STATEMENTS = "statements that are text"
