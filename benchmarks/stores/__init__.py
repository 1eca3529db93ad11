"""The stores that are measured, each in a module of its own."""

from __future__ import annotations

from benchmarks.stores.mariadb import MariaDB
from benchmarks.stores.postgresql import PostgreSQL
from benchmarks.stores.protocol import Store
from benchmarks.stores.redis import Redis
from benchmarks.stores.sqlite import SQLite

STORES: tuple[Store, ...] = (SQLite(), PostgreSQL(), MariaDB(), Redis())


def store_named(name: str) -> Store:
    """Give a store; raises `ValueError` where there is none of that name."""
    for store in STORES:
        if store.name == name:
            return store
    raise ValueError(f"no store {name}; there are {', '.join(each.name for each in STORES)}")
