"""Random questions about related rows: each builds its predicate, and knows what it means.

A row is one of those at hand, the outermost first, or it is named by its model alone: then a row
of it is chosen for all that stands together without a `~`.
"""

from __future__ import annotations

import operator as python
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ommi import fields
from properties.meaning import HOLDS, calculated
from properties.people import INTS, MANY, NAMES, NUMBERS, ONE, ROUTES, TEXTS, Member, World

SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "==": python.eq, "!=": python.ne, "<": python.lt, "<=": python.le, ">": python.gt,
    ">=": python.ge, "+": python.add, "-": python.sub, "*": python.mul,
}  # fmt: skip
COMPARED = ("==", "!=", "<", "<=", ">", ">=")
LISTED = ("in_", "not_in")
TESTED = ("is_null", "is_not_null")
TEXTUAL = ("contains", "not_contains", "starts_with", "ilike")

Chosen = dict[tuple[type, ...], Any]
"""The rows that are chosen by their models' names, by the way to each."""


@dataclass(frozen=True)
class At:
    """A row at hand, said by the number of its scope, and how it is written there."""

    scope: int


@dataclass(frozen=True)
class Named:
    """A row that is named by its model alone; `way` leads from the innermost row to it."""

    way: tuple[type, ...]


@dataclass(frozen=True)
class Scene:
    """The rows at hand while a question is answered, and those chosen."""

    world: World
    rows: tuple[Any, ...]
    chosen: Any = None

    def start(self, place: Any) -> Any:
        if isinstance(place, At):
            return self.rows[place.scope]
        return self.chosen[place.way]


@dataclass(frozen=True)
class Field:
    place: Any
    steps: tuple[str, ...]
    name: str

    def written(self, rows: Sequence[Any]) -> Any:
        found = _start(self.place, rows)
        for step in (*self.steps, self.name):
            found = getattr(found, step)
        return found

    def read(self, scene: Scene) -> Any:
        row = scene.start(self.place)
        for step in self.steps:
            row = scene.world.one(row, step)
        return None if row is None else getattr(row, self.name)

    def places(self) -> Iterator[Any]:
        yield self.place


def _start(place: Any, rows: Sequence[Any]) -> Any:
    return rows[place.scope] if isinstance(place, At) else fields(place.way[-1])


@dataclass(frozen=True)
class Amount:
    """How many rows a relation leads to."""

    rows: Related

    def written(self, rows: Sequence[Any]) -> Any:
        return self.rows.relation(rows).count(*self.rows.conditions(rows))

    def read(self, scene: Scene) -> Any:
        found = [row[-1] for row in self.rows.found(scene)]
        return len([row for n, row in enumerate(found) if row not in found[:n]])

    def places(self) -> Iterator[Any]:
        yield self.rows.place


@dataclass(frozen=True)
class Sum:
    sign: str
    left: Any
    right: Any

    def written(self, rows: Sequence[Any]) -> Any:
        return SIGNS[self.sign](_written(self.left, rows), _written(self.right, rows))

    def read(self, scene: Scene) -> Any:
        return calculated(self.sign, _read(self.left, scene), _read(self.right, scene))

    def places(self) -> Iterator[Any]:
        yield from _places(self.left)
        yield from _places(self.right)


def _written(part: Any, rows: Sequence[Any]) -> Any:
    return part.written(rows) if isinstance(part, Field | Amount | Sum) else part


def _read(part: Any, scene: Scene) -> Any:
    return part.read(scene) if isinstance(part, Field | Amount | Sum) else part


def _places(part: Any) -> Iterator[Any]:
    if isinstance(part, Field | Amount | Sum):
        yield from part.places()


@dataclass(frozen=True)
class Related:
    """The rows that a relation leads to, and what is asked of them, by a lambda or by names."""

    place: Any
    steps: tuple[str, ...]
    name: str
    condition: Any
    is_lambda: bool
    model: type

    def relation(self, rows: Sequence[Any]) -> Any:
        found = _start(self.place, rows)
        for step in (*self.steps, self.name):
            found = getattr(found, step)
        return found

    def conditions(self, rows: Sequence[Any]) -> tuple[Any, ...]:
        if self.condition is None:
            return ()
        between = (fields(Member),) if self.name in {"clubs", "members"} else ()
        if self.is_lambda:
            return (lambda row: self.condition.predicate((*rows, *between, row)),)
        return (self.condition.predicate((*rows, *between, fields(self.model))),)

    def found(self, scene: Scene) -> list[tuple[Any, ...]]:
        row = scene.start(self.place)
        for step in self.steps:
            row = scene.world.one(row, step)
        if row is None:
            return []
        return [
            more
            for more in scene.world.between(row, self.name)
            if self.condition is None
            or holds(self.condition, Scene(scene.world, (*scene.rows, *more)))
        ]


