r"""From the text of a regular expression to its tree, or to a refusal that says what to write.

The subset is what every store answers alike: literals, classes, `.`, groups, `|`, the repeats
`* + ? {m} {m,} {m,n}`, `^` and `$` for the ends of the text, and ASCII `\d \w \s`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ommi.errors import QueryError
from ommi.query.regex.tree import (
    ANY,
    DIGIT,
    SPACE,
    WORD,
    Characters,
    Choice,
    End,
    Range,
    Regex,
    Start,
    chain,
    characters,
    consumes,
    literal,
    repeat,
    size,
    unbounded,
)

MAX_LENGTH = 1000
MAX_DEPTH = 50
MAX_BOUND = 1000
MAX_SIZE = 2000

_SHOWN = 60
_QUANTIFIERS = "*+?{"
_BOUND = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")

_ESCAPES = {
    "d": DIGIT,
    "D": characters(DIGIT.ranges, negated=True),
    "w": WORD,
    "W": characters(WORD.ranges, negated=True),
    "s": SPACE,
    "S": characters(SPACE.ranges, negated=True),
    "t": literal("\t"),
    "n": literal("\n"),
    "r": literal("\r"),
}

_SPELL_OUT = "write out what is meant, there is no reference to a group"
_REFUSED_ESCAPES = {
    **dict.fromkeys("123456789gk", ("a backreference", _SPELL_OUT)),
    **dict.fromkeys("bB", ("a word boundary", r"write (^|\W) before a word and (\W|$) after it")),
    **dict.fromkeys("pP", ("a Unicode class", "list the characters, as in [a-zà-ÿ]")),
    "A": ("the anchor \\A", "write ^"),
    "Z": ("the anchor \\Z", "write $"),
    "z": ("the anchor \\z", "write $"),
}

_PLAIN_GROUP = "write a plain group ( )"
_NO_LOOKAROUND = "match the surrounding text itself, or combine two conditions with & and ~"
_REFUSED_GROUPS = {
    "P=": ("a backreference", _SPELL_OUT),
    "P": ("a named group", _PLAIN_GROUP),
    "<=": ("a lookbehind", _NO_LOOKAROUND),
    "<!": ("a lookbehind", _NO_LOOKAROUND),
    "<": ("a named group", _PLAIN_GROUP),
    "=": ("a lookahead", _NO_LOOKAROUND),
    "!": ("a lookahead", _NO_LOOKAROUND),
    ">": ("an atomic group", _PLAIN_GROUP),
    "#": ("a comment", "leave it out"),
    "(": ("a conditional group", "write the cases with |"),
    "": ("an inline flag", "write both cases, as in [Aa], or use ilike"),
}


@lru_cache(maxsize=256)
def parse_regex(pattern: str) -> Regex:
    """Read a pattern of the subset. QueryError names what is outside it, and where."""
    return _Parser(pattern).parse()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.depth = 0

    def parse(self) -> Regex:
        if len(self.pattern) > MAX_LENGTH:
            construct = f"a pattern of {len(self.pattern)} characters"
            raise self._refuse(construct, MAX_LENGTH, f"use at most {MAX_LENGTH}")
        tree = self._choice()
        if self._peek():
            raise self._refuse("an unbalanced )", self.at, "write \\) for the character")
        self._check_size(tree, len(self.pattern))
        return tree

    def _choice(self) -> Regex:
        branches = [self._chain()]
        while self._take("|"):
            branches.append(self._chain())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _chain(self) -> Regex:
        parts = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated())
        return chain(parts)

    def _repeated(self) -> Regex:
        body = self._atom()
        at = self.at
        if not self._peek() or self._peek() not in _QUANTIFIERS:
            return body
        least, most = self._bounds()
        self._check_repeat(body, most, at)
        repeated = repeat(body, least, most)
        self._check_size(repeated, at)
        return repeated

    def _bounds(self) -> tuple[int, int | None]:
        at = self.at
        symbol = self._next()
        if symbol != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[symbol]
        bound = _BOUND.match(self.pattern, at)
        if bound is None:
            raise self._refuse("a { that is no repeat", at, r"write {m}, {m,} or {m,n}, or \{")
        self.at = bound.end()
        least = int(bound[1])
        most = least if bound[2] is None else int(bound[3]) if bound[3] else None
        if max(least, most or 0) > MAX_BOUND:
            raise self._refuse("a repeat this long", at, f"use at most {MAX_BOUND}")
        if most is not None and most < least:
            raise self._refuse("a repeat that ends before it starts", at, "swap its bounds")
        return least, most

    def _check_repeat(self, body: Regex, most: int | None, at: int) -> None:
        following = self._peek()
        if following == "?":
            raise self._refuse("a lazy repeat", self.at, "leave out the ?, a search needs none")
        if following == "+":
            raise self._refuse("a possessive repeat", self.at, "leave out the second sign")
        if following and following in _QUANTIFIERS:
            raise self._refuse("a repeat of a repeat", self.at, "combine the two into one")
        if not consumes(body):
            raise self._refuse("a repeat of nothing", at, "put what is repeated before it")
        if most is None and unbounded(body):
            raise self._refuse(
                "an unbounded repeat inside an unbounded repeat",
                at,
                "leave out one, as in a+ for (a+)+, or give one a bound, as in {1,20}",
            )

    def _check_size(self, tree: Regex, at: int) -> None:
        if size(tree) > MAX_SIZE:
            raise self._refuse(
                f"a pattern that spells out to {size(tree)} characters",
                at,
                f"lower the bounds of its repeats to stay within {MAX_SIZE}",
            )

    def _atom(self) -> Regex:
        at = self.at
        match self._next():
            case "(":
                return self._group(at)
            case "[":
                return self._class(at)
            case "\\":
                return self._escape(at)
            case ".":
                return ANY
            case "^":
                return Start()
            case "$":
                return End()
            case "*" | "+" | "?" | "{" as symbol:
                advice = f"put what is repeated before it, or write \\{symbol}"
                raise self._refuse("a repeat of nothing", at, advice)
            case "]" | "}" as symbol:
                advice = f"write \\{symbol} for the character"
                raise self._refuse(f"an unbalanced {symbol}", at, advice)
            case char:
                return literal(char)

    def _group(self, opened: int) -> Regex:
        if self._take("?") and not self._take(":"):
            raise self._refuse_group(opened)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._refuse("a group this deep", opened, f"nest at most {MAX_DEPTH}")
        body = self._choice()
        if not self._take(")"):
            raise self._refuse("an unbalanced (", opened, "close it, or write \\( for itself")
        self.depth -= 1
        return body

    def _refuse_group(self, opened: int) -> QueryError:
        rest = self.pattern[self.at :]
        construct, advice = next(
            reason for head, reason in _REFUSED_GROUPS.items() if rest.startswith(head)
        )
        return self._refuse(construct, opened, advice)

    def _class(self, opened: int) -> Characters:
        negated = self._take("^")
        ranges: list[Range] = []
        while not (ranges and self._take("]")):
            self._check_class_goes_on(opened, empty=not ranges)
            ranges.extend(self._class_item())
        found = characters(ranges, negated=negated)
        if not found.members:
            raise self._refuse("a class that matches nothing", opened, "leave some character in")
        return found

    def _check_class_goes_on(self, opened: int, *, empty: bool) -> None:
        if not self._peek():
            raise self._refuse("an unbalanced [", opened, "close it, or write \\[ for itself")
        if empty and self._peek() == "]":
            raise self._refuse("a ] at the start of a class", self.at, "write \\]")

    def _class_item(self) -> tuple[Range, ...]:
        at = self.at
        first = self._class_atom()
        if self._peek() != "-" or self.pattern[self.at + 1 : self.at + 2] in ("]", ""):
            return first.members
        self._next()
        low, high = first.literal, self._class_atom().literal
        if low is None or high is None or low > high:
            raise self._refuse("a range without order", at, "write \\- for the character -")
        return ((ord(low), ord(high)),)

    def _class_atom(self) -> Characters:
        at = self.at
        char = self._next()
        if char == "[" and self._peek() and self._peek() in ":.=":
            raise self._refuse("a POSIX class", at, r"write \d, \w, \s or a range; \[ for itself")
        return self._escape(at) if char == "\\" else literal(char)

    def _escape(self, at: int) -> Characters:
        char = self._next()
        if char in _ESCAPES:
            return _ESCAPES[char]
        if not char:
            raise self._refuse("a lone \\ at the end", at, "write \\\\ for the character")
        if char.isalnum() or not char.isascii():
            unknown = (f"the escape \\{char}", "write the character itself")
            construct, advice = _REFUSED_ESCAPES.get(char, unknown)
            raise self._refuse(construct, at, advice)
        return literal(char)

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _next(self) -> str:
        char = self._peek()
        self.at += 1
        return char

    def _take(self, char: str) -> bool:
        if self._peek() != char:
            return False
        self.at += 1
        return True

    def _refuse(self, construct: str, at: int, advice: str) -> QueryError:
        shown = self.pattern
        if len(shown) > _SHOWN:
            shown = shown[: _SHOWN - 3] + "..."
        return QueryError(
            f"regex {shown!r}: {construct} at position {at} is not supported; {advice}"
        )
