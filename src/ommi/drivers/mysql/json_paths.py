"""The inside of JSON columns, as expressions of MariaDB and MySQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from ommi.metadata.storage import Kind

Path = tuple[str | int, ...]
Literal = Callable[[str], str]

TYPES: Mapping[Kind, tuple[str, ...]] = {
    Kind.BOOL: ("BOOLEAN",),
    Kind.INT: ("INTEGER", "DOUBLE"),
    Kind.FLOAT: ("INTEGER", "DOUBLE"),
    Kind.TEXT: ("STRING",),
    Kind.JSON: ("ARRAY", "OBJECT"),
}


def extracted(column: str, path: Path, literal: Literal) -> str:
    """Give the JSON text at a path, null where nothing is."""
    text = f"JSON_EXTRACT({column}, {literal(_notation(path))})"
    # `[0]` of a value that is no array is the value itself, as the server sees it.
    starts = [at for at, step in enumerate(path) if step == 0 and isinstance(step, int)]
    for at in starts:
        text = f"IF({_is_array(column, path[:at], literal)}, {text}, NULL)"
    return text


def known(text: str) -> str:
    """Give a JSON text, null where it is `null`."""
    # Compared as it is, the JSON string "null" would equal the text null, its quotes away.
    return f"NULLIF(CONCAT({text}), 'null')"


def number(text: str) -> str:
    """Give a JSON number as a decimal that compares with every 64-bit integer as the number does.

    Floats beyond 64 bits become one very large number, those within one of zero a half.
    """
    real = f"CAST({text} AS DOUBLE)"
    return (
        f"CASE WHEN JSON_TYPE({text}) NOT IN ('INTEGER', 'DOUBLE') THEN NULL "
        f"WHEN ABS({real}) >= 1e19 THEN SIGN({real}) * 1000000000000000000000000 "
        f"WHEN ABS({real}) < 1 THEN SIGN({real}) * 0.5 "
        f"ELSE CAST({text} AS DECIMAL(65, 30)) END"
    )


def double(text: str) -> str:
    """Give a JSON number as a float, null for every other value."""
    return f"CASE WHEN JSON_TYPE({text}) IN ('INTEGER', 'DOUBLE') THEN CAST({text} AS DOUBLE) END"


def _is_array(column: str, path: Path, literal: Literal) -> str:
    return f"JSON_TYPE(JSON_EXTRACT({column}, {literal(_notation(path))})) = 'ARRAY'"


def _notation(path: Path) -> str:
    # Keys are quoted as JSON quotes them.
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{json.dumps(step, ensure_ascii=False)}"
        for step in path
    )
    return "".join(("$", *steps))
