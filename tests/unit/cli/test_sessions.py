"""A prompt with a database at hand, and what doctor tells."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from command.project import USER, Project

FILE = ("--url", "sqlite:///a.db")


def test_code_may_await_and_has_the_models(project: Project) -> None:
    project.models(USER)

    done = project.run(
        "shell",
        "-c",
        "await db.use_models()\nawait db.add(User('Ann')).or_raise()\n"
        "print(await db.find(User).fetch.all())",
        *FILE,
    )

    assert (done.exits, done.err) == (0, "")
    assert done.out == "[User(name='Ann', id=1)]\n"


def test_what_code_prints_is_json_on_demand(project: Project) -> None:
    project.models(USER)

    done = project.run("shell", "-c", "print('x')", "--json", *FILE)

    assert done.data == {"output": "x\n"}


@pytest.mark.parametrize(
    ("code", "exits", "complaint"),
    [
        ("1 / 0", 1, "ZeroDivisionError"),
        ("def", 1, "SyntaxError"),
        ("raise SystemExit(7)", 1, ""),
        ("raise SystemExit", 0, ""),
    ],
)
def test_code_that_fails_says_so(project: Project, code: str, exits: int, complaint: str) -> None:
    project.models(USER)

    done = project.run("shell", "-c", code, *FILE)

    assert done.exits == exits
    assert complaint in done.err
    assert "ommi/cli" not in done.err


def test_a_prompt_goes_on_after_an_error(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.models(USER)
    typed = "await db.use_models()\n1 / 0\nawait db.find(User).count.value\nexit()\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))

    done = project.run("shell", *FILE)

    assert done.exits == 0
    assert "At hand: db, asyncio, User" in done.err
    assert "ZeroDivisionError" in done.err
    assert done.out.replace(">>> ", "").split() == ["0"]


def test_a_prompt_has_no_json(project: Project) -> None:
    project.models(USER)

    done = project.run("shell", "--json", *FILE)

    assert done.exits == 2
    assert "say what to run with -c" in done.data["error"]["reason"]


def test_a_store_that_cannot_be_had_ends_the_shell(project: Project) -> None:
    project.models(USER)

    done = project.run("shell", "-c", "1", "--url", "postgresql://a@127.0.0.1:1/x")

    assert done.exits == 3
    assert "cannot connect" in done.err


def test_doctor_tells_what_is_there(project: Project) -> None:
    project.models(USER)
    project.run("shell", "-c", "await db.use_models()", *FILE)

    done = project.run("doctor", "--json", *FILE)

    assert done.exits == 0
    assert done.data["store"]["store"] == "SQLite"
    assert done.data["store"]["journal_mode"] == "wal"
    assert done.data["configuration"]["tables"] == "User"
    assert done.data["capabilities"]["transactions"] == "yes"
    assert done.data["installed"]["Python"].startswith(f"{sys.version_info[0]}.")
    assert done.data["advice"] == []


def test_doctor_shows_no_password_and_says_what_is_missing(project: Project) -> None:
    done = project.run("doctor", "--url", "mysql://u:geheim@127.0.0.1:1/x?connect_timeout=1")

    assert done.exits == 3
    assert "mysql://u@127.0.0.1:1/x" in done.out
    assert "the store cannot be reached" in done.out
    assert "no models are configured" in done.out
    assert "geheim" not in done.out + done.err


def test_doctor_needs_no_configuration(project: Project) -> None:
    done = project.run("doctor")

    assert done.exits == 1
    assert "no database is configured" in done.out


def test_the_module_is_the_command(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "ommi", "--help"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )

    assert done.returncode == 0
    assert "exit codes:" in done.stdout


def test_a_prompt_needs_no_models(project: Project) -> None:
    done = project.run("shell", "-c", "print(db.is_open)", *FILE)

    assert (done.exits, done.out) == (0, "True\n")


def test_a_reader_that_goes_away_is_no_error(project: Project) -> None:
    project.models(USER)
    program = f'"{sys.executable}" -m ommi erd --models {project.module} | true'

    done = subprocess.run(
        ["sh", "-c", program], capture_output=True, text=True, check=False, cwd=project.folder
    )

    assert done.stderr == ""
