"""Layers that change nothing: with them every test of the suite must answer as without."""

from __future__ import annotations

from typing import Any

from ommi.metadata.model import ModelMetadata
from ommi.plugins.operation import Operation
from ommi.plugins.protocol import Answer, Observer, Proceed
from ommi.query.builder import when
from ommi.query.fields import references
from ommi.query.nodes import Predicate
from ommi.query.statements import Delete, Update


async def passing(operation: Operation, proceed: Proceed) -> Answer:
    """Look at everything, and hand on."""
    looked = (operation.tables, operation.written, operation.text, len(operation.new_rows))
    assert looked
    return await proceed(operation)


class Everything:
    """A policy that every row meets: the key is what it is."""

    checks_writes = False

    def guard(self, model: ModelMetadata, /) -> Predicate | None:
        key = references(model)[model.keys[0].name]
        return when(key.is_not_null(), ~key.is_null())

    def rewritten(self, statement: Update | Delete, /) -> Update | Delete:
        return statement


def layers_for(test: str) -> list[Any]:
    """Give the layers for a test: all of them, or those under which it can be asked."""
    refused = any(name in test for name in REFUSED_UNDER_A_POLICY)
    return [Observer(), passing] if refused else [Observer(), passing, Everything()]


REFUSED_UNDER_A_POLICY = (
    "none of several values by reference",
    "[fields of two rows]",
    "[a calculation]",
    "test_rows_are_ordered_by_what_they_refer_to",
    "test_rows_are_found_by_what_is_related_to_them",
)
"""What reads a row that may not be there in a way that cannot tell; see test_policies.py."""
