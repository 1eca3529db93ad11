"""Faults that a compiler for SQL may well have, each to be put in place for one test."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from ommi.drivers.sqlite import dialect, functions
from ommi.drivers.sqlite.dialect import SQLiteDialect
from ommi.metadata.paths import Hop
from ommi.metadata.storage import Kind
from ommi.query import expressions as terms
from ommi.query import negation, scopes, transform
from ommi.query.ilike import ilike_matches
from ommi.query.nodes import Comparison
from ommi.query.operators import LogicalOperator
from ommi.query.related import AnyRelated, Exists, Place, RelatedRows
from ommi.sql import expressions
from ommi.sql.compiler import SqlCompiler
from ommi.sql.dialect import Dialect

Fault = Callable[[pytest.MonkeyPatch], None]


def _dialect(name: str, faulty: Callable[..., Any]) -> Fault:
    return lambda patch: patch.setattr(SQLiteDialect, name, faulty)


def _text(find: str, put: str) -> Fault:
    """Rewrite every statement."""
    command = SqlCompiler._command

    def faulty(self: Any, text: str, *rest: Any, **more: Any) -> Any:
        return command(self, re.sub(find, put, text), *rest, **more)

    return lambda patch: patch.setattr(SqlCompiler, "_command", faulty)


def _collated(kind: Kind, collation: str) -> Fault:
    compared = SQLiteDialect.compared

    def faulty(self: Any, text: str, storage: Any, *, is_native: bool) -> str:
        if storage.kind is kind:
            return f"{text}{collation}"
        return compared(self, text, storage, is_native=is_native)

    return _dialect("compared", faulty)


def _searched(flags: int, end: str = r"\Z") -> Fault:
    def faulty(pattern: str, text: str) -> bool:
        return re.search(pattern.replace("$", end), text, flags) is not None

    return lambda patch: patch.setattr(functions, "search", faulty)


def _ilike_casefolds(patch: pytest.MonkeyPatch) -> None:
    def faulty(pattern: str, text: str) -> bool:
        return ilike_matches(pattern.casefold(), text.casefold())

    patch.setattr(functions, "ilike_matches", faulty)


def _in_forgets_none(patch: pytest.MonkeyPatch) -> None:
    without_none = terms._without_none
    patch.setattr(terms, "_without_none", lambda *said: (without_none(*said)[0], False))


def _no_tie_breaker(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transform, "with_key", lambda order, model: order)


def _not_keeps_and(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(negation, "_DUAL", {each: each for each in LogicalOperator})


def _opposite_of_less_is_greater(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(expressions._OPPOSITE_SIGNS, "<", ">")


def _shape_forgets_the_operator(patch: pytest.MonkeyPatch) -> None:
    shape = Comparison.shape

    def faulty(self: Comparison, values: list[object]) -> object:
        left, _, *rest = shape(self, values)  # type: ignore[misc]
        return left, *rest

    patch.setattr(Comparison, "shape", faulty)


def _lists_are_cut(patch: pytest.MonkeyPatch) -> None:
    among = SQLiteDialect.among

    def faulty(self: Any, text: str, storage: Any, bind: Any, encode: Any, **how: bool) -> str:
        def cut(encode_list: Callable[[Any], str]) -> str:
            return str(bind(lambda values: encode_list(values[:16])))

        return among(self, text, storage, cut, encode, **how)

    patch.setattr(SQLiteDialect, "among", faulty)


def _count_forgets_the_page(patch: pytest.MonkeyPatch) -> None:
    def faulty(self: Any, select: Any, writer: Any) -> str:
        text = self._select(select, writer, "1")
        inner = text.replace(" LIMIT ? OFFSET ?", " LIMIT max(?, 999) OFFSET min(?, 0)")
        return f"SELECT count(*) FROM ({inner}) AS page"

    patch.setattr(SqlCompiler, "_count", faulty)


def _second_key_is_lost(patch: pytest.MonkeyPatch) -> None:
    order = SqlCompiler._order

    def faulty(self: Any, select: Any, writer: Any) -> str:
        keys = select.order
        return order(self, select._replace(order=(*keys[:1], *keys[2:])), writer)

    patch.setattr(SqlCompiler, "_order", faulty)


def _true_is_one(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(dialect._JSON_TYPES, Kind.INT, ("integer", "real", "true", "false"))


def _prefix_range(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dialect, "_end_of_prefix", lambda prefix: f"{prefix}\uffff")


def _without_a_part(shape: Callable[..., Any], part: int) -> Callable[..., Any]:
    def faulty(*said: Any) -> object:
        known = list(shape(*said))
        known.pop(part)
        return tuple(known)

    return faulty


def _patched(holder: object, name: str, faulty: Callable[..., Any]) -> Fault:
    return lambda patch: patch.setattr(holder, name, faulty)


def _hops_by_model(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Hop, "__eq__", lambda self, other: self.far is other.far)
    patch.setattr(Hop, "__hash__", lambda self: hash(self.far))


def _paired(sign: str, most: int | None = None) -> Fault:
    paired = expressions.Writer._paired

    def faulty(self: Any, rows: Any, nears: Any) -> list[str]:
        return [text.replace(" = ", f" {sign} ") for text in paired(self, rows, nears)][:most]

    return _patched(expressions.Writer, "_paired", faulty)


def _not_asks_for_another_row(patch: pytest.MonkeyPatch) -> None:
    closed = scopes._Rows.closed

    def faulty(self: Any, node: Any) -> Any:
        found = closed(self, node)
        if getattr(node, "operator", None) is LogicalOperator.NOT:
            rows = getattr(found.parts[0], "rows", None)
            if rows is not None and rows.condition is not None:
                others = negation.normalised(rows.condition, is_negated=True)
                return Exists(rows._replace(condition=others))
        return found

    patch.setattr(scopes._Rows, "closed", faulty)


JOIN_FAULTS: dict[str, Fault] = {
    "rows without a reference lost": _text(" LEFT JOIN ", " JOIN "),
    "NOT EXISTS that is EXISTS": _text("NOT EXISTS", "EXISTS"),
    "half of a composite reference": _paired("=", 1),
    "null refers to null": _paired("IS"),
    "each condition asks for a row of its own": _patched(
        scopes._Rows, "_entangled", lambda self, parts: ([part] for part in parts)
    ),
    "~ that asks for a row without": _not_asks_for_another_row,
    "what holds without a row lost": _patched(
        scopes._Rows, "_without", lambda self, node, route: None
    ),
    "a count of the rows between": _patched(scopes, "_names_each_once", lambda hops: True),
    "references to one model are one": _hops_by_model,
    "a plan for any and none": _patched(AnyRelated, "shape", _without_a_part(AnyRelated.shape, 1)),
    "a plan for any row": _patched(Place, "shape", _without_a_part(Place.shape, 1)),
    "a plan for any relation": _patched(
        RelatedRows, "shape", _without_a_part(RelatedRows.shape, 1)
    ),
}
FAULTS: dict[str, Fault] = {
    "plain <>": _text(r"<> \? OR [^ ]+ IS NULL", "<> ?"),
    "plain >= for not <": _text(r">= \? OR [^ ]+ IS NULL", ">= ?"),
    "plain NOT": _text(r"IS NOT TRUE\)", "= 0)"),
    "NOT that leaves AND as it is": _not_keeps_and,
    "> for not <": _opposite_of_less_is_greater,
    "null is not null": _dialect("same", lambda self, left, right: f"({left} = {right})"),
    "texts blind to case": _collated(Kind.TEXT, " COLLATE NOCASE"),
    "texts padded with spaces": _collated(Kind.TEXT, " COLLATE RTRIM"),
    "decimals compared as texts": _collated(Kind.DECIMAL, ""),
    "contains by LIKE": _dialect(
        "contains", lambda self, text, bind: f"{text} LIKE '%' || {bind()} || '%'"
    ),
    "prefix by LIKE": _dialect(
        "starts_with", lambda self, text, bind: f"{text} LIKE {bind()} || '%'"
    ),
    "prefix up to U+FFFF": _prefix_range,
    "suffix by a negative length": _dialect(
        "ends_with", lambda self, text, bind: f"substr({text}, -length({bind()})) = {bind()}"
    ),
    "ilike that folds ASCII only": _dialect(
        "ilike", lambda self, text, bind: f"{text} LIKE {bind()} ESCAPE '\\'"
    ),
    "ilike that folds ß to ss": _ilike_casefolds,
    "regex whose $ stops before a newline": _searched(re.ASCII, "$"),
    "regex whose . takes a newline": _searched(re.ASCII | re.DOTALL),
    "regex with the letters of Unicode": _searched(0),
    "in_ without its null": _in_forgets_none,
    "a long list cut at sixteen values": _lists_are_cut,
    "null where the store likes it": _dialect("nulls", lambda self, **said: ""),
    "null the largest": _dialect(
        "nulls",
        lambda self, *, is_descending, puts_nulls_last: (
            " NULLS FIRST" if is_descending else " NULLS LAST"
        ),
    ),
    "no tie-breaker": _no_tie_breaker,
    "the second key lost": _second_key_is_lost,
    "a count of all pages": _count_forgets_the_page,
    "SQLite's own arithmetic": _dialect("arithmetic", Dialect.arithmetic),
    "JSON true is 1": _true_is_one,
    "JSON documents as they are written": _dialect("document", lambda self, text: text),
    "JSON lists by LIKE": _dialect(
        "has_element", lambda self, text, bind: f"{text} LIKE '%' || {bind()} || '%'"
    ),
    "a plan for any operator": _shape_forgets_the_operator,
}
