"""Searches in text as regular expressions of the server's, which are PCRE without flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ommi.drivers.mongodb.storage import STORE
from ommi.errors import UnsupportedOperation
from ommi.planning.plan import Conversion
from ommi.query.ilike_regex import ilike_regex
from ommi.query.operators import QueryOperator
from ommi.query.regex import MONGODB, Regex, parse_regex, render, trim
from ommi.query.regex.tree import End, Start, chain, literal

LONGEST = 32_000
"""The most bytes in a pattern; the server takes a little more."""


def _written(regex: Regex) -> str:
    text = render(regex, MONGODB)
    if len(text.encode()) > LONGEST:
        raise UnsupportedOperation(
            f"search by a pattern of {len(text.encode())} bytes", STORE, f"it takes {LONGEST}"
        )
    return text


def _letters(text: object) -> Regex:
    return chain(map(literal, cast("str", text)))


REGEXES: Mapping[QueryOperator, Conversion] = {
    QueryOperator.CONTAINS: lambda text: _written(_letters(text)),
    QueryOperator.STARTS_WITH: lambda text: _written(chain([Start(), _letters(text)])),
    QueryOperator.ENDS_WITH: lambda text: _written(chain([_letters(text), End()])),
    QueryOperator.REGEX: lambda text: _written(trim(parse_regex(cast("str", text)))),
    QueryOperator.ILIKE: lambda text: _written(ilike_regex(cast("str", text))),
}
"""What turns the operand of each operator into a pattern."""
