"""Where a MongoDB server is, and what it is found to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, TypeRegistry
from pymongo import AsyncMongoClient, WriteConcern
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from ommi.drivers.mongodb.errors import failed_to_connect
from ommi.drivers.mongodb.storage import STORE, DecimalCodec
from ommi.errors import ConfigurationError, ConnectionFailed

OLDEST = 13
"""The wire version of MongoDB 5.0: `$getField`, `$setWindowFields`, snapshot reads."""

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

Client = AsyncMongoClient[dict[str, Any]]
CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    uuid_representation=UuidRepresentation.UNSPECIFIED,
    type_registry=TypeRegistry([DecimalCodec()]),
)
MAJORITY = WriteConcern("majority")
SNAPSHOT = ReadConcern("snapshot")


@dataclass(frozen=True, slots=True)
class Location:
    """Where the server is and how to be let in; shows no password."""

    hosts: str
    database: str
    is_srv: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    connect_timeout: float = 10.0
    options: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The place as messages name it."""
        return f"{self.hosts}/{self.database}"

    async def connect(self) -> tuple[Client, Server]:
        """Open a client and try it; raises `ConnectionFailed`."""
        client = self._client()
        try:
            hello = await client.admin.command("hello")
            server = Server.of(hello)
            # What the user may not do shows here and not at the first question.
            await client[self.database].command("listCollections", nameOnly=True, filter=_NONE)
        except PyMongoError as error:
            await client.close()
            raise failed_to_connect(error, self.name) from error
        except BaseException:
            await client.close()
            raise
        return client, server

    def _client(self) -> Client:
        scheme = "mongodb+srv" if self.is_srv else "mongodb"
        milliseconds = int(self.connect_timeout * 1000)
        facts: dict[str, Any] = {
            "serverSelectionTimeoutMS": milliseconds,
            "connectTimeoutMS": milliseconds,
            "appname": "ommi",
            **self.options,
        }
        if self.user is not None:
            facts.update(username=self.user, password=self.password)
        try:
            return AsyncMongoClient(f"{scheme}://{self.hosts}", **facts)
        except (PyMongoError, ValueError, TypeError) as error:
            error.args = (type(error).__name__,)
            raise ConfigurationError(
                f"pymongo takes no such options for {self.name}: {type(error).__name__}"
            ) from error


_NONE = {"name": {"$eq": ""}}


@dataclass(frozen=True, slots=True)
class Server:
    """What answers."""

    has_transactions: bool

    @classmethod
    def of(cls, hello: Mapping[str, Any]) -> Server:
        """Read what a server says of itself; raises `ConnectionFailed` for one too old."""
        if hello.get("maxWireVersion", 0) < OLDEST:
            raise ConnectionFailed("MongoDB is older than 5.0, which Ommi needs", store=STORE)
        return cls("setName" in hello or hello.get("msg") == "isdbgrid")
