from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ommi.metadata.json_text import canonical_json, parse_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(DOCUMENTS)
def test_a_document_comes_back_equal(document: object) -> None:
    assert parse_json(canonical_json(document)) == document


@given(DOCUMENTS)
def test_what_comes_back_has_the_same_text(document: object) -> None:
    text = canonical_json(document)

    assert canonical_json(parse_json(text)) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_and_its_equal_float_have_one_text(number: int) -> None:
    same = float(number) == number

    assert (canonical_json([float(number)]) == canonical_json([number])) is same


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"b": 1, "a": [1.0, {"c": 2.5}]}, '{"a":[1,{"c":2.5}],"b":1}'),
        (True, "true"),
        (-0.0, "0"),
        (-(2.0**63), "-9223372036854775808"),
        (2.0**63, "9.223372036854776e+18"),
        (1e-7, "1e-07"),
        (1e22, "1e+22"),
        ("ä 😀", '"ä 😀"'),
        ("1.5", '"1.5"'),
        (None, "null"),
    ],
)
def test_the_text_is_the_canonical_one(document: object, text: str) -> None:
    assert canonical_json(document) == text


def nested(depth: int) -> list[object]:
    outer: list[object] = []
    for _ in range(depth):
        outer = [outer]
    return outer


@pytest.mark.parametrize("document", [math.nan, [math.inf], {"a": -math.inf}, nested(200_000)])
def test_what_json_cannot_hold_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r"JSON compliant|nests too deeply"):
        canonical_json(document)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
        ("secret", "not JSON: Expecting value at 0"),
        ("[1] 2", "not JSON: Extra data at 4"),
        ("[" * 200_000, "the document nests too deeply"),
    ],
)
def test_a_text_that_is_no_json_is_refused_without_showing_it(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|deeply") as caught:
        parse_json(text)

    assert str(caught.value) == reason
    assert caught.value.__cause__ is None
