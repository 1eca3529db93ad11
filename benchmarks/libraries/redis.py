"""Hand-written code on redis-py, for rows and indexes that are kept as Ommi keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis

from benchmarks.libraries import statements
from benchmarks.libraries.protocol import CONNECTIONS
from benchmarks.models import Post, Row, User


class RedisPy:
    """One connection; for many tasks a pool of redis-py's."""

    async def open(self, url: str) -> None:
        server, _, prefix = url.partition("?prefix=")
        self._client: Any = Redis.from_url(server, single_connection_client=True)
        pool = BlockingConnectionPool.from_url(server, max_connections=CONNECTIONS)
        self._pooled: Any = Redis.from_pool(pool)
        self._users, self._posts = f"{prefix}:rows:User", f"{prefix}:rows:Post"
        self._by_author = f"{prefix}:equal:Post_author_id_index"
        self._counters = f"{prefix}:counters"

    async def close(self) -> None:
        await self._pooled.aclose()
        await self._client.aclose()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[User]:
        return statements.made(rows, with_keys=with_keys)

    async def get(self, key: int) -> User:
        return User(**json.loads(await self._client.hget(self._users, key)))

    async def get_in_task(self, task: int, key: int) -> User:  # noqa: ARG002
        return User(**json.loads(await self._pooled.hget(self._users, key)))

    async def everyone(self) -> list[User]:
        found = await self._client.hvals(self._users)
        return [User(**json.loads(each)) for each in found]

    async def add(self, user: User) -> int:
        key: int = await self._client.hincrby(self._counters, "User.id", 1)
        user.id = key
        if not await self._client.hsetnx(self._users, key, json.dumps(vars(user))):
            raise ValueError("the key is taken")
        return key

    async def count(self) -> int:
        number: int = await self._client.hlen(self._users)
        return number

    async def posts_of(self, author: int) -> list[Post]:
        found = await self._client.zrangebylex(self._by_author, f"[{author}\0", f"({author}\x01")
        keys = [member.partition(b"\0")[2] for member in found]
        if not keys:
            return []
        posts = await self._client.hmget(self._posts, keys)
        return [Post(**json.loads(each)) for each in posts if each is not None]
