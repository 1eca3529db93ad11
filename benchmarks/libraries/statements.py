"""The SQL of the hand-written code, and what is the same in it whatever the client library."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from benchmarks.libraries.protocol import AUTHORS, PAGE, POSTS
from benchmarks.models import Post, Row, User

COLUMNS = ("id", "name", "email", "age", "score", "active", "city")
_USER = f'SELECT {", ".join(COLUMNS)} FROM "User"'
_POST = 'SELECT id, title, author_id FROM "Post"'

values = attrgetter(*COLUMNS[1:])
"""Of a user, without the key."""
values_with_key = attrgetter(*COLUMNS)


class Statements:
    """The texts for one store; `mark` gives the place of the nth value."""

    def __init__(self, mark: Callable[[str], str], quote: str = '"') -> None:
        def text(common: str) -> str:
            return re.sub(r"\$(\d)", lambda found: mark(found[1]), common).replace('"', quote)

        self.get = text(f"{_USER} WHERE id = $1")
        self.from_age = text(f"{_USER} WHERE age >= $1 ORDER BY name, id LIMIT {PAGE}")
        self.everyone = text(_USER)
        self.by_key = text(f"{_USER} ORDER BY id")
        self.add = text(
            'INSERT INTO "User" (name, email, age, score, active, city) '
            "VALUES ($1, $2, $3, $4, $5, $6)"
        )
        self.add_with_key = text(
            'INSERT INTO "User" (id, name, email, age, score, active, city) '
            "VALUES ($1, $2, $3, $4, $5, $6, $7)"
        )
        self.rename = text('UPDATE "User" SET name = $1 WHERE id = $2')
        self.count = text('SELECT count(*) FROM "User"')
        self.posts = text(f"{_POST} WHERE id > $1 ORDER BY id LIMIT {POSTS}")
        self.authors = text(f"{_USER} WHERE id > $1 ORDER BY id LIMIT {AUTHORS}")
        self.users_in = text(f"{_USER} WHERE id ")
        self.posts_in = text(f"{_POST} WHERE author_id %s ORDER BY id")


def built(found: Iterable[Sequence[Any]]) -> list[User]:
    """Build models where `active` is 0 or 1."""
    return [User(i, n, e, a, s, o == 1, c) for i, n, e, a, s, o, c in found]


def marks(values: Sequence[object]) -> str:
    """Give `IN` and as many places."""
    return f"IN ({', '.join('?' * len(values))})"


def author_keys(posts: Iterable[Post]) -> list[int]:
    """Give each key once."""
    return list({post.author_id for post in posts})


def with_authors(posts: Sequence[Post], users: Iterable[User]) -> list[tuple[Post, User]]:
    """Put posts and their authors together."""
    known = {user.id: user for user in users}
    return [(post, known[post.author_id]) for post in posts]


def with_posts(users: Iterable[User], posts: Iterable[Post]) -> list[tuple[User, list[Post]]]:
    """Put users and their posts together."""
    written = defaultdict[int | None, list[Post]](list)
    for post in posts:
        written[post.author_id].append(post)
    return [(user, written[user.id]) for user in users]


def made(rows: Iterable[Row], *, with_keys: bool) -> list[User]:
    """Make instances that are to be added."""
    return [User(k if with_keys else None, n, e, a, s, o, c) for k, n, e, a, s, o, c in rows]


def give_keys(users: Iterable[User], keys: Iterable[int]) -> None:
    """Tell users the keys of their rows."""
    for user, key in zip(users, keys, strict=True):
        user.id = key
