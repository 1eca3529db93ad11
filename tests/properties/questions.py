"""Random questions as data: each builds its predicate, and knows by itself what it means."""

from __future__ import annotations

import operator as python
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ommi import Predicate, fields
from properties.meaning import HOLDS, calculated, found_at
from properties.things import (
    AMOUNTS,
    BLOBS,
    BOOLS,
    CLOCKS,
    COLOURS,
    DAYS,
    DOCUMENTS,
    EXACT_IN_A_FLOAT,
    FLOATS,
    INSTANTS,
    INTS,
    KEYS,
    MOMENTS,
    NUMBERS,
    PARTS,
    POOLS,
    SMALL_AMOUNTS,
    SMALL_FLOATS,
    SMALL_INTS,
    SPANS,
    TEXTS,
    UIDS,
    Colour,
    Place,
    Thing,
)

THING: Any = fields(Thing)
SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "==": python.eq, "!=": python.ne, "<": python.lt, "<=": python.le, ">": python.gt,
    ">=": python.ge, "+": python.add, "-": python.sub, "*": python.mul,
}  # fmt: skip
EQUALITY = ("==", "!=", "in_", "not_in", "is_null", "is_not_null")
ORDER = ("<", "<=", ">", ">=", "between")
TEXT = ("starts_with", "ends_with", "icontains", "ilike", "regex")
PARTS_OF = ("contains", "not_contains")
FIELDS = ("==", "!=", "<", "<=", ">", ">=")

PATTERNS = (
    "%", "_", "", "a%", "%a", "_b", "a\\%c", "a\\_c", "a\\\\c", "%\\%%", "É", "é%", "ß", "SS", "İ",
    "i%", "Σ", "%σ%", "AB", "%😀%", "_\n", "a__", "ǆ", "_" * 80, "\\\\", "%b%",
)  # fmt: skip
REGEXES = (
    "^a", "a$", "^$", "^a$", "^.$", "^..$", "^..?$", "a.b", "a.", ".b", "^.*b$", "a|b", "(ab)+",
    "[^a]", r"\d", r"^\D$", r"^\w$", r"\W", r"^\w+$", r"^\s$", r"\S", "[a-c]{2}", "b?c", "^[^b]*$",
    "é", "😀", r"\.", r"\\", r"\|", "a%c", r"\n", r"a\n$", "^(a|b)c?$", "[0-9]+", "A",
)  # fmt: skip


@dataclass(frozen=True, repr=False, eq=False)
class Subject:
    """What a question is about: where it is, what it is compared with, and how."""

    steps: tuple[str | int, ...]
    pool: Sequence[Any]
    operators: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<{'.'.join(map(str, self.steps))}>"

    @property
    def reference(self) -> Any:
        found = getattr(THING, str(self.steps[0]))
        for step in self.steps[1:]:
            found = found[step]
        return found

    def read(self, thing: Thing) -> Any:
        return found_at(getattr(thing, str(self.steps[0])), self.steps[1:])


@dataclass(frozen=True)
class Calculation:
    sign: str
    left: Any
    right: Any

    @property
    def reference(self) -> Any:
        return SIGNS[self.sign](_reference(self.left), _reference(self.right))

    def read(self, thing: Thing) -> Any:
        return calculated(self.sign, _read(self.left, thing), _read(self.right, thing))


def _reference(part: Any) -> Any:
    return part.reference if isinstance(part, Subject | Calculation) else part


def _read(part: Any, thing: Thing) -> Any:
    return part.read(thing) if isinstance(part, Subject | Calculation) else part


@dataclass(frozen=True)
class Leaf:
    subject: Any
    operator: str
    operand: Any = None

    def predicate(self) -> Predicate:
        left, right = self.subject.reference, _reference(self.operand)
        if self.operator in SIGNS:
            return SIGNS[self.operator](left, right)
        if self.operator == "between":
            return left.between(*right)
        asked = getattr(left, self.operator)
        return asked() if self.operator in {"is_null", "is_not_null"} else asked(right)

    def holds(self, thing: Thing) -> bool:
        return HOLDS[self.operator](self.subject.read(thing), _read(self.operand, thing))


@dataclass(frozen=True)
class Bare:
    """A bool field that stands alone."""

    subject: Subject

    def predicate(self) -> Any:
        return self.subject.reference

    def holds(self, thing: Thing) -> bool:
        return self.subject.read(thing) is True


@dataclass(frozen=True)
class Not:
    part: Any

    def predicate(self) -> Any:
        return ~self.part.predicate()

    def holds(self, thing: Thing) -> bool:
        return not self.part.holds(thing)


@dataclass(frozen=True)
class Both:
    left: Any
    right: Any

    def predicate(self) -> Any:
        return self.left.predicate() & self.right.predicate()

    def holds(self, thing: Thing) -> bool:
        return self.left.holds(thing) and self.right.holds(thing)


