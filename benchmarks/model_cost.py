"""What decorating a class costs its instances: plain and decorated, by turns, in nanoseconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import starmap
from pathlib import Path
from time import process_time
from timeit import Timer
from typing import Annotated, Any

from benchmarks.models import rows
from ommi import Key, ModelCollection, ommi_model

ROUNDS = 61
LOOPS = 2000
IN_A_BATCH = 100

CODES = {
    "constructor": ("User(*row)", 1),
    "starmap": ("list(starmap(User, batch))", IN_A_BATCH),
    "read": ("u.id; u.name; u.email; u.age; u.score; u.active; u.city", 7),
    "User.id": ("User.id", 1),
}
BY_KEYWORD = {"constructor": ("User(**named)", 1), "read": CODES["read"]}

FIELDS: Mapping[str, Any] = {
    "id": Annotated[int, Key],
    "name": str,
    "email": str,
    "age": int,
    "score": float,
    "active": bool,
    "city": str | None,
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Nanoseconds; `plain` is `None` where only a decorated class can do it."""

    python: str
    kind: str
    what: str
    plain: float | None
    decorated: float


def on_all_pythons(root: Path) -> list[Cost]:
    """Measure here and on the other Pythons of this machine, with the libraries that they have."""
    found = subprocess.run([root / "tools/pythons"], check=True, capture_output=True, text=True)
    others = dict(line.split(" ", 1) for line in found.stdout.splitlines())
    others.pop(_version(), None)
    costs = list(measured(ROUNDS))
    for path in others.values():
        costs += _elsewhere(path, root)
    return sorted(costs, key=lambda cost: [int(part) for part in cost.python.split(".")])


def _elsewhere(python: str, root: Path) -> list[Cost]:
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
    told = subprocess.run(
        [python, "-m", "benchmarks.model_cost"],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    return [Cost(**each) for each in json.loads(told.stdout)]


def measured(rounds: int) -> Iterator[Cost]:
    """Measure every kind of class that this Python has the library for."""
    for kind, make in _kinds():
        plain, decorated = make(), ommi_model(collection=ModelCollection())(make())
        codes = BY_KEYWORD if kind == "pydantic" else CODES
        for what, (code, count) in codes.items():
            ours = _timer(code, decorated)
            theirs = None if what == "User.id" else _timer(code, plain)
            yield Cost(_version(), kind, what, *_by_turns(theirs, ours, count, rounds))


def _kinds() -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "dataclass", lambda: dataclass(_annotated())
    yield "dataclass, slots", lambda: dataclass(slots=True)(_annotated())
    yield "dataclass, frozen", lambda: dataclass(frozen=True)(_annotated())
    if find_spec("attrs"):
        yield "attrs", lambda: import_module("attrs").define(_annotated())
    if find_spec("pydantic"):
        yield "pydantic", lambda: _annotated(import_module("pydantic").BaseModel)
    if find_spec("msgspec"):
        yield "msgspec", lambda: _annotated(import_module("msgspec").Struct)


def _annotated(base: type = object) -> Any:  # noqa: ANN401 - a class of any library
    body = {"__annotations__": dict(FIELDS), "__module__": __name__}
    return type(base)("User", (base,), body)


def _timer(code: str, cls: Any) -> Timer:  # noqa: ANN401
    return Timer(code, timer=process_time, globals=_names(cls))


def _names(cls: Any) -> dict[str, Any]:  # noqa: ANN401
    batch = list(rows(IN_A_BATCH))
    named = dict(zip(FIELDS, batch[0], strict=True))
    return {
        "User": cls,
        "u": cls(**named),
        "row": batch[0],
        "named": named,
        "batch": batch,
        "starmap": starmap,
    }


def _by_turns(
    theirs: Timer | None, ours: Timer, count: int, rounds: int
) -> tuple[float | None, float]:
    loops = LOOPS // count

    def once(timer: Timer) -> float:
        return timer.timeit(loops) / loops / count * 1e9

    times = [(once(theirs) if theirs else None, once(ours)) for _ in range(rounds)]
    plain = [time for time, _ in times if time is not None]
    # Noise only ever adds.
    return (min(plain) if plain else None), min(time for _, time in times)


def _version() -> str:
    return "{}.{}".format(*sys.version_info[:2])


if __name__ == "__main__":
    if hasattr(os, "sched_getaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    fields = ("python", "kind", "what", "plain", "decorated")
    print(json.dumps([{f: getattr(c, f) for f in fields} for c in measured(ROUNDS)]))
