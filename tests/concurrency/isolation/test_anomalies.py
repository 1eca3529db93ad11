"""Which anomaly each level of each store allows: the scripts of Hermitage, through the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from concurrency.isolation.sessions import (
    COLLECTION,
    Ending,
    Script,
    abort,
    commit,
    get,
    get_all,
    get_valued,
    new,
    play,
    plus,
    put,
    remove_valued,
)
from ommi import IsolationLevel, Ommi
from profiles import examples
from services.databases import MYSQL, POSTGRESQL, database_on

pytestmark = pytest.mark.anyio

LANES = 3
"""How many play the same script at the same time, each in a database of its own."""

Anomaly = Callable[[Ending], bool]

ANOMALIES: dict[str, tuple[Script, Anomaly]] = {
    "G0": (
        [(1, put(1, 11)), (2, put(1, 12)), (1, put(2, 21)), (1, commit), (2, put(2, 22)),
         (2, commit)],
        lambda end: tuple(end.rows.values()) in {(11, 22), (12, 21)},
    ),
    "G1a": (
        [(1, put(1, 101)), (2, get_all), (1, abort), (2, get_all), (2, commit)],
        lambda end: (101, 20) in end.sessions[2].seen,
    ),
    "G1b": (
        [(1, put(1, 101)), (2, get_all), (1, put(1, 11)), (1, commit), (2, get_all), (2, commit)],
        lambda end: (101, 20) in end.sessions[2].seen,
    ),
    "G1c": (
        [(1, put(1, 11)), (2, put(2, 22)), (1, get(2)), (2, get(1)), (1, commit), (2, commit)],
        lambda end: end.committed(1, 2) and end.saw(1, 1) == 22 and end.saw(2, 1) == 11,
    ),
    "OTV": (
        [(1, put(1, 11)), (1, put(2, 19)), (2, put(1, 12)), (1, commit), (3, get_all),
         (2, put(2, 18)), (3, get_all), (2, commit), (3, get_all), (3, commit)],
        lambda end: bool({(12, 19), (11, 18)} & set(end.sessions[3].seen)),
    ),
    "PMP": (
        [(1, get_valued(30)), (2, new(3, 30)), (2, commit), (1, get_valued(30, 33)), (1, commit)],
        lambda end: (end.saw(1, 0), end.saw(1, 1)) == (0, 1),
    ),
    "PMP-write": (
        [(1, plus(10)), (2, get_valued(20)), (2, remove_valued(20)), (1, commit), (2, commit)],
        lambda end: end.committed(1, 2) and 20 in end.rows.values(),
    ),
    "P4": (
        [(1, get(1)), (2, get(1)), (1, put(1, 11)), (2, put(1, 12)), (1, commit), (2, commit)],
        lambda end: end.committed(1, 2) and end.saw(1, 0) == end.saw(2, 0) == 10,
    ),
    "G-single": (
        [(1, get(1)), (2, get_all), (2, put(1, 12)), (2, put(2, 18)), (2, commit), (1, get(2)),
         (1, commit)],
        lambda end: end.committed(1) and (end.saw(1, 0), end.saw(1, 1)) == (10, 18),
    ),
    "G-single-write": (
        [(1, get(1)), (2, get_all), (2, put(1, 12)), (2, put(2, 18)), (2, commit),
         (1, remove_valued(20)), (1, commit)],
        lambda end: end.committed(1, 2) and (end.saw(1, 0), end.saw(1, 1)) == (10, 0),
    ),
    "internal": (
        [(1, get(1)), (2, put(1, 12)), (2, commit), (1, plus(1, only=1)), (1, get(1)),
         (1, commit)],
        lambda end: end.committed(1) and (end.saw(1, 0), end.saw(1, 2)) == (10, 13),
    ),
    "G2-item": (
        [(1, get_all), (2, get_all), (1, put(1, 11)), (2, put(2, 21)), (1, commit), (2, commit)],
        lambda end: end.committed(1, 2) and end.saw(1, 0) == end.saw(2, 0) == (10, 20),
    ),
    "G2": (
        [(1, get_valued(30, 42)), (2, get_valued(30, 42)), (1, new(3, 30)), (2, new(4, 42)),
         (1, commit), (2, commit)],
        lambda end: end.committed(1, 2) and end.saw(1, 0) == end.saw(2, 0) == 0,
    ),
    "G2 of three": (
        [(1, get_all), (2, plus(5, only=2)), (2, commit), (3, get_all), (3, commit),
         (1, put(1, 0)), (1, commit)],
        lambda end: end.committed(1, 2, 3) and (end.saw(1, 0), end.saw(3, 0))
        == ((10, 20), (10, 25)),
    ),
}  # fmt: skip

RU, RC, RR, S = IsolationLevel
EVERY = set(ANOMALIES)
SKEW = {"G2-item", "G2", "G2 of three"}
LATER = EVERY - {"G0", "G1a", "G1b", "G1c", "OTV"}
ALLOWED: dict[str, dict[IsolationLevel | None, set[str]]] = {
    "PostgreSQL": {RU: LATER, RC: LATER, None: LATER, RR: SKEW, S: set()},
    "MariaDB": {
        RU: EVERY - {"G0", "PMP-write"},
        RC: LATER - {"PMP-write"},
        RR: SKEW,
        None: SKEW,
        S: set(),
    },
    "SQLite": {None: set(), S: set()},
}


def _named(level: IsolationLevel | None) -> str:
    return "default" if level is None else level.name


CELLS = [(store, level) for store, levels in ALLOWED.items() for level in levels]


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], list[str]]]:
    """Give the URLs of the lanes on a store; their databases are made once."""
    made: dict[str, list[str]] = {}
    with ExitStack() as stack:

        def on(store: str) -> list[str]:
            if store not in made:
                server = {"PostgreSQL": POSTGRESQL, "MariaDB": MYSQL}.get(store)
                folder: Path = tmp_path_factory.mktemp("lanes")
                made[store] = [
                    f"sqlite:///{folder / str(lane)}.db"
                    if server is None
                    else stack.enter_context(database_on(server))
                    for lane in range(LANES)
                ]
            return made[store]

        yield on


@pytest.fixture
def places(request: pytest.FixtureRequest, urls: Callable[[str], list[str]]) -> list[str]:
    return urls(request.node.callspec.params["store"])


@pytest.fixture
async def lanes(places: list[str]) -> AsyncGenerator[list[Ommi], None]:
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(Ommi(url)) for url in places]
        for db in opened:
            await db.use_models(COLLECTION)
        yield opened


@pytest.mark.parametrize(
    ("store", "level"),
    CELLS,
    ids=[f"{store}-{level.name if level else 'default'}" for store, level in CELLS],
)
async def test_each_level_allows_what_it_is_known_to_allow(
    lanes: list[Ommi], store: str, level: IsolationLevel | None
) -> None:
    found = dict.fromkeys(ANOMALIES, 0)
    rounds = -(-examples(3, 20) // LANES)
    for name, (script, anomaly) in ANOMALIES.items():
        for _ in range(rounds):
            endings = await asyncio.gather(*(play(db, level, script) for db in lanes))
            found[name] += sum(map(anomaly, endings))

    expected = {name: rounds * LANES if name in ALLOWED[store][level] else 0 for name in ANOMALIES}
    assert found == expected
