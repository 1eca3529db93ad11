"""Operations to Python and to one stable form: both from the dataclasses that they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import TypeAlias

_WIDTH = 96
_INDENT = "    "

Form: TypeAlias = "None | bool | int | float | str | list[Form] | dict[str, Form]"


def written(value: object, names: set[str], depth: int = 0) -> str:
    """Write a value as Python that makes it again, fit to stand `depth` levels in.

    Fields that have their default are left out. The names that must be imported go to `names`.
    """
    line = _on_one_line(value, names)
    if len(line) + depth * len(_INDENT) <= _WIDTH:
        return line
    inner = _INDENT * (depth + 1)
    close = _INDENT * depth
    if is_dataclass(value) and not isinstance(value, type):
        parts = [
            f"{inner}{'' if is_first else f'{name}='}{written(part, names, depth + 1)},\n"
            for name, part, is_first in _said(value)
        ]
        return f"{type(value).__name__}(\n{''.join(parts)}{close})"
    if isinstance(value, tuple | list):
        parts = [f"{inner}{written(part, names, depth + 1)},\n" for part in value]
        opening, closing = "()" if isinstance(value, tuple) else "[]"
        return f"{opening}\n{''.join(parts)}{close}{closing}"
    if isinstance(value, Mapping):
        parts = [
            f"{inner}{_on_one_line(key, names)}: {written(part, names, depth + 1)},\n"
            for key, part in value.items()
        ]
        return f"{{\n{''.join(parts)}{close}}}"
    return line


def normal_form(value: object) -> Form:
    """Give what an operation says, as JSON can hold it, however it is written down.

    Fields that have their default are left out, so that a field added later changes nothing.
    """
    if isinstance(value, Enum):
        return normal_form(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        said: dict[str, Form] = {name: normal_form(part) for name, part, _ in _said(value)}
        return [type(value).__name__, said]
    if isinstance(value, Mapping):
        return [[normal_form(k), normal_form(v)] for k, v in sorted(value.items())]
    if isinstance(value, tuple | list):
        return [normal_form(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted((normal_form(part) for part in value), key=json.dumps)
    return value if isinstance(value, bool | int | float | str) or value is None else repr(value)


def _on_one_line(value: object, names: set[str]) -> str:
    if isinstance(value, Enum):
        names.add(type(value).__name__)
        return f"{type(value).__name__}.{value.name}"
    if is_dataclass(value) and not isinstance(value, type):
        names.add(type(value).__name__)
        parts = (
            f"{'' if is_first else f'{name}='}{_on_one_line(part, names)}"
            for name, part, is_first in _said(value)
        )
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, tuple):
        parts = [_on_one_line(part, names) for part in value]
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(_on_one_line(part, names) for part in value)}]"
    if isinstance(value, Mapping):
        pairs = (f"{_on_one_line(k, names)}: {_on_one_line(v, names)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    return text(value) if isinstance(value, str) else repr(value)


def text(value: str) -> str:
    """Write a text in double quotes, as formatters have it."""
    quoted = repr(value)
    if quoted.startswith("'") and '"' not in value:
        return f'"{quoted[1:-1]}"'
    return quoted


def _said(value: object) -> Iterable[tuple[str, object, bool]]:
    """Give the fields that are not as they are by default; whether each is the first of all."""
    for position, field in enumerate(fields(value)):  # type: ignore[arg-type]
        part = getattr(value, field.name)
        if field.init and not _is_default(field, part):
            yield field.name, part, position == 0 and not field.kw_only


def _is_default(field: Field[object], part: object) -> bool:
    if field.default is not MISSING:
        return bool(part == field.default) and type(part) is type(field.default)
    return field.default_factory is not MISSING and part == field.default_factory()
