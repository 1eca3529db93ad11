"""Which driver a URL means, and how large a pool in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypedDict, cast

from ommi.drivers.addresses import Address, Options, parsed
from ommi.drivers.protocol import Driver
from ommi.errors import ConfigurationError

POOL_OPTIONS: Mapping[str, type[int | float]] = {
    "min_connections": int,
    "max_connections": int,
    "connection_timeout": float,
    "idle_timeout": float,
    "max_lifetime": float,
}
"""What every store with a pool takes besides its own options; times are in seconds."""


class PoolOptions(TypedDict, total=False):
    """What was said of the pool."""

    min_connections: int
    max_connections: int
    connection_timeout: float
    idle_timeout: float
    max_lifetime: float


def driver_for(url: str, options: Mapping[str, object]) -> tuple[Driver, PoolOptions]:
    """Make the driver for a URL, and give its pool's options; raises `ConfigurationError`."""
    address = parsed(url, options)
    make = _DRIVERS.get(address.scheme)
    if make is None:
        raise ConfigurationError(
            f"no driver for {address.scheme}:// is known; there are "
            f"{', '.join(f'{scheme}://' for scheme in _DRIVERS)}"
        )
    driver = make(address)
    given = {name: value for name, value in address.options.items() if name in POOL_OPTIONS}
    return driver, pool_options(given)


def pool_options(given: Mapping[str, object]) -> PoolOptions:
    """Give options of a pool as numbers; raises `ConfigurationError`."""
    options = Options(Address("pool", options=given), tuple(POOL_OPTIONS))
    numbers = {name: options.number(name, 0.0, POOL_OPTIONS[name]) for name in given}
    return cast("PoolOptions", numbers)


def _sqlite(address: Address) -> Driver:
    from ommi.drivers.sqlite import SQLiteDriver

    if address.host or address.user is not None:
        raise ConfigurationError(
            "a SQLite URL has three slashes before a relative path, sqlite:///app.db, and four "
            "before an absolute one, sqlite:////data/app.db"
        )
    options = Options(address, ("mode", "readers", "timeout"))
    return SQLiteDriver(
        None if address.database == ":memory:" else address.database,
        timeout=options.number("timeout", 5.0, float),
        readers=options.number("readers", 3, int),
        is_read_only=options.text("mode", "rwc", ("ro", "rwc")) == "ro",
    )


def _memory(address: Address) -> Driver:
    from ommi.drivers.memory import MemoryDriver

    Options(address)
    return MemoryDriver()


def _postgresql(address: Address) -> Driver:
    with _client_library("postgresql"):
        from ommi.drivers.postgresql import PostgreSQLDriver

    own = ("application_name", "connect_timeout", "pooler", "ssl")
    options = Options(address, (*own, *POOL_OPTIONS))
    return PostgreSQLDriver(
        host=address.host or "localhost",
        port=address.port or 5432,
        user=_user(address),
        password=address.password,
        database=_database(address),
        ssl=options.text("ssl"),
        connect_timeout=options.number("connect_timeout", 10.0, float),
        pooler="transaction" if options.text("pooler", None, ("transaction",)) else None,
        application_name=options.text("application_name") or "ommi",
    )


def _mysql(address: Address) -> Driver:
    with _client_library("mysql"):
        from ommi.drivers.mysql import MySQLDriver

    options = Options(address, ("connect_timeout", "ssl", *POOL_OPTIONS))
    return MySQLDriver(
        host=address.host or "localhost",
        port=address.port or 3306,
        user=_user(address),
        password=address.password,
        database=_database(address),
        ssl=options.text("ssl", None, ("true", "false")) == "true" or None,
        connect_timeout=options.number("connect_timeout", 10.0, float),
    )


def _mongodb(address: Address) -> Driver:
    with _client_library("mongodb"):
        from ommi.drivers.mongodb import CLIENT_OPTIONS, MongoDBDriver

    # All but max_lifetime, which pymongo's own pool has not.
    pool = ("min_connections", "max_connections", "connection_timeout", "idle_timeout")
    options = Options(address, ("connect_timeout", *CLIENT_OPTIONS, *pool))
    return MongoDBDriver(
        host=address.host or "localhost",
        port=address.port or 27017,
        user=address.user,
        password=address.password,
        database=_database(address),
        is_srv=address.scheme == "mongodb+srv",
        connect_timeout=options.number("connect_timeout", 10.0, float),
        min_connections=options.number("min_connections", 0, int),
        max_connections=options.number("max_connections", 20, int),
        connection_timeout=options.number("connection_timeout", 30.0, float),
        idle_timeout=options.number("idle_timeout", 300.0, float),
        options={name: options.text(name) for name in CLIENT_OPTIONS if name in address.options},
    )


@contextmanager
def _client_library(extra: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            f"{extra}:// needs the client library {error.name}: pip install ommi[{extra}]"
        ) from error


def _user(address: Address) -> str:
    if address.user:
        return address.user
    raise ConfigurationError(
        f"a {address.scheme} URL names the user, as in {address.scheme}://user@host/database"
    )


def _database(address: Address) -> str:
    if address.database:
        return address.database
    raise ConfigurationError(
        f"a {address.scheme} URL names the database, as in {address.scheme}://user@host/database"
    )


_DRIVERS: Mapping[str, Callable[[Address], Driver]] = {
    "sqlite": _sqlite,
    "memory": _memory,
    "postgresql": _postgresql,
    "postgres": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
    "mongodb": _mongodb,
    "mongodb+srv": _mongodb,
}
