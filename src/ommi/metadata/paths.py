"""The ways from one model to another along the references between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from ommi.errors import ModelError
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.references import ResolvedReference, references_of
from ommi.metadata.relations import Pair
from ommi.values import frozen


@frozen
class Hop:
    """One step from a row of `near` to the rows of `far` that have the same values in `pairs`.

    Two hops by the same fields are the same, whatever they are called.
    """

    near: ModelMetadata
    far: ModelMetadata
    pairs: tuple[Pair, ...]
    is_many: bool
    name: str = field(default="", compare=False)

    def __repr__(self) -> str:
        names = " + ".join(near.name for near, _ in self.pairs)
        far = " + ".join(far.name for _, far in self.pairs)
        return f"{self.near.name}.{names} -> {self.far.name}.{far}"


Path = tuple[Hop, ...]


def shortest_paths(model: ModelMetadata, target: ModelMetadata) -> tuple[Path, ...]:
    """Give the shortest ways from one model to another; none where there is no way.

    Raises `ModelError` for a reference that leads nowhere, if no way is found without it.
    """
    known = _universe(model, target)
    stamp = tuple(known)
    kept = _PATHS.get((model, target))
    if kept is None or kept[0] != stamp:
        kept = _PATHS[model, target] = stamp, _found(model, target, known)
    return kept[1]


_PATHS: dict[
    tuple[ModelMetadata, ModelMetadata], tuple[tuple[ModelMetadata, ...], tuple[Path, ...]]
] = {}


def _universe(*models: ModelMetadata) -> dict[ModelMetadata, None]:
    """Give the models that may lie on the way: those of the collections of both ends."""
    known = dict.fromkeys(models)
    for model in models:
        known.update(dict.fromkeys(model.collection))
    return known


def _found(
    model: ModelMetadata, target: ModelMetadata, known: Iterable[ModelMetadata]
) -> tuple[Path, ...]:
    hops, broken = _hops(known)
    seen = {model}
    reached: dict[ModelMetadata, list[Path]] = {model: [()]}
    while reached:
        further: dict[ModelMetadata, list[Path]] = {}
        for place, paths in reached.items():
            for hop in hops.get(place, ()):
                if hop.far not in seen:
                    further.setdefault(hop.far, []).extend((*path, hop) for path in paths)
        if target in further:
            return tuple(further[target])
        seen |= further.keys()
        reached = further
    if broken:
        raise broken[0]
    return ()


def _hops(
    known: Iterable[ModelMetadata],
) -> tuple[dict[ModelMetadata, list[Hop]], list[ModelError]]:
    hops: dict[ModelMetadata, list[Hop]] = {}
    broken: list[ModelError] = []
    waiting, seen = list(known), set(known)
    while waiting:
        model = waiting.pop(0)
        try:
            references = references_of(model)
        except ModelError as error:
            # It is told of only if it could have mattered.
            broken.append(error)
            continue
        for reference in references:
            there, back = _both_ways(model, reference)
            hops.setdefault(model, []).append(there)
            hops.setdefault(reference.target, []).append(back)
            if reference.target not in seen:
                seen.add(reference.target)
                waiting.append(reference.target)
    return hops, broken


def _both_ways(model: ModelMetadata, reference: ResolvedReference) -> Iterator[Hop]:
    pairs = tuple(zip(reference.fields, reference.target_fields, strict=True))
    yield Hop(model, reference.target, pairs, is_many=False, name=reference.target.name)
    back = tuple((far, near) for near, far in pairs)
    is_many = not names_one_row(model, reference.fields)
    yield Hop(reference.target, model, back, is_many, name=model.name)


def names_one_row(model: ModelMetadata, fields: Iterable[FieldMetadata]) -> bool:
    """Tell whether no two rows have the same values of these fields; null is no value."""
    said = {field.name for field in fields}
    sets = [{key.name for key in model.keys}, *map(set, model.unique_together)]
    return any(each <= said for each in sets) or any(
        field.is_unique for field in model.fields if field.name in said
    )
