from __future__ import annotations

from typing import Any

import pytest

from ommi import ConfigurationError, Ommi, QueryError, TransactionOptions
from ommi.execution.transaction.policy import pause


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("isolation_level", "SERIALIZABLE"),
        ("timeout", 0),
        ("timeout", "1"),
        ("timeout", True),
        ("max_retries", -1),
        ("max_retries", 1.0),
        ("on_failure", "ignore"),
    ],
)
def test_an_option_that_means_nothing_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        TransactionOptions(**{name: value})


def test_pauses_are_anything_up_to_a_growing_limit() -> None:
    first = [pause(1) for _ in range(1000)]
    last = [pause(10_000) for _ in range(1000)]

    assert 0 <= min(first) < max(first) <= 0.005
    assert 0.25 < max(last) <= 0.5


@pytest.mark.anyio
async def test_options_are_options() -> None:
    async with Ommi("memory://") as db:
        with pytest.raises(QueryError, match="TransactionOptions"):
            db.transaction({"timeout": 3})  # type: ignore[arg-type]
        with pytest.raises(QueryError, match="async with"):
            await db.transaction(TransactionOptions(timeout=1)).begin()
