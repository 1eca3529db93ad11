"""From models to rows of stored forms, by a function made once per list of fields."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import cast

from ommi.execution.building import Source, spelled
from ommi.execution.hydration import compiled
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import Unfit
from ommi.planning.plan import Conversion
from ommi.values import frozen

Row = tuple[object, ...]
Extractor = Callable[[Sequence[object]], list[Row]]
AlikeExtractor = Callable[[Sequence[object]], list[Row] | None]


@frozen
class Encoding:
    """What becomes of a stored form on its way to the store; `inline` as an expression."""

    encode: Conversion | None = None
    inline: str | None = None


def extractor(fields: Sequence[FieldMetadata]) -> Extractor:
    """Make the function that gives, for each instance, the stored forms of these fields.

    It raises `InvalidValue` for a value that does not fit. A field that the instance lacks counts
    as `None`.
    """
    return cast("Extractor", _extracting(fields, Source(), [], []))


def extractor_of_alike(
    model: ModelMetadata,
    fields: Sequence[FieldMetadata],
    omitted: Sequence[FieldMetadata],
    encodings: Sequence[Encoding],
) -> AlikeExtractor:
    """Make the same for instances that are added alike; it gives `None` where one is not.

    Those are of the very class, and `None` is in the omitted fields and no other generated ones.
    They are looked at, and encoded, on the way: another pass over many costs more than that.

    The garbage collector is not paused: it leaves rows of plain values alone once it has seen
    them, which costs least while they are in the processor's caches.
    """
    source = Source()
    other_class = f"if type(m) is not {source.bind('cls', model.cls)}: return None"
    tests = [f"if m.{spelled(field.name)} is not None: return None" for field in omitted]
    given = frozenset(number for number, field in enumerate(fields) if field.is_generated)
    for number in sorted(given):
        tests += [f"c{number} = m.{spelled(fields[number].name)}"]
        tests += [f"if c{number} is None: return None"]
    return _extracting(fields, source, [other_class], tests, encodings, given)


def _extracting(
    fields: Sequence[FieldMetadata],
    source: Source,
    first: Sequence[str],
    tests: Sequence[str],
    encodings: Sequence[Encoding] = (),
    given: Collection[int] = (),
) -> AlikeExtractor:
    """Make an extractor; `tests` have read the `given` fields, which are not `None`."""
    source.bind("slowly", lambda instance: _encoded(row_of(instance, fields), encodings))
    source.bind("Lacking", (Unfit, AttributeError))
    body = [*tests]

    def may_be_none(number: int) -> bool:
        return fields[number].may_be_left_out and number not in given

    for number, field in enumerate(fields):
        if number not in given:
            body.append(f"c{number} = m.{spelled(field.name)}")
        body.append(_checking(source, number, field, may_be_none=may_be_none(number)))
    for number, encoding in enumerate(encodings):
        body.extend(_encoding(source, number, encoding, may_be_none=may_be_none(number)))
    row = "".join(f"c{number}, " for number in range(len(fields)))
    local = ", ".join(f"{name}={name}" for name in _LOCAL)
    lines = [
        f"def made(instances, {local}):",
        "    rows = []",
        "    append = rows.append",
        "    for m in instances:",
        *(f"        {line}" for line in first),
        "        try:",
        *(f"            {line}" for line in body),
        f"            append(({row}))",
        "        except Lacking:",
        "            append(slowly(m))",
        "    return rows",
    ]
    return cast("AlikeExtractor", compiled(source.define(lines)))


_LOCAL = ("type", "bool", "int", "float", "str", "bytes")
"""What conditions of codecs name: a local name is found sooner than one of Python's own."""


def row_of(instance: object, fields: Sequence[FieldMetadata]) -> Row:
    """Give the stored forms of one instance; raises `InvalidValue`."""
    return tuple(field.dump(getattr(instance, field.name, None)) for field in fields)


def _encoded(row: Row, encodings: Sequence[Encoding]) -> Row:
    if not encodings:
        return row
    return tuple(
        value if value is None or each.encode is None else each.encode(value)
        for value, each in zip(row, encodings, strict=True)
    )


def _encoding(
    source: Source, number: int, encoding: Encoding, *, may_be_none: bool
) -> Iterator[str]:
    variable = f"c{number}"
    if encoding.encode is None:
        return
    if encoding.inline is None:
        encoded = f"{source.bind(f'e{number}', encoding.encode)}({variable})"
    else:
        encoded = encoding.inline.replace("{value}", variable)
    test = f"if {variable} is not None: " if may_be_none else ""
    yield f"{test}{variable} = {encoded}"


def _checking(source: Source, number: int, field: FieldMetadata, *, may_be_none: bool) -> str:
    variable = f"c{number}"
    codec = field.required_codec
    convert = f"{variable} = {source.bind(f'd{number}', codec.dump)}({variable})"
    tests = []
    if may_be_none:
        tests.append(f"{variable} is not None")
    if codec.passes is not None:
        tests.append(f"not ({codec.passes.replace('{value}', variable)})")
    return f"if {' and '.join(tests)}: {convert}" if tests else convert
