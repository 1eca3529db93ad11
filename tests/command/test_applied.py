"""Migrations applied by the command, on each store, and what `check` says then."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from command.kinds_of_change import CASES, MORE
from command.project import HEAD, USER, Project
from command.test_inspect import make
from command.thirty import tables
from ommi.migrations.folder import Folder
from profiles import examples

AGREE = "models, migrations and store agree\n"


def models(changed: int) -> str:
    """Write the models of all cases, so many of them changed."""
    return "".join(case.models(is_changed=case.number <= changed) for case in CASES)


def test_after_each_kind_of_change_the_store_is_as_the_models_say(
    project: Project, url: str
) -> None:
    """Twenty changes between two looks, or one in the soak profile."""
    step = examples(20, 1)
    where = ("--url", url)
    project.models(models(0), head=HEAD + MORE)
    project.run("new")

    for number in range(0, len(CASES) + step, step):
        told = [each for case in CASES[max(0, number - step) : number] for each in case.told]
        project.models(models(number), head=HEAD + MORE)
        if number:
            written = project.run("new", *told)
            assert written.exits == 0, written.err
        applied = project.run("migrate", "--allow-loss", *where)
        assert applied.exits == 0, applied.err
        checked = project.run("check", *where)
        assert (checked.exits, checked.out) == (0, AGREE), (number, checked.out)


def test_models_of_a_store_agree_with_its_baseline(project: Project, url: str) -> None:
    asyncio.run(make(url))
    where = ("--url", url)
    inspected = project.run("inspect", *where)

    project.models(inspected.out, head="")
    begun = project.run("baseline", *where)
    checked = project.run("check", *where)
    again = project.run("new")

    assert begun.exits == 0, begun.err
    assert begun.out.count("create table") == len(tables())
    assert (checked.exits, checked.out) == (0, AGREE), checked.out
    assert again.out == "nothing changed\n"


def applied(project: Project, url: str, *models: str) -> list[str]:
    """Write and apply a migration for each set of models; give their versions."""
    for text in models:
        project.models(text)
        assert project.run("new").exits == 0
        assert project.run("migrate", "--allow-loss", "--url", url).exits == 0
    return [*Folder.read(project.folder / "migrations").by_version]


AGED = USER.replace("name: str", "name: str\n    age: int = 0")


def test_what_differs_in_the_store_is_told(project: Project, url: str) -> None:
    where = ("--url", url)
    applied(project, url, AGED)
    project.models(AGED.replace("age: int = 0", "age: Annotated[int, Index] = 0"))
    code = (
        "from ommi.migrations.operations import *\nfrom ommi.migrations import SchemaManager\n"
        "await SchemaManager(db).run(DropColumn('User', 'age'))"
    )
    assert project.run("shell", "-c", code, *where).exits == 0

    done = project.run("check", "--json", *where)

    assert done.exits == 1
    assert done.data["models"] == ["no migration does: add index User_age_index on User"]
    assert done.data["store"] == ["User has no column 'age'"]


def test_rollback_goes_back_and_tells_what_it_would_lose(project: Project, url: str) -> None:
    where = ("--url", url)
    start, added = applied(project, url, USER, AGED)

    told = project.run("rollback", "--dry-run", "--json", *where)
    refused = project.run("rollback", *where)
    done = project.run("rollback", "--allow-loss", *where)
    status = project.run("status", "--json", *where)

    assert [each["version"] for each in told.data["plan"]] == [added]
    assert refused.exits == 4
    assert "drop column User.age: loses data" in refused.err
    assert done.out == f"{added} undone\n"
    states = {each["version"]: each["state"] for each in status.data["migrations"]}
    assert states == {start: "applied", added: "pending"}


def test_what_was_applied_and_changed_is_refused(project: Project, url: str) -> None:
    [version] = applied(project, url, USER)
    path = project.folder / "migrations" / f"{version}.py"
    path.write_text(path.read_text().replace('"name"', '"nome"'))
    project.run("lock")

    for command in ("migrate", "check"):
        done = project.run(command, "--url", url)
        assert done.exits in {1, 4}
        assert version in done.err + done.out
        assert "Traceback" not in done.err


def test_a_version_that_nobody_knows_is_refused(project: Project, url: str) -> None:
    _, last = applied(project, url, USER, AGED)
    (project.folder / "migrations" / f"{last}.py").unlink()
    project.run("lock")

    done = project.run("migrate", "--url", url)

    assert done.exits == 4
    assert last in done.err


def test_a_step_that_fails_is_explained_and_gone_on_with(project: Project, url: str) -> None:
    """A unique index on rows that are not; once they are, the rest is done."""
    where = ("--url", url)
    applied(project, url, AGED)
    add = "await db.add_all([User('a', 1), User('b', 1)]).or_raise()"
    project.run("shell", "-c", add, *where)
    project.models(AGED.replace("age: int = 0", "age: Annotated[int, Unique] = 0"))
    project.run("new")

    failed = project.run("migrate", *where)
    half = project.run("check", *where)
    fixed = project.run("shell", "-c", "await db.find(User.name == 'b').update(age=2)", *where)
    done = project.run("migrate", *where)
    checked = project.run("check", *where)

    assert failed.exits == 3
    assert "User_age_unique" in failed.err
    assert "Traceback" not in failed.err
    assert half.exits == 1
    assert (fixed.exits, done.exits, checked.out) == (0, 0, AGREE), done.err


def test_what_is_faked_is_only_written_down(project: Project, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    project.models(USER)
    project.run("new")

    done = project.run("migrate", "--fake", "--url", url)
    checked = project.run("check", "--json", "--url", url)

    assert done.out == "0001_start marked as applied\n"
    assert checked.data["store"] == ["User is not there"]


def test_a_fresh_store_goes_through_a_history_with_losses(project: Project, url: str) -> None:
    for text in (AGED, USER):
        project.models(text)
        project.run("new")

    done = project.run("migrate", "--url", url)

    assert done.exits == 0, done.err
    assert project.run("check", "--url", url).out == AGREE


@pytest.mark.parametrize("command", ["migrate", "rollback", "status", "check", "baseline"])
def test_a_store_that_cannot_be_reached_is_told(project: Project, command: str) -> None:
    project.models(USER)
    if command != "baseline":
        project.run("new")

    done = project.run(command, "--url", "postgresql://u:geheim@127.0.0.1:1/x")

    assert done.exits == 3
    assert "cannot connect to u@127.0.0.1:1/x" in done.err
    assert "geheim" not in done.err
