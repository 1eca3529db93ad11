"""What decorating a class costs its instances: plain and decorated, by turns, nanoseconds."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import starmap
from pathlib import Path
from timeit import Timer
from typing import Annotated, Any, cast

from benchmarks.users import rows
from ommi import Key, ModelCollection, ommi_model

ROUNDS = 41
SECONDS = 0.004
IN_A_BATCH = 100

Costs = dict[str, dict[str, tuple[float, float]]]
"""By kind of class and by what is done: plain and decorated."""

FIELDS: Mapping[str, Any] = {
    "id": Annotated[int | None, Key],
    "name": str,
    "email": str,
    "age": int,
    "score": float,
    "active": bool,
    "city": str | None,
}


@dataclass
class _Plain:
    id: Annotated[int | None, Key]
    name: str
    email: str
    age: int
    score: float
    active: bool
    city: str | None


def costs() -> Costs:
    """Measure every kind of class that this Python has the library for."""
    return {kind: _compared(make) for kind, make in kinds()}


def kinds() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give what makes a class of each kind, a new one each time."""
    yield "dataclass", lambda: dataclass(_annotated())
    yield "dataclass, slots", lambda: dataclass(slots=True)(_annotated())
    yield "dataclass, frozen", lambda: dataclass(frozen=True)(_annotated())
    if find_spec("attrs"):
        yield "attrs", lambda: _library("attrs").define(_annotated())
    if find_spec("pydantic"):
        yield "pydantic", lambda: _annotated(_library("pydantic").BaseModel)
    if find_spec("msgspec"):
        yield "msgspec", lambda: _annotated(_library("msgspec").Struct)


def _annotated(base: type = object) -> Any:  # noqa: ANN401 - a class of any library
    body = {"__annotations__": dict(FIELDS), "__module__": __name__}
    return type(base)("User", (base,), body)


def _library(name: str) -> Any:  # noqa: ANN401 - a module
    return __import__(name)


def _compared(make: Callable[[], Any]) -> dict[str, tuple[float, float]]:
    plain, decorated = make(), ommi_model(collection=ModelCollection())(make())
    found = {
        what: _by_turns(Timer(code, globals=_names(plain)), Timer(code, globals=_names(decorated)))
        for what, code in _codes(plain).items()
    }
    return {what: (a / _per(what), b / _per(what)) for what, (a, b) in found.items()} | {
        "User.id": (float("nan"), _alone(Timer("User.id", globals=_names(decorated))))
    }
