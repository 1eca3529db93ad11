"""Rows of the related models, in a database that counts what is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

import pytest

from ommi.database import Ommi
from ommi.query.fields import fields
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.related_models import (
    RELATED,
    Comment,
    Post,
    PostTag,
    Tag,
    User,
)
from ommi.testing.counting import CountingDriver

T = TypeVar("T")


def sent(db: Ommi) -> int:
    """Give the number of commands so far."""
    driver: Any = db.driver
    return int(driver.sent)


def key(instance: Any) -> int:
    """Give the key of an instance that has one."""
    return int(instance.id)


async def found(db: Ommi, instance: T) -> T:
    """Read the row of an instance, by itself."""
    return await db.query(type(instance)).where(fields(type(instance)).id == key(instance)).one()


async def filled(db: Ommi, *, users: int = 3, posts: int = 6) -> tuple[list[User], list[Post]]:
    """Add users, posts that belong to them in turn, two comments each, and tags for some."""
    authors = await db.add_all(User(f"u{n}") for n in range(users)).or_raise()
    written = await db.add_all(
        Post(f"p{n}", key(authors[n % users])) for n in range(posts)
    ).or_raise()
    await db.add_all(
        Comment(f"c{n}", key(written[n % posts]), key(authors[0])) for n in range(2 * posts)
    ).or_raise()
    await db.add_all([Tag("a"), Tag("b"), Tag("none")]).or_raise()
    await db.add_all(
        PostTag(key(post), name) for post in written[:2] for name in ("b", "a")
    ).or_raise()
    return authors, written


class CountedSuite:
    @pytest.fixture
    async def db(
        self, database: Ommi, make_database: Callable[[], Ommi]
    ) -> AsyncGenerator[Ommi, None]:
        """Give a database that counts what is sent, with the tables of the related models."""
        del database
        async with Ommi(CountingDriver(make_database().driver)) as db, tables(db, RELATED):
            yield db
