"""Which driver a URL or a mapping means. All drivers come through this one door.

What Ommi ships is named in a table of the form that entry points have; looking for those takes
longer than opening a database, so it is done only for a scheme that is not in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any, NoReturn, TypedDict, cast

from ommi.drivers.addresses import Address, parsed
from ommi.drivers.configuration import POOL_PROPERTIES, checked
from ommi.drivers.late import LateDriver
from ommi.drivers.plugin import AddressReading, Configurable, DriverPlugin, OwnPool
from ommi.drivers.protocol import Driver, SchemaWriter
from ommi.entry_points import DRIVERS, loaded, offered
from ommi.errors import ConfigurationError
from ommi.values import frozen


@frozen
class Shipped:
    """Where a driver is that comes with Ommi, and the extra that installs its client library."""

    value: str
    extra: str | None = None


SHIPPED: Mapping[str, Shipped] = {
    "sqlite": Shipped("ommi.drivers.sqlite.plugin:SQLitePlugin"),
    "memory": Shipped("ommi.drivers.memory.plugin:MemoryPlugin"),
    "postgresql": Shipped("ommi.drivers.postgresql.plugin:PostgreSQLPlugin", "postgresql"),
    "postgres": Shipped("ommi.drivers.postgresql.plugin:PostgreSQLPlugin", "postgresql"),
    "mysql": Shipped("ommi.drivers.mysql.plugin:MySQLPlugin", "mysql"),
    "mariadb": Shipped("ommi.drivers.mysql.plugin:MySQLPlugin", "mysql"),
    "redis": Shipped("ommi.drivers.redis.plugin:RedisPlugin", "redis"),
    "rediss": Shipped("ommi.drivers.redis.plugin:RedisPlugin", "redis"),
    "mongodb": Shipped("ommi.drivers.mongodb.plugin:MongoDBPlugin", "mongodb"),
    "mongodb+srv": Shipped("ommi.drivers.mongodb.plugin:MongoDBPlugin", "mongodb"),
}


class PoolOptions(TypedDict, total=False):
    """What was said of the pool; times are in seconds."""

    min_connections: int
    max_connections: int
    connection_timeout: float
    idle_timeout: float
    max_lifetime: float


class DriverRegistry:
    """Plug-ins by the scheme of their URLs: registered ones, shipped ones, installed ones."""

    def __init__(self) -> None:
        self._registered: dict[str, DriverPlugin] = {}

    def register(self, plugin: DriverPlugin) -> None:
        """Use a plug-in for its scheme, whatever else there is; raises `ConfigurationError`."""
        missing = [
            name
            for name in ("get_driver_name", "create_driver")
            if not callable(getattr(plugin, name, None))
        ]
        if missing:
            raise ConfigurationError(
                f"{type(plugin).__name__} is no driver plug-in: it has no {', '.join(missing)}"
            )
        self._registered[plugin.get_driver_name().lower()] = plugin

    def get(self, scheme: str) -> DriverPlugin | None:
        """Give the plug-in for a scheme, if there is one.

        Raises `ConfigurationError` where there is one that cannot be loaded.
        """
        if scheme in self._registered:
            return self._registered[scheme]
        shipped = SHIPPED.get(scheme)
        if shipped is not None:
            return _of_ours(scheme, shipped)
        point = offered(DRIVERS).get(scheme)
        if point is None:
            return None
        plugin = loaded(point)
        if not isinstance(plugin, DriverPlugin):
            raise ConfigurationError(
                f"{point.value}, which the entry point {scheme!r} leads to, is no driver plug-in: "
                "it has no get_driver_name and create_driver"
            )
        return plugin

    def needed(self, scheme: str) -> DriverPlugin:
        """Give the plug-in for a scheme; raises `ConfigurationError`, which lists the schemes."""
        plugin = self.get(scheme)
        return self._refuse(scheme) if plugin is None else plugin

    def _refuse(self, scheme: str) -> NoReturn:
        extras = {name: each.extra for name, each in SHIPPED.items()}
        names = dict.fromkeys((*self._registered, *SHIPPED, *sorted(offered(DRIVERS))))
        known = [
            f"{name}://" + (f" (pip install ommi[{extras[name]}])" if extras.get(name) else "")
            for name in names
        ]
        raise ConfigurationError(
            f"no driver for {scheme}:// is known; there are {', '.join(known)}. Another one is "
            "installed with the package that offers it as an entry point of the group "
            f"{DRIVERS}, or registered with a PluginManager"
        )


@frozen
class Prepared:
    """A driver that can be made: the plug-in and a configuration that it accepts."""

    scheme: str
    plugin: DriverPlugin
    config: dict[str, Any]
    pool: PoolOptions

    def driver(self) -> Driver:
        """Have the plug-in make the driver now, or if it is async with the first connection."""
        create = self.plugin.create_driver
        if not iscoroutinefunction(create):
            return _checked_driver(create(self.config), self.scheme)

        async def make() -> Driver:
            return _checked_driver(await create(self.config), self.scheme)

        return LateDriver(self.scheme, make)


def prepared(
    location: str | Mapping[str, object], options: Mapping[str, object], registry: DriverRegistry
) -> Prepared:
    """Say which driver is meant, and how it is configured; options are stronger than a location.

    A mapping names the driver under the key `driver`. Raises `ConfigurationError`.
    """
    if isinstance(location, str):
        address = parsed(location, options)
        scheme, plugin = address.scheme, registry.needed(address.scheme)
        settings = _settings(plugin, address)
    else:
        settings = {**location, **options}
        scheme = str(settings.pop("driver", "")).lower()
        if not scheme:
            raise ConfigurationError(
                'a mapping says which driver it is for: {"driver": "sqlite", "database": "app.db"}'
            )
        plugin = registry.needed(scheme)
    config = _checked(plugin, settings, scheme)
    ours = () if isinstance(plugin, OwnPool) else POOL_PROPERTIES
    pool = {name: config.pop(name) for name in ours if name in config}
    return Prepared(scheme, plugin, config, cast("PoolOptions", pool))


def driver_for(url: str, options: Mapping[str, object]) -> tuple[Driver, PoolOptions]:
    """Make the driver for a URL, and give its pool's options; raises `ConfigurationError`."""
    ready = prepared(url, options, DriverRegistry())
    return ready.driver(), ready.pool