@dataclass(frozen=True)
class Either:
    left: Any
    right: Any

    def predicate(self) -> Any:
        return self.left.predicate() | self.right.predicate()

    def holds(self, thing: Thing) -> bool:
        return self.left.holds(thing) or self.right.holds(thing)


Question = Leaf | Bare | Not | Both | Either


def _subject(*steps: str | int, pool: Sequence[Any], more: tuple[str, ...] = ORDER) -> Subject:
    return Subject(steps, pool, EQUALITY + more)


def _columns() -> list[Subject]:
    more = {"text": TEXT + PARTS_OF, "short": TEXT + PARTS_OF, "blob": PARTS_OF}
    # A text longer than the field may be asked for, and an int of a field of floats.
    wider = {"short": TEXTS, "real": (*FLOATS, 0, 1, EXACT_IN_A_FLOAT)}
    return [
        _subject(name, pool=wider.get(kind, POOLS[kind]), more=ORDER + more.get(kind, ()))
        for name in Thing.__dataclass_fields__
        if (kind := name.removeprefix("maybe_")) in POOLS
    ]


def _in_places() -> list[Subject]:
    pools: dict[str, Sequence[Any]] = {
        "street": TEXTS, "number": INTS, "height": FLOATS, "is_home": BOOLS, "since": DAYS,
        "seen": MOMENTS, "checked": INSTANTS, "opens": CLOCKS, "stay": SPANS, "code": UIDS,
        "fee": AMOUNTS, "colour": COLOURS,
    }  # fmt: skip
    more = {"street": ORDER + TEXT + PARTS_OF, "fee": ()}
    return [
        _subject(name, step, pool=pool, more=more.get(step, ORDER))
        for name in ("place", "maybe_place")
        for step, pool in pools.items()
    ]


_PLAIN = [part for part in PARTS if isinstance(part, bool | int | float | str)]
_WHOLE = ("==", "!=", "is_null", "is_not_null")
_UNKNOWN_STEPS = [
    (name, key, *rest)
    for name in ("anything", "maybe_anything")
    for key in ("a", "b", *KEYS)
    for rest in ((), (), ("b",), (0,), ("b", "a", 1))
]
UNKNOWN = [
    *(Subject(steps, PARTS, _WHOLE) for steps in _UNKNOWN_STEPS),
    *(Subject(steps, _PLAIN, ("in_", "not_in", *ORDER)) for steps in _UNKNOWN_STEPS),
    *(Subject(steps, TEXTS, TEXT) for steps in _UNKNOWN_STEPS),
]
INSIDE_LISTS = [
    _subject("tags", 0, pool=TEXTS),
    _subject("maybe_tags", 1, pool=TEXTS),
    *(_subject("numbers", step, pool=NUMBERS[1:]) for step in (0, 1)),
    *(_subject("counts", key, pool=INTS) for key in ("a", *KEYS)),
]
PARTED = [
    *(Subject((name,), TEXTS, PARTS_OF) for name in ("tags", "maybe_tags", "labels")),
    *(Subject((name, "lines"), TEXTS, PARTS_OF) for name in ("place", "maybe_place")),
    *(Subject((name,), BLOBS, PARTS_OF) for name in ("blob", "maybe_blob")),
    Subject(("numbers",), (*NUMBERS[1:], 1, 0), PARTS_OF),
]
TEXTUAL = [
    *(Subject((name,), TEXTS, TEXT + PARTS_OF) for name in ("text", "maybe_text", "short")),
    Subject(("place", "street"), TEXTS, TEXT + PARTS_OF),
    Subject(("tags", 0), TEXTS, TEXT + PARTS_OF),
]
WHOLE_DOCUMENTS = [
    Subject(("tags",), ([], ["a"], ["a", "b"], [""]), _WHOLE),
    Subject(("maybe_tags",), ([], ["a"], [" "]), _WHOLE),
    Subject(("labels",), (set(), {"a"}, {"a", "A"}), _WHOLE),
    *(Subject((name,), DOCUMENTS, _WHOLE) for name in ("anything", "maybe_anything") * 2),
    *(
        Subject((name, "a"), ({"b": 2, "a": 1}, {"b": 1.0}, [1], [1, {"b": "ß"}]), _WHOLE)
        for name in ("anything", "maybe_anything")
    ),
    Subject(("counts",), ({}, {"a": 1}, {"a": 1, "b": 0}), _WHOLE),
    Subject(("place",), (Place(""), Place("a", 1, colour=Colour.RED)), _WHOLE),
]
COLUMNS = _columns()
IN_PLACES = _in_places()
BOOLEANS = [subject for subject in COLUMNS if subject.pool is BOOLS]
_NAMED = {str(subject.steps[0]): subject for subject in COLUMNS}