@dataclass(frozen=True)
class Leaf:
    left: Any
    operator: str
    right: Any = None

    def predicate(self, rows: Sequence[Any]) -> Any:
        left, right = self.left.written(rows), _written(self.right, rows)
        if self.operator in SIGNS:
            return SIGNS[self.operator](left, right)
        asked = getattr(left, self.operator)
        return asked() if self.operator in TESTED else asked(right)

    def is_true(self, scene: Scene) -> bool:
        return HOLDS[self.operator](self.left.read(scene), _read(self.right, scene))

    def places(self) -> Iterator[Any]:
        yield from _places(self.left)
        yield from _places(self.right)


@dataclass(frozen=True)
class Bare:
    """A bool field that stands alone."""

    field: Field

    def predicate(self, rows: Sequence[Any]) -> Any:
        return self.field.written(rows)

    def is_true(self, scene: Scene) -> bool:
        return self.field.read(scene) is True

    def places(self) -> Iterator[Any]:
        yield self.field.place


@dataclass(frozen=True)
class Among:
    """Whether any of the rows, all of them, or none of them meet a condition."""

    word: str
    rows: Related

    def predicate(self, rows: Sequence[Any]) -> Any:
        return getattr(self.rows.relation(rows), self.word)(*self.rows.conditions(rows))

    def is_true(self, scene: Scene) -> bool:
        found = self.rows.found(scene)
        if self.word != "all":
            return bool(found) is (self.word == "any")
        every = Related(self.rows.place, self.rows.steps, self.rows.name, None, False, object)
        return len(found) == len(every.found(scene))

    def places(self) -> Iterator[Any]:
        yield self.rows.place


@dataclass(frozen=True)
class Absent:
    """Whether a relation to one row leads to none."""

    place: Any
    name: str
    is_there: bool

    def predicate(self, rows: Sequence[Any]) -> Any:
        relation = getattr(_start(self.place, rows), self.name)
        return relation.is_not_null() if self.is_there else relation == None  # noqa: E711

    def is_true(self, scene: Scene) -> bool:
        found = scene.world.one(scene.start(self.place), self.name)
        return (found is not None) is self.is_there

    def places(self) -> Iterator[Any]:
        yield self.place


@dataclass(frozen=True)
class Not:
    part: Any

    def predicate(self, rows: Sequence[Any]) -> Any:
        return ~self.part.predicate(rows)


@dataclass(frozen=True)
class Both:
    left: Any
    right: Any

    def predicate(self, rows: Sequence[Any]) -> Any:
        return self.left.predicate(rows) & self.right.predicate(rows)


@dataclass(frozen=True)
class Either:
    left: Any
    right: Any

    def predicate(self, rows: Sequence[Any]) -> Any:
        return self.left.predicate(rows) | self.right.predicate(rows)


def holds(question: Any, scene: Scene) -> bool:
    """Tell whether any choice of the rows that are named makes the question true."""
    ways = sorted({way for named in _named(question) for way in _prefixes(named.way)}, key=len)
    return any(
        _is_true(question, Scene(scene.world, scene.rows, chosen))
        for chosen in _choices(ways, scene, {})
    )


def _choices(ways: list[tuple[type, ...]], scene: Scene, chosen: Chosen) -> Iterator[Chosen]:
    if not ways:
        yield chosen
        return
    way, *rest = ways
    near = scene.rows[-1] if len(way) == 1 else chosen[way[:-1]]
    found = [] if near is None else scene.world.joined(near, way[-1])
    for row in (*found, None):
        yield from _choices(rest, scene, {**chosen, way: row})


def _prefixes(way: tuple[type, ...]) -> Iterator[tuple[type, ...]]:
    return (way[:n] for n in range(1, len(way) + 1))


def _named(question: Any) -> Iterator[Named]:
    match question:
        case Not():
            return
        case Both(left, right) | Either(left, right):
            yield from _named(left)
            yield from _named(right)
        case _:
            yield from (place for place in question.places() if isinstance(place, Named))


def _is_true(question: Any, scene: Scene) -> bool:
    match question:
        case Not(part):
            return not holds(part, Scene(scene.world, scene.rows))
        case Both(left, right):
            return _is_true(left, scene) and _is_true(right, scene)
        case Either(left, right):
            return _is_true(left, scene) or _is_true(right, scene)
    if any(isinstance(p, Named) and scene.chosen[p.way] is None for p in question.places()):
        return False
    return bool(question.is_true(scene))


@dataclass(frozen=True)
class Stage:
    """What can be written at a place in a question: the models of the rows at hand.

    `by_lambda` says which of them are arguments of lambdas.
    """

    models: tuple[type, ...]
    by_lambda: tuple[bool, ...]

    def places(self) -> list[tuple[Any, type]]:
        """Give the rows that can be meant here, and their models."""
        at_hand = [
            (At(n), model)
            for n, model in enumerate(self.models)
            if self.by_lambda[n] or self._means(model) == n
        ]
        ways = _ways(self.models[-1])
        named = [(Named(way), m) for m, way in ways.items() if m not in self.models]
        return [*at_hand, *at_hand[-1:] * 3, *named, *named]

    def _means(self, model: type) -> int:
        plain = [n for n, m in enumerate(self.models) if m is model and not self.by_lambda[n]]
        return plain[-1] if plain else -1

    def inside(self, rows: Related) -> Stage:
        more = (Member, rows.model) if rows.name in {"clubs", "members"} else (rows.model,)
        lambdas = (False, rows.is_lambda)[-len(more) :]
        return Stage((*self.models, *more), (*self.by_lambda, *lambdas))


