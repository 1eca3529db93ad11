"""Models that refer to each other in every way, and rows in which little is unique."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from ommi import (
    Key,
    Lazy,
    LazyList,
    Length,
    ModelCollection,
    ReferenceTo,
    Through,
    ommi_model,
)

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION)
@dataclass
class House:
    """Has a key of two fields."""

    street: Annotated[str, Key | Length(20)]
    number: Annotated[int, Key]
    name: str
    size: int | None
    people: ClassVar[LazyList[Person]]


@ommi_model(collection=COLLECTION)
@dataclass
class Person:
    """Refers to a house, and to another person."""

    id: Annotated[int, Key]
    name: str
    nick: str | None
    age: int | None
    is_tall: bool
    house_street: Annotated[str | None, ReferenceTo(House.street), Length(20)]
    house_number: Annotated[int | None, ReferenceTo(House.number)]
    boss_id: Annotated[int | None, ReferenceTo("Person.id")]
    house: ClassVar[Lazy[House]]
    boss: ClassVar[Lazy[Person]]
    team: ClassVar[LazyList[Person]]
    pets: ClassVar[LazyList[Pet]]
    clubs: ClassVar[Annotated[LazyList[Club], Through("Member")]]


@ommi_model(collection=COLLECTION)
@dataclass
class Pet:
    id: Annotated[int, Key]
    name: str
    weight: int | None
    owner_id: Annotated[int | None, ReferenceTo(Person.id)]
    owner: ClassVar[Lazy[Person]]


@ommi_model(collection=COLLECTION)
@dataclass
class Club:
    id: Annotated[int, Key]
    name: str
    members: ClassVar[Annotated[LazyList[Person], Through("Member")]]


@ommi_model(collection=COLLECTION)
@dataclass
class Member:
    """May say the same several times."""

    id: Annotated[int, Key]
    person_id: Annotated[int, ReferenceTo(Person.id)]
    club_id: Annotated[int, ReferenceTo(Club.id)]
    level: int | None
    person: ClassVar[Lazy[Person]]
    club: ClassVar[Lazy[Club]]


MODELS: tuple[type, ...] = (House, Person, Pet, Club, Member)
TEXTS: Mapping[type, tuple[str, ...]] = {
    House: ("name", "street"), Person: ("name", "nick"), Pet: ("name",), Club: ("name",),
    Member: (),
}  # fmt: skip
INTS: Mapping[type, tuple[str, ...]] = {
    House: ("number", "size"), Person: ("age", "id"), Pet: ("weight",), Club: ("id",),
    Member: ("level",),
}  # fmt: skip
ONE: Mapping[type, Mapping[str, type]] = {
    House: {}, Person: {"house": House, "boss": Person}, Pet: {"owner": Person}, Club: {},
    Member: {"person": Person, "club": Club},
}  # fmt: skip
MANY: Mapping[type, Mapping[str, type]] = {
    House: {"people": Person}, Person: {"team": Person, "pets": Pet, "clubs": Club}, Pet: {},
    Club: {"members": Person}, Member: {},
}  # fmt: skip
ROUTES: Mapping[type, tuple[tuple[type, type], ...]] = {
    House: ((House, Person), (Person, Pet), (Person, Member), (Member, Club)),
    Person: ((Person, House), (Person, Pet), (Person, Member), (Member, Club)),
    Pet: ((Pet, Person), (Person, House), (Person, Member), (Member, Club)),
    Club: ((Club, Member), (Member, Person), (Person, House), (Person, Pet)),
    Member: ((Member, Person), (Member, Club), (Person, House), (Person, Pet)),
}
"""From which model each other model is joined, by the names of the models alone."""

NAMES = ("a", "b", "A", "", "é")
NUMBERS = (-1, 0, 1, 2, 3)
Rows = dict[type, list[Any]]


def rows(seed: int, most: int = 8) -> Rows:
    """Give rows of all models; many references are null, and many values are the same."""
    rng = random.Random(f"people {seed}")
    count = {model: rng.randint(0 if rng.random() < 0.1 else 2, most) for model in MODELS}
    places = [(street, number) for street in NAMES for number in (1, 2)]
    rng.shuffle(places)
    houses = [
        House(*place, rng.choice(NAMES), _maybe(rng, NUMBERS)) for place in places[: count[House]]
    ]
    people: list[Person] = []
    for id in range(1, count[Person] + 1):  # noqa: A001 - the name of the field
        house = _maybe(rng, houses)
        place = (None, None) if house is None else (house.street, house.number)
        if rng.random() < 0.1:
            # Half of a reference refers to nothing.
            place = (place[0], None)
        boss = _maybe(rng, people)
        people.append(
            Person(
                id,
                rng.choice(NAMES),
                _maybe(rng, NAMES),
                _maybe(rng, NUMBERS),
                rng.random() < 0.5,
                *place,
                None if boss is None else boss.id,
            )
        )
    pets = [
        Pet(id, rng.choice(NAMES), _maybe(rng, NUMBERS), getattr(_maybe(rng, people), "id", None))
        for id in range(1, count[Pet] + 1)  # noqa: A001
    ]
    clubs = [Club(id, rng.choice(NAMES)) for id in range(1, count[Club] + 1)]  # noqa: A001
    members = [
        Member(id, rng.choice(people).id, rng.choice(clubs).id, _maybe(rng, NUMBERS))
        for id in range(1, 2 * count[Member] + 1)  # noqa: A001
        if people and clubs
    ]
    return {House: houses, Person: people, Pet: pets, Club: clubs, Member: members}


def _maybe(rng: random.Random, pool: Sequence[Any]) -> Any:
    return rng.choice(pool) if pool and rng.random() < 0.75 else None


class World:
    """The rows, and which belong together: said once more, by comparing fields."""

    def __init__(self, known: Rows) -> None:
        self.rows = known
        self._kept: dict[tuple[int, str], list[Any]] = {}

    def one(self, row: Any, name: str) -> Any:
        """Follow a relation to one row; `None` leads to `None`."""
        found = [] if row is None else self._related(row, name)
        return found[0] if found else None

    def many(self, row: Any, name: str) -> list[Any]:
        """Follow a relation to many rows, each of them once."""
        return [] if row is None else self._related(row, name)

    def between(self, row: Any, name: str) -> list[tuple[Any, ...]]:
        """Give the rows of a relation, each behind the row of the association, if there is one."""
        if name in {"clubs", "members"}:
            own, other = ("person_id", "club") if name == "clubs" else ("club_id", "person")
            members = [m for m in self.rows[Member] if getattr(m, own) == row.id]
            return [(member, self.one(member, other)) for member in members]
        return [(each,) for each in self.many(row, name)]

    def joined(self, row: Any, target: type) -> list[Any]:
        """Give the rows of another model that one reference, either way, leads to."""
        steps = {
            (House, Person): "people", (Person, House): "house", (Person, Pet): "pets",
            (Pet, Person): "owner", (Member, Person): "person", (Member, Club): "club",
            (Person, Member): "memberships", (Club, Member): "memberships",
        }  # fmt: skip
        return self._related(row, steps[type(row), target])

    def _related(self, row: Any, name: str) -> list[Any]:
        key = (id(row), name)
        if key not in self._kept:
            self._kept[key] = self._found(row, name)
        return self._kept[key]

    def _found(self, row: Any, name: str) -> list[Any]:
        match name:
            case "house":
                place = (row.house_street, row.house_number)
                return [h for h in self.rows[House] if (h.street, h.number) == place]
            case "people":
                place = (row.street, row.number)
                people = self.rows[Person]
                return [p for p in people if (p.house_street, p.house_number) == place]
            case "boss":
                return [p for p in self.rows[Person] if p.id == row.boss_id]
            case "team":
                return [p for p in self.rows[Person] if p.boss_id == row.id]
            case "pets":
                return [p for p in self.rows[Pet] if p.owner_id == row.id]
            case "owner":
                return [p for p in self.rows[Person] if p.id == row.owner_id]
            case "person":
                return [p for p in self.rows[Person] if p.id == row.person_id]
            case "club":
                return [c for c in self.rows[Club] if c.id == row.club_id]
            case "memberships":
                own = "person_id" if isinstance(row, Person) else "club_id"
                return [m for m in self.rows[Member] if getattr(m, own) == row.id]
            case _:
                found = [rows[-1] for rows in self.between(row, name)]
                return [each for n, each in enumerate(found) if each not in found[:n]]
