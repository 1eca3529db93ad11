"""What both type checkers must understand about results."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import assert_never, assert_type

from ommi.results import (
    Answer,
    AsyncResultWrapper,
    Failure,
    Operation,
    Result,
    Success,
    WriteOperation,
)


class Refused(Exception):
    pass


def parse(text: str) -> Success[int] | Failure[ValueError]:
    try:
        return Success(int(text))
    except ValueError as error:
        return Failure(error)


def declared_with_the_base_class(number: int) -> Result[str, Refused]:
    return Success(str(number)) if number else Failure(Refused())


def only_succeeds(number: int) -> Success[str]:
    return Success(str(number))


def every_case(result: Success[int] | Failure[ValueError]) -> int:
    match result:
        case Success(number):
            assert_type(number, int)
            return number
        case Failure(error):
            assert_type(error, ValueError)
            return 0
        case _:
            assert_never(result)


def every_case_of_a_mapped_result(result: Answer[int]) -> str:
    match result.map(str):
        case Success(shown):
            return shown
        case Failure(error):
            return str(error)


def members(result: Success[int] | Failure[ValueError]) -> None:
    assert_type(result.value, int)
    assert_type(result.error, ValueError | None)
    assert_type(result.value_or(None), int | None)
    assert_type(result.value_or(0), int)
    assert_type(result.is_success(), bool)
    assert_type(result.map(str).value, str)
    assert_type(result.map(lambda number: [number + 1]).value, list[int])
    assert_type(result.flat_map(declared_with_the_base_class).value, str)
    assert_type(result.flat_map(only_succeeds).value, str)
    assert_type(result.map_error(lambda error: Refused(str(error))).error, Exception | None)
    assert_type(result.or_else(lambda error: Success(str(error))).value, int | str)


def the_base_class(result: Result[int, ValueError]) -> None:
    assert_type(result.value, int)
    assert_type(result.error, ValueError | None)
    assert_type(result.map(str), Success[str] | Failure[Exception])


def the_union_is_the_base_class(result: Success[int] | Failure[ValueError]) -> None:
    the_base_class(result)


async def shout(number: int) -> str:
    return f"{number}!"


async def reply(number: int) -> Success[str] | Failure[Refused]:
    return Success(str(number))


async def explain(error: Exception) -> Exception:
    return Refused(*error.args)


async def operations(op: Operation[int], write: WriteOperation[int]) -> None:
    assert_type(await op, Success[int] | Failure[Exception])
    answer: Answer[int] = await op
    assert_type(answer.value, int)
    assert_type(await op.value, int)
    assert_type(await op.or_raise(), int)
    assert_type(await op.value_or(None), int | None)
    assert_type(await op.or_use("none"), int | str)
    assert_type(await op.error, Exception | None)
    assert_type(op(), Operation[int])
    assert_type(write(), WriteOperation[int])
    await op.raise_on_errors()


async def chains(op: Operation[int]) -> None:
    assert_type(op.map(str), AsyncResultWrapper[str])
    assert_type(op.map(lambda number: number * 0.5), AsyncResultWrapper[float])
    assert_type(op.map(shout), AsyncResultWrapper[str])
    assert_type(op.flat_map(declared_with_the_base_class), AsyncResultWrapper[str])
    assert_type(op.flat_map(reply), AsyncResultWrapper[str])
    assert_type(op.flat_map(lambda number: op.map(str)), AsyncResultWrapper[str])
    assert_type(op.map_error(lambda error: Refused()), AsyncResultWrapper[int])
    assert_type(op.map_error(explain), AsyncResultWrapper[int])


async def every_case_of_an_operation(op: AsyncResultWrapper[int]) -> int:
    result = await op
    match result:
        case Success(number):
            assert_type(number, int)
            return number
        case Failure(ValueError()):
            return -1
        case Failure(error):
            assert_type(error, Exception)
            return 0
        case _:
            assert_never(result)


async def operations_are_coroutines(op: AsyncResultWrapper[int]) -> None:
    assert_type(await asyncio.create_task(op), Success[int] | Failure[Exception])
    assert_type(await asyncio.wait_for(op, 1), Success[int] | Failure[Exception])
    async with asyncio.TaskGroup() as group:
        task = group.create_task(op)
    assert_type(task.result().value, int)
    first, second = await asyncio.gather(op, op.or_raise())
    assert_type(first, Success[int] | Failure[Exception])
    assert_type(second, int)


def a_run(op: AsyncResultWrapper[int]) -> int:
    return asyncio.run(op).value


async def wrapped(
    union: Awaitable[Success[int] | Failure[ValueError]], base: Awaitable[Result[int, Refused]]
) -> None:
    assert_type(await AsyncResultWrapper(union).value, int)
    assert_type(await AsyncResultWrapper(base).value_or(None), int | None)


def wider(narrow: AsyncResultWrapper[bool]) -> AsyncResultWrapper[int]:
    return narrow
