"""URLs of databases, taken apart; what one shows of itself holds no password."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl, unquote

from ommi.errors import ConfigurationError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart. `place` is all behind the host, its first slash included."""

    scheme: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    place: str = ""
    options: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def database(self) -> str | None:
        """The name of the database, `None` where the URL has none."""
        return self.place.removeprefix("/") or None


def parsed(url: str, options: Mapping[str, object]) -> Address:
    """Take a URL apart; keywords are stronger than the URL's query.

    User and password end at the last `@`, so they may hold any character, written as it is or as
    `%XX`. Raises `ConfigurationError`, which never shows the URL.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme.replace("+", "").isidentifier():
        raise ConfigurationError(
            "a database is named by a URL such as sqlite:///app.db, "
            "postgresql://user:password@host/database, or memory://"
        )
    credentials, at, rest = rest.rpartition("@")
    rest, _, query = rest.partition("?")
    host, slash, place = rest.partition("/")
    user, colon, password = credentials.partition(":")
    name, port = _host_and_port(host)
    return Address(
        scheme=scheme.lower(),
        user=unquote(user) if at else None,
        password=unquote(password) if colon else None,
        host=name,
        port=port,
        place=unquote(slash + place),
        options={**dict(parse_qsl(query)), **options},
    )


def _host_and_port(text: str) -> tuple[str | None, int | None]:
    name, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return unquote(text).strip("[]") or None, None
    if not port.isdecimal():
        raise ConfigurationError("the port of a URL is a number, as in postgresql://host:5432/app")
    return unquote(name).strip("[]") or None, int(port)


class Options:
    """The options of one address; an unknown one is a `ConfigurationError`."""

    def __init__(self, address: Address, known: Collection[str] = ()) -> None:
        self._given = dict(address.options)
        unknown = sorted(self._given.keys() - set(known))
        if unknown:
            raise ConfigurationError(
                f"{address.scheme}:// has no option {', '.join(unknown)}; it has "
                f"{', '.join(known) or 'none'}"
            )

    def text(
        self, name: str, default: str | None = None, among: Collection[str] = ()
    ) -> str | None:
        """Give a text, perhaps one of a few."""
        if name not in self._given:
            return default
        value = str(self._given[name])
        if among and value not in among:
            raise ConfigurationError(f"the option {name} is one of {', '.join(among)}")
        return value

    def number(self, name: str, default: T, kind: Callable[[str], T]) -> T:
        """Give a number above zero."""
        if name not in self._given:
            return default
        try:
            value = kind(str(self._given[name]))
        except ValueError:
            value = None
        if value is None or not value > 0:  # type: ignore[operator]
            raise ConfigurationError(f"the option {name} wants a number above zero")
        return value
