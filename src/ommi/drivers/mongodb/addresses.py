"""What a URL says to MongoDB; the pool's options are those of pymongo's own pool."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypedDict

from ommi.drivers.addresses import Address, Options
from ommi.errors import ConfigurationError

CLIENT_OPTIONS = (
    "appName",
    "authMechanism",
    "authSource",
    "directConnection",
    "replicaSet",
    "tls",
    "tlsCAFile",
    "tlsCertificateKeyFile",
)
"""pymongo's own options that a URL may say, under the names that MongoDB's URLs have."""


class Facts(TypedDict):
    """What `MongoDBDriver` takes."""

    hosts: str
    database: str
    user: str | None
    password: str | None
    is_srv: bool
    connect_timeout: float
    options: dict[str, object]


def facts_of(address: Address, database: str, pool: Collection[str]) -> Facts:
    """Read a URL; raises `ConfigurationError` for an option that MongoDB has not."""
    if "max_lifetime" in address.options:
        raise ConfigurationError("mongodb:// has no option max_lifetime: pymongo's pool has none")
    options = Options(address, ("connect_timeout", *CLIENT_OPTIONS, *pool))
    is_srv = address.scheme == "mongodb+srv"
    host = address.host or "localhost"
    return Facts(
        hosts=host if is_srv else f"{_bracketed(host)}:{address.port or 27017}",
        database=database,
        user=address.user,
        password=address.password,
        is_srv=is_srv,
        connect_timeout=options.number("connect_timeout", 10.0, float),
        options={
            "minPoolSize": options.number("min_connections", 0, int),
            "maxPoolSize": options.number("max_connections", 20, int),
            "waitQueueTimeoutMS": int(options.number("connection_timeout", 30.0, float) * 1000),
            "maxIdleTimeMS": int(options.number("idle_timeout", 300.0, float) * 1000),
            **{name: _text(options, name) for name in CLIENT_OPTIONS if name in address.options},
        },
    )


def _text(options: Options, name: str) -> object:
    text = options.text(name)
    return {"true": True, "false": False}.get(str(text), text)


def _bracketed(host: str) -> str:
    is_ipv6 = ":" in host and "," not in host
    return f"[{host}]" if is_ipv6 else host
