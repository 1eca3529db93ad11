"""Kept rows come back as they were, of the same types, and nothing else is taken for rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ommi import InvalidValue
from ommi.caching.messages import Kind, Message
from ommi.caching.messages import decoded as message_of
from ommi.caching.rows import Kept, decoded, encoded, kept, typed
from ommi.caching.rows import given as handed_out
from profiles import examples

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8")),
    st.binary(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.uuids(),
    st.lists(st.integers()),
    st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers()),
)
ROWS = st.lists(st.tuples(VALUES, VALUES), max_size=5)


@settings(max_examples=examples(200, 20_000))
@given(ROWS)
def test_rows_come_back_from_bytes_as_they_were(rows: list[tuple[object, ...]]) -> None:
    before = kept(rows)
    assert before is not None

    after = decoded("q", encoded("q", before), 2)

    assert after == before
    assert typed(after) == typed(before)


@pytest.mark.parametrize("value", [object(), 1j, float("nan"), "\ud800", {1}])
def test_a_value_that_cannot_be_written_down_is_refused(value: object) -> None:
    with pytest.raises(InvalidValue):
        encoded("q", Kept(((value,),)))


@settings(max_examples=examples(200, 20_000))
@given(st.binary())
def test_bytes_that_nobody_wrote_are_no_rows(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        decoded("q", data, 1)


@pytest.mark.parametrize(
    "data",
    [
        b'[1,"another",[[1]]]',
        b'[2,"q",[[1]]]',
        b'[1,"q",[[1,2]]]',
        b'[1,"q",[[["T","x"]]]]',
        b'[1,"q",[[["z",1]]]]',
        b'[1,"q",[[{}]]]',
        b'[1,"q",{"a":1}]',
        b"[" * 100_000,
    ],
)
def test_a_poisoned_entry_is_no_answer(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        decoded("q", data, 1)


def test_values_of_different_types_are_different_in_keys() -> None:
    keys = {typed((value,)) for value in (1, 1.0, True, "1", Decimal(1), None, 0)}

    assert len(keys) == 7
    assert typed(([1],)) != typed(([True],))


def test_lists_are_handed_out_as_copies() -> None:
    mine: list[object] = [1]
    rows = kept([(mine,)])
    assert rows is not None
    mine.append(2)
    given_out = handed_out(rows)
    given_out[0][0].append(3)  # type: ignore[attr-defined]

    assert handed_out(rows) == (([1],),)


def test_a_value_of_an_unknown_kind_is_not_kept() -> None:
    assert kept([(object(),)]) is None


def test_a_long_list_of_tables_is_said_as_all_of_them() -> None:
    message = Message("m", Kind.DONE, 1, frozenset(str(n) * 10 for n in range(1_000)))
    told = message_of(message.encoded())

    assert told is not None
    assert told.tables is None


@pytest.mark.parametrize("data", [b"", b"x", b"[]", b"null", b'{"member":"m","kind":"x"}', b"{}"])
def test_what_is_no_message_is_ignored(data: bytes) -> None:
    assert message_of(data) is None


def test_types_of_time_are_told_apart() -> None:
    row = (datetime(2024, 1, 1), date(2024, 1, 1), time(1, 2, fold=1), timedelta(1), UUID(int=1))  # noqa: DTZ001
    made = kept([row])
    assert made is not None
    after = decoded("q", encoded("q", made), 5)[0]

    assert [type(value) for value in after] == [type(value) for value in row]
    assert after[2].fold == 1  # type: ignore[attr-defined]
