"""Which driver a URL means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, unquote

from ommi.drivers.protocol import Driver
from ommi.errors import ConfigurationError

T = TypeVar("T")
Options = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart; what it shows of itself holds no password."""

    scheme: str
    place: str
    options: Options

    def __repr__(self) -> str:
        return f"<{self.scheme} address>"


def driver_for(url: str, options: Options) -> Driver:
    """Make the driver for a URL; raises `ConfigurationError`.

    Options come from the URL's query and, stronger, from keywords.
    """
    address = _parsed(url, options)
    make = _DRIVERS.get(address.scheme)
    if make is None:
        raise ConfigurationError(
            f"no driver for {address.scheme}:// is known; there are "
            f"{', '.join(f'{scheme}://' for scheme in _DRIVERS)}"
        )
    return make(address)


def _parsed(url: str, options: Options) -> Address:
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme.isidentifier():
        raise ConfigurationError(
            "a database is named by a URL such as sqlite:///app.db, sqlite://, or memory://"
        )
    place, _, query = rest.partition("?")
    return Address(scheme.lower(), unquote(place), {**dict(parse_qsl(query)), **options})


def _sqlite(address: Address) -> Driver:
    from ommi.drivers.sqlite import SQLiteDriver

    options = dict(address.options)
    if address.place and not address.place.startswith("/"):
        raise ConfigurationError(
            "a SQLite URL has three slashes before a relative path, sqlite:///app.db, and four "
            "before an absolute one, sqlite:////data/app.db"
        )
    path = address.place[1:] or None
    mode = _taken(options, "mode", str, "rwc")
    if mode not in {"ro", "rwc"}:
        raise ConfigurationError(f"mode of a SQLite URL is ro or rwc, found {mode!r}")
    driver = SQLiteDriver(
        None if path == ":memory:" else path,
        timeout=_taken(options, "timeout", float, 5.0),
        readers=_taken(options, "readers", int, 3),
        is_read_only=mode == "ro",
    )
    _refuse_rest(options, "sqlite", "mode, timeout (seconds), readers")
    return driver


def _memory(address: Address) -> Driver:
    from ommi.drivers.memory import MemoryDriver

    _refuse_rest(address.options, "memory", "none")
    return MemoryDriver()


_DRIVERS: Mapping[str, Callable[[Address], Driver]] = {"sqlite": _sqlite, "memory": _memory}


def _taken(options: dict[str, object], name: str, kind: Callable[[str], T], default: T) -> T:
    if name not in options:
        return default
    try:
        value = kind(str(options.pop(name)))
    except ValueError:
        raise ConfigurationError(f"the option {name} wants a number") from None
    if not isinstance(value, str) and not value > 0:  # type: ignore[operator]
        raise ConfigurationError(f"the option {name} wants a number above zero")
    return value


def _refuse_rest(options: Options, scheme: str, known: str) -> None:
    if options:
        raise ConfigurationError(
            f"{scheme}:// has no option {', '.join(sorted(options))}; it has: {known}"
        )