def pool_options(given: Mapping[str, object]) -> PoolOptions:
    """Give options of a pool as numbers; raises `ConfigurationError`."""
    schema = {"properties": POOL_PROPERTIES, "additionalProperties": False}
    return cast("PoolOptions", checked(schema, given, "pool"))


def schema_writer(store: str) -> SchemaWriter:
    """Give what says operations on a schema in a store's SQL; raises `ConfigurationError`."""
    found = _WRITERS.get(store.lower())
    if found is None:
        raise ConfigurationError(
            f"{store!r} is no store with SQL; there are {', '.join(_WRITERS)}"
        )
    return cast("SchemaWriter", _ours(found, store.lower()))


_WRITERS: Mapping[str, Shipped] = {
    "sqlite": Shipped("ommi.drivers.sqlite.changes:WRITER"),
    "postgresql": Shipped("ommi.drivers.postgresql.changes:WRITER", "postgresql"),
    "mariadb": Shipped("ommi.drivers.mysql.changes:MARIADB", "mysql"),
    "mysql": Shipped("ommi.drivers.mysql.changes:MYSQL", "mysql"),
}


def _checked_driver(made: object, scheme: str) -> Driver:
    """Give what a plug-in made, if it is a driver; raises `ConfigurationError`."""
    missing = [
        name for name in ("name", "capabilities", "compiler", "connect") if not hasattr(made, name)
    ]
    if missing:
        raise ConfigurationError(
            f"the plug-in for {scheme}:// made a {type(made).__name__}, which is no driver: it "
            f"has no {', '.join(missing)}"
        )
    return cast("Driver", made)


def _settings(plugin: DriverPlugin, address: Address) -> dict[str, object]:
    if isinstance(plugin, AddressReading):
        return dict(plugin.config_of(address))
    return address.settings()


def _checked(plugin: DriverPlugin, settings: Mapping[str, object], scheme: str) -> dict[str, Any]:
    if isinstance(plugin, Configurable):
        return checked(plugin.get_config_schema(), settings, scheme)
    pool = {name: value for name, value in settings.items() if name in POOL_PROPERTIES}
    return {**settings, **pool_options(pool)}


def _of_ours(scheme: str, shipped: Shipped) -> DriverPlugin:
    make = cast("Callable[[], DriverPlugin]", _ours(shipped, scheme))
    return make()


def _ours(shipped: Shipped, scheme: str) -> object:
    """Import what is named; raises `ConfigurationError` where its client library is missing."""
    module, _, name = shipped.value.partition(":")
    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        library = (error.name or "").partition(".")[0]
        raise ConfigurationError(
            f"{scheme}:// needs the client library {library}: pip install ommi[{shipped.extra}]"
        ) from error
