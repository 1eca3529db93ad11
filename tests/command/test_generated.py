"""What `ommi new` writes after each kind of change."""

from __future__ import annotations

import pytest

from command.kinds_of_change import CASES, MORE, Case
from command.project import HEAD, USER, Project


def test_there_are_forty_kinds_of_change() -> None:
    assert len({case.what for case in CASES}) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_change_gives_exactly_its_operations(project: Project, case: Case) -> None:
    project.models(case.models(is_changed=False) + USER, head=HEAD + MORE)
    project.run("new")
    project.models(case.models(is_changed=True) + USER, head=HEAD + MORE)

    done = project.run("new", *case.told, "--json")
    again = project.run("new")

    assert done.exits == 0, done.out
    assert [m["operations"] for m in done.data["migrations"]] == [case.expected]
    assert again.out == "nothing changed\n"


def test_models_that_did_not_change_give_nothing(project: Project) -> None:
    every = "".join(case.models(is_changed=True) for case in CASES)
    project.models(every, head=HEAD + MORE)
    project.run("new")
    project.models(every, head=HEAD + MORE)

    assert project.run("new").out == "nothing changed\n"
