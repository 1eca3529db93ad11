"""What the source text of the package may not contain."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("src/**/*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# The modules that generate code are the ones that the linter lets call exec() (S102).
MAY_EXEC = {
    path
    for path, rules in PROJECT["tool"]["ruff"]["lint"]["per-file-ignores"].items()
    if "S102" in rules
}
UNSAFE_MODULES = {"dill", "marshal", "pickle", "shelve", "yaml"}


def unsafe_names(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="eval" | "exec" as name)):
                yield name
            case ast.Import(names=names):
                yield from (n.name for n in names if n.name.split(".")[0] in UNSAFE_MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in UNSAFE_MODULES:
                yield module


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("eval('1')", ["eval"]),
        ("exec('x = 1')", ["exec"]),
        ("def f():\n    import pickle", ["pickle"]),
        ("from yaml import load", ["yaml"]),
        ("re.compile('eval(')", []),
    ],
)
def test_unsafe_names_are_recognised(source: str, found: list[str]) -> None:
    assert list(unsafe_names(source)) == found


@pytest.mark.parametrize("path", SOURCES)
def test_no_module_evaluates_text_or_unpickles(path: str) -> None:
    allowed = {"exec"} if path in MAY_EXEC else set()

    assert set(unsafe_names((ROOT / path).read_text())) <= allowed
