"""What a connection pool decides: pure functions on plain values, and its limits and numbers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum, auto

from ommi.errors import ConfigurationError

OPENING_AT_ONCE = 4
"""How many connections are opened at a time; only one while the last attempt failed."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.5
"""Between attempts to connect that fail, in seconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections a pool holds, and for how long; times are in seconds.

    A minimum above the maximum gives way to it. Raises `ConfigurationError`.
    """

    min_connections: int = 5
    max_connections: int = 20
    connection_timeout: float = 30.0
    idle_timeout: float = 300.0
    max_lifetime: float = 1800.0
    check_after: float = 30.0

    def __post_init__(self) -> None:
        if self.max_connections < 1 or self.min_connections < 0:
            raise ConfigurationError(
                "a pool wants max_connections of 1 or more and min_connections of 0 or more, "
                f"found {self.max_connections} and {self.min_connections}"
            )
        for name in ("connection_timeout", "idle_timeout", "max_lifetime", "check_after"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} of a pool wants a number of seconds above zero")

    @property
    def floor(self) -> int:
        """How many connections are kept although nobody uses them."""
        return min(self.min_connections, self.max_connections)

    def resized(self, min_connections: int, max_connections: int) -> Limits:
        """Give the same limits for fewer or more connections."""
        return replace(self, min_connections=min_connections, max_connections=max_connections)


@dataclass(frozen=True, slots=True)
class ConnectionStats:
    """What a pool holds now, and what it has done since it was made.

    `size` is everything that the store may see as a connection: `idle`, `leased`, `opening`,
    `preparing` (being checked or reset) and `closing`.
    """

    size: int
    idle: int
    leased: int
    opening: int
    preparing: int
    closing: int
    waiting: int
    opened: int
    closed: int
    failed: int
    waited: int
    timed_out: int


class Top(Enum):
    """How the idle connection that was used last is; those below are no better."""

    NONE = auto()
    FRESH = auto()
    UNSURE = auto()
    """Idle for so long that it must be checked first."""
    WORN = auto()
    """Closed by the store, or too old."""


def top(*, is_usable: bool, is_sure: bool) -> Top:
    """Say how an idle connection is."""
    if not is_usable:
        return Top.WORN
    return Top.FRESH if is_sure else Top.UNSURE


class Phase(Enum):
    """How far the life of a pool is."""

    OPEN = auto()
    DRAINING = auto()
    """Lends only to those who wait already."""
    CLOSED = auto()
    FORKED = auto()
    """A copy in a child process; the connections are the parent's."""


@dataclass(frozen=True, slots=True)
class PoolState:
    """What the next step depends on; `pause` is how long no attempt to connect may be made."""

    limit: int
    top: Top = Top.NONE
    waiting: int = 0
    size: int = 0
    opening: int = 0
    preparing: int = 0
    closing: int = 0
    failures: int = 0
    pause: float = 0.0
    is_ending: bool = False


class Step(Enum):
    """What a pool does next."""

    REST = auto()
    LEND = auto()
    CHECK = auto()
    RETIRE = auto()
    OPEN = auto()
    BACK_OFF = auto()


def next_step(state: PoolState) -> Step:
    """Say what the pool should do now; change nothing, wait for nothing."""
    if state.top is Top.WORN or (state.top is not Top.NONE and _is_surplus(state)):
        return Step.RETIRE
    if not state.waiting:
        return Step.REST
    if state.top is Top.FRESH:
        return Step.LEND
    if state.waiting <= state.opening + state.preparing:
        return Step.REST
    if state.top is Top.UNSURE:
        return Step.CHECK
    return _opening(state)


def _is_surplus(state: PoolState) -> bool:
    return state.size - state.closing > state.limit or (state.is_ending and not state.waiting)


def _opening(state: PoolState) -> Step:
    """Say whether to open a connection: few at a time, one by one while the store is down."""
    if state.size >= state.limit:
        return Step.REST
    if state.opening >= (1 if state.failures else OPENING_AT_ONCE):
        return Step.REST
    return Step.BACK_OFF if state.pause > 0 else Step.OPEN


class Fate(Enum):
    """What becomes of a connection that was given back."""

    KEEP = auto()
    RESET = auto()
    RETIRE = auto()
    """Close it politely."""
    DISCARD = auto()
    """Close it at once."""


def fate(*, is_usable: bool, is_changed: bool, is_wanted: bool) -> Fate:
    """Say what becomes of a connection; what is unread or half done is never lent again."""
    if not is_usable:
        return Fate.DISCARD
    if not is_wanted:
        return Fate.RETIRE
    return Fate.RESET if is_changed else Fate.KEEP


def pause_after(failures: int, chance: float) -> float:
    """Give the seconds until the next attempt; `chance`, from 0 to 1, spreads the attempts."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
    return longest * (0.5 + chance / 2)


def share_of_life(chance: float) -> float:
    """Give how much of the allowed times one connection gets, so that they do not end together."""
    return 0.75 + chance / 4


def is_deadlock(holders: Collection[object], waiting: Collection[object], limit: int) -> bool:
    """Whether everybody who holds a connection waits for one, and no more can be opened."""
    return len(holders) >= limit and all(holder in waiting for holder in holders)