def _ways(start: type) -> dict[type, tuple[type, ...]]:
    found: dict[type, tuple[type, ...]] = {start: ()}
    for near, far in ROUTES[start]:
        found[far] = (*found[near], far)
    del found[start]
    return found


def _steps(rng: random.Random, model: type) -> tuple[tuple[str, ...], type]:
    steps: list[str] = []
    while ONE[model] and rng.random() < 0.35:
        name, model = rng.choice(list(ONE[model].items()))
        steps.append(name)
    return tuple(steps), model


def _field(rng: random.Random, stage: Stage, names: Any) -> Field | None:
    place, model = rng.choice(stage.places())
    steps, model = _steps(rng, model)
    return Field(place, steps, rng.choice(names[model])) if names[model] else None


def _related(rng: random.Random, stage: Stage, depth: int) -> Related | None:
    place, model = rng.choice(stage.places())
    steps, model = _steps(rng, model)
    if not MANY[model]:
        return None
    name, target = rng.choice(list(MANY[model].items()))
    bare = Related(place, steps, name, None, rng.random() < 0.5, target)
    if depth < 1 or rng.random() < 0.2:
        return bare
    asks = question(rng, stage.inside(bare), depth - 1)
    return Related(place, steps, name, asks, bare.is_lambda, target)


def number(rng: random.Random, stage: Stage, depth: int = 1) -> Any:
    """Give something with an int in every row, or `None`."""
    found: Any = None
    if rng.random() < 0.35:
        rows = _related(rng, stage, depth - 1)
        found = None if rows is None else Amount(rows)
    while found is None:
        found = _field(rng, stage, INTS)
    if rng.random() < 0.15:
        other = rng.choice((rng.choice(NUMBERS), _field(rng, stage, INTS) or 1))
        return Sum(rng.choice("+-*"), found, other)
    return found


def text(rng: random.Random, stage: Stage) -> Field:
    """Give a text, or `None`, in every row."""
    found = None
    while found is None:
        found = _field(rng, stage, TEXTS)
    return found


def _operand(rng: random.Random, operator: str, pool: Sequence[Any]) -> Any:
    if operator in TESTED:
        return None
    if operator in LISTED:
        known = [rng.choice(pool) for _ in range(rng.randrange(3))]
        return [*known, None] if rng.random() < 0.3 else known
    return None if operator in {"==", "!="} and rng.random() < 0.15 else rng.choice(pool)


def _leaf(rng: random.Random, stage: Stage, depth: int) -> Any:
    chance = rng.random()
    if chance < 0.35:
        rows = _related(rng, stage, depth)
        if rows is not None:
            words = ("any", "none") if rows.condition is None else ("any", "all", "none")
            return Among(rng.choice(words), rows)
    if chance < 0.42:
        place, model = rng.choice(stage.places())
        if ONE[model]:
            return Absent(place, rng.choice(list(ONE[model])), rng.random() < 0.5)
    if chance < 0.48:
        tall = _field(rng, stage, {model: ("is_tall",) * (model in _TALL) for model in TEXTS})
        if tall is not None:
            return Bare(tall)
    return _compared(rng, stage, depth)


_TALL = {model for model in TEXTS if model.__name__ == "Person"}


def _compared(rng: random.Random, stage: Stage, depth: int) -> Leaf:
    if rng.random() < 0.5:
        operator = rng.choice((*COMPARED, *COMPARED, *LISTED, *TESTED, *TEXTUAL))
        left = text(rng, stage)
        if operator in COMPARED and rng.random() < 0.3:
            return Leaf(left, operator, text(rng, stage))
        return Leaf(left, operator, _operand(rng, operator, NAMES))
    operator = rng.choice((*COMPARED, *COMPARED, *LISTED, *TESTED))
    number_left = number(rng, stage, depth)
    if operator in COMPARED and rng.random() < 0.3:
        return Leaf(number_left, operator, number(rng, stage, depth))
    return Leaf(number_left, operator, _operand(rng, operator, NUMBERS))


def question(rng: random.Random, stage: Stage, depth: int) -> Any:
    """Give a question about the innermost row, of at most that many levels."""
    if depth < 1 or rng.random() < 0.25:
        return _leaf(rng, stage, depth)
    if rng.random() < 0.2:
        return Not(question(rng, stage, depth - 1))
    kind = rng.choice((Both, Both, Either))
    return kind(question(rng, stage, depth - 1), question(rng, stage, depth - 1))


def asked_of(rng: random.Random, model: type, depth: int = 3) -> Any:
    """Give a question about rows of a model."""
    return question(rng, Stage((model,), (False,)), depth)
