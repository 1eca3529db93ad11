"""The Python that the documentation shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ommi import errors
from services.databases import REDIS

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("run_document.py")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def run(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(RUNNER), str(page)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "REDIS_URL": REDIS},
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_of_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    done = run(page, tmp_path)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("1 + 1  # -> 3", "promised 3, got 2"),
        ("1 + 1  # raises ValueError", "promised ValueError, got None"),
        ("int('x')  # raises KeyError", "promised KeyError, got ValueError"),
        ("# -> 3", "at no statement's end"),
        ("x = 1  # -> 1", "only an expression"),
        ("import warnings\nwarnings.warn('old')", "UserWarning: old"),
        ("class A:\n  def __del__(self): 1 / 0\nA()", "ZeroDivisionError"),
        ("raise KeyError('k')", "KeyError"),
    ],
)
def test_a_page_that_breaks_its_promise_is_told(code: str, complaint: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```python\n{code}\n```\n")

    done = run(page, tmp_path)

    assert done.returncode == 1
    assert complaint in done.stderr


def test_blocks_share_names_and_may_await(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nfrom asyncio import sleep\nx = 1\n```\nText\n"
        "```python\nif x:\n    await sleep(0, 'abc')  # -> 'a...'\n```\n"
        "```python\nint(x * 'x')  # raises ValueError\n```\n"
    )

    done = run(page, tmp_path)

    assert (done.returncode, done.stdout) == (0, "3 blocks\n"), done.stderr


def test_the_page_on_errors_names_every_error() -> None:
    page = (ROOT / "docs" / "errors.md").read_text()
    known = vars(errors).items()
    names = [
        n for n, k in known if getattr(k, "__module__", None) == errors.__name__ and n[0] != "_"
    ]

    assert [name for name in names if not re.search(rf"\b{name}\b", page)] == []


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES[1:]]

    assert [page for page in pages if f" {page}\n" not in navigation] == []
