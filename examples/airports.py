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
)

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


# The questions. The docstring is shown as the question, and the code below it as it stands.


async def highest(db: Ommi) -> Answer:
    """Which airports are the highest?"""
    query = db.query(Airport).order_by("-elevation").limit(5)
    return shown(await query.fetch_all())


async def near_zermatt(db: Ommi) -> Answer:
    """Where can one land near the Matterhorn (45.98 N, 7.66 E)?"""
    around = db.find(
        Airport,
        col(Airport.latitude).between(45.4, 46.6),
        col(Airport.longitude).between(6.8, 8.5),
    )
    away = {a.name: kilometres(45.98, 7.66, a) for a in await around.fetch.all()}
    return [{"name": n, "km": away[n]} for n in sorted(away, key=away.__getitem__)[:5]]


async def by_name(db: Ommi) -> Answer:
    """What was the airport of Paris called again? Something with Charles..."""
    found = await db.find(Airport, col(Airport.name).ilike("%charles%gaulle%")).fetch.all()
    return shown(found)


async def nordic(db: Ommi) -> Answer:
    """How many airports has each Nordic country?"""
    countries = await db.find(Country, col(Country.code).in_("DK FI IS NO SE".split())).value
    counts = await asyncio.gather(
        *(db.find(Airport, Airport.country_code == c.code).count.value for c in countries)
    )
    return [{"country": c.name, "airports": n} for c, n in zip(countries, counts, strict=True)]


async def most(db: Ommi) -> Answer:
    """Which countries have the most airports, and how high are those on average?"""
    airports: Counter[str] = Counter()
    feet: Counter[str] = Counter()
    async for airport in db.query(Airport):
        airports[airport.country_code] += 1
        feet[airport.country_code] += round(airport.elevation)
    return [
        {"country": NAMES[code], "airports": n, "average elevation": feet[code] / n}
        for code, n in airports.most_common(5)
    ]


async def third_page(db: Ommi) -> Answer:
    """What is on the third page of Iceland's airports, five to a page?"""
    iceland = db.query(Airport).where(lambda a: a.country_code == "IS").order_by("name")
    return shown(await iceland.limit(5).offset(10).fetch_all())


async def saints(db: Ommi) -> Answer:
    """Which international airports are named after a saint?"""
    named = db.find(
        Airport,
        col(Airport.name).regex(r"^(St\.?|San|Santa|São) .* International"),
        Airport.iata != None,
    )
    return shown(await named.order_by("name").limit(5).fetch.all())


async def the_one(db: Ommi) -> Answer:
    """Which airport has the code ZRH, and which QQQ?"""
    told: list[Row] = []
    for code in ("ZRH", "QQQ"):
        match await db.find(Airport, Airport.iata == code).one:
            case Success(airport):
                told.append({"code": code, "answer": airport.name})
            case Failure(NotFound() as error):
                told.append({"code": code, "answer": f"Failure: {error}"})
            case Failure(error):
                raise error
    return told


async def twice(db: Ommi) -> Answer:
    """What happens when an airport is added a second time?"""
    known = await db.find(Airport, Airport.code == "LSZH").one.value
    error = await db.add(known).error
    if isinstance(error, UniqueViolation):
        return [{"error": type(error).__name__, "model": error.model, "fields": error.fields}]
    return "the store took it"


async def rise(db: Ommi) -> Answer:
    """Atlantis rises by 30 feet and sinks again. What does the database say?"""
    await db.add(Country(MADE_UP, "Atlantis")).or_raise()
    await db.add_all([atlantis(number) for number in range(3)]).or_raise()
    there = db.find(Airport, Airport.country_code == MADE_UP)
    raised = await there.update(elevation=Airport.elevation + 30).value
    heights = [a.elevation for a in await there.order_by("code").fetch.all()]
    refused = await db.find(Country, Country.code == MADE_UP).delete().error
    sunk = await there.delete().value
    await db.find(Country, Country.code == MADE_UP).delete().or_raise()
    return [
        {"step": "update", "rows": raised, "answer": f"elevations are now {heights}"},
        {"step": "delete the country first", "rows": 0, "answer": type(refused).__name__},
        {"step": "delete its airports", "rows": sunk, "answer": "done, then the country"},
    ]


async def how(db: Ommi) -> Answer:
    """How does the store find the airports around a place?"""
    around = db.find(
        Airport,
        col(Airport.latitude).between(45.4, 46.6),
        col(Airport.longitude).between(6.8, 8.5),
    )
    return str(await around.explain().value)


QUESTIONS: Sequence[Callable[[Ommi], Awaitable[Answer]]] = (
    highest,
    near_zermatt,
    by_name,
    nordic,
    most,
    third_page,
    saints,
    the_one,
    twice,
    rise,
    how,
)


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


def atlantis(number: int) -> Airport:
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
    await db.find(Airport, Airport.country_code == MADE_UP).delete().or_raise()
    await db.find(Country, Country.code == MADE_UP).delete().or_raise()
    there = {airport.code async for airport in db.query(Airport)}
    missing = [a for code, a in airportsdata.load().items() if code not in there]
    if not missing:
        terminal.say(f"{len(there):,} airports are there already; nothing to load.")
        return
    start = perf_counter()
    known = {country.code for country in await db.find(Country).value}
    countries = [Country(code, name) for code, name in NAMES.items() if code not in known]
    await db.add_all(countries).or_raise()
    batches = [missing[i : i + BATCH] for i in range(0, len(missing), BATCH)]
    progress = terminal.progress("Loading airports", map(len, batches), len(missing))
    for batch, _ in zip(batches, progress, strict=False):
        await db.add_all(map(airport_from, batch)).or_raise()
    progress.close()
    seconds = perf_counter() - start
    count = await db.find(Airport).count.value
    terminal.say(
        f"Loaded {len(countries):,} countries and {len(missing):,} airports in {seconds:.1f} s; "
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
        for number, question in enumerate(QUESTIONS, start=1):
            answer = await question(db)
            terminal.question(number, question.__doc__ or "", code_of(question), answer)


def main() -> int:
    parser = argparse.ArgumentParser(description="Explore the world's airports with Ommi.")
    parser.add_argument("url", nargs="?", default="sqlite://", help="sqlite:///airports.db, say")
    url: str = parser.parse_args().url
    try:
        asyncio.run(explore(url, screen()))
    except OmmiError as error:
        print(f"airports: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
