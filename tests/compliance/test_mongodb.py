"""The suite on MongoDB: on the server that `OMMI_TEST_MONGODB_URL` names, else over the wire.

Without a server the tests' own one answers, which means what MongoDB documents of itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from ommi import Ommi
from ommi.testing.compliance import *  # noqa: F403
from profiles import PROFILE, SOAK
from services.mongodb.server import serving

REAL = os.environ.get("OMMI_TEST_MONGODB_URL")

if PROFILE != SOAK and not REAL:
    # The tests' server takes its time, and what it is told does not depend on kinds of classes.
    for name in [each for each in globals() if each.startswith("Test") and "Kinds" in each]:
        del globals()[name]

UNLIKE: dict[str, str] = {
    "test_all_or_nothing_is_added": "references are not checked, so the bad one is added",
    "test_nothing_is_made_where_one_table_does_not_suit": "a missing collection is an empty one",
    "test_a_model_without_a_table_is_a_failure": "a missing collection is an empty one",
    "test_a_changed_key_moves_the_row": "a document's _id never changes",
    "test_the_level_is_told_and_at_least_what_was_asked_for": "its snapshots are no SERIALIZABLE",
    "test_the_next_transaction_has_the_default_level_again": "its snapshots are no SERIALIZABLE",
    "test_where_making_tables_commits_it_has_to_be_allowed": "it sets a savepoint",
    "test_values_are_ordered_as_in_python[binary]": "of bytes, the shorter come first there",
    "test_nested_blocks_and_savepoints_count_with_the_outer_one": "it has neither",
}
"""What the suite asks of every store and MongoDB does otherwise, by the test's name."""
if not REAL:
    UNLIKE["test_many_keys_of_two_fields_are_found"] = "the tests' server takes a minute for it"


@pytest.fixture(autouse=True)
def like_others(request: pytest.FixtureRequest) -> None:
    name = request.node.name
    reason = UNLIKE.get(name) or UNLIKE.get(name.partition("[")[0])
    if reason is not None:
        pytest.skip(f"MongoDB: {reason}")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if REAL:
        yield REAL
        return
    with serving() as server:
        yield server.url


@pytest.fixture
def make_database(url: str) -> Callable[[], Ommi]:
    return lambda: Ommi(url)
