"""Which driver a URL means."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ommi.drivers.addresses import Address, Options, parsed
from ommi.drivers.protocol import Driver
from ommi.errors import ConfigurationError


def driver_for(url: str, options: Mapping[str, object]) -> Driver:
    """Make the driver for a URL; raises `ConfigurationError`."""
    address = parsed(url, options)
    make = _DRIVERS.get(address.scheme)
    if make is None:
        raise ConfigurationError(
            f"no driver for {address.scheme}:// is known; there are "
            f"{', '.join(f'{scheme}://' for scheme in _DRIVERS)}"
        )
    return make(address)


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

    Options(address, ())
    return MemoryDriver()


_DRIVERS: Mapping[str, Callable[[Address], Driver]] = {"sqlite": _sqlite, "memory": _memory}
