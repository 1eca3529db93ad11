"""Documents with places for values: made once per plan, filled for each question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ommi.planning.plan import Parameters

Template: TypeAlias = object
Fill = Callable[[Parameters], object]


@dataclass(frozen=True, slots=True)
class Value:
    """The place of a parameter of the command."""

    number: int


def filler(template: Template) -> Fill:
    """Give the function that fills a template; parts without values are shared, never copied."""
    if not _has_values(template):
        return lambda _: template
    return _filler(template)


def _has_values(template: Template) -> bool:
    if isinstance(template, Value):
        return True
    if isinstance(template, Mapping):
        return any(map(_has_values, template.values()))
    return isinstance(template, list) and any(map(_has_values, template))


def _filler(template: Template) -> Fill:
    if isinstance(template, Value):
        number = template.number
        return lambda parameters: parameters[number]
    if isinstance(template, Mapping):
        fields = [(name, filler(part)) for name, part in template.items()]
        return lambda parameters: {name: fill(parameters) for name, fill in fields}
    if isinstance(template, list):
        parts = [filler(part) for part in template]
        return lambda parameters: [fill(parameters) for fill in parts]
    return lambda _: template


def shown(template: Template) -> str:
    """Write a template as a person reads it, `?` for each value."""
    if isinstance(template, Value):
        return "?"
    if isinstance(template, Mapping):
        fields = (f"{_name(str(name))}: {shown(part)}" for name, part in template.items())
        return f"{{{', '.join(fields)}}}"
    if isinstance(template, list):
        return f"[{', '.join(map(shown, template))}]"
    return json.dumps(template, ensure_ascii=False, default=str)


def _name(name: str) -> str:
    return name if name.lstrip("$").isidentifier() else json.dumps(name, ensure_ascii=False)
