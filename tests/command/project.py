"""A project of a user's: a folder with models, and the command run in it."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ommi.cli import main
from ommi.metadata.collection import DEFAULT_COLLECTION

_NUMBER = itertools.count(1)

HEAD = """\
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from ommi import (
    Auto, Aware, Default, Digits, Index, IndexTogether, Key, Lazy, Length, ReferenceTo, StoreAs,
    Unique, UniqueTogether, ommi_model,
)
"""
USER = """
@ommi_model
@dataclass
class User:
    name: str
    id: Annotated[int | None, Key | Auto] = None
"""


@dataclass
class Done:
    """What a run of the command gave."""

    exits: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Project:
    """A folder and what runs in it; each set of models is a module of its own."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    module: str = ""

    def models(self, text: str, *, head: str = HEAD) -> None:
        """Write the models; earlier ones are forgotten."""
        DEFAULT_COLLECTION._models = {}
        self.module = f"models_{next(_NUMBER)}"
        (self.folder / f"{self.module}.py").write_text(head + text, encoding="utf-8")

    def run(self, *arguments: str) -> Done:
        """Run the command on the models that were written last."""
        said = ["--models", self.module] if self.module and "--models" not in arguments else []
        DEFAULT_COLLECTION._models = {}
        sys.modules.pop(self.module, None)
        self.capsys.readouterr()
        exits = main([*arguments, *said])
        shown = self.capsys.readouterr()
        return Done(int(exits), shown.out, shown.err)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Project]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("OMMI_URL", "OMMI_MODELS", "OMMI_MIGRATIONS"):
        monkeypatch.delenv(name, raising=False)
    kept = DEFAULT_COLLECTION._models
    try:
        yield Project(tmp_path, capsys)
    finally:
        DEFAULT_COLLECTION._models = kept
