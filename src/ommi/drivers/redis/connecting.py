"""Where a server is, and how each connection to it begins."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ommi.drivers.redis.client import CLIENT_ERRORS, Client, drop, made
from ommi.drivers.redis.errors import failed_to_connect
from ommi.drivers.redis.introspection import STORE
from ommi.errors import ConnectionFailed

OLDEST = (6, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A numbered database of a server, and who asks it. `connect_timeout` is in seconds."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    database: int
    ssl: bool
    connect_timeout: float

    @property
    def name(self) -> str:
        """The place, for messages; it holds no password."""
        return f"redis://{self.host}:{self.port}/{self.database}"

    async def connect(self) -> Client:
        """Open a connection and try it; raises `ConnectionFailed`."""
        client = self._client()
        try:
            async with asyncio.timeout(self.connect_timeout):
                await client.connect()
                await _check(client)
        except TimeoutError as error:
            drop(client)
            raise ConnectionFailed(
                f"cannot connect to {self.name}: no answer within {self.connect_timeout:g} s",
                store=STORE,
            ) from error
        except CLIENT_ERRORS as error:
            drop(client)
            raise failed_to_connect(error, self.name) from error
        except BaseException:
            drop(client)
            raise
        return client

    def _client(self) -> Client:
        return made(
            is_encrypted=self.ssl,
            host=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            db=self.database,
            client_name="ommi",
            protocol=2,
            # A cancel or a timeout of the caller's ends a wait; what was sent is never sent again.
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
            driver_info=None,
        )


async def _check(client: Client) -> None:
    """Raise `ConnectionFailed` where the server is too old, or a part of a cluster."""
    await client.send_packed_command(client.pack_command("INFO", "server"), check_health=False)
    told = str(await client.read_response(), "utf-8", "replace")
    facts = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    version = tuple(int(part) for part in facts.get("redis_version", "0").split(".")[:2])
    if version < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise ConnectionFailed(
            f"is {facts.get('redis_version', 'older')}, wanted {wanted} or later", store=STORE
        )
    if facts.get("redis_mode") == "cluster":
        raise ConnectionFailed(
            "this server is part of a cluster, which Ommi does not use; give the URL of a single "
            "one",
            store=STORE,
        )
