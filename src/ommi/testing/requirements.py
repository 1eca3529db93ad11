"""Tests that only some stores can pass, and why another one skips them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

import pytest

from ommi.drivers.protocol import Driver
from ommi.planning.capabilities import Capability

Test = TypeVar("Test", bound=Callable[..., object] | type)

_NEEDED = "needed_capabilities"


def requires(*capabilities: Capability) -> Callable[[Test], Test]:
    """Skip a test, or a class of them, on stores without these capabilities."""

    def mark(test: Test) -> Test:
        setattr(test, _NEEDED, capabilities)
        return test

    return mark


def skip_unless_able(driver: Driver, *tests: object) -> None:
    """Skip the running test if the store lacks what any of `tests` requires."""
    needed = (capability for test in tests for capability in needed_by(test))
    for capability in needed:
        if capability not in driver.capabilities:
            pytest.skip(f"{driver.name} does not have {capability.value}")


def needed_by(test: object) -> Collection[Capability]:
    """Tell what a test, or a class of them, requires of a store."""
    needed: Collection[Capability] = getattr(test, _NEEDED, ())
    return needed
