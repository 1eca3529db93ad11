"""Nobody is given an answer that is older than a write that was reported, whatever happens."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from profiles import examples
from unit.caching.world import World

STEPS = 4_000
WORLDS = examples(40, 1_000)


@pytest.mark.parametrize("part", range(4))
def test_no_kept_answer_is_older_than_a_write_that_was_reported(part: int) -> None:
    hits = 0
    for seed in range(part, WORLDS, 4):
        world = World(Random(seed))
        for _ in islice(world.steps(), STEPS):
            assert not world.stale, f"seed {seed}, at {world.now:.3f}"
        hits += world.hits

    assert hits > WORLDS
