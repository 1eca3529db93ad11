"""The SQL of the hand-written code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.libraries.protocol import PAGE
from benchmarks.users import Row, User

SETTINGS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")

GET = 'SELECT id, name, email, age, score, active, city FROM "User" WHERE id = ?'
FROM_AGE = (
    'SELECT id, name, email, age, score, active, city FROM "User" '
    f"WHERE age >= ? ORDER BY name, id LIMIT {PAGE}"
)
EVERYONE = 'SELECT id, name, email, age, score, active, city FROM "User"'
BY_KEY = f"{EVERYONE} ORDER BY id"
ADD = 'INSERT INTO "User" (name, email, age, score, active, city) VALUES (?, ?, ?, ?, ?, ?)'
ADD_WITH_KEY = (
    'INSERT INTO "User" (id, name, email, age, score, active, city) VALUES (?, ?, ?, ?, ?, ?, ?)'
)
RENAME = 'UPDATE "User" SET name = ? WHERE id = ?'
COUNT = 'SELECT count(*) FROM "User"'


def built(found: Iterable[Sequence[object]]) -> list[User]:
    """Build models, `active` being 0 or 1 in SQLite."""
    return [User(i, n, e, a, s, o == 1, c) for i, n, e, a, s, o, c in found]  # type: ignore[arg-type]


def addition(users: Sequence[User]) -> tuple[str, list[tuple[object, ...]]]:
    """Give the INSERT and its parameters: with keys if the users have them."""
    if users[0].id is None:
        return ADD, [(u.name, u.email, u.age, u.score, u.active, u.city) for u in users]
    return ADD_WITH_KEY, [(u.id, u.name, u.email, u.age, u.score, u.active, u.city) for u in users]


def made(rows: Iterable[Row], *, with_keys: bool) -> list[User]:
    """Make instances that are to be added."""
    return [User(k if with_keys else None, n, e, a, s, o, c) for k, n, e, a, s, o, c in rows]
