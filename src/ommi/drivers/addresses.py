"""URLs of databases, taken apart; what one shows of itself holds no password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ommi.errors import ConfigurationError
from ommi.values import frozen


@frozen
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

    def settings(self) -> dict[str, object]:
        """Give all that it says as a mapping; what it does not say is not there."""
        said = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
        }
        return {name: value for name, value in said.items() if value is not None} | {
            **self.options
        }


def parsed(url: str, options: Mapping[str, object]) -> Address:
    """Take a URL apart; keywords are stronger than the URL's query.

    User and password end at the last `@`, so they may hold any character, written as it is or as
    `%XX`. Raises `ConfigurationError`, which never shows the URL.
    """
    from urllib.parse import parse_qsl, unquote

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
    from urllib.parse import unquote

    name, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return unquote(text).strip("[]") or None, None
    if not port.isdecimal():
        raise ConfigurationError("the port of a URL is a number, as in postgresql://host:5432/app")
    return unquote(name).strip("[]") or None, int(port)
