"""What the documentation shows of a terminal: each command, from an empty folder, says that."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command.project import Project, project  # noqa: F401 - a fixture
from ommi.cli import main
from ommi.metadata.collection import DEFAULT_COLLECTION

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", ROOT / "docs" / "command.md"]


def shown(page: str) -> Iterator[tuple[str, str]]:
    """Give the commands of a page, and what they are shown to say."""
    for block in FENCE.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, said = part.partition("\n")
            yield command, said


def run(command: str) -> str:
    """Run a command as a reader would, in the folder at hand; give what the terminal shows."""
    if not command.startswith("ommi "):
        return subprocess.run(
            ["sh", "-c", command], stdout=subprocess.PIPE, check=True, text=True
        ).stdout
    # In this process, which has imported everything already, but for the reader's own module.
    sys.modules.pop("models", None)
    DEFAULT_COLLECTION._models = {}
    terminal = io.StringIO()
    with contextlib.redirect_stdout(terminal), contextlib.redirect_stderr(terminal):
        main(shlex.split(command)[1:])
    return re.sub(r"\(\d+\.\d\d s\)", "(0.01 s)", terminal.getvalue())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_says_what_the_page_shows(
    page: Path,
    project: Project,  # noqa: F811
) -> None:
    commands = list(shown(page.read_text(encoding="utf-8")))
    assert commands

    for command, said in commands:
        assert run(command) == said, command
    assert list((project.folder / "migrations").glob("*.py"))
