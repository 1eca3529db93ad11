"""Ommi, as its documentation shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, cast

from benchmarks.libraries.protocol import PAGE
from benchmarks.users import Row
from benchmarks.users import User as Plain
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

    def users(self, rows: Iterable[Row], *, with_keys: bool) -> list[Plain]:
        made = [User(k if with_keys else None, n, e, a, s, o, c) for k, n, e, a, s, o, c in rows]
        return cast("list[Plain]", made)

    async def get(self, key: int) -> Plain:
        return cast("Plain", await self._db.find(User.id == key).one.or_raise())

    async def get_in_task(self, task: int, key: int) -> Plain:  # noqa: ARG002
        return await self.get(key)

    async def page(self, age: int) -> list[Plain]:
        found = self._db.find(User.age >= age).order_by(User.name).limit(PAGE)
        return cast("list[Plain]", await found.fetch.all())

    async def everyone(self) -> list[Plain]:
        return cast("list[Plain]", await self._db.find(User).fetch.all())

    async def add(self, user: Plain) -> int:
        return cast("int", (await self._db.add(user).or_raise()).id)

    async def add_all(self, users: Sequence[Plain]) -> None:
        await self._db.add_all(users).or_raise()

    async def rename(self, key: int, name: str) -> int:
        return await self._db.find(User.id == key).update(name=name).or_raise()

    async def count(self) -> int:
        return await self._db.find(User).count.or_raise()

    def stream(self) -> AsyncIterator[Plain]:
        return cast("AsyncIterator[Plain]", self._db.find(User).stream())


async def create_table(path: str) -> None:
    """Make the file and the table that every library uses."""
    async with Ommi(f"sqlite:///{path}") as db:
        await db.use_models(User)
