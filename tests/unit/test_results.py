"""Results are values that keep their errors; operations run once, and lose nothing."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import gc
import pickle
import subprocess
import sys
import traceback
import types
import warnings
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

import anyio
import pytest

from ommi.errors import (
    NotFound,
    OperationCancelled,
    UnawaitedOperationWarning,
    UnhandledFailureWarning,
)
from ommi.results import (
    AsyncResultWrapper,
    Failure,
    Operation,
    Result,
    Success,
    WriteOperation,
)

pytestmark = pytest.mark.anyio

KINDS = pytest.mark.parametrize("kind", [Operation, WriteOperation])


class Refused(Exception):
    pass


class Stop(BaseException):
    pass


def fail(*_: object) -> int:
    raise Refused("no")


def stop(*_: object) -> int:
    raise Stop


class Work:
    """Something to run: it counts its runs, and waits until it is let go."""

    def __init__(self, error: Exception | None = None, *, let_go: bool = True) -> None:
        self.runs = 0
        self.error = error
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        if let_go:
            self.gate.set()

    async def __call__(self) -> int:
        self.runs += 1
        self.started.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.runs


async def failing() -> int:
    return fail()


def refused(constructor: Callable[..., object]) -> None:
    with pytest.raises(TypeError):
        constructor()


def raised_by_value(failure: Failure[Exception]) -> None:
    with pytest.raises(Refused):
        _ = failure.value


def owed(error: Exception | None = None, name: str = "find(User).fetch") -> Failure[Exception]:
    return Failure._from_operation(error or Refused("no"), name)._handed_out()


def warnings_of(act: Callable[[], object]) -> list[str]:
    """Say which warnings `act`, and the collection of what it leaves, gives."""
    gc.collect()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        act()
        gc.collect()
    return [f"{warning.category.__name__}: {warning.message}" for warning in seen]


async def warnings_of_awaiting(act: Callable[[], Coroutine[object, None, object]]) -> list[str]:
    gc.collect()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        await act()
        gc.collect()
    return [f"{warning.category.__name__}: {warning.message}" for warning in seen]


class TestSuccess:
    def test_it_gives_its_value_and_no_error(self) -> None:
        result = Success(1)

        assert (result.value, result.error) == (1, None)

    def test_it_says_that_it_is_one(self) -> None:
        assert Success(1).is_success()
        assert not Success(1).is_failure()

    def test_it_ignores_a_default(self) -> None:
        assert Success(1).value_or(2) == 1

    def test_map_gives_the_mapped_value(self) -> None:
        assert Success(1).map(str) == Success("1")

    def test_map_turns_an_exception_into_a_failure(self) -> None:
        assert isinstance(Success(1).map(fail).error, Refused)

    def test_flat_map_gives_the_result_of_the_callback(self) -> None:
        assert Success(1).flat_map(lambda n: Success(n + 1)) == Success(2)

    def test_flat_map_turns_an_exception_into_a_failure(self) -> None:
        assert isinstance(Success(1).flat_map(lambda _: Success(fail())).error, Refused)

    def test_flat_map_fails_when_the_callback_gives_no_result(self) -> None:
        not_a_result: Any = str

        error = Success(1).flat_map(not_a_result).error

        assert "a Success or a Failure is wanted, not str" in str(error)

    @pytest.mark.parametrize("name", ["map", "flat_map"])
    def test_a_base_exception_of_a_callback_is_never_caught(self, name: str) -> None:
        with pytest.raises(Stop):
            getattr(Success(1), name)(stop)

    @pytest.mark.parametrize("name", ["map_error", "or_else"])
    def test_what_is_for_errors_leaves_it_alone(self, name: str) -> None:
        result = Success(1)

        assert getattr(result, name)(fail) is result

    def test_it_warns_nobody(self) -> None:
        assert warnings_of(lambda: Success(1)) == []


class TestFailure:
    def test_it_gives_its_error(self) -> None:
        error = Refused()

        assert Failure(error).error is error

    def test_its_value_raises_its_error(self) -> None:
        error = Refused()

        with pytest.raises(Refused) as caught:
            _ = Failure(error).value
        assert caught.value is error

    def test_it_says_that_it_is_one(self) -> None:
        assert Failure(Refused()).is_failure()
        assert not Failure(Refused()).is_success()

    def test_it_gives_the_default(self) -> None:
        assert Failure(Refused()).value_or(2) == 2

    @pytest.mark.parametrize("name", ["map", "flat_map"])
    def test_what_is_for_values_leaves_it_alone(self, name: str) -> None:
        result = Failure(Refused())

        assert getattr(result, name)(fail) is result

    def test_map_error_gives_the_new_error_with_the_old_one_as_its_cause(self) -> None:
        old, new = Refused(), KeyError()

        assert Failure(old).map_error(lambda _: new).error is new
        assert new.__cause__ is old

    def test_map_error_keeps_a_cause_that_is_already_there(self) -> None:
        cause, new = OSError(), KeyError()
        new.__cause__ = cause

        assert Failure(Refused()).map_error(lambda _: new).error.__cause__ is cause

    def test_map_error_to_the_same_error_makes_no_loop(self) -> None:
        assert Failure(Refused()).map_error(lambda error: error).error.__cause__ is None

    def test_map_error_turns_an_exception_into_a_failure(self) -> None:
        result = Failure(KeyError()).map_error(lambda _: Refused(fail()))

        assert isinstance(result.error, Refused)

    def test_map_error_fails_when_the_callback_gives_no_exception(self) -> None:
        result = Failure(Refused()).map_error(str)  # type: ignore[arg-type]

        assert str(result.error) == "a Failure holds an exception, not str"

    def test_or_else_gives_the_result_of_the_callback(self) -> None:
        assert Failure(Refused("no")).or_else(lambda e: Success(str(e))) == Success("no")

    def test_or_else_turns_an_exception_into_a_failure(self) -> None:
        result = Failure(KeyError()).or_else(lambda _: Success(fail()))

        assert isinstance(result.error, Refused)

    @pytest.mark.parametrize("name", ["map_error", "or_else"])
    def test_a_base_exception_of_a_callback_is_never_caught(self, name: str) -> None:
        with pytest.raises(Stop):
            getattr(Failure(Refused()), name)(stop)

    @pytest.mark.parametrize("what", ["text", Refused, KeyboardInterrupt()])
    def test_it_holds_nothing_but_an_exception(self, what: Exception) -> None:
        with pytest.raises(TypeError, match="a Failure holds an exception, not"):
            Failure(what)


class TestTraceback:
    def raised(self) -> Failure[Refused]:
        try:
            fail()
        except Refused as error:
            return Failure(error)
        raise AssertionError

    def frames(self, result: Result[object, Exception]) -> list[str]:
        with pytest.raises(Refused) as caught:
            _ = result.value
        return [frame.name for frame in traceback.extract_tb(caught.tb)]

    def test_value_raises_with_the_place_where_it_went_wrong(self) -> None:
        assert self.frames(self.raised())[-2:] == ["raised", "fail"]

    def test_raising_again_does_not_grow_the_traceback(self) -> None:
        result = self.raised()

        assert self.frames(result) == self.frames(result)

    async def test_a_failure_of_an_operation_ends_where_it_went_wrong(self) -> None:
        result = await Operation(failing, "op")

        assert self.frames(result) == ["frames", "value", "failing", "fail"]

    async def test_awaiting_again_does_not_grow_the_traceback(self) -> None:
        op = Operation(failing, "op")
        lengths = []
        for _ in range(3):
            with pytest.raises(Refused) as caught:
                await op.or_raise()
            lengths.append(len(traceback.extract_tb(caught.tb)))

        assert lengths[1] == lengths[2]


class TestValues:
    @pytest.mark.parametrize("make", [lambda: Success([1]), lambda: Failure(Refused())])
    @pytest.mark.parametrize("name", ["value", "error", "other"])
    def test_they_are_frozen(self, make: Callable[[], object], name: str) -> None:
        with pytest.raises(AttributeError):
            setattr(make(), name, 1)

    def test_equal_values_make_equal_successes(self) -> None:
        assert Success(1) == Success(1)
        assert hash(Success(1)) == hash(Success(1))

    def test_the_same_error_makes_equal_failures(self) -> None:
        error = Refused()

        assert Failure(error) == Failure(error)
        assert hash(Failure(error)) == hash(Failure(error))

    def test_different_contents_make_different_results(self) -> None:
        assert Success(1) != Success(2)
        assert Failure(Refused()) != Failure(Refused())

    def test_a_success_is_never_a_failure_nor_a_bare_value(self) -> None:
        error = Refused()

        assert Success(error) != Failure(error)
        assert Failure(error) != Success(error)
        assert Success(1) != 1

    def test_they_show_what_they_hold(self) -> None:
        assert repr(Success("x")) == "Success('x')"
        assert repr(Failure(Refused("no"))) == "Failure(Refused('no'))"

    @pytest.mark.parametrize(
        "copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
    )
    def test_a_success_can_be_copied_and_pickled(self, copied: Callable[[object], object]) -> None:
        assert copied(Success([1])) == Success([1])

    @pytest.mark.parametrize(
        "copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
    )
    def test_a_failure_can_be_copied_and_pickled(
        self, copied: Callable[[Failure[Exception]], Failure[Exception]]
    ) -> None:
        assert repr(copied(Failure(NotFound("User")))) == repr(Failure(NotFound("User")))

    def test_a_result_cannot_be_made_of_the_base_class(self) -> None:
        with pytest.raises(TypeError):
            Result()  # type: ignore[abstract]

    def test_both_kinds_match_by_their_content(self) -> None:
        def told(result: Success[int] | Failure[Exception]) -> str:
            match result:
                case Success(value):
                    return f"got {value}"
                case Failure(error):
                    return f"lost: {error}"

        assert [told(Success(1)), told(Failure(Refused("no")))] == ["got 1", "lost: no"]


class TestUnhandledFailure:
    def test_one_that_nobody_looked_at_names_operation_and_error(self) -> None:
        assert warnings_of(lambda: owed(Refused("no"), "find(User)")) == [
            "UnhandledFailureWarning: nobody looked at the failure of find(User): Refused: no"
        ]

    def test_one_that_you_made_never_warns(self) -> None:
        assert warnings_of(lambda: Failure(Refused())) == []

    @pytest.mark.parametrize(
        "look",
        [
            lambda failure: failure.error,
            raised_by_value,
            lambda failure: failure.value_or(1),
            lambda failure: failure.or_else(lambda _: Success(1)),
            lambda failure: failure.is_success(),
            lambda failure: failure.is_failure(),
            lambda failure: pickle.dumps(failure),
        ],
        ids=["error", "value", "value_or", "or_else", "is_success", "is_failure", "pickle"],
    )
    def test_one_that_was_looked_at_is_silent(self, look: Callable[[object], object]) -> None:
        assert warnings_of(lambda: look(owed())) == []

    def test_one_that_was_matched_is_silent(self) -> None:
        def match() -> None:
            match owed():
                case Failure(_error):
                    pass

        assert warnings_of(match) == []

    @pytest.mark.parametrize(
        "glance", [repr, hash, lambda failure: failure == 1, lambda f: isinstance(f, Failure)]
    )
    def test_a_glance_is_not_a_look(self, glance: Callable[[object], object]) -> None:
        assert len(warnings_of(lambda: glance(owed()))) == 1

    @pytest.mark.parametrize(
        "link",
        [
            lambda failure: failure.map(str),
            lambda failure: failure.flat_map(Success),
            lambda failure: failure.map_error(lambda _: KeyError()),
            lambda failure: failure.map_error(fail),
            lambda failure: failure.or_else(fail),
        ],
        ids=["map", "flat_map", "map_error", "broken_map_error", "broken_or_else"],
    )
    def test_what_takes_its_place_has_to_be_looked_at(
        self, link: Callable[[Failure[Exception]], Failure[Exception]]
    ) -> None:
        dropped = warnings_of(lambda: link(owed()))
        looked_at = warnings_of(lambda: link(owed()).error)

        assert len(dropped) == 1
        assert "failure of find(User).fetch: " in dropped[0]
        assert looked_at == []

    def test_what_takes_the_place_of_one_that_was_looked_at_is_silent(self) -> None:
        def look_first() -> None:
            failure = owed()
            assert failure.is_failure()
            failure.map_error(lambda _: KeyError())

        assert warnings_of(look_first) == []

    def test_it_points_at_the_line_that_dropped_it(self) -> None:
        with pytest.warns(UnhandledFailureWarning) as seen:
            owed()
        assert seen[0].filename == __file__

    def test_a_constructor_that_was_refused_leaves_no_noise(self) -> None:
        assert warnings_of(lambda: refused(Failure)) == []

    async def test_the_dropped_answer_of_an_operation_warns_without_the_collector(self) -> None:
        gc.collect()
        gc.disable()
        try:
            with pytest.warns(UnhandledFailureWarning, match="of add: Refused: no"):
                await Operation(failing, "add")
        finally:
            gc.enable()

    async def test_the_dropped_answer_of_a_chain_warns_without_the_collector(self) -> None:
        gc.collect()
        gc.disable()
        try:
            with pytest.warns(UnhandledFailureWarning, match="of get.map.map_error: Refused"):
                await Operation(failing, lambda: "get").map(str).map_error(lambda error: error)
        finally:
            gc.enable()

    @pytest.mark.parametrize(
        "use",
        [
            lambda op: op.error,
            lambda op: op.value_or(1),
            lambda op: op.or_use(1),
            lambda op: op.map_error(lambda error: error).value_or(1),
        ],
        ids=["error", "value_or", "or_use", "map_error"],
    )
    async def test_an_operation_that_is_asked_about_its_error_is_silent(
        self, use: Callable[[Operation[int]], Coroutine[object, None, object]]
    ) -> None:
        assert await warnings_of_awaiting(lambda: use(Operation(failing, "op"))) == []

    async def test_an_operation_that_raised_is_silent(self) -> None:
        async def use() -> None:
            with pytest.raises(Refused):
                await Operation(failing, "op").or_raise()

        assert await warnings_of_awaiting(use) == []

    async def test_raising_later_is_a_look(self) -> None:
        async def use() -> None:
            op = Operation(failing, "op")
            await op
            with pytest.raises(Refused):
                await op.raise_on_errors()

        assert await warnings_of_awaiting(use) == []

    async def test_mapping_later_hands_on(self) -> None:
        async def use() -> None:
            op = Operation(failing, "op")
            await op
            await op.map(str)

        assert await warnings_of_awaiting(use) == [
            "UnhandledFailureWarning: nobody looked at the failure of op.map: Refused: no"
        ]

    async def test_awaiting_twice_is_not_a_look(self) -> None:
        async def use() -> None:
            op = Operation(failing, "op")
            assert await op is await op

        assert len(await warnings_of_awaiting(use)) == 1

    @pytest.mark.parametrize(
        "last_words",
        [
            "kept = asyncio.run(op)",
            "asyncio.run(op).error",
            "loop = [asyncio.run(op)]; loop.append(loop)",
        ],
    )
    def test_the_end_of_the_interpreter_is_orderly(self, last_words: str) -> None:
        script = f"""
