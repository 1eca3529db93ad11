"""Explores the world's airports: `python examples/airports.py [URL]`, with any URL of Ommi's.

Loads 28,298 airports once, then asks a dozen questions and shows the code that asked them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from time import perf_counter
from typing import Annotated

import airportsdata
from countries import NAMES
from screen import Answer, Row, Screen, code_of, screen

from ommi import (
    Failure,
    Index,
    IndexTogether,
    Key,
    Length,
    ModelCollection,
    NotFound,
    Ommi,
    OmmiError,
    ReferenceTo,
    Success,
    Unique,
    UniqueViolation,
    col,
    ommi_model,
    row,
)

Question = Callable[[Ommi], Awaitable[Answer]]

BATCH = 1000
MADE_UP = "XX"
"""The code of a country that is none: the demo adds it and deletes it again."""

world = ModelCollection()


@ommi_model(collection=world)
@dataclass
class Country:
    code: Annotated[str, Key, Length(2)]
    name: str


@ommi_model(IndexTogether("latitude", "longitude"), collection=world)
@dataclass
class Airport:
    code: Annotated[str, Key]
    name: Annotated[str, Index]
    city: str | None
    region: str | None
    country_code: Annotated[str, ReferenceTo(Country), Index]
    elevation: float
    """In feet, as everywhere in aviation."""
    latitude: float
    longitude: float
    time_zone: str
    iata: Annotated[str | None, Unique] = None
    """The three letters on luggage; most airports have none."""
    local_code: Annotated[str | None, Unique] = None


# What follows are the questions. The demo shows the body of each function as it stands here.
airports, countries = row(Airport), row(Country)
QUESTIONS: list[tuple[str, Question]] = []


def question(text: str) -> Callable[[Question], Question]:
    """Have the demo ask this, by the function below."""

    def note(function: Question) -> Question:
        QUESTIONS.append((text, function))
        return function

    return note


@question("Which airports are the highest?")
async def highest(db: Ommi) -> Answer:
    query = db.query(Airport).order_by("-elevation").limit(5)
    return shown(await query.fetch_all())


@question("Where can one land near the Matterhorn (45.98 N, 7.66 E)?")
async def near_the_matterhorn(db: Ommi) -> Answer:
    box = db.find(
        Airport,
        col(airports.latitude).between(45.4, 46.6),
        col(airports.longitude).between(6.8, 8.5),
    )
    near = [(kilometres(45.98, 7.66, a), a.name) for a in await box.fetch.all()]
    return [{"km": km, "name": name} for km, name in sorted(near)[:5]]


@question("What was the airport of Paris called again? Something with Charles...")
async def by_name(db: Ommi) -> Answer:
    named = col(airports.name).ilike("%charles%gaulle%")
    return shown(await db.find(Airport, named).fetch.all())


@question("How many airports has each Nordic country?")
async def nordic(db: Ommi) -> Answer:
    told: list[Row] = []
    five = col(countries.code).in_(["DK", "FI", "IS", "NO", "SE"])
    for country in await db.find(Country, five).order_by("name").fetch.all():
        there = db.find(Airport, airports.country_code == country.code)
        told.append({"country": country.name, "airports": await there.count.value})
    return told


@question("Which countries have the most airports, and how high are those on average?")
async def most(db: Ommi) -> Answer:
    number: Counter[str] = Counter()
    feet: Counter[str] = Counter()
    async for airport in db.query(Airport):
        number[airport.country_code] += 1
        feet[airport.country_code] += round(airport.elevation)
    return [
        {"country": NAMES[code], "airports": n, "average feet": feet[code] / n}
        for code, n in number.most_common(5)
    ]


@question("What is on the third page of Iceland's airports, five to a page?")
async def third_page(db: Ommi) -> Answer:
    iceland = db.query(Airport).where(lambda a: a.country_code == "IS")
    page = iceland.order_by("name").limit(5).offset(10)
    return shown(await page.fetch_all())


@question("Which international airports are named after a saint?")
async def saints(db: Ommi) -> Answer:
    saint = col(airports.name).regex(r"^(St\.?|San|Santa|São) .* International")
    has_code = col(airports.iata).is_not_null()
    found = db.find(Airport, saint & has_code)
    return shown(await found.order_by("name").limit(5).fetch.all())


@question("Which airport has the code ZRH, and which QQQ?")
async def the_only_one(db: Ommi) -> Answer:
    told: list[Row] = []
    for code in ("ZRH", "QQQ"):
        match await db.find(Airport, airports.iata == code).one:
            case Success(airport):
                told.append({"code": code, "answer": airport.name})
            case Failure(NotFound()):
                told.append({"code": code, "answer": "there is no such airport"})
            case Failure(error):
                raise error
    return told


@question("What happens when a country is added a second time?")
async def a_second_time(db: Ommi) -> Answer:
    match await db.add(Country("CH", "Helvetia")):
        case Failure(UniqueViolation(model=model, fields=fields)):
            return [{"error": "UniqueViolation", "model": model, "fields": fields}]
        case other:
            return f"something else: {other}"


@question("Atlantis rises by 30 feet and sinks again. What does the database say?")
async def atlantis_rises(db: Ommi) -> Answer:
    await db.add(Country(MADE_UP, "Atlantis")).or_raise()
    await db.add_all(made_up_airport(number) for number in range(3)).or_raise()
    there = db.find(Airport, airports.country_code == MADE_UP)
    raised = await there.update(elevation=airports.elevation + 30).value
    feet = [a.elevation for a in await there.order_by("code").fetch.all()]
    atlantis = db.find(Country, countries.code == MADE_UP)
    error = await atlantis.delete().error
    sunk = await there.delete().value
    await atlantis.delete().or_raise()
    return [
        {"step": "raise", "rows": raised, "answer": f"now at {feet} feet"},
        {"step": "delete the country", "rows": 0, "answer": type(error).__name__},
        {"step": "delete its airports", "rows": sunk, "answer": "and the country too"},
    ]


@question("How does the store look for the airports around the Matterhorn?")
async def looks(db: Ommi) -> Answer:
    box = db.find(
        Airport,
        col(airports.latitude).between(45.4, 46.6),
        col(airports.longitude).between(6.8, 8.5),
    )
    return str(await box.explain().value)


def shown(airports: Sequence[Airport]) -> list[Row]:
    """Give the columns that a person wants to see."""
    return [
        {
            "code": airport.iata or airport.code,
            "name": airport.name,
            "city": airport.city,
            "country": NAMES[airport.country_code],
            "feet": airport.elevation,
        }
        for airport in airports
    ]


def kilometres(latitude: float, longitude: float, airport: Airport) -> float:
    """Give the great-circle distance from a point to an airport."""
    here, there = radians(latitude), radians(airport.latitude)
    north = sin((there - here) / 2) ** 2
    east = sin(radians(airport.longitude - longitude) / 2) ** 2
    return 2 * 6371 * asin(sqrt(north + cos(here) * cos(there) * east))


def made_up_airport(number: int) -> Airport:
    """Make up an airport."""
    return Airport(
        code=f"{MADE_UP}{number:02}",
        name=f"Atlantis {number}",
        city=None,
        region=None,
        country_code=MADE_UP,
        elevation=-10.0 * number,
        latitude=31.0,
        longitude=-24.0 + number,
        time_zone="Atlantic/Azores",
    )


async def load(db: Ommi, terminal: Screen) -> None:
    """Make the tables and fill them with what is not there yet."""
    await db.use_models(world)
    # What a run that was interrupted has left.
    await db.find(Airport, airports.country_code == MADE_UP).delete().or_raise()
    await db.find(Country, countries.code == MADE_UP).delete().or_raise()
    there = {airport.code async for airport in db.query(Airport)}
    missing = [a for code, a in airportsdata.load().items() if code not in there]
    if not missing:
        terminal.say(f"{len(there):,} airports are there already; nothing to load.")
        return
    start = perf_counter()
    known = {country.code for country in await db.find(Country).fetch.all()}
    new = [Country(code, name) for code, name in NAMES.items() if code not in known]
    await db.add_all(new).or_raise()
    batches = [missing[i : i + BATCH] for i in range(0, len(missing), BATCH)]
    for batch in terminal.progress("Loading airports", batches):
        await db.add_all(map(airport_from, batch)).or_raise()
    seconds = perf_counter() - start
    count = await db.find(Airport).count.value
    terminal.say(
        f"Loaded {len(new):,} countries and {len(missing):,} airports in {seconds:.1f} s; "
        f"there are {count:,} airports now."
    )


def airport_from(entry: airportsdata.Airport) -> Airport:
    """Make an airport of an entry of airportsdata, where an empty text stands for nothing."""
    return Airport(
        code=entry["icao"],
        name=entry["name"],
        city=entry["city"] or None,
        region=entry["subd"] or None,
        country_code=entry["country"],
        elevation=entry["elevation"],
        latitude=entry["lat"],
        longitude=entry["lon"],
        time_zone=entry["tz"],
        iata=entry["iata"] or None,
        local_code=entry["lid"] or None,
    )


async def explore(url: str, terminal: Screen) -> None:
    async with Ommi(url) as db:
        await load(db, terminal)
        for number, (text, ask) in enumerate(QUESTIONS, start=1):
            terminal.question(number, text, code_of(ask), await ask(db))


def main() -> int:
    parser = argparse.ArgumentParser(description="Explore the world's airports with Ommi.")
    parser.add_argument("url", nargs="?", default="sqlite://", help="sqlite:///airports.db, say")
    url: str = parser.parse_args().url
    try:
        asyncio.run(explore(url, screen()))
    except OmmiError as error:
        print(f"airports: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
