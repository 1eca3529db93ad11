"""Ommi, as its documentation shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, cast

from benchmarks import users
from benchmarks.libraries.protocol import PAGE
from benchmarks.users import Row
from ommi import Auto, Key, Ommi, ommi_model


@ommi_model
@dataclass
class User:
    """The same fields as those of the plain class."""

    id: Annotated[int | None, Key | Auto]
    name: str
    email: str
    age: int
    score: float
    active: bool
    city: str | None


class OmmiLibrary:
    """An `Ommi` with its ordinary settings."""

    _db: Ommi

    async def open(self, path: str) -> None:
        self._db = await Ommi(f"sqlite:///{path}").open()

    async def close(self) -> None:
        await self._db.close()

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[users.User]:
        made = [User(key if with_keys else None, *rest) for key, *rest in rows]
        return cast("list[users.User]", made)

    async def get(self, key: int) -> users.User:
        return cast("users.User", await self._db.find(User.id == key).one.or_raise())

    async def page(self, age: int) -> list[users.User]:
        found = self._db.find(User.age >= age).order_by(User.name).limit(PAGE)
        return cast("list[users.User]", await found.fetch.all())

    async def everyone(self) -> list[users.User]:
        return cast("list[users.User]", await self._db.find(User).fetch.all())

    async def add(self, user: users.User) -> int:
        return cast("int", (await self._db.add(user).or_raise()).id)

    async def add_all(self, users: Sequence[users.User]) -> None:
        await self._db.add_all(users).or_raise()

    async def rename(self, key: int, name: str) -> int:
        return await self._db.find(User.id == key).update(name=name).or_raise()

    async def count(self) -> int:
        return await self._db.find(User).count.or_raise()

    def stream(self) -> AsyncIterator[users.User]:
        return cast("AsyncIterator[users.User]", self._db.find(User).stream())


async def create_table(path: str) -> None:
    """Make the file and the table that every library uses."""
    async with Ommi(f"sqlite:///{path}") as db:
        await db.use_models(User)
