"""Regular expressions that mean the same on every store: parsed, rendered, and searched for."""

from __future__ import annotations

from ommi.query.regex.parse import parse_regex
from ommi.query.regex.render import MONGODB, PCRE, POSTGRESQL, PYTHON, Notation, render
from ommi.query.regex.search import Route, Searcher, search, searcher, trim
from ommi.query.regex.tree import Regex

__all__ = [
    "MONGODB",
    "PCRE",
    "POSTGRESQL",
    "PYTHON",
    "Notation",
    "Regex",
    "Route",
    "Searcher",
    "parse_regex",
    "render",
    "search",
    "searcher",
    "trim",
]
