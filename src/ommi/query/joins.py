"""The way from the model asked for to another that a condition names."""

from __future__ import annotations

from collections.abc import Sequence

from ommi.errors import ModelError, QueryError
from ommi.metadata.model import ModelMetadata
from ommi.metadata.paths import Hop, Path, shortest_paths


def path_between(model: ModelMetadata, target: ModelMetadata) -> Path:
    """Give the one shortest way along references; raises `QueryError` for none or several."""
    paths = shortest_paths(model, target)
    if len(paths) == 1:
        return paths[0]
    about = f"a condition on {target.name} in a question for {model.name}"
    if not paths:
        has = ", ".join(f"{model.name}.{f.name}" for f in model.fields if f.reference is not None)
        raise QueryError(
            f"{about}: no reference leads from one to the other; {model.name} refers by "
            f"{has or 'no field'}, and of what refers to it nothing leads on"
        )
    ways = "; or ".join(" then ".join(map(repr, path)) for path in paths)
    raise QueryError(f"{about} may mean several ways: {ways}. {_advice(model, paths)}")


def _advice(model: ModelMetadata, paths: Sequence[Path]) -> str:
    named = [_said(model, path[0]) for path in paths]
    known = list(dict.fromkeys(name for name in named if name is not None))
    if known:
        return f"Say which by a relation: {' or '.join(known)}"
    first = paths[0][0]
    handle = "LazyList" if first.is_many else "Lazy"
    near, far = first.pairs[0]
    field = far.name if first.is_many else near.name
    return (
        f"Declare a relation for the one that you mean, as in `ClassVar[Annotated["
        f"{handle}[{first.far.name}], Using({field!r})]]`, and ask by it"
    )


def _said(model: ModelMetadata, hop: Hop) -> str | None:
    """Give how a condition by the relation along a hop is written, if one is declared."""
    for name in model.declared_relations:
        try:
            relation = model.relation(name)
        except ModelError:
            continue
        if relation.pairs == hop.pairs:
            inside = ".any(...)" if relation.is_many else ".field == value"
            return f"{model.name}.{name}{inside}"
    return None
