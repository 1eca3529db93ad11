from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concurrency.scripted import ScriptedConnection, Store
from ommi import ConfigurationError
from ommi.execution.pool.lease import Entry
from ommi.execution.pool.state import (
    LONGEST_PAUSE,
    OPENING_AT_ONCE,
    Fate,
    Limits,
    PoolState,
    Step,
    Top,
    fate,
    is_deadlock,
    next_step,
    pause_after,
    share_of_life,
    top,
)


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (PoolState(5), Step.REST),
        (PoolState(5, Top.FRESH, size=1), Step.REST),
        (PoolState(5, Top.FRESH, size=1, waiting=1), Step.LEND),
        (PoolState(5, Top.FRESH, size=2, waiting=1, opening=1), Step.LEND),
        (PoolState(5, Top.UNSURE, size=1), Step.REST),
        (PoolState(5, Top.UNSURE, size=1, waiting=1), Step.CHECK),
        (PoolState(5, Top.UNSURE, size=2, waiting=1, preparing=1), Step.REST),
        (PoolState(5, Top.UNSURE, size=2, waiting=2, preparing=1), Step.CHECK),
        (PoolState(5, Top.WORN, size=1), Step.RETIRE),
        (PoolState(5, Top.WORN, size=1, waiting=1), Step.RETIRE),
        (PoolState(5, waiting=1), Step.OPEN),
        (PoolState(5, waiting=1, size=5), Step.REST),
        (PoolState(5, waiting=1, size=1, opening=1), Step.REST),
        (PoolState(5, waiting=2, size=1, opening=1), Step.OPEN),
        (PoolState(9, waiting=9, size=4, opening=OPENING_AT_ONCE), Step.REST),
        (PoolState(5, waiting=9, size=1, opening=1, failures=1), Step.REST),
        (PoolState(5, waiting=9, failures=1, pause=0.1), Step.BACK_OFF),
        (PoolState(5, waiting=9, failures=1, pause=0.0), Step.OPEN),
        (PoolState(5, Top.FRESH, size=6, waiting=1), Step.RETIRE),
        (PoolState(5, Top.FRESH, size=6, closing=1, waiting=1), Step.LEND),
        (PoolState(5, size=6, waiting=1), Step.REST),
        (PoolState(5, size=5, closing=1, waiting=1), Step.REST),
        (PoolState(5, Top.FRESH, size=1, is_ending=True), Step.RETIRE),
        (PoolState(5, Top.FRESH, size=1, waiting=1, is_ending=True), Step.LEND),
    ],
)
def test_the_next_step_follows_from_the_state(state: PoolState, step: Step) -> None:
    assert next_step(state) is step


@given(
    st.builds(
        PoolState,
        limit=st.integers(1, 9),
        top=st.sampled_from(Top),
        waiting=st.integers(0, 9),
        size=st.integers(0, 12),
        opening=st.integers(0, 9),
        preparing=st.integers(0, 9),
        failures=st.integers(0, 9),
        pause=st.floats(-9, 9),
        is_ending=st.booleans(),
    )
)
def test_no_connection_is_opened_above_the_limit_or_for_nobody(state: PoolState) -> None:
    if next_step(state) is Step.OPEN:
        assert state.size < state.limit
        assert state.waiting > state.opening


@pytest.mark.parametrize(
    ("is_usable", "is_changed", "is_wanted", "expected"),
    [
        (True, False, True, Fate.KEEP),
        (True, True, True, Fate.RESET),
        (True, False, False, Fate.RETIRE),
        (True, True, False, Fate.RETIRE),
        (False, False, True, Fate.DISCARD),
        (False, True, False, Fate.DISCARD),
    ],
)
def test_what_becomes_of_a_connection(
    is_usable: bool, is_changed: bool, is_wanted: bool, expected: Fate
) -> None:
    found = fate(is_usable=is_usable, is_changed=is_changed, is_wanted=is_wanted)

    assert found is expected


@pytest.mark.parametrize(
    ("is_usable", "is_sure", "expected"),
    [
        (True, True, Top.FRESH),
        (True, False, Top.UNSURE),
        (False, True, Top.WORN),
        (False, False, Top.WORN),
    ],
)
def test_how_an_idle_connection_is(is_usable: bool, is_sure: bool, expected: Top) -> None:
    assert top(is_usable=is_usable, is_sure=is_sure) is expected


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_and_stay_within_bounds(failures: int, chance: float) -> None:
    pause = pause_after(failures, chance)

    assert 0.05 <= pause <= LONGEST_PAUSE
    assert pause_after(failures + 1, chance) >= pause


def test_pauses_and_lives_are_spread() -> None:
    assert pause_after(3, 0.0) < pause_after(3, 0.5) < pause_after(3, 1.0)
    assert share_of_life(0.0) <= 0.9 * share_of_life(1.0) == 0.9


def test_a_connection_that_is_not_to_spare_ends_only_when_it_is_too_old() -> None:
    def ends_at(expires_at: float, *, is_spare: bool) -> float:
        return Entry(ScriptedConnection(Store()), expires_at, 10).ends_at(0, is_spare=is_spare)

    assert ends_at(100, is_spare=True) == 10
    assert ends_at(5, is_spare=True) == 5
    assert ends_at(100, is_spare=False) == 100


@pytest.mark.parametrize(
    ("holders", "waiting", "expected"),
    [("ab", "ab", True), ("ab", "abc", True), ("ab", "a", False), ("a", "a", False)],
)
def test_a_deadlock_is_when_every_holder_waits(holders: str, waiting: str, expected: bool) -> None:
    assert is_deadlock(holders, set(waiting), 2) is expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_connections": 0},
        {"min_connections": -1},
        {"connection_timeout": 0},
        {"idle_timeout": -1},
        {"max_lifetime": 0},
        {"check_after": math.nan},
    ],
)
def test_limits_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Limits(**wrong)  # type: ignore[arg-type]


def test_the_minimum_gives_way_to_the_maximum() -> None:
    assert Limits(max_connections=2).floor == 2
    assert Limits().resized(1, 3).floor == 1
