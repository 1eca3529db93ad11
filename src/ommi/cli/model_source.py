"""Tables to the source of models, in the style that the user's project has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Literal, get_args

from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Column, Table, in_dependency_order

Style = Literal["dataclass", "attrs", "pydantic", "msgspec", "plain"]
STYLES: tuple[Style, ...] = get_args(Style)

_IMPORTS: Mapping[Style, str] = {
    "dataclass": "from dataclasses import dataclass",
    "attrs": "from attrs import define",
    "pydantic": "from pydantic import BaseModel",
    "msgspec": "from msgspec import Struct",
    "plain": "",
}
_DECORATORS: Mapping[Style, str] = {"dataclass": "@dataclass", "attrs": "@define"}
_BASES: Mapping[Style, str] = {"pydantic": "(BaseModel)", "msgspec": "(Struct)"}

_TYPES: Mapping[Kind, str] = {
    Kind.BOOL: "bool",
    Kind.INT: "int",
    Kind.FLOAT: "float",
    Kind.TEXT: "str",
    Kind.BYTES: "bytes",
    Kind.DECIMAL: "Decimal",
    Kind.DATETIME: "dt.datetime",
    Kind.INSTANT: "dt.datetime",
    Kind.DATE: "dt.date",
    Kind.TIME: "dt.time",
    Kind.DURATION: "dt.timedelta",
    Kind.UUID: "UUID",
    Kind.JSON: "dict[str, Any] | list[Any]",
}
_MARKERS = (
    "Auto", "Aware", "Default", "Digits", "Index", "IndexTogether", "Key", "Lazy", "Length",
    "ReferenceTo", "StoreAs", "Unique", "UniqueTogether", "ommi_model",
)  # fmt: skip
_USED = frozenset(
    {
        *_MARKERS,
        "Annotated",
        "Any",
        "BaseModel",
        "ClassVar",
        "Decimal",
        "Literal",
        "Struct",
        "UUID",
    }
    | {"bool", "bytes", "dataclass", "define", "dict", "dt", "float", "int", "list", "str"}
)
"""Names that an annotation may need: a field of that name would stand in their way."""
_OF_PYDANTIC = frozenset(
    {"construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw"}
    | {"schema", "schema_json", "update_forward_refs", "validate"}
)
_LONGEST_LINE = 88
_DEFAULT_DIGITS = (28, 10)
_LIKELY: tuple[tuple[str, Kind], ...] = (
    (r"bool(ean)?|tinyint\(1\)", Kind.BOOL),
    (
        r"(small|medium|big|tiny)?int(eger)?(\(\d+\))?( unsigned)?|serial|bigserial|year.*",
        Kind.INT,
    ),
    (r"real|float.*|double.*", Kind.FLOAT),
    (r"(decimal|numeric|money).*", Kind.DECIMAL),
    (r"(timestamp.*with time zone|timestamptz.*)", Kind.INSTANT),
    (r"(timestamp|datetime).*", Kind.DATETIME),
    (r"date", Kind.DATE),
    (r"time.*", Kind.TIME),
    (r"interval.*", Kind.DURATION),
    (r"uuid", Kind.UUID),
    (r"jsonb?", Kind.JSON),
    (r".*(blob|binary|bytea).*", Kind.BYTES),
)


@dataclass(frozen=True, slots=True)
class _Field:
    """A field as it will be written."""

    name: str
    annotation: str
    default: str = ""
    remark: str = ""


def source_of(tables: Sequence[Table], style: Style) -> str:
    """Write a module of models for tables; what cannot be said is said in comments."""
    names = _class_names(tables)
    classes = ["\n".join(_class(table, names, style)) for table in in_dependency_order(tables)]
    body = "\n\n\n".join(classes)
    return f"{_head(body, style)}\n\n\n{body}\n" if classes else _head(body, style) + "\n"


def _head(body: str, style: Style) -> str:
    standard = ["import datetime as dt"] if re.search(r"\bdt\.", body) else []
    standard.append(_IMPORTS["dataclass"] if style == "dataclass" else "")
    standard.append("from decimal import Decimal" if re.search(r"\bDecimal\b", body) else "")
    typing = [name for name in ("Annotated", "Any", "ClassVar", "Literal") if _has(name, body)]
    standard.append(f"from typing import {', '.join(typing)}" if typing else "")
    standard.append("from uuid import UUID" if _has("UUID", body) else "")
    library = "" if style == "dataclass" else _IMPORTS[style]
    own = [name for name in _MARKERS if _has(name, body)]
    parts = (
        "from __future__ import annotations",
        "\n".join(filter(None, standard)),
        library,
        _import("ommi", own) if own else "",
    )
    return "\n\n".join(filter(None, parts))


def _import(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= _LONGEST_LINE:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])


def _has(name: str, body: str) -> bool:
    code = re.sub(r'"[^"\n]*"|#[^\n]*', "", body)
    return re.search(rf"\b{name}\b", code) is not None


def _class(table: Table, names: Mapping[str, str], style: Style) -> Iterator[str]:
    fields = _Fields(table, names, style)
    arguments = [*fields.together()]
    if names[table.name] != table.name:
        arguments.append(f"table={_text(table.name)}")
    yield f"@ommi_model({', '.join(arguments)})" if arguments else "@ommi_model"
    if style in _DECORATORS:
        yield _DECORATORS[style]
    yield f"class {names[table.name]}{_BASES.get(style, '')}:"
    if not table.key:
        yield "    # The table has no primary key: Ommi needs one to tell rows apart."
    written = fields.written()
    # What has no default comes first, as constructors want it.
    for field in sorted(written, key=lambda field: field.default != ""):
        remark = f"  # {field.remark}" if field.remark else ""
        yield f"    {field.name}: {field.annotation}{field.default}{remark}"
    if not written:
        yield "    pass  # The table has no columns."
    yield from fields.relations()


class _Fields:
    """What the fields of one table become."""

    def __init__(self, table: Table, names: Mapping[str, str], style: Style) -> None:
        self._table = table
        self._classes = names
        self._style = style
        self.names = _field_names(table, set(names.values()), style)

    def together(self) -> Iterator[str]:
        """Give what is said to the decorator."""
        markers = self._single_indexes()
        for index in self._table.indexes:
            if len(index.columns) == 1 and markers.get(index.columns[0]) == index.is_unique:
                continue
            if all(column in self.names for column in index.columns) and index.columns:
                word = "UniqueTogether" if index.is_unique else "IndexTogether"
                yield f"{word}({', '.join(_text(self.names[c]) for c in index.columns)})"

    def written(self) -> list[_Field]:
        """Give the fields, in the order of the columns."""
        return [self._field(column) for column in self._table.columns]

    def relations(self) -> Iterator[str]:
        """Give a relation for each reference whose field is called after one."""
        taken = set(self.names.values())
        for key in self._table.foreign_keys:
            name = self.names[key.columns[0]]
            short = name.removesuffix("_id")
            is_free = short not in taken | _USED and not iskeyword(short) and short.isidentifier()
            if len(key.columns) == 1 and key.table in self._classes and is_free:
                taken.add(short)
                yield f'    {short}: ClassVar[Lazy["{self._classes[key.table]}"]]'

    def _single_indexes(self) -> dict[str, bool]:
        """Tell of the columns with an index of their own whether that is a unique one."""
        found: dict[str, bool] = {}
        for index in self._table.indexes:
            if len(index.columns) == 1:
                column = index.columns[0]
                found[column] = found.get(column, False) or index.is_unique
        return found

    def _field(self, column: Column) -> _Field:
        name = self.names[column.name]
        core, remark = _core(column)
        storage = column.storage
        is_auto = column.is_generated and column.name in self._table.key
        has_default = column.default is not None and not column.is_generated
        annotation = f"{core} | None" if column.is_nullable or is_auto else core
        markers = [*self._markers(column), *(_bounds(storage) if storage else ())]
        if name != column.name:
            markers.append(f"StoreAs({_text(column.name)})")
        if has_default:
            markers.append(f"Default(sql={_text(column.default or '')})")
        if markers:
            annotation = f"Annotated[{annotation}, {', '.join(markers)}]"
        is_filled = column.is_nullable or is_auto or has_default
        return _Field(name, annotation, " = None" if is_filled else "", remark)

    def _markers(self, column: Column) -> Iterator[str]:
        if column.name in self._table.key:
            yield "Key"
            if column.is_generated:
                yield "Auto"
        unique = self._single_indexes().get(column.name)
        if unique is not None and column.name != self._only_key():
            yield "Unique" if unique else "Index"
        for key in self._table.foreign_keys:
            if column.name in key.columns and key.table in self._classes:
                target = key.target_columns[key.columns.index(column.name)]
                rule = "" if key.on_delete == "restrict" else f", on_delete={_text(key.on_delete)}"
                yield f"ReferenceTo({_text(self._target(key.table, target))}{rule})"
                return  # A field refers to one other.

    def _target(self, table: str, column: str) -> str:
        # A target without a name is the key of its table.
        return f"{self._classes[table]}.{column}" if column else self._classes[table]

    def _only_key(self) -> str | None:
        return self._table.key[0] if len(self._table.key) == 1 else None


def _core(column: Column) -> tuple[str, str]:
    """Give the type of a field, and what should be said of it."""
    # MySQL says them in the type itself.
    choices = list(map(str, column.choices)) or _choices(column.declared)
    if choices:
        return f"Literal[{', '.join(map(_text, choices))}]", f"stored as {column.declared}"
    if column.storage is not None:
        return _TYPES[column.storage.kind], ""
    declared = column.declared.lower()
    kind = next((k for pattern, k in _LIKELY if re.fullmatch(pattern, declared)), Kind.TEXT)
    return _TYPES[kind], f"stored as {column.declared or 'no type'}, which Ommi does not make"


def _choices(declared: str) -> list[str]:
    match = re.fullmatch(r"enum\((.*)\)", declared, re.IGNORECASE | re.DOTALL)
    if match is None:
        return []
    return [text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'", match[1])]


def _bounds(storage: StorageType) -> Iterator[str]:
    if storage.kind is Kind.INSTANT:
        yield "Aware"
    if storage.length is not None:
        yield f"Length({storage.length})"
    digits = (storage.precision, storage.scale)
    if storage.kind is Kind.DECIMAL and None not in digits and digits != _DEFAULT_DIGITS:
        yield f"Digits({storage.precision}, {storage.scale})"


def _class_names(tables: Iterable[Table]) -> dict[str, str]:
    names: dict[str, str] = {}
    for table in tables:
        name = _class_name(table.name)
        while name in names.values() or name in _USED:
            name += "_"
        names[table.name] = name
    return names


def _class_name(table: str) -> str:
    if table.isidentifier() and not iskeyword(table) and table[:1].isupper():
        return table
    words = [word for word in re.split(r"[\W_]+", table) if word]
    name = "".join(word[:1].upper() + word[1:] for word in words) or "Table"
    return name if name.isidentifier() else f"Table{name}"


def _field_names(table: Table, classes: set[str], style: Style) -> dict[str, str]:
    names: dict[str, str] = {}
    taken = {column.name.casefold() for column in table.columns}
    for column in table.columns:
        name = _field_name(column.name, style)
        if name in _USED or name in classes or iskeyword(name):
            name += "_"
        if name != column.name:
            while name.casefold() in taken or name in names.values():
                name += "_"
        names[column.name] = name
    return names


def _field_name(column: str, style: Style) -> str:
    name = re.sub(r"\W", "_", column).lstrip("_") or "field"
    name = name if name.isidentifier() else f"field_{name}"
    if style == "pydantic" and (name in _OF_PYDANTIC or name.startswith("model_")):
        return f"field_{name}"
    return name


def _text(value: str) -> str:
    escaped = "".join(_escaped(character) for character in value)
    return f'"{escaped}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else repr(character)[1:-1]
