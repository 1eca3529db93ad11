"""The questions of these tests find what is wrong: every seeded fault gives a wrong answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import pytest

from ommi import Ommi
from properties.faults import FAULTS
from properties.pages import Page, page
from properties.questions import Question, drawn, question
from properties.stores import answer
from properties.things import COLLECTION, Thing, things

ENOUGH = 600


class Asked(NamedTuple):
    question: Question
    page: Page
    expected: list[str]


@cache
def rows() -> Sequence[Thing]:
    return things(40, 100, 100)


@cache
def exam() -> Sequence[Asked]:
    """Give the same questions each time, with their answers."""
    found = []
    for rng in drawn("exam", ENOUGH):
        asks, part = question(rng), page(rng)
        known = [row for row in rows() if asks.holds(row)]
        found.append(Asked(asks, part, [row.key for row in part.of(known)]))
    return found


async def first_wrong() -> int | None:
    """Give the number of the first question that a new SQLite store answers wrongly."""
    async with Ommi("sqlite://") as database:
        await database.use_models(COLLECTION)
        await database.add_all(rows()).or_raise()
        for number, asked in enumerate(exam(), 1):
            found, count = await answer(database, asked.question, asked.page)
            if found != asked.expected or count != len(found):
                return number
    return None


def test_without_a_fault_no_answer_is_wrong() -> None:
    assert len(exam()) == ENOUGH
    assert asyncio.run(first_wrong()) is None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exam()

    FAULTS[fault](monkeypatch)

    assert asyncio.run(first_wrong()) is not None
