"""Migrations without a store: what is asked, branches that meet, a history made short, harm."""

from __future__ import annotations

import io
import sys

import pytest

from command.project import USER, Project
from ommi.cli.console import Console
from ommi.migrations.folder import Folder

POST = """
@ommi_model
@dataclass
class Post:
    title: str
    id: Annotated[int | None, Key | Auto] = None
"""
TAG = POST.replace("Post", "Tag").replace("title", "word")
AGED = USER.replace("name: str", "name: str\n    age: int = 0")
NICKED = USER.replace("name: str", "name: str\n    nick: str | None = None")


def folder(project: Project) -> Folder:
    return Folder.read(project.folder / "migrations")


def step(project: Project, models: str, *arguments: str) -> str:
    """Write the migration to models; give its version."""
    project.models(models)
    done = project.run("new", "--json", *arguments)
    assert done.exits == 0, done.out
    return str(done.data["migrations"][0]["version"])


def branch(project: Project, start: str, one: str, other: str) -> tuple[str, str]:
    """Have two branches of work start at the same models, and bring their files together."""
    step(project, start)
    first = step(project, one, "ours")
    kept = {path: path.read_bytes() for path in (project.folder / "migrations").iterdir()}
    (project.folder / "migrations" / f"{first}.py").unlink()
    project.run("lock")
    second = step(project, other, "theirs")
    for path, content in kept.items():
        if path.suffix == ".py":
            path.write_bytes(content)
    project.run("lock")
    return first, second


def test_the_first_migration_is_the_start(project: Project) -> None:
    project.models(USER)

    done = project.run("new")

    assert done.out.splitlines() == ["wrote migrations/0001_start.py", "  create table User"]
    assert folder(project).heads == ("0001_start",)


def test_a_migration_may_be_called_and_empty(project: Project) -> None:
    step(project, USER)

    done = project.run("new", "fill the names", "--empty")

    assert "0002_fill_the_names.py" in done.out
    assert "async def up(schema)" in (folder(project).path / "0002_fill_the_names.py").read_text()
    assert [str(each) for each in folder(project).migrations[-1].operations] == ["step up"]


def test_a_dry_run_writes_nothing(project: Project) -> None:
    project.models(USER)

    done = project.run("new", "--dry-run")

    assert "CreateTable(" in done.out
    assert not (project.folder / "migrations").exists()


