"""What a transaction may be asked for, and how long to wait before it is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ommi.drivers.protocol import IsolationLevel
from ommi.errors import ConfigurationError

_FIRST = 0.005
_GROWTH = 1.5
_LONGEST = 0.5


@dataclass(frozen=True, slots=True)
class TransactionOptions:
    """How a transaction is done.

    - `isolation_level`: at least this one; `None` is the store's own.
    - `timeout`: seconds for everything, the wait for a connection and retries included.
    - `read_only`: writes are refused.
    - `retry_on_conflict`: after a conflict the block's statements are run again on a new
      transaction, and the block goes on if they answer as they did; the code itself runs once.
    - `max_retries`: how often at most; 3 is four attempts.
    - `on_failure`: "return" gives each write a savepoint of its own, so that a `Failure` of one is
      an answer; leaving the block with one that nobody looked at rolls back and raises.
    - `commit_marker`: leave a row behind by which `db.resolve(token)` knows what became of it.
    - `allow_implicit_commit`: make and remove tables also where the store commits before that.
    """

    isolation_level: IsolationLevel | None = None
    timeout: float | None = None
    read_only: bool = False
    retry_on_conflict: bool = False
    max_retries: int = 3
    on_failure: Literal["raise", "return"] = "raise"
    commit_marker: bool = False
    allow_implicit_commit: bool = False

    def __post_init__(self) -> None:
        level = self.isolation_level
        if level is not None and not isinstance(level, IsolationLevel):
            names = ", ".join(f"IsolationLevel.{each.name}" for each in IsolationLevel)
            raise _unwanted("isolation_level", f"None or one of {names}", level)
        if self.timeout is not None and not (_is_number(self.timeout) and self.timeout > 0):
            raise _unwanted("timeout", "None or seconds above 0", self.timeout)
        if type(self.max_retries) is not int or self.max_retries < 0:
            raise _unwanted("max_retries", "an int from 0 on", self.max_retries)
        if self.on_failure not in {"raise", "return"}:
            raise _unwanted("on_failure", '"raise" or "return"', self.on_failure)


AS_USUAL = TransactionOptions()
"""What nobody has asked otherwise."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unwanted(name: str, wanted: str, found: object) -> ConfigurationError:
    return ConfigurationError(f"TransactionOptions({name}=...) is {wanted}, not {found!r}")


def pause(attempt: int) -> float:
    """Give how long to wait, in seconds, after this attempt: anything up to a growing limit."""
    # The exponent is bounded: long before that the limit is reached.
    limit = min(_LONGEST, _FIRST * _GROWTH ** min(attempt - 1, 20))
    from random import uniform

    return uniform(0, limit)  # noqa: S311 - to spread, not to hide