def _alike() -> Iterator[list[Subject]]:
    """Give the columns and parts of documents that compare with each other."""
    more = {
        "text": [_NAMED["short"], _NAMED["colour"], INSIDE_LISTS[0], IN_PLACES[0]],
        "whole": [_NAMED["small"], IN_PLACES[1], INSIDE_LISTS[-1]],
        "real": [_NAMED["weight"], IN_PLACES[2]],
        "truth": [IN_PLACES[3]],
        "price": [_NAMED["amount"], _NAMED["most"]],
    }
    for name, subject in _NAMED.items():
        if f"maybe_{name}" in _NAMED:
            yield [subject, _NAMED[f"maybe_{name}"], *more.get(name, ())]


ALIKE = list(_alike())
_NUMBERS = {
    "small": (["small", "maybe_small"], SMALL_INTS),
    "weight": (["weight", "maybe_weight"], SMALL_FLOATS),
    "price": (["price", "maybe_price", "amount", "maybe_amount"], SMALL_AMOUNTS),
}


def _plain_leaf(rng: random.Random, subjects: Sequence[Subject]) -> Leaf:
    subject = rng.choice(subjects)
    operator = rng.choice(subject.operators)
    return Leaf(subject, operator, _operand(rng, subject.pool, operator))


def _operand(rng: random.Random, pool: Sequence[Any], operator: str) -> Any:
    match operator:
        case "is_null" | "is_not_null":
            return None
        case "in_" | "not_in":
            most = rng.choice((2, 17, 60))
            known = [rng.choice(pool) for _ in range(rng.randrange(most))]
            return [*known, None] if rng.random() < 0.25 else known
        case "between":
            return rng.choice(pool), rng.choice(pool)
        case "ilike":
            return rng.choice(PATTERNS)
        case "regex":
            return rng.choice(REGEXES)
        case "==" | "!=" if rng.random() < 0.1:
            return None
    return rng.choice(pool)


def _pair(rng: random.Random) -> Leaf:
    alike = rng.choice(ALIKE)
    return Leaf(rng.choice(alike), rng.choice(FIELDS), rng.choice(alike))


def calculation(rng: random.Random, kind: str | None = None) -> Calculation:
    """Give a calculation that never overflows, of one or two steps."""
    names, literals = _NUMBERS[kind or rng.choice(list(_NUMBERS))]
    column, other, third = (_NAMED[rng.choice(names)] for _ in range(3))
    literal = rng.choice(literals)
    pair = rng.choice(((column, other), (column, literal), (literal, column)))
    made = Calculation(rng.choice("+-*"), *pair)
    if rng.random() < 0.5:
        return made
    rest = rng.choice((third, rng.choice(literals)))
    return Calculation(rng.choice("+-*"), *rng.choice(((made, rest), (rest, made))))


def _calculated(rng: random.Random) -> Leaf:
    kind = rng.choice(list(_NUMBERS))
    names, literals = _NUMBERS[kind]
    made = calculation(rng, kind)
    operator = rng.choice((*EQUALITY, *ORDER))
    if operator in FIELDS and rng.random() < 0.5:
        return Leaf(made, operator, _NAMED[rng.choice(names)])
    return Leaf(made, operator, _operand(rng, literals, operator))


_GROUPS = (
    *(COLUMNS,) * 4, *(TEXTUAL,) * 4, PARTED, IN_PLACES, INSIDE_LISTS, UNKNOWN, WHOLE_DOCUMENTS,
)  # fmt: skip
_LEAVES: tuple[Callable[[random.Random], Leaf | Bare], ...] = (
    *(partial(_plain_leaf, subjects=group) for group in _GROUPS),
    _pair,
    _calculated,
    lambda rng: Bare(rng.choice(BOOLEANS)),
)


def grown(rng: random.Random, depth: int) -> Question:
    """Give a question of at most that many levels."""
    if depth == 1 or rng.random() < 0.15:
        return rng.choice(_LEAVES)(rng)
    if rng.random() < 0.25:
        return Not(grown(rng, depth - 1))
    return rng.choice((Both, Either))(grown(rng, depth - 1), grown(rng, depth - 1))


def simplest(question: Question, is_wrong: Callable[[Question], bool]) -> Question:
    """Give the smallest part of a question that is wrong by itself."""
    for part in vars(question).values():
        if isinstance(part, Question) and is_wrong(part):
            return simplest(part, is_wrong)
    return question


def question(rng: random.Random, depth: int = 6) -> Question:
    """Give a question that nests at most `depth` levels."""
    return grown(rng, min(rng.randint(1, depth), rng.randint(1, depth)))


def drawn(name: str, count: int) -> Iterator[random.Random]:
    """Give sources of chance, the same for the same name.

    Hypothesis would draw most questions several times: of 600, only 217 were different.
    """
    return (random.Random(f"{name} {number}") for number in range(count))