import asyncio
from ommi.results import Operation
async def failing(): raise KeyError("k")
op = Operation(failing, "find(User)")
{last_words}
"""
        ended = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )

        assert "Exception ignored" not in ended.stderr
        assert "Traceback" not in ended.stderr
        assert ("find(User): KeyError: 'k'" in ended.stderr) is (".error" not in last_words)


class TestUnawaitedWrite:
    def test_a_dropped_write_names_itself(self) -> None:
        assert warnings_of(lambda: WriteOperation(Work(), lambda: "add(User)")) == [
            "UnawaitedOperationWarning: add(User) was never awaited, so nothing was written"
        ]

    def test_it_points_at_the_line_that_dropped_it(self) -> None:
        with pytest.warns(UnawaitedOperationWarning) as seen:
            WriteOperation(Work(), "add(User)")
        assert seen[0].filename == __file__

    @pytest.mark.parametrize("verb", ["map", "flat_map", "map_error"])
    def test_a_dropped_chain_warns_once_for_the_write(self, verb: str) -> None:
        seen = warnings_of(lambda: getattr(WriteOperation(Work(), "add(User)"), verb)(fail))

        assert seen == [
            "UnawaitedOperationWarning: add(User) was never awaited, so nothing was written"
        ]

    async def test_an_awaited_write_is_silent(self) -> None:
        async def use() -> None:
            await WriteOperation(Work(), "add")

        assert await warnings_of_awaiting(use) == []

    async def test_a_write_awaited_through_its_chain_is_silent(self) -> None:
        async def use() -> None:
            await WriteOperation(Work(), "add").map(str)

        assert await warnings_of_awaiting(use) == []

    async def test_a_write_awaited_beside_a_dropped_chain_is_silent(self) -> None:
        async def use() -> None:
            write = WriteOperation(Work(), "add")
            write.map(str)
            await write

        assert await warnings_of_awaiting(use) == []

    def test_a_closed_write_is_silent(self) -> None:
        assert warnings_of(lambda: WriteOperation(Work(), "add").close()) == []

    async def test_a_write_whose_task_was_cancelled_before_it_began_is_silent(self) -> None:
        async def use() -> None:
            task = asyncio.create_task(WriteOperation(Work(), "add"))
            task.cancel()
            await asyncio.wait([task])

        assert await warnings_of_awaiting(use) == []

    def test_a_constructor_that_was_refused_leaves_no_noise(self) -> None:
        assert warnings_of(lambda: refused(WriteOperation)) == []

    @pytest.mark.parametrize(
        "make",
        [
            lambda: Operation(Work(), "count"),
            lambda: Operation(Work(), "count").map(str).flat_map(Success).map_error(KeyError),
        ],
    )
    def test_a_dropped_read_is_silent(self, make: Callable[[], object]) -> None:
        assert warnings_of(make) == []


@KINDS
class TestTable:
    async def test_await_gives_the_result(self, kind: type[Operation[int]]) -> None:
        assert await kind(Work(), "op") == Success(1)

    async def test_await_gives_a_failure_for_an_exception(
        self, kind: type[Operation[int]]
    ) -> None:
        error = Refused()

        assert (await kind(Work(error), "op")).error is error

    async def test_value_and_or_raise_give_the_value(self, kind: type[Operation[int]]) -> None:
        assert await kind(Work(), "op").value == 1
        assert await kind(Work(), "op").or_raise() == 1

    async def test_value_or_raise_and_raise_on_errors_raise(
        self, kind: type[Operation[int]]
    ) -> None:
        for ask in (kind.or_raise, kind.raise_on_errors, lambda op: op.value):
            with pytest.raises(Refused):
                await ask(kind(Work(Refused()), "op"))

    async def test_a_default_stands_in_for_an_error_only(self, kind: type[Operation[int]]) -> None:
        assert await kind(Work(), "op").value_or(None) == 1
        assert await kind(Work(Refused()), "op").value_or(None) is None
        assert await kind(Work(), "op").or_use(None) == 1
        assert await kind(Work(Refused()), "op").or_use(None) is None

    async def test_error_gives_the_error_or_none(self, kind: type[Operation[int]]) -> None:
        error = Refused()

        assert await kind(Work(error), "op").error is error
        assert await kind(Work(), "op").error is None

    async def test_raise_on_errors_gives_nothing(self, kind: type[Operation[int]]) -> None:
        nothing: object = await asyncio.create_task(kind(Work(), "op").raise_on_errors())

        assert nothing is None

    async def test_calling_it_gives_itself(self, kind: type[Operation[int]]) -> None:
        op = kind(Work(), "op")

        assert op() is op
        assert await op() == Success(1)

    async def test_a_run_that_raises_at_once_is_a_failure(
        self, kind: type[Operation[int]]
    ) -> None:
        assert isinstance(await kind(fail, "op").error, Refused)  # type: ignore[arg-type]


class TestChains:
    async def test_map_gives_a_new_wrapper_at_once(self) -> None:
        work = Work()
        mapped = Operation(work, "op").map(str)

        assert isinstance(mapped, AsyncResultWrapper)
        assert work.runs == 0
        assert await mapped == Success("1")

    async def test_callbacks_may_be_async(self) -> None:
        async def shout(n: int) -> str:
            return f"{n}!"

        async def found(n: str) -> Success[list[str]]:
            return Success([n])

        async def explained(error: Exception) -> Exception:
            return KeyError(str(error))

        assert await Operation(Work(), "op").map(shout).flat_map(found) == Success(["1!"])
        assert isinstance(await Operation(failing, "op").map_error(explained).error, KeyError)

    async def test_flat_map_goes_on_with_another_operation(self) -> None:
        second = Operation(Work(), "second")

        assert await Operation(Work(), "first").flat_map(lambda _: second) == Success(1)

    async def test_an_error_skips_what_is_for_values(self) -> None:
        calls: list[object] = []
        chain = Operation(failing, "op").map(calls.append).flat_map(lambda _: Success(1))

        assert isinstance(await chain.error, Refused)
        assert calls == []

    async def test_a_value_skips_what_is_for_errors(self) -> None:
        assert await Operation(Work(), "op").map_error(lambda _: KeyError()) == Success(1)

    async def test_map_error_keeps_the_old_error_as_the_cause(self) -> None:
        error = await Operation(failing, "op").map_error(lambda _: KeyError()).error

        assert isinstance(error, KeyError)
        assert isinstance(error.__cause__, Refused)

    @pytest.mark.parametrize("verb", ["map", "flat_map"])
    async def test_an_exception_of_a_callback_is_a_failure(self, verb: str) -> None:
        assert isinstance(await getattr(Operation(Work(), "op"), verb)(fail).error, Refused)

    @pytest.mark.parametrize("verb", ["map", "flat_map"])
    async def test_a_base_exception_of_a_callback_is_raised(self, verb: str) -> None:
        with pytest.raises(Stop):
            await getattr(Operation(Work(), "op"), verb)(stop)

    async def test_flat_map_fails_when_the_callback_gives_no_result(self) -> None:
        error = await Operation(Work(), "op").flat_map(str).error  # type: ignore[arg-type]

        assert "a Success or a Failure is wanted, not str" in str(error)

    async def test_map_error_fails_when_the_callback_gives_no_exception(self) -> None:
        error = await Operation(failing, "op").map_error(str).error  # type: ignore[arg-type]

        assert isinstance(error, TypeError)

    async def test_the_source_runs_once_for_all_that_is_made_of_it(self) -> None:
        work = Work()
        op = Operation(work, "op")

        assert await op.map(str) == Success("1")
        assert await op.map(float) == Success(1.0)
        assert work.runs == 1

    async def test_a_failure_made_in_flat_map_never_warns(self) -> None:
        async def use() -> None:
            await Operation(Work(), "op").flat_map(lambda _: Failure(Refused()))

        assert await warnings_of_awaiting(use) == []

    async def test_a_failure_of_an_operation_in_flat_map_warns_for_that_operation(self) -> None:
        async def use() -> None:
            await Operation(Work(), "op").flat_map(lambda _: Operation(failing, "second"))

        assert [text.split(": ")[1] for text in await warnings_of_awaiting(use)] == [
            "nobody looked at the failure of second"
        ]


class TestRunsOnce:
    async def test_nothing_runs_before_it_is_awaited(self) -> None:
        work = Work()
        Operation(work, "op").map(str)

        assert work.runs == 0

    async def test_every_way_of_asking_shares_one_run(self) -> None:
        work = Work()
        op = Operation(work, "op")
        answers = [
            await op.or_raise(),
            await op.value,
            await op.value_or(0),
            (await op).value,
            await op(),
        ]

        assert answers == [1, 1, 1, 1, Success(1)]
        assert work.runs == 1

    async def test_a_failure_is_remembered(self) -> None:
        work = Work(Refused())
        op = Operation(work, "op")
        answers = [await op.error, (await op).error, await op.error]

        assert answers == [work.error] * 3
        assert work.runs == 1

    async def test_the_first_of_several_tasks_runs_it_and_the_others_wait(self) -> None:
        work = Work(let_go=False)
        op = Operation(work, "op")
        tasks = [asyncio.create_task(op) for _ in range(3)]
        await work.started.wait()
        work.gate.set()

        assert await asyncio.gather(*tasks) == [Success(1)] * 3
        assert work.runs == 1

    async def test_waiting_tasks_may_ask_in_different_ways(self) -> None:
        work = Work(Refused(), let_go=False)
        op = Operation(work, "op")
        asked = asyncio.gather(op.error, op.or_raise(), op, return_exceptions=True)
        await work.started.wait()
        work.gate.set()
        first, second, third = await asked

        assert first is second is third.error is work.error  # type: ignore[union-attr]

    async def test_gather_of_the_same_operation_gives_it_to_all(self) -> None:
        op = Operation(Work(), "op")

        assert list(await asyncio.gather(op, op, op)) == [Success(1)] * 3

    async def test_it_runs_in_the_task_that_awaits_it(self) -> None:
        async def current() -> object:
            return asyncio.current_task()

        assert await Operation(current, "op").or_raise() is asyncio.current_task()

    async def test_what_it_sets_in_the_context_stays_set(self) -> None:
        variable = contextvars.ContextVar[int]("variable")

        async def set_variable() -> None:
            variable.set(1)

        await Operation(set_variable, "op")

        assert variable.get() == 1


class TestCancellation:
    async def cancelled(self) -> tuple[Operation[int], Work]:
        work = Work(let_go=False)
        op = Operation(work, "find(User)")
        task = asyncio.create_task(op)
        await work.started.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return op, work

    @pytest.mark.parametrize(
        "ask",
        [
            lambda op: op.or_raise(),
            lambda op: op.value_or(1),
            lambda op: op.error,
            lambda op: op,
            lambda op: op.map(str),
            lambda op: op.map(str).value_or(1),
            lambda op: op.flat_map(Success),
            lambda op: op.map_error(lambda error: error),
        ],
    )
    async def test_a_cancelled_run_never_runs_again(
        self, ask: Callable[[Operation[int]], Awaitable[object]]
    ) -> None:
        op, work = await self.cancelled()

        with pytest.raises(OperationCancelled, match=r"^find\(User\) was cancelled; it never"):
            await ask(op)
        assert work.runs == 1

    async def test_a_task_that_waits_learns_that_the_run_was_cancelled(self) -> None:
        work = Work(let_go=False)
        op = Operation(work, "op")
        runner, waiter = asyncio.create_task(op), asyncio.create_task(op.or_raise())
        await work.started.wait()
        await asyncio.sleep(0)
        runner.cancel()
        await asyncio.wait([runner, waiter])

        assert runner.cancelled()
        assert isinstance(waiter.exception(), OperationCancelled)

    async def test_a_task_that_waits_can_be_cancelled_alone(self) -> None:
        work = Work(let_go=False)
        op = Operation(work, "op")
        runner, waiter = asyncio.create_task(op), asyncio.create_task(op)
        await work.started.wait()
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.wait([waiter])
        work.gate.set()

        assert waiter.cancelled()
        assert await runner == Success(1)

    async def test_a_task_cancelled_before_it_waits_leaves_the_run_alone(self) -> None:
        work = Work(let_go=False)
        op = Operation(work, "op")
        runner = asyncio.create_task(op)
        await work.started.wait()
        late = asyncio.create_task(op)
        late.cancel()
        await asyncio.wait([late])
        work.gate.set()

        assert late.cancelled()
        assert await runner == Success(1)

    async def test_a_task_cancelled_before_it_begins_runs_nothing(self) -> None:
        work = Work()
        op = Operation(work, "op")
        task = asyncio.create_task(op)
        task.cancel()
        await asyncio.wait([task])

        assert task.cancelled()
        with pytest.raises(OperationCancelled):
            await op
        assert work.runs == 0

    async def test_a_cancel_scope_ends_it(self) -> None:
        op = Operation(anyio.sleep_forever, "op")
        with anyio.move_on_after(0) as scope:
            await op

        assert scope.cancelled_caught
        with pytest.raises(OperationCancelled):
            await op

    async def test_a_timeout_around_it_is_a_timeout(self) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Operation(anyio.sleep_forever, "op"), 0.001)

    async def test_a_timeout_within_it_is_a_failure(self) -> None:
        async def limited() -> None:
            async with asyncio.timeout(0):
                await anyio.sleep_forever()

        assert isinstance(await Operation(limited, "op").error, TimeoutError)

    async def test_a_run_may_clean_up_and_await_when_it_is_cancelled(self) -> None:
        cleaned = asyncio.Event()
        started = asyncio.Event()

        async def run() -> None:
            try:
                started.set()
                await anyio.sleep_forever()
            finally:
                await asyncio.sleep(0)
                cleaned.set()

        task = asyncio.create_task(Operation(run, "op"))
        await started.wait()
        task.cancel()
        await asyncio.wait([task])

        assert cleaned.is_set()

    async def test_a_run_that_refuses_to_be_cancelled_gives_its_value(self) -> None:
        started = asyncio.Event()

        async def stubborn() -> int:
            try:
                started.set()
                await anyio.sleep_forever()
            except asyncio.CancelledError:
                await asyncio.sleep(0)
            return 1

        task = asyncio.create_task(Operation(stubborn, "op"))
        await started.wait()
        task.cancel()

        assert await task == Success(1)

    def test_the_error_survives_a_pickle(self) -> None:
        error = pickle.loads(pickle.dumps(OperationCancelled("op")))

        assert (error.operation, str(error)) == ("op", str(OperationCancelled("op")))


class TestCoroutine:
    def test_it_is_one(self) -> None:
        assert isinstance(Operation(failing, "op"), Coroutine)

    def test_asyncio_run_takes_it(self) -> None:
        async def one() -> int:
            await asyncio.sleep(0)
            return 1

        op = Operation(one, "op")

        assert asyncio.run(op) == asyncio.run(op) == Success(1)

    async def test_a_task_group_takes_it(self) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(Operation(Work(), "op"))
            raising = group.create_task(Operation(Work(), "op").or_raise())

        assert (task.result(), raising.result()) == (Success(1), 1)

    async def test_wait_for_takes_it(self) -> None:
        assert await asyncio.wait_for(Operation(Work(), "op"), 5) == Success(1)

    async def test_a_failure_does_not_fail_the_task(self) -> None:
        result = await asyncio.create_task(Operation(failing, "op"))

        assert isinstance(result.error, Refused)

    def test_it_can_be_stepped_by_hand(self) -> None:
        @types.coroutine
        def ask() -> Generator[str, int, int]:
            return (yield "how many?")

        op = Operation(ask, "op")

        assert op.send(None) == "how many?"
        with pytest.raises(StopIteration) as stopped:
            op.send(7)  # type: ignore[arg-type]
        assert stopped.value.value == Success(7)

    @pytest.mark.parametrize(
        "thrown", [(Refused("x"),), (Refused, "x"), (Refused,), (Refused, Refused("x"))]
    )
    def test_throwing_into_a_fresh_one_ends_it(self, thrown: tuple[type[Refused]]) -> None:
        op = Operation(failing, "op")

        with pytest.raises(Refused):
            op.throw(*thrown)
        with pytest.raises(OperationCancelled):
            op.send(None)

    def test_closing_a_running_one_stops_the_run(self) -> None:
        stopped = []

        @types.coroutine
        def run() -> Generator[None, None, None]:
            try:
                yield
            finally:
                stopped.append(True)

        op = Operation(run, "op")
        op.send(None)
        op.close()

        assert stopped == [True]
        with pytest.raises(OperationCancelled):
            op.send(None)

    def test_closing_a_finished_one_changes_nothing(self) -> None:
        async def one() -> int:
            return 1

        op = Operation(one, "op")
        asyncio.run(op)
        op.close()

        assert asyncio.run(op) == Success(1)

    def test_it_shows_its_name(self) -> None:
        assert repr(Operation(failing, "get").map(str)) == "<Operation get.map>"

    async def test_nothing_keeps_it_alive(self) -> None:
        gc.collect()
        gc.disable()
        try:
            op = Operation(failing, "op")
            alive = weakref.ref(op)
            with pytest.raises(Refused):
                await asyncio.create_task(op.or_raise())
            assert await asyncio.create_task(op.value_or(1)) == 1
            del op
            assert alive() is None
        finally:
            gc.enable()


class TestHandOut:
    """A subclass decides what a plain await does with a failure."""

    class Strict(Operation[int]):
        __slots__ = ()

        def _hand_out(
            self, result: Success[int] | Failure[Exception]
        ) -> Success[int] | Failure[Exception]:
            if not isinstance(result.error, NotFound):
                return Success(result.value)
            return result

    async def test_a_plain_await_can_be_made_to_raise(self) -> None:
        op = self.Strict(failing, "op")
        for _ in range(2):
            with pytest.raises(Refused):
                await op

    async def test_what_is_an_answer_is_still_returned(self) -> None:
        result = await self.Strict(Work(NotFound("User")), "op")

        assert isinstance(result.error, NotFound)

    async def test_the_other_ways_keep_their_meaning(self) -> None:
        op = self.Strict(failing, "op")

        assert await op.value_or(3) == 3
        assert isinstance(await op.error, Refused)


class TestWrapperOfAnyResult:
    """The reference document's shape: a wrapper around an awaitable of a Result."""

    async def found(self) -> Result[int, Exception]:
        return Success(1)

    async def lost(self) -> Result[int, Exception]:
        return Failure(Refused("no"))

    async def test_await_gives_the_result(self) -> None:
        assert await AsyncResultWrapper(self.found()) == Success(1)

    async def test_await_gives_the_very_failure(self) -> None:
        failure = Failure(Refused())

        async def lost() -> Failure[Refused]:
            return failure

        assert await AsyncResultWrapper(lost()) is failure

    async def test_value_gives_the_value_or_raises(self) -> None:
        assert await AsyncResultWrapper(self.found()).value == 1
        with pytest.raises(Refused):
            await AsyncResultWrapper(self.lost()).value

    async def test_value_or_gives_the_value_or_the_default(self) -> None:
        assert await AsyncResultWrapper(self.found()).value_or(2) == 1
        assert await AsyncResultWrapper(self.lost()).value_or(2) == 2

    async def test_map_gives_a_wrapper_of_the_mapped_value(self) -> None:
        assert await AsyncResultWrapper(self.found()).map(str).value == "1"
        assert isinstance(await AsyncResultWrapper(self.lost()).map(str).error, Refused)

    async def test_it_can_be_awaited_twice(self) -> None:
        wrapper = AsyncResultWrapper(self.found())

        assert await wrapper == await wrapper

    async def test_it_takes_a_future_a_task_and_an_operation(self) -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_result(Success(1))
        task = asyncio.create_task(self.found())
        op = Operation(Work(), "op")
        wrappers = [AsyncResultWrapper(each) for each in (future, task, op)]

        assert [await wrapper for wrapper in wrappers] == [Success(1)] * 3

    async def test_a_failure_that_you_made_never_warns(self) -> None:
        async def use() -> None:
            await AsyncResultWrapper(self.lost())

        assert await warnings_of_awaiting(use) == []

    async def test_a_failure_of_an_operation_keeps_its_duty(self) -> None:
        async def use() -> None:
            await AsyncResultWrapper(Operation(failing, "op"))

        assert len(await warnings_of_awaiting(use)) == 1

    async def test_an_exception_of_the_awaitable_is_a_failure_that_must_be_looked_at(
        self,
    ) -> None:
        async def broken() -> Result[int, Exception]:
            raise Refused("no")

        async def use() -> None:
            await AsyncResultWrapper(broken())

        (text,) = await warnings_of_awaiting(use)
        assert text.endswith("broken: Refused: no")

    async def test_an_awaitable_of_something_else_is_a_failure(self) -> None:
        async def one() -> Any:
            return 1

        error = await AsyncResultWrapper(one()).error

        assert "a Success or a Failure is wanted, not int" in str(error)

    async def test_it_is_named_after_what_it_awaits(self) -> None:
        future = asyncio.get_running_loop().create_future()

        assert repr(AsyncResultWrapper(future)) == "<AsyncResultWrapper Future>"
