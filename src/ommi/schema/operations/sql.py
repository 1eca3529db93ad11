"""SQL that is written by hand, for the stores that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ommi.errors import MigrationError

EVERY_STORE = "*"


@dataclass(frozen=True, slots=True)
class Sql:
    """SQL for each store, by its name in lower case; `*` is for every other.

    MariaDB takes what is for `mysql` where nothing is for `mariadb`.
    """

    texts: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, said: str | Mapping[str, str]) -> Sql:
        """Give the SQL for one text, or for one text a store."""
        by_store = {EVERY_STORE: said} if isinstance(said, str) else said
        return cls(tuple(sorted((name.lower(), (text,)) for name, text in by_store.items())))

    def get(self, store: str) -> tuple[str, ...] | None:
        """Give the statements for a store, or `None` where none are for it."""
        by_store = dict(self.texts)
        names = [store.lower(), *(["mysql"] if store.lower() == "mariadb" else []), EVERY_STORE]
        return next((by_store[name] for name in names if name in by_store), None)

    def for_store(self, store: str) -> tuple[str, ...]:
        """Give the statements for a store; raises `MigrationError` where none are for it."""
        found = self.get(store)
        if found is None:
            known = ", ".join(name for name, _ in self.texts)
            raise MigrationError(f"has SQL for {known}, and none for {store}; add it")
        return found
