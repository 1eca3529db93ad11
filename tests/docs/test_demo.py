"""The example application, as a person runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples" / "airports.py"


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(DEMO), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_demo_loads_once_and_answers_the_same_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'airports.db'}"

    first, second = demo(url), demo(url)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "Loaded 234 countries and 28,298 airports" in first.stdout
    assert "28,298 airports are there already" in second.stdout
    assert first.stdout[first.stdout.index("1. ") :] == second.stdout[second.stdout.index("1. ") :]


def test_the_demo_answers_its_questions() -> None:
    shown = demo("sqlite://").stdout

    answers = ["Laguna Choclococha", "Aosta", "Charles de Gaulle", "Sweden", "12579"]
    answers += ["Djúpivogur", "San Diego", "Zurich", "UniqueViolation", "ForeignKeyViolation"]
    assert [answer for answer in answers if answer not in shown] == []


@pytest.mark.parametrize(
    "url",
    ["nonsense", "nosuch://", "sqlite://x", "sqlite:///no/such/folder/a.db", "memory://?a=1"],
)
def test_a_url_that_leads_nowhere_is_told_in_one_line(url: str) -> None:
    done = demo(url)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("airports: ")
    assert "Traceback" not in done.stderr
