"""From models to rows of stored forms, by a function made once per list of fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from ommi.execution.building import Source, spelled
from ommi.execution.collector import COLLECTOR_PAUSED
from ommi.execution.hydration import LARGE_BATCH, compiled
from ommi.metadata.builtin_values import holds_only_builtins
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Unfit

Row = tuple[object, ...]
Extractor = Callable[[Sequence[object]], list[Row]]


def extractor(_model: ModelMetadata, fields: Sequence[FieldMetadata]) -> Extractor:
    """Make the function that gives, for each instance, the stored forms of these fields.

    It raises `InvalidValue` for a value that does not fit. A field that the instance lacks counts
    as `None`.
    """
    source = Source()
    source.bind("slowly", lambda instance: row_of(instance, fields))
    source.bind("Lacking", (Unfit, AttributeError))
    body: list[str] = []
    for number, field in enumerate(fields):
        body.extend(_reading(source, number, field))
    row = "".join(f"c{number}, " for number in range(len(fields)))
    lines = [
        "def made(instances):",
        "    rows = []",
        "    append = rows.append",
        "    for m in instances:",
        "        try:",
        *(f"            {line}" for line in body),
        f"            append(({row}))",
        "        except Lacking:",
        "            append(slowly(m))",
        "    return rows",
    ]
    made = cast("Extractor", compiled(source.define(lines)))
    is_builtin = all(holds_only_builtins(field.type_annotation) for field in fields)
    return _with_collector_paused(made) if is_builtin else made


def _with_collector_paused(extract: Extractor) -> Extractor:
    def paused(instances: Sequence[object]) -> list[Row]:
        if len(instances) < LARGE_BATCH:
            return extract(instances)
        with COLLECTOR_PAUSED:
            return extract(instances)

    return paused


def row_of(instance: object, fields: Sequence[FieldMetadata]) -> Row:
    """Give the stored forms of one instance; raises `InvalidValue`."""
    return tuple(field.dump(getattr(instance, field.name, None)) for field in fields)


def _reading(source: Source, number: int, field: FieldMetadata) -> list[str]:
    variable = f"c{number}"
    codec = field.required_codec
    convert = f"{variable} = {source.bind(f'd{number}', codec.dump)}({variable})"
    tests = []
    if field.may_be_left_out:
        tests.append(f"{variable} is not None")
    if codec.passes is not None:
        tests.append(f"not ({codec.passes.replace('{value}', variable)})")
    read = f"{variable} = m.{spelled(field.name)}"
    return [read, f"if {' and '.join(tests)}: {convert}" if tests else convert]
