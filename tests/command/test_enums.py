"""Enumerations that PostgreSQL has as types of its own, which others made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from command.project import Project
from services.databases import POSTGRESQL, database_on

MOODY = """
@ommi_model
@dataclass
class User:
    mood: Literal["calm", "it's", "odd"]
    id: Annotated[int | None, Key | Auto] = None
"""
BY_OTHERS = (
    "CREATE TYPE moods AS ENUM ('wild', 'it''s', 'calm')",
    'ALTER TABLE "User" ALTER COLUMN mood TYPE moods USING mood::moods',
)
BACK = 'ALTER TABLE "User" ALTER COLUMN mood TYPE text USING mood::text'


@pytest.fixture
def url() -> Iterator[str]:
    with database_on(POSTGRESQL) as made:
        yield made


def execute(project: Project, url: str, *texts: str) -> None:
    code = "from ommi.migrations import SchemaManager\n" + "".join(
        f"await SchemaManager(db).execute({text!r})\n" for text in texts
    )
    done = project.run("shell", "-c", code, "--url", url)
    assert done.exits == 0, done.err


def test_labels_are_looked_at(project: Project, url: str) -> None:
    project.models(MOODY)
    project.run("new")
    project.run("migrate", "--url", url)
    execute(project, url, *BY_OTHERS)

    checked = project.run("check", "--json", "--url", url)
    inspected = project.run("inspect", "--url", url)
    execute(project, url, BACK)

    assert checked.exits == 1
    assert checked.data["store"] == [
        "User.mood is moods (wild, it's, calm), wanted text",
        "User.mood: moods has no odd",
        "User.mood: moods has wild, which the model has not",
    ]
    assert 'mood: Literal["wild", "it\'s", "calm"]  # stored as moods' in inspected.out
    assert project.run("check", "--url", url).exits == 0
