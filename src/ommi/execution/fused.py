"""The source of the function that builds models and related ones of the same rows in one loop."""

from __future__ import annotations

from collections.abc import Sequence

from ommi.execution.building import Source, in_order, instance_made, state_set
from ommi.metadata.model import ModelMetadata
from ommi.metadata.relations import Relation
from ommi.planning.plan import ResultColumn
from ommi.planning.planner import Related
from ommi.relations import Batch


def fused(
    model: ModelMetadata, columns: Sequence[ResultColumn], related: Sequence[Related]
) -> Source | None:
    """Write the function that makes an instance of each row, and those related to it.

    The instances remember their rows, and the batch what is related, once for each key. `None`
    where one of the classes is built by its constructor, or does not remember whole rows.
    """
    source = Source()
    own = _remembering(source, model, columns)
    if own is None or model.set_state is None:
        return None
    source.bind("Batch", Batch)
    first, body, last = ["rows_ = []"], [*own, "append(m)", "keep(row)"], ["batch.rows = rows_"]
    targets = [_target(source, columns)]
    for number, (relation, theirs) in enumerate(related):
        part = Source(f"r{number}_")
        made = _remembering(part, relation.target, theirs)
        if made is None:
            return None
        batch, known, key = map(part.local, ("batch", "known", "key"))
        first += [f"{known} = {{}}", f"{batch} = Batch(batch.database)"]
        if _keeps_rows(relation.target):
            first += [f"{part.local('rows')} = []"]
            made.append(f"{part.local('rows')}.append({part.local('row')})")
            last += [f"{batch}.rows = {part.local('rows')}"]
        body += [
            f"{key} = {_key(source, part, relation)}",
            f"if {key} not in {known}:",
            # Never null in a row that was found.
            f"    if {_mark(part, relation, theirs)} is not None:",
            *(f"        {statement}" for statement in made),
            f"        {known}[{key}] = {part.local('m')}",
            f"    elif {key} is not None:",
            f"        {known}[{key}] = None",
        ]
        last += [f"batch.known({part.bind('relation', relation)}).update({known})"]
        targets.append(_target(part, theirs))
        source.bound |= part.bound
    lines = [
        "def made(rows, batch):",
        "    built = []",
        "    append = built.append",
        *(f"    {statement}" for statement in first),
        "    keep = rows_.append",
        f"    for {''.join(targets)} in rows:",
        *(f"        {statement}" for statement in body),
        *(f"    {statement}" for statement in last),
        "    return built",
    ]
    return source.define(lines)


def _remembering(
    source: Source, model: ModelMetadata, columns: Sequence[ResultColumn]
) -> list[str] | None:
    """Give the statements that make an instance and let it remember its row, if it can."""
    made = instance_made(source, model, columns)
    if made is None or model.set_state is None:
        return made
    if not in_order(model, columns):
        return None
    row = f"{source.local('row')} = ({_target(source, columns)})"
    return [*made, row, state_set(source, model)]


def _keeps_rows(model: ModelMetadata) -> bool:
    return model.set_state is not None and bool(model.declared_relations)


def _key(source: Source, part: Source, relation: Relation) -> str:
    """Give the expression of the key that `m` has, as `key_of` reads it."""
    if relation.key_name is not None:
        return f"{source.local('m')}.{relation.key_name}"
    return f"{part.bind('key_of', relation.key_of)}({source.local('m')})"


def _mark(part: Source, relation: Relation, columns: Sequence[ResultColumn]) -> str:
    compared = relation.far_fields[0]
    return part.local(f"c{next(n for n, each in enumerate(columns) if each.field is compared)}")


def _target(source: Source, columns: Sequence[ResultColumn]) -> str:
    return "".join(f"{source.local(f'c{number}')}, " for number in range(len(columns)))
