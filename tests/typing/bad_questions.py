"""Questions that both type checkers must refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ommi import Auto, Key, Ommi, Query, col, ommi_model, row


@ommi_model
@dataclass
class User:
    name: str
    email: str | None = None
    age: int = 0
    id: Annotated[int | None, Key | Auto] = None


async def questions(db: Ommi) -> None:
    user = row(User)

    @db.prepare
    def older(age: int, most: int = 10) -> Query[User]:
        return db.query(User, lambda u: u.age > age).limit(most)

    db.query(User).where(lambda u: u.nmae == "A")  # expect-error
    db.query(User).where(user.nmae == "A")  # expect-error
    db.query(User).where(user.age > "18")  # expect-error
    db.query(User).where(lambda u: u.age.startswith("A"))  # expect-error
    db.query(User).where(col(user.age).starts_with("A"))  # expect-error
    db.query(User).where(user.email > "a")  # expect-error
    db.query(User).limit("3")  # expect-error
    db.query("User")  # expect-error
    db.find(User).order_by(3)  # expect-error
    User(nmae="A")  # expect-error
    (await db.query(User).fetch_one()).name  # expect-error
    db.prepare(lambda: User)  # expect-error
    older("18")  # expect-error
    older(18, 3, 4)  # expect-error
    older()  # expect-error
    db.prepare(older(18))  # expect-error
    len(await db.query(User).count())  # expect-error
