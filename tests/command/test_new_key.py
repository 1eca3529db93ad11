"""Another key for a model whose table has rows, and which others refer to."""

from __future__ import annotations

import json
from typing import Any

from command.project import Project

BY_ID = """
@ommi_model
@dataclass
class User:
    email: str
    name: Annotated[str, Index] = ""
    id: Annotated[int | None, Key | Auto] = None

@ommi_model
@dataclass
class Post:
    user_id: Annotated[int | None, ReferenceTo("User.id")] = None
    user_email: str | None = None
    id: Annotated[int | None, Key | Auto] = None
"""
BY_EMAIL = """
@ommi_model
@dataclass
class User:
    email: Annotated[str, Key]
    name: Annotated[str, Index] = ""

@ommi_model
@dataclass
class Post:
    user_email: Annotated[str | None, ReferenceTo("User.email")] = None
    id: Annotated[int | None, Key | Auto] = None
"""
BY_CODE = """
@ommi_model
@dataclass
class Thing:
    code: Annotated[str, Key]
    number: int
    above: Annotated[str | None, ReferenceTo("Thing.code")] = None
"""
BY_NUMBER = """
@ommi_model
@dataclass
class Thing:
    code: Annotated[str, Unique]
    number: Annotated[int | None, Key | Auto] = None
    above: Annotated[str | None, ReferenceTo("Thing.code")] = None
"""
BY_NEW_ID = """
@ommi_model
@dataclass
class Thing:
    code: Annotated[str, Unique]
    number: int
    above: Annotated[str | None, ReferenceTo("Thing.code")] = None
    id: Annotated[int | None, Key | Auto] = None
"""
AGREE = "models, migrations and store agree\n"


def made(project: Project, url: str, models: str, rows: str) -> None:
    """Make the tables of models, and rows."""
    project.models(models)
    assert project.run("new").exits == 0
    assert project.run("migrate", "--url", url).exits == 0
    shell(project, url, f"await db.add({rows}).or_raise()")


def rekeyed(project: Project, url: str, models: str, *told: str) -> None:
    """Give models another key, and have everybody agree."""
    project.models(models)
    written = project.run("new", *told)
    assert written.exits == 0, written.err
    refused = project.run("migrate", "--url", url)
    assert (refused.exits, "loses data" in refused.err) == (4, True)
    done = project.run("migrate", "--allow-loss", "--url", url)
    assert done.exits == 0, done.err
    checked = project.run("check", "--url", url)
    assert (checked.exits, checked.out) == (0, AGREE)
    assert project.run("new").out == "nothing changed\n"


def shell(project: Project, url: str, code: str) -> str:
    done = project.run("shell", "-c", code, "--url", url)
    assert done.exits == 0, done.err
    return done.out


def rows(project: Project, url: str, model: str, *fields: str) -> list[Any]:
    """Give rows, as lists of values."""
    values = ", ".join(f"each.{field}" for field in fields)
    code = (
        "import json; "
        f"found = await db.query({model}).order_by('{fields[0]}').fetch_all(); "
        f"print(json.dumps([[{values}] for each in found]))"
    )
    found: list[Any] = json.loads(shell(project, url, code))
    return found


def test_it_is_refused_unless_it_is_said(project: Project) -> None:
    project.models(BY_CODE)
    project.run("new")
    project.models(BY_NUMBER)

    refused = project.run("new")
    wrong = project.run("new", "--new-key", "Nothing")

    assert refused.exits == 4
    assert "Thing changed from code to number" in refused.err
    assert "say --new-key Thing" in refused.err
    assert (wrong.exits, "--new-key Nothing fits no change" in wrong.err) == (4, True)


def test_rows_and_what_refers_to_them_are_kept(project: Project, url: str) -> None:
    users = "User('a@x', 'Ada', 7), User('b@x', 'Bob', 9)"
    made(project, url, BY_ID, f"{users}, Post(7, 'a@x', 1), Post(9, 'b@x', 2)")

    rekeyed(project, url, BY_EMAIL, "--new-key", "User")

    assert rows(project, url, "User", "email", "name") == [["a@x", "Ada"], ["b@x", "Bob"]]
    assert rows(project, url, "Post", "id", "user_email") == [[1, "a@x"], [2, "b@x"]]
    wrong = project.run("shell", "-c", "await db.add(Post('c@x')).or_raise()", "--url", url)
    assert "ForeignKeyViolation" in wrong.err


def test_it_comes_again_and_goes_back(project: Project, url: str) -> None:
    things = "Thing('a', 5), Thing('b', 3, 'a')"
    made(project, url, BY_CODE, things)

    rekeyed(project, url, BY_NUMBER, "--new-key", "Thing")
    shell(project, url, "await db.add(Thing('c', above='b')).or_raise()")
    found = rows(project, url, "Thing", "code", "number", "above")
    assert found == [["a", 5, None], ["b", 3, "a"], ["c", 6, "b"]]

    rekeyed(project, url, BY_NEW_ID, "--new-key", "Thing")
    assert rows(project, url, "Thing", "code", "number", "above") == found

    project.models(BY_CODE)
    back = project.run("rollback", "--to", "1", "--allow-loss", "--url", url)
    assert back.exits == 0, back.err
    assert rows(project, url, "Thing", "code", "number", "above") == found