@pytest.mark.parametrize(
    ("after", "arguments", "complaint"),
    [
        ("title: str", (), "User.title came: say --rename User.name=User.title"),
        ("title: str", ("--rename", "User.name"), "--rename wants two things with = between"),
        ("title: str", ("--rename", "User.x=y"), "User.x=y fits no change; gone are User.name"),
        ("name: str\n    n: int", (), "say --fill User.n=VALUE (int), give the field a default"),
        ("name: str\n    n: int", ("--fill", "User.n=x"), "User.n: wanted a value of type int"),
        ("name: Annotated[str, Key]", ("--drop", "User.id"), "the key of User changed from id"),
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_asked_and_nothing_is_written(
    project: Project, after: str, arguments: tuple[str, ...], complaint: str
) -> None:
    step(project, USER)
    models = USER.replace("name: str", after)
    if "Key]" in after:
        models = models.replace("Key | Auto] = None", "Index] = None")
    project.models(models)

    done = project.run("new", *arguments)

    assert done.exits in {2, 4}
    assert complaint in done.err
    assert "Traceback" not in done.err
    assert len(folder(project).migrations) == 1


@pytest.mark.parametrize(
    ("typed", "operations"),
    [
        ("1\n", ["rename column User.name to title"]),
        ("d\n?\n", ["add column User.title", "drop column User.name"]),
    ],
)
def test_somebody_who_sits_there_is_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch, typed: str, operations: list[str]
) -> None:
    step(project, USER)
    project.models(USER.replace("name", "title"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    monkeypatch.setattr(Console, "is_interactive", True)

    done = project.run("new")

    assert done.exits == 0, done.err
    assert [str(each) for each in folder(project).migrations[-1].operations] == operations


def test_no_answer_writes_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    step(project, USER)
    project.models(USER.replace("name", "title"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    monkeypatch.setattr(Console, "is_interactive", True)

    done = project.run("new")

    assert done.exits == 4
    assert "no answer" in done.err


def test_branches_that_touch_different_things_merge_by_themselves(project: Project) -> None:
    first, second = branch(project, USER, USER + POST, AGED)

    assert folder(project).heads == (first, second)
    assert folder(project).clash is None
    joined = step(project, AGED + POST + TAG)
    assert folder(project).by_version[joined].depends == (first, second)
    assert folder(project).heads == (joined,)


def test_columns_of_one_table_are_different_things(project: Project) -> None:
    branch(project, USER, NICKED, AGED)

    assert folder(project).clash is None


def test_branches_that_touch_the_same_are_an_error_until_they_are_merged(
    project: Project,
) -> None:
    longer = USER.replace("name: str", "name: Annotated[str, Length(9)]")
    longest = USER.replace("name: str", "name: Annotated[str, Length(99)]")
    branch(project, USER, longer, longest)
    project.models(longest)

    refused = project.run("new")
    checked = project.run("check", "--offline")
    merged = project.run("merge")
    after = project.run("new")

    assert refused.exits == 4
    assert "which of them goes first makes a difference" in refused.err
    assert checked.exits == 1
    assert "heads: " in checked.out
    assert merged.exits == 0
    assert after.exits == 0, after.err
    assert len(folder(project).heads) == 1


def test_branches_that_cannot_both_be_applied_are_told_why(project: Project) -> None:
    branch(project, USER, AGED, AGED)

    refused = project.run("merge")

    assert refused.exits == 4
    assert "User has a column 'age' already" in refused.err


def test_merging_one_head_brings_the_lock_up_to_date(project: Project) -> None:
    step(project, USER)
    (project.folder / "migrations" / "ommi.lock").write_text("")

    done = project.run("merge")

    assert done.exits == 0
    assert folder(project).lock_differences() == ()


def test_a_changed_file_shows(project: Project) -> None:
    version = step(project, USER)
    path = project.folder / "migrations" / f"{version}.py"
    path.write_text(path.read_text().replace('"name"', '"nome"'))

    checked = project.run("check", "--offline")
    refused = project.run("migrate", "--url", "sqlite:///a.db")
    project.run("lock")

    assert checked.exits == 1
    assert f"lock: {version} was changed" in checked.out
    assert refused.exits == 4
    assert f"{version} was changed" in refused.err
    assert not (project.folder / "a.db").exists()
    assert folder(project).lock_differences() == ()


def test_a_lock_with_marks_of_a_conflict_is_explained(project: Project) -> None:
    step(project, USER)
    path = project.folder / "migrations" / "ommi.lock"
    path.write_text(path.read_text() + "<<<<<<< HEAD\n")

    done = project.run("check", "--offline")

    assert done.exits == 4
    assert "ommi.lock, line 3: wanted a name, a checksum and a chain" in done.err


def test_a_gap_is_explained(project: Project) -> None:
    version = step(project, USER)
    step(project, USER + POST)
    (project.folder / "migrations" / f"{version}.py").unlink()

    done = project.run("check", "--offline")

    assert done.exits == 4
    assert f"depends on {version}, which is not there" in done.err


def test_a_history_is_squashed_to_what_it_leads_to(project: Project) -> None:
    versions = [
        step(project, USER),
        step(project, USER + POST),
        step(project, AGED + POST),
        step(project, AGED, "--drop", "Post"),
        step(project, AGED + TAG),
    ]
    before = folder(project).schema

    done = project.run("squash", "1", "4", "--json")

    [squashed, last] = folder(project).migrations
    assert done.data["replaces"] == versions[:4] == [*squashed.replaces]
    assert [str(each) for each in squashed.operations] == ["create table User"]
    assert last.depends == (squashed.version,)
    assert folder(project).schema == before
    assert folder(project).lock_differences() == ()


def test_code_is_not_squashed(project: Project) -> None:
    step(project, USER)
    project.run("new", "by hand", "--empty")

    done = project.run("squash")

    assert done.exits == 4
    assert "0002_by_hand has code of its own" in done.err


def test_lint_tells_what_hurts_and_safe_writes_what_does_not(project: Project) -> None:
    step(project, USER.replace("name: str", "name: str | None"))
    version = step(project, USER.replace("str", 'Annotated[str, Index] = "?"'))

    told = project.run("lint", "--json")
    done = project.run("lint", version, "--safe")

    harms = [(each["harm"], each["safe"]) for each in told.data["findings"][version]]
    assert told.exits == 1
    assert harms == [("lock", True), ("lock", True)]
    assert done.exits == 0, done.err
    stages = [[str(o) for o in m.operations] for m in folder(project).migrations[1:]]
    assert stages == [
        [
            "add constraint User_name_not_null on User",
            "backfill User (name)",
            "add index User_name_index on User",
        ],
        [
            "validate constraint User_name_not_null on User",
            "alter column User.name",
            "drop constraint User_name_not_null on User",
        ],
    ]
    assert folder(project).lock_differences() == ()
    assert project.run("new").out == "nothing changed\n"


@pytest.mark.parametrize(
    ("before", "after", "arguments", "harm"),
    [
        (USER + POST, USER, (), "loses data"),
        (AGED, USER, (), "loses data"),
        (USER, USER.replace("name", "title"), ("--rename", "User.name=title"), "breaks code"),
        (AGED, AGED.replace("age: int = 0", "age: float = 0"), (), "rewrites a table"),
        (USER, USER.replace("str", "Annotated[str, Length(3)]"), (), "loses data"),
        (USER, USER.replace("str", "Annotated[str, Unique]"), (), "fails on rows"),
        (USER, NICKED, (), ""),
    ],
)
def test_each_harm_is_told(
    project: Project, before: str, after: str, arguments: tuple[str, ...], harm: str
) -> None:
    step(project, before)
    version = step(project, after, *arguments)

    done = project.run("lint", version)

    assert done.exits == bool(harm)
    assert (harm or "nothing that would hurt") in done.out


def test_sql_is_written_for_each_store(project: Project) -> None:
    step(project, USER)
    step(project, AGED)

    for store, text in (
        ("sqlite", "STRICT;"),
        ("postgresql", "GENERATED BY DEFAULT AS IDENTITY"),
        ("mariadb", "AUTO_INCREMENT"),
        ("mysql", "AUTO_INCREMENT"),
    ):
        done = project.run("sql", "--dialect", store, "--json")
        assert done.data["store"] == store
        assert text in done.data["sql"]
        assert "-- 0002_add_column_user_age" in done.data["sql"]


def test_sql_of_code_is_refused(project: Project) -> None:
    step(project, USER)
    project.run("new", "by hand", "--empty")

    done = project.run("sql", "--dialect", "sqlite")

    assert done.exits == 4
    assert "has a step in Python" in done.err


@pytest.mark.parametrize(
    ("arguments", "exits", "complaint"),
    [
        (("lint", "9"), 4, "no migration of"),
        (("lint", "--safe"), 2, "--safe rewrites the last migration"),
        (("sql", "--url", "memory://"), 2, "memory:// has no SQL"),
        (("squash",), 2, "squash wants at least two migrations"),
        (("rollback", "--count", "x", "--url", "sqlite://"), 2, "--count is a number above zero"),
        (("migrate", "--to", "7", "--url", "sqlite://"), 4, "no migration of"),
        (("baseline", "--url", "sqlite://"), 4, "a baseline is the first one"),
        (("new", "--fill", "x"), 2, "--fill wants two things with = between"),
        (("init",), 0, ""),
    ],
)
def test_bad_input_is_explained(
    project: Project, arguments: tuple[str, ...], exits: int, complaint: str
) -> None:
    step(project, USER)

    done = project.run(*arguments)

    assert done.exits == exits
    assert complaint in done.err
    assert "Traceback" not in done.err


def test_init_writes_settings_and_models_once(project: Project) -> None:
    project.write("pyproject.toml", '[project]\nname = "x"')

    done = project.run("init")
    again = project.run("init")
    secret = project.run("init", "--url", "mysql://a:geheim@b/c")

    assert done.exits == 0
    assert (project.folder / "models.py").read_text().startswith('"""The models of this project')
    text = (project.folder / "pyproject.toml").read_text()
    assert text == (
        '[project]\nname = "x"\n\n[tool.ommi]\nurl = "sqlite:///app.db"\nmodels = "models"\n'
    )
    assert (again.exits, secret.exits) == (2, 2)
    assert "configured already" in again.err


def test_init_writes_no_password(project: Project) -> None:
    done = project.run("init", "--url", "mysql://a:geheim@b/c")

    assert done.exits == 2
    assert "a password does not belong into a file" in done.err
    assert "geheim" not in done.err
    assert not (project.folder / "pyproject.toml").exists()
