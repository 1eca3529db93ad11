"""Who takes part: each library on the stores that it knows, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from benchmarks.libraries.protocol import Library
from benchmarks.stores.protocol import Store

SQL = ("sqlite", "postgresql", "mariadb")
UVLOOP = ":uvloop"
"""At the end of the name of a library that runs on that loop."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A class of a module in `benchmarks.libraries`."""

    name: str
    title: str
    stores: tuple[str, ...]
    module: str
    made_by: str
    package: str

    def made(self) -> Library:
        """Import the module, and only that of this library."""
        module = import_module(f"benchmarks.libraries.{self.module}")
        library: Library = getattr(module, self.made_by)()
        return library


CONTESTANTS = (
    Contestant("ommi", "Ommi", (*SQL, "redis"), "ommi", "OmmiLibrary", "ommi"),
    Contestant("aiosqlite", "aiosqlite", ("sqlite",), "aiosqlite", "Aiosqlite", "aiosqlite"),
    Contestant("sqlite3", "sqlite3, no thread", ("sqlite",), "sqlite3", "Sqlite3", ""),
    Contestant("asyncpg", "asyncpg", ("postgresql",), "asyncpg", "Prepared", "asyncpg"),
    Contestant("asyncpg-pool", "asyncpg's pool", ("postgresql",), "asyncpg", "Pool", "asyncpg"),
    Contestant("asyncmy", "asyncmy", ("mariadb",), "asyncmy", "Text", "asyncmy"),
    Contestant("asyncmy-kept", "asyncmy, prepared", ("mariadb",), "asyncmy", "Kept", "asyncmy"),
    Contestant("redis-py", "redis-py", ("redis",), "redis", "RedisPy", "redis"),
    Contestant("psycopg", "psycopg", ("postgresql",), "psycopg", "Psycopg", "psycopg"),
    Contestant("sqlalchemy-core", "SQLAlchemy Core", SQL, "sqlalchemy", "Core", "sqlalchemy"),
    Contestant("sqlalchemy-orm", "SQLAlchemy ORM", SQL, "sqlalchemy", "Orm", "sqlalchemy"),
    Contestant("tortoise", "Tortoise", SQL, "tortoise", "TortoiseLibrary", "tortoise-orm"),
    Contestant("piccolo", "Piccolo", ("postgresql",), "piccolo", "Piccolo", "piccolo"),
)


def contestant_named(name: str) -> Contestant:
    """Give a library; raises `ValueError` where there is none of that name."""
    name = name.removesuffix(UVLOOP)
    for each in CONTESTANTS:
        if each.name == name:
            return each
    raise ValueError(f"no library {name}; there are {', '.join(c.name for c in CONTESTANTS)}")


def names_on(store: Store, wanted: Sequence[str] | None) -> list[str]:
    """Give the names of those that take part: those wanted, or all, always with the baseline."""
    if wanted is None:
        wanted = [each.name for each in CONTESTANTS if store.name in each.stores]
        # Next to each other, so that a slow moment hits both.
        ours = ["ommi", store.baseline, f"ommi{UVLOOP}", f"{store.baseline}{UVLOOP}"]
        return list(dict.fromkeys([*ours, *wanted]))
    chosen = [name for name in wanted if store.name in contestant_named(name).stores]
    baselines = [baseline_of(name, store) for name in chosen]
    return list(dict.fromkeys([*chosen, *baselines]))


def baseline_of(name: str, store: Store) -> str:
    """Give the name of what a library is compared with: it runs on the same loop."""
    return store.baseline + (UVLOOP if name.endswith(UVLOOP) else "")
