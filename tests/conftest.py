"""What every test may rely on."""

from __future__ import annotations

import gc

import hypothesis
import pytest

from profiles import PROFILE, examples

# No deadline: the machine may be busy. The blob in a failure's output replays it.
hypothesis.settings.register_profile(
    PROFILE,
    deadline=None,
    max_examples=examples(1_000, 50_000),
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile(PROFILE)


def pytest_collection_finish() -> None:
    """Keep the collector from looking at ten thousand tests whenever one of them collects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
