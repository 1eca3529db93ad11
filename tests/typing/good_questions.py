"""Questions, operations and what they give, as both type checkers must see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, assert_never, assert_type

from ommi import (
    Auto,
    Failure,
    Finding,
    Key,
    Ommi,
    OrderDirection,
    Predicate,
    Query,
    Success,
    col,
    fields,
    ommi_model,
    row,
)


@ommi_model
@dataclass
class User:
    name: str
    email: str | None = None
    age: int = 0
    id: Annotated[int | None, Key | Auto] = None


async def questions(db: Ommi) -> None:
    user = row(User)

    assert_type(await db.query(User).fetch_all(), list[User])
    assert_type(await db.query(User).fetch_one(), User | None)
    assert_type(await db.query(User).one(), User)
    assert_type(await db.query(User).count(), int)
    assert_type(await db.query(User).where(lambda u: u.age > 18).fetch_all(), list[User])
    assert_type(await db.query(User).where(lambda u: u.name.startswith("A")).count(), int)
    assert_type(
        await db.query(User).where(user.age > 18, user.name == "A").fetch_all(), list[User]
    )
    assert_type(col(user.name).starts_with("A"), Predicate)
    assert_type(col(user.email).ilike("a%"), Predicate)
    assert_type(col(user.age).in_([1, 2]), Predicate)
    assert_type(col(user.age).between(1, 2), Predicate)


async def orders(db: Ommi) -> None:
    query = db.query(User)
    assert_type(await query.order_by("name", OrderDirection.DESC).limit(3).fetch_all(), list[User])
    assert_type(await query.order_by(fields(User).name.desc).offset(1).fetch_all(), list[User])
    async for user in query:
        assert_type(user, User)


async def operations(db: Ommi) -> None:
    assert_type(await db.find(User).fetch.all(), list[User])
    assert_type(await db.find(User).fetch.one(), User)
    assert_type(await db.find(User, lambda u: u.age > 3).one.or_raise(), User)
    assert_type(await db.find(User).one.value, User)
    assert_type(await db.find(User).one.or_use(None), User | None)
    assert_type(await db.find(User).first.value, User | None)
    assert_type(await db.find(User).count(), Success[int] | Failure[Exception])
    assert_type(await db.find(User).update(age=1).or_raise(), int)
    assert_type(await db.find(User).delete().value, int)
    assert_type(await db.add(User("a")).value, User)
    assert_type(await db.add(User("a"), User("b")).value, list[User])
    assert_type(await db.add_all(User(name) for name in "ab").or_raise(), list[User])
    assert_type(await db.save(User("a")).or_raise(), User)
    assert_type(await db.delete(User("a")).or_raise(), None)


async def prepared(db: Ommi) -> None:
    @db.prepare
    def older(age: int, most: int = 10) -> Query[User]:
        return db.query(User, lambda u: u.age > age).limit(most)

    by_id: Callable[[int], Finding[User]] = db.prepare(
        lambda id: db.find(User, lambda u: u.id == id)
    )

    assert_type(await older(18).fetch_all(), list[User])
    assert_type(await older(age=18, most=3).count(), int)
    assert_type(await by_id(1).one.or_raise(), User)
    assert_type(await db.prepare(lambda: db.query(User))().first(), User | None)


async def every_case(db: Ommi) -> int:
    result = await db.find(User).count
    match result:
        case Success(count):
            return count
        case Failure(error):
            raise error
        case _:
            assert_never(result)
