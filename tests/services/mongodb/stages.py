"""Stages of aggregations, strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from services.mongodb.expressions import evaluate
from services.mongodb.match import Refused, matches
from services.mongodb.order import MISSING, by_order

Document = dict[str, Any]
Collections = Callable[[str], Iterable[Document]]


def run(
    pipeline: list[Document],
    documents: Iterable[Document],
    others: Collections,
    variables: Document | None = None,
) -> list[Document]:
    """Give what a pipeline makes of documents."""
    found, known = list(documents), variables or {}
    for stage in pipeline:
        if len(stage) != 1:
            raise Refused(40323, "a pipeline stage must have exactly one field")
        [(name, asked)] = stage.items()
        if name not in _STAGES:
            raise Refused(40324, f"Unrecognized pipeline stage name: {name!r}")
        found = _STAGES[name](asked, found, others, known)
    return found


def sorted_by(asked: Document, documents: list[Document]) -> list[Document]:
    """Sort by paths that lead through no lists; missing is null."""
    done = list(documents)
    for path, direction in reversed(asked.items()):
        if direction not in {1, -1}:
            raise Refused(15975, "$sort key ordering must be 1 or -1")
        done.sort(key=lambda d, p=path: by_order(_plain(d, p)), reverse=direction == -1)
    return done


def _plain(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document.get(step) if isinstance(document, dict) else None
    if isinstance(document, list):
        raise Refused(1, "the evaluator sorts by no lists")
    return document


def put(document: Document, path: str, value: Any) -> None:
    """Set or, if it is missing, remove what is at a path, making documents on the way."""
    outer, _, inner = path.partition(".")
    if inner:
        put(document.setdefault(outer, {}), inner, value)
    elif value is MISSING:
        document.pop(outer, None)
    else:
        document[outer] = value


def _match(asked: Any, found: list[Document], _: Any, known: Document) -> list[Document]:
    return [document for document in found if matches(asked, document, known)]


def _set(asked: Any, found: list[Document], _: Any, known: Document) -> list[Document]:
    done = []
    for document in found:
        made = dict(document)
        for path, expression in asked.items():
            if isinstance(expression, dict) and not any(n.startswith("$") for n in expression):
                raise Refused(1, "the evaluator merges no documents in $set")
            put(made, path, evaluate(expression, document, known))
        done.append(made)
    return done


def _lookup(asked: Any, found: list[Document], others: Any, known: Document) -> list[Document]:
    done = []
    if set(asked) != {"from", "let", "pipeline", "as"}:
        raise Refused(9, "FailedToParse: $lookup")
    for name in asked["let"]:
        if not name[0].islower():
            raise Refused(16868, "a variable begins with a lower case letter")
    for document in found:
        let = {n: evaluate(e, document, known) for n, e in asked["let"].items()}
        rows = run(asked["pipeline"], others(asked["from"]), others, {**known, **let})
        done.append({**document, asked["as"]: rows})
    return done


def _project(asked: Any, found: list[Document], _: Any, __: Document) -> list[Document]:
    if any(value != 1 or "." in name for name, value in asked.items()):
        raise Refused(1, "the evaluator projects whole fields, by 1")
    return [{n: v for n, v in d.items() if n in asked or n == "_id"} for d in found]


def _count(asked: Any, found: list[Document], _: Any, __: Document) -> list[Document]:
    return [{asked: len(found)}] if found else []


def _limit(asked: Any, found: list[Document], _: Any, __: Document) -> list[Document]:
    if not isinstance(asked, int) or asked < 1:
        raise Refused(15958, "the limit must be positive")
    return found[:asked]


def _skip(asked: Any, found: list[Document], _: Any, __: Document) -> list[Document]:
    if not isinstance(asked, int) or asked < 0:
        raise Refused(15956, "the skip must be non-negative")
    return found[asked:]


def _window(asked: Any, found: list[Document], _: Any, known: Document) -> list[Document]:
    [(name, function)] = asked["output"].items()
    if function != {"$documentNumber": {}}:
        raise Refused(1, "the evaluator numbers documents only")
    groups: list[tuple[Any, list[Document]]] = []
    for document in found:
        group = by_order(evaluate(asked["partitionBy"], document, known))
        held = next((rows for key, rows in groups if key == group), None)
        if held is None:
            groups.append((group, [document]))
        else:
            held.append(document)
    return [
        {**document, name: number}
        for _, rows in groups
        for number, document in enumerate(sorted_by(asked["sortBy"], rows), 1)
    ]


_STAGES: dict[str, Callable[[Any, list[Document], Any, Document], list[Document]]] = {
    "$match": _match,
    "$set": _set,
    "$lookup": _lookup,
    "$project": _project,
    "$count": _count,
    "$sort": lambda asked, found, _, __: sorted_by(asked, found),
    "$limit": _limit,
    "$skip": _skip,
    "$setWindowFields": _window,
}
