"""The inside of JSON columns, as expressions of MariaDB and MySQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from ommi.errors import UnsupportedOperation
from ommi.metadata.storage import Kind

Path = tuple[str | int, ...]
Literal = Callable[[str], str]


class JsonPaths:
    """Writes what is asked of the inside of a document, as MariaDB wants it."""

    numbers: tuple[str, ...] = ("INTEGER", "DOUBLE")

    def __init__(self, literal: Literal) -> None:
        self._literal = literal

    def extracted(self, column: str, path: Path) -> str:
        """Give the JSON text at a path, null where nothing is."""
        self.check(path)
        text = f"JSON_EXTRACT({column}, {self._literal(_notation(path))})"
        # `[0]` of a value that is no array is the value itself, as the server sees it.
        starts = [at for at, step in enumerate(path) if step == 0 and isinstance(step, int)]
        for at in starts:
            holder = f"JSON_EXTRACT({column}, {self._literal(_notation(path[:at]))})"
            text = f"IF({self.kind(holder)} = 'ARRAY', {text}, NULL)"
        return text

    def check(self, path: Path) -> None:
        """Raise `UnsupportedOperation` for a path that the server does not understand."""
        if any(isinstance(step, str) and step.startswith("-") for step in path):
            # 10.11 takes the sign for the start of a number, in quotation marks too.
            raise UnsupportedOperation("reach a JSON key that begins with -", "MariaDB")

    def kind(self, text: str) -> str:
        """Give the word for what a JSON text is, to be compared with others."""
        return f"JSON_TYPE({text})"

    def is_a(self, text: str, kind: Kind) -> str:
        """Tell whether a JSON text is what a field of a kind holds."""
        words = _WORDS.get(kind, self.numbers)
        return f"{self.kind(text)} IN ({self._listed(words)})"

    def known(self, text: str) -> str:
        """Give a JSON text, null where it is `null`."""
        # Compared as it is, the JSON string "null" would equal the text null, its quotes away.
        return f"NULLIF(CONCAT({text}), 'null')"

    def flag(self, text: str) -> str:
        """Give whether a JSON text is `true`, null where it is `null`."""
        return f"({self.known(text)} = 'true')"

    def text(self, text: str) -> str:
        """Give what a JSON string says, null where it is `null`."""
        return f"JSON_UNQUOTE({self.known(text)})"

    def number(self, text: str) -> str:
        """Give a JSON number as a decimal that compares with every 64-bit integer as it does.

        Floats beyond 64 bits become one very large number, those within one of zero a half.
        """
        real = f"CAST({text} AS DOUBLE)"
        return (
            f"CASE WHEN {self.kind(text)} NOT IN ({self._listed(self.numbers)}) THEN NULL "
            f"WHEN ABS({real}) >= 1e19 THEN SIGN({real}) * 1000000000000000000000000 "
            f"WHEN ABS({real}) < 1 THEN SIGN({real}) * 0.5 "
            f"ELSE CAST({text} AS DECIMAL(65, 30)) END"
        )

    def double(self, text: str) -> str:
        """Give a JSON number as a float, null for every other value."""
        return f"CASE WHEN {self.is_a(text, Kind.FLOAT)} THEN CAST({text} AS DOUBLE) END"

    def _listed(self, words: tuple[str, ...]) -> str:
        return ", ".join(map(self._literal, words))


class MySQLJsonPaths(JsonPaths):
    """The same for MySQL, where a document is no text, and its words have a collation."""

    # Those that begin beyond 32 bits without a sign are unsigned.
    numbers: tuple[str, ...] = ("INTEGER", "UNSIGNED INTEGER", "DOUBLE")

    def check(self, path: Path) -> None:
        """Let every path be: this server understands them all."""

    def kind(self, text: str) -> str:
        return f"JSON_TYPE({text}) COLLATE utf8mb4_0900_bin"

    def known(self, text: str) -> str:
        return f"NULLIF({text}, CAST('null' AS JSON))"

    def flag(self, text: str) -> str:
        return f"({self.known(text)} = CAST('true' AS JSON))"


_WORDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.BOOL: ("BOOLEAN",),
    Kind.TEXT: ("STRING",),
    Kind.JSON: ("ARRAY", "OBJECT"),
}


def _notation(path: Path) -> str:
    # Keys are quoted as JSON quotes them.
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{json.dumps(step, ensure_ascii=False)}"
        for step in path
    )
    return "".join(("$", *steps))
