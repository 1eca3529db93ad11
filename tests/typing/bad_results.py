"""What both type checkers must refuse about results."""

from __future__ import annotations

from typing import assert_never

from ommi.results import Answer, AsyncResultWrapper, Failure, Operation, Result, Success


async def one() -> int:
    return 1


def a_forgotten_case(result: Answer[int]) -> int:
    match result:
        case Success(number):
            return number
        case _:
            assert_never(result)  # expect-error


def values_are_frozen(success: Success[int], failure: Failure[ValueError]) -> None:
    success.value = 2  # expect-error
    failure.error = ValueError()  # expect-error


def a_failure_holds_an_exception() -> None:
    Failure("text")  # expect-error


def there_is_no_third_kind() -> None:
    Result()  # expect-error


def the_wrong_value(result: Answer[int]) -> None:
    text: str = result.value  # expect-error
    error: Exception = result.error  # expect-error
    number: int = result.value_or("none")  # expect-error
    print(text, error, number)


def callbacks_of_the_wrong_type(result: Answer[int]) -> None:
    result.map(str.upper)  # expect-error
    result.flat_map(str)  # expect-error
    result.map_error(str)  # expect-error
    result.or_else(str)  # expect-error


async def an_operation_is_not_its_value(op: Operation[int]) -> None:
    op + 1  # expect-error
    number: int = await op  # expect-error
    (await op.value).upper()  # expect-error
    op.value + 1  # expect-error
    op.map(str.upper)  # expect-error
    op.flat_map(str)  # expect-error
    op.map_error(str)  # expect-error
    print(number)


def a_run_is_a_function() -> None:
    Operation(one(), "one")  # expect-error
    Operation(one, 1)  # expect-error


def a_wrapper_takes_results() -> None:
    AsyncResultWrapper(one())  # expect-error
