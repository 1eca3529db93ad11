"""Where the command finds out which database and which models."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ommi.cli.exits import CommandError
from ommi.cli.settings import Said, Settings, anchored, settings_from

SECTION = '[tool.ommi]\nurl = "sqlite:///app.db"\nmodels = "app.models"\nmigrations = "db/steps"\n'


def read(start: Path, options: Said | None = None, **environment: str) -> Settings:
    return settings_from(start, options or Said(), environment)


def test_a_file_above_is_found_and_its_paths_start_there(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(SECTION)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    settings = read(below)

    assert settings.url == f"sqlite:///{tmp_path}/app.db"
    assert settings.migrations == tmp_path / "db" / "steps"
    assert settings.models == ("app.models",)
    assert set(settings.origins.values()) == {"pyproject.toml"}


def test_a_project_file_without_a_section_is_looked_past(tmp_path: Path) -> None:
    (tmp_path / "ommi.toml").write_text('url = "memory://"')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n")

    assert read(inner).url == "memory://"


def test_the_environment_is_stronger_than_files_and_options_than_both(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(SECTION)

    settings = read(
        tmp_path,
        Said(models="c, d:blog"),
        OMMI_URL="memory://",
        OMMI_MODELS="b",
        OMMI_MIGRATIONS="m",
    )

    assert settings.url == "memory://"
    assert settings.models == ("c", "d:blog")
    assert settings.migrations == tmp_path / "m"
    assert settings.origins == {
        "url": "the environment",
        "models": "the command line",
        "migrations": "the environment",
    }


def test_a_named_database_is_stronger_than_the_environment(tmp_path: Path) -> None:
    (tmp_path / "ommi.toml").write_text('[databases.replica]\nurl = "postgresql://a@b/c"\n')

    settings = settings_from(tmp_path, Said(), {"OMMI_URL": "memory://"}, database="replica")

    assert settings.url == "postgresql://a@b/c"


def test_variables_are_filled_in_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "ommi.toml").write_text('url = "mysql://u:${SECRET}@h/d"\nmodels = ["a", "b"]')

    settings = read(tmp_path, SECRET="geheim")

    assert settings.url == "mysql://u:geheim@h/d"
    assert settings.models == ("a", "b")
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("url = ", "is no TOML"),
        ("url = 1", "url is a text, found int"),
        ("models = [1]", "models is a text, or a list of texts"),
        ("models = {}", "models is a text, found dict"),
        ('link = "x"', "unknown setting link; there are url, models, migrations, databases"),
        ('url = "${NOT_THERE}"', "asks for the variable NOT_THERE, which is not set"),
        ('models = "a b"', "'a b' is not the name of a module"),
        ('models = "app/models.py"', "is not the name of a module, such as app.models"),
    ],
)
def test_a_bad_file_is_explained(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "ommi.toml").write_text(content)

    with pytest.raises(CommandError, match=re.escape(complaint)):
        read(tmp_path)


@pytest.mark.parametrize("content", ["databases = 1", "[databases]\na = 1"])
def test_databases_are_tables(tmp_path: Path, content: str) -> None:
    (tmp_path / "ommi.toml").write_text(content)

    with pytest.raises(CommandError, match="databases is a table of tables"):
        settings_from(tmp_path, Said(), {}, database="a")


def test_an_unknown_database_is_told_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "ommi.toml").write_text('[databases.a]\nurl = "memory://"')

    with pytest.raises(CommandError, match="no database 'b' is configured; known: a"):
        settings_from(tmp_path, Said(), {}, database="b")


def test_a_section_that_is_no_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nommi = 1")

    with pytest.raises(CommandError, match="is a table of settings"):
        read(tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "ommi.toml").write_bytes(b"url = '\xff'")

    with pytest.raises(CommandError, match="is no TOML"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("sqlite:///a.db?mode=ro", "sqlite:////here/a.db?mode=ro"),
        ("sqlite:////a.db", "sqlite:////a.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://a@b/c", "postgresql://a@b/c"),
    ],
)
def test_only_a_relative_file_is_anchored(url: str, wanted: str) -> None:
    assert anchored(url, Path("/here")) == wanted


def test_what_is_missing_is_told_with_three_ways_to_say_it(tmp_path: Path) -> None:
    settings = read(tmp_path)

    with pytest.raises(CommandError, match=r"--url, with OMMI_URL, or in pyproject.toml"):
        _ = settings.required_url
    with pytest.raises(CommandError, match=r"--models, with OMMI_MODELS, or in pyproject.toml"):
        _ = settings.required_models
