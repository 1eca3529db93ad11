"""What is measured: each workload prepares, unmeasured, and runs a number of operations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from benchmarks.libraries.protocol import Library
from benchmarks.users import content, rows

MANY = 10_000
TASKS = 50
_NAMES = count(1)


@dataclass(frozen=True, slots=True)
class Workload:
    """`run` does `operations` times what the title says, with what `prepare` made.

    `check` gives what all libraries must agree on, by repr; it comes before everything else.
    `bar` is the ratio to aiosqlite that Ommi is to reach; `empties` empties the table before each
    repetition.
    """

    name: str
    title: str
    operations: int
    bar: float
    run: Callable[[Library, Any], Awaitable[None]]
    check: Callable[[Library], Awaitable[object]]
    prepare: Callable[[Library, int], Any] = lambda _, operations: range(1, operations + 1)
    users: int = MANY
    empties: bool = False

    def quick(self) -> Workload:
        """Give the same with a tenth of the operations."""
        return replace(self, operations=max(1, self.operations // 10))


def _keys(_: Library, operations: int) -> Sequence[int]:
    return [1 + n * 7919 % MANY for n in range(operations)]


def _new_names(library: Library, operations: int) -> Sequence[tuple[int, str]]:
    # SQLite writes nothing where nothing changes.
    return [(key, f"name {next(_NAMES)}") for key in _keys(library, operations)]


def _new_users(library: Library, operations: int) -> Sequence[Any]:
    return library.users(rows(operations), with_keys=False)


def _many_with_keys(library: Library, _: int) -> Sequence[Any]:
    return library.users(rows(MANY), with_keys=True)


def _many_without_keys(library: Library, _: int) -> Sequence[Any]:
    return library.users(rows(MANY), with_keys=False)


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


async def _check_get(library: Library) -> object:
    return [content(await library.get(key)) for key in (1, 2, 3, 9_999)]


async def _check_page(library: Library) -> object:
    return [content(user) for user in await library.page(85)]


async def _check_everyone(library: Library) -> object:
    return [content(user) for user in await library.everyone()]


async def _check_add(library: Library) -> object:
    [user] = library.users(rows(1), with_keys=False)
    return content(await library.get(await library.add(user)))


async def _check_add_all(library: Library) -> object:
    for first, with_keys in ((101, True), (201, False)):
        users = library.users(rows(100, first), with_keys=with_keys)
        await library.add_all(users)
    return await _check_everyone(library)


async def _check_rename(library: Library) -> object:
    return await library.rename(5, "Renée"), content(await library.get(5))


async def _check_count(library: Library) -> object:
    return await library.count()


async def _check_stream(library: Library) -> object:
    return [content(user) async for user in library.stream()]


WORKLOADS = (
    Workload("W1", "one row by key", 500, 0.95, _get, _check_get, _keys),
    Workload("W2", "100 rows by filter and order", 60, 1.00, _page, _check_page),
    Workload("W3", "all 10,000 rows", 2, 0.90, _everyone, _check_everyone),
    Workload("W4", "insert one, key back", 60, 1.00, _add, _check_add, _new_users),
    Workload(
        "W5",
        "add 10,000",
        1,
        1.00,
        _add_all,
        _check_add_all,
        _many_with_keys,
        users=0,
        empties=True,
    ),
    Workload(
        "W5k",
        "add 10,000, keys back",
        1,
        1.00,
        _add_all,
        _check_add_all,
        _many_without_keys,
        users=0,
        empties=True,
    ),
    Workload("W6", "update one by key", 60, 1.00, _rename, _check_rename, _new_names),
    Workload("W7", "count", 300, 0.97, _count, _check_count),
    Workload("W9", "one row by key, 50 tasks", 1000, 0.50, _get_in_tasks, _check_get, _keys),
    Workload("W10", "stream 50,000 rows", 1, 0.95, _stream, _check_stream, users=50_000),
)
