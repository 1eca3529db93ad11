"""Mistakes of somebody who is new to the command, and what it says to them."""

from __future__ import annotations

from command.project import USER, Project
from ommi.migrations.folder import Folder
from ommi.migrations.lockfile import NAME

NICKED = USER.replace("name: str", "name: str\n    nick: str | None = None")


def test_migrating_before_there_is_anything_says_what_comes_first(project: Project) -> None:
    project.models(USER)

    done = project.run("migrate", "--url", "sqlite:///a.db")
    told = project.run("migrate", "--dry-run", "--json", "--url", "sqlite:///a.db")

    assert done.out == "there are no migrations; `ommi new` writes the first\n"
    assert (done.exits, told.data) == (0, {"plan": []})
    assert not (project.folder / "a.db").exists()


def test_an_empty_option_does_not_mean_what_is_configured(project: Project) -> None:
    project.write("pyproject.toml", '[tool.ommi]\nurl = "sqlite:///configured.db"\n')
    project.models(USER)
    project.run("new")

    done = project.run("migrate", "--url", "")

    assert (done.exits, done.err) == (2, "ommi: --url is empty\n")
    assert not (project.folder / "configured.db").exists()


def test_a_folder_that_is_missing_is_named(project: Project) -> None:
    project.models(USER)
    project.run("new")

    done = project.run("migrate", "--url", f"sqlite:///{project.folder}/data/a.db")

    assert done.exits == 3
    assert f"there is no folder '{project.folder}/data'" in done.err


def test_what_was_applied_and_changed_says_how_it_is_taken(project: Project) -> None:
    where = ("--url", "sqlite:///a.db")
    project.models(USER)
    project.run("new")
    project.run("migrate", *where)
    file = project.folder / "migrations" / "0001_start.py"
    file.write_text(file.read_text().replace('"name"', '"nome"'))

    locked = project.run("lock")
    refused = project.run("migrate", *where)
    faked = project.run("migrate", "--fake", *where)

    assert locked.out == f"0001_start was changed\nwrote {NAME}, which has them as they are now\n"
    assert "(`ommi migrate --fake`)" in refused.err
    assert (faked.exits, faked.out) == (0, "0001_start marked as applied\n")


def test_two_branches_in_the_lock_are_sent_to_merge(project: Project) -> None:
    project.models(USER)
    project.run("new")
    lock = project.folder / "migrations" / NAME
    start = lock.read_text()
    project.models(NICKED)
    project.run("new", "ours")
    ours = lock.read_text().removeprefix(start)
    kept = (project.folder / "migrations" / "0002_ours.py").rename(project.folder / "kept.py")
    project.run("lock")
    project.models(USER.replace("name: str", "name: str\n    city: str | None = None"))
    project.run("new", "theirs")
    kept.rename(project.folder / "migrations" / "0002_ours.py")
    lock.write_text(lock.read_text() + ours)

    refused = project.run("migrate", "--url", "sqlite:///a.db")
    merged = project.run("merge")

    assert len(Folder.read(project.folder / "migrations").by_version) == 4
    assert "`ommi merge` joins them" in refused.err
    assert merged.exits == 0


def test_marks_of_git_in_a_migration_are_told(project: Project) -> None:
    project.models(USER)
    project.run("new")
    file = project.folder / "migrations" / "0001_start.py"
    text = file.read_text()
    file.write_text(f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> theirs\n")

    done = project.run("status", "--url", "sqlite:///a.db")

    assert done.exits == 4
    assert "0001_start.py, line 1: git left the marks of a conflict" in done.err
