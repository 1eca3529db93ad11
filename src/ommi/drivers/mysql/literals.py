"""Commands with their values written in, by the client library's own escaping.

Two kinds of commands need it: those with a long list, of which no prepared statement takes enough
parameters, and streams, which the client library has for plain text only. Every other command is
prepared, and its values travel apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal

_QUOTED_OR_MARK = re.compile(r"'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`|\?", re.DOTALL)
_SCALARS = (bool, int, float, str, bytes, Decimal, type(None))


class ValueList(tuple[object, ...]):
    """The values of a list, which stand at one placeholder."""

    __slots__ = ()


def has_list(parameters: Sequence[object]) -> bool:
    """Tell whether a list is among the parameters."""
    return any(isinstance(parameter, ValueList) for parameter in parameters)


def with_values(text: str, parameters: Sequence[object], escape: Callable[[object], str]) -> str:
    """Write each parameter where its placeholder stands; `escape` is for one scalar."""
    waiting = iter(parameters)

    def replaced(found: re.Match[str]) -> str:
        return _written(next(waiting), escape) if found[0] == "?" else found[0]

    return _QUOTED_OR_MARK.sub(replaced, text)


def _written(value: object, escape: Callable[[object], str]) -> str:
    if isinstance(value, ValueList):
        # Nothing equals NULL; a bare one takes no collation on MySQL.
        return ",".join([_scalar(part, escape) for part in value]) or "CAST(NULL AS CHAR)"
    return _scalar(value, escape)


def _scalar(value: object, escape: Callable[[object], str]) -> str:
    # Texts that look like times would be compared as texts with other texts.
    if isinstance(value, datetime):
        return f"TIMESTAMP{escape(value)}"
    if isinstance(value, date):
        return f"DATE{escape(value)}"
    if isinstance(value, time):
        return f"TIME{escape(value)}"
    if not isinstance(value, _SCALARS):
        # The client library writes containers too, and what it makes of them is no one value.
        raise TypeError(f"not a scalar: {type(value).__name__}")
    return escape(value)
