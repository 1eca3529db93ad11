"""What history and migrations say together."""

from __future__ import annotations

import pytest

from ommi import Migration, MigrationError, SchemaManager
from ommi.migrations import ZERO, Direction, HistoryRecord, State, ordered
from ommi.migrations.resolution import plan_down, plan_up, resolved
from ommi.schema.operations import Nothing


def history(*migrations: Migration, half: State | None = None) -> dict[str, HistoryRecord]:
    found = {m.version: HistoryRecord(m.version, m.checksum, State.APPLIED) for m in migrations}
    if half is not None:
        last = migrations[-1]
        found[last.version] = HistoryRecord(last.version, last.checksum, half, step=1)
    return found


def some(*versions: str) -> list[Migration]:
    return [Migration(version, operations=[Nothing()]) for version in versions]


def planned(found: object) -> list[tuple[str, str]]:
    return [(p.migration.version, p.direction.value) for p in found.migrations]  # type: ignore[attr-defined]


def test_ten_comes_after_two_and_what_depends_comes_after() -> None:
    assert [m.version for m in ordered(some("10", "2", "1"))] == ["1", "2", "10"]
    first = Migration("1_late", depends=["5"])
    assert [m.version for m in ordered([first, *some("5", "2")])] == ["2", "5", "1_late"]


@pytest.mark.parametrize(
    ("migrations", "said"),
    [
        (some("1", "1"), "two of this version"),
        ([Migration("2", depends=["1"])], "depends on 1, which is not there"),
        ([Migration("1", depends=["2"]), Migration("2", depends=["1"])], "in a circle"),
    ],
)
def test_an_order_that_is_none_is_refused(migrations: list[Migration], said: str) -> None:
    with pytest.raises(MigrationError, match=said):
        ordered(migrations)


@pytest.mark.parametrize("version", ["", ZERO, "x" * 191])
def test_a_version_is_a_short_text(version: str) -> None:
    with pytest.raises(MigrationError, match="a version is"):
        Migration(version)


def test_a_plan_goes_as_far_as_is_said() -> None:
    a, b, c = some("1", "2", "3")
    found = resolved([a, b, c], history(a))
    assert planned(plan_up(found, None)) == [("2", "up"), ("3", "up")]
    assert planned(plan_up(found, "2")) == [("2", "up")]
    every = resolved([a, b, c], history(a, b, c))
    assert planned(plan_down(every, "1", 1)) == [("3", "down"), ("2", "down")]
    assert planned(plan_down(every, None, 1)) == [("3", "down")]
    assert planned(plan_down(every, ZERO, 1))[-1] == ("1", "down")
    with pytest.raises(MigrationError, match="there is no migration '9'; there is 1, 2, 3"):
        plan_up(found, "9")


def test_what_stopped_half_way_is_finished_first() -> None:
    a, b, c = some("1", "2", "3")
    applying = resolved([a, b, c], history(a, b, half=State.APPLYING))
    first, second = plan_up(applying, None).migrations
    assert (first.migration, first.direction, first.done) == (b, Direction.UP, 1)
    assert second.migration is c
    with pytest.raises(MigrationError, match="finish it by migrating"):
        plan_down(applying, None, 1)
    reverting = resolved([a, b, c], history(a, b, half=State.REVERTING))
    assert planned(plan_down(reverting, None, 1)) == [("2", "down")]
    assert planned(plan_up(reverting, None)) == [("2", "down"), ("2", "up"), ("3", "up")]


def test_one_that_replaces_others_is_adopted_or_run_instead() -> None:
    a, b = some("1", "2")
    both = Migration("2_squashed", replaces=["1", "2"], operations=[Nothing()])
    assert planned(plan_up(resolved([a, b, both], {}), None)) == [("2_squashed", "up")]
    found = resolved([a, b, both], history(a, b))
    assert (found.adopted, planned(plan_up(found, None))) == ((both,), [])
    half = resolved([a, b, both], history(a))
    assert planned(plan_up(half, None)) == [("2", "up")]
    with pytest.raises(MigrationError, match="of which the store has only 1"):
        resolved([both], history(a))


class _ByHand(Migration):
    async def up(self, schema: SchemaManager) -> None:
        await schema.drop_table("a")  # as it is


class _ByHandToo(Migration):
    async def up(self, schema: SchemaManager) -> None:
        # Somebody explains.

        await schema.drop_table("a")  # as it is


def test_comments_and_blank_lines_do_not_change_a_checksum() -> None:
    assert _ByHand("1").checksum == _ByHandToo("1").checksum
    assert _ByHand("1").checksum != _ByHand("2").checksum
    assert Migration("1").checksum != _ByHand("1").checksum
