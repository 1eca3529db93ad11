"""What is measured: each workload prepares, unmeasured, and runs a number of operations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from benchmarks.libraries.protocol import Library
from benchmarks.models import content, post_content, rows

MANY = 10_000
TASKS = 50
_NAMES = count(1)


@dataclass(frozen=True, slots=True)
class Workload:
    """`run` does `operations` times what the title says, with what `prepare` made.

    `check` gives what all libraries must agree on, by repr; it comes before everything else.
    `size` is how many rows there are at the start, or, where the workload `fills` a table that is
    empty before each repetition, how many there are in the end.
    """

    name: str
    title: str
    operations: int
    run: Callable[[Library, Any], Awaitable[None]]
    check: Callable[[Library], Awaitable[object]]
    prepare: Callable[[Library, Workload], Any] = lambda _, it: range(1, it.operations + 1)
    size: int = MANY
    writes: bool = False
    fills: bool = False
    has_posts: bool = False


def workload_named(name: str) -> Workload:
    """Give a workload; raises `ValueError` where there is none of that name."""
    for workload in WORKLOADS:
        if workload.name == name:
            return workload
    raise ValueError(f"no workload {name}; there are {', '.join(w.name for w in WORKLOADS)}")


def _keys(_: Library, it: Workload) -> Sequence[int]:
    return [1 + n * 7919 % MANY for n in range(it.operations)]


def _new_names(library: Library, it: Workload) -> Sequence[tuple[int, str]]:
    # A store may write nothing where nothing changes.
    return [(key, f"name {next(_NAMES)}") for key in _keys(library, it)]


def _new_users(library: Library, it: Workload) -> Sequence[Any]:
    return library.users(rows(it.operations), with_keys=False)


def _units(library: Library, it: Workload) -> Sequence[tuple[int, str, Any]]:
    named = zip(_new_names(library, it), _new_users(library, it), strict=True)
    return [(key, name, user) for (key, name), user in named]


def _many_with_keys(library: Library, it: Workload) -> Sequence[Any]:
    return library.users(rows(it.size), with_keys=True)


def _many_without_keys(library: Library, it: Workload) -> Sequence[Any]:
    return library.users(rows(it.size), with_keys=False)


async def _get(library: Library, keys: Sequence[int]) -> None:
    for key in keys:
        await library.get(key)


async def _get_in_tasks(library: Library, keys: Sequence[int]) -> None:
    await asyncio.gather(*(_get_as(task, library, keys[task::TASKS]) for task in range(TASKS)))


async def _get_as(task: int, library: Library, keys: Sequence[int]) -> None:
    for key in keys:
        await library.get_in_task(task, key)


async def _page(library: Library, numbers: Sequence[int]) -> None:
    for number in numbers:
        await library.page(85 + number % 4)


async def _everyone(library: Library, numbers: Sequence[int]) -> None:
    for _ in numbers:
        await library.everyone()


async def _add(library: Library, users: Sequence[Any]) -> None:
    for user in users:
        await library.add(user)


async def _add_all(library: Library, users: Sequence[Any]) -> None:
    await library.add_all(users)


async def _rename(library: Library, names: Sequence[tuple[int, str]]) -> None:
    for key, name in names:
        await library.rename(key, name)


async def _count(library: Library, numbers: Sequence[int]) -> None:
    for _ in numbers:
        await library.count()


async def _stream(library: Library, _: Sequence[int]) -> None:
    async for _user in library.stream():
        pass


async def _posts(library: Library, numbers: Sequence[int]) -> None:
    for number in numbers:
        await library.posts_with_authors(number * 100)


async def _authors(library: Library, numbers: Sequence[int]) -> None:
    for number in numbers:
        await library.authors_with_posts(number * 100)


async def _posts_of(library: Library, keys: Sequence[int]) -> None:
    for key in keys:
        await library.posts_of(key)


async def _unit(library: Library, units: Sequence[tuple[int, str, Any]]) -> None:
    for unit in units:
        await library.unit(*unit)


async def _check_get(library: Library) -> object:
    return [content(await library.get(key)) for key in (1, 2, 3, 9_999)]


async def _check_get_in_tasks(library: Library) -> object:
    tasks = [library.get_in_task(task, 1 + task) for task in range(TASKS)]
    return [content(user) for user in await asyncio.gather(*tasks)]


async def _check_page(library: Library) -> object:
    return [content(user) for user in await library.page(85)]


async def _check_everyone(library: Library) -> object:
    return [content(user) for user in await library.everyone()]


async def _check_add(library: Library) -> object:
    [user] = library.users(rows(1), with_keys=False)
    return content(await library.get(await library.add(user)))


async def _check_add_all(library: Library) -> object:
    return await _added(library, library.users(rows(100), with_keys=True))


async def _check_add_all_with_keys_back(library: Library) -> object:
    return await _added(library, library.users(rows(100), with_keys=False))


async def _added(library: Library, users: Sequence[Any]) -> object:
    await library.add_all(users)
    # Each knows the key of its own row.
    known = {user.id: content(user) for user in users}
    stored = {user.id: content(user) for user in await library.everyone()}
    return known == stored, sorted(content[1][1:2] for content in stored.values())


async def _check_rename(library: Library) -> object:
    return await library.rename(5, "Renée"), content(await library.get(5))


async def _check_count(library: Library) -> object:
    return await library.count()


async def _check_stream(library: Library) -> object:
    return [content(user) async for user in library.stream()]


async def _check_posts(library: Library) -> object:
    found = await library.posts_with_authors(500)
    return [(post_content(post), content(user)) for post, user in found]


async def _check_authors(library: Library) -> object:
    found = await library.authors_with_posts(500)
    return [(content(user), list(map(post_content, posts))) for user, posts in found]


async def _check_posts_of(library: Library) -> object:
    return [
        sorted(post_content(post) for post in await library.posts_of(key)) for key in (1, 2, 0)
    ]


async def _check_unit(library: Library) -> object:
    [user] = library.users(rows(1), with_keys=False)
    await library.unit(5, "Renée", user)
    return await library.count(), content(await library.get(5))


WORKLOADS = (
    Workload("W1", "one row by key", 500, _get, _check_get, _keys),
    Workload("W2", "100 rows by filter and order", 60, _page, _check_page),
    Workload("W3", "all 10,000 rows", 2, _everyone, _check_everyone),
    Workload("W4", "insert one, key back", 100, _add, _check_add, _new_users, writes=True),
    Workload("W5", "add 10,000", 1, _add_all, _check_add_all, _many_with_keys, fills=True),
    Workload(
        "W5k",
        "add 10,000, keys back",
        1,
        _add_all,
        _check_add_all_with_keys_back,
        _many_without_keys,
        fills=True,
    ),
    Workload("W6", "update one by key", 100, _rename, _check_rename, _new_names, writes=True),
    Workload("W7", "count", 100, _count, _check_count),
    Workload("W8", "100 posts with authors", 40, _posts, _check_posts, has_posts=True),
    Workload("W8m", "1,000 users with posts", 3, _authors, _check_authors, has_posts=True),
    Workload("W9", "one row by key, 50 tasks", 1000, _get_in_tasks, _check_get_in_tasks, _keys),
    Workload("W10", "stream 50,000 rows", 1, _stream, _check_stream, size=50_000),
    Workload("W13", "5 rows by an index", 200, _posts_of, _check_posts_of, _keys, has_posts=True),
    Workload(
        "W11", "transaction of three statements", 60, _unit, _check_unit, _units, writes=True
    ),
)
