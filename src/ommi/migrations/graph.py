"""Which migration comes after which: a graph, so that branches of work can meet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from ommi.errors import MigrationError

Dependencies = Mapping[str, Collection[str]]
"""Each migration's name, and the names of those that come right before it."""


def in_order(depends: Dependencies) -> tuple[str, ...]:
    """Give the names, each after those it depends on, and by name where that leaves a choice.

    Raises `MigrationError` for a circle, and for a dependency that is not there.
    """
    _check(depends)
    sorter = TopologicalSorter(depends)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise MigrationError(f"the migrations depend on each other in a circle: {circle}") from None
    ordered: list[str] = []
    waiting: list[str] = []
    while sorter.is_active():
        waiting = sorted([*waiting, *sorter.get_ready()])
        # One at a time: what it sets free may come before what waits already.
        ordered.append(waiting.pop(0))
        sorter.done(ordered[-1])
    return tuple(ordered)


def heads(depends: Dependencies) -> tuple[str, ...]:
    """Give those that no other depends on; more than one means that branches have not met."""
    needed = {name for names in depends.values() for name in names}
    return tuple(sorted(depends.keys() - needed))


def ancestors(depends: Dependencies, name: str) -> frozenset[str]:
    """Give all that a migration depends on, near and far."""
    found: set[str] = set()
    waiting = [*depends[name]]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(depends[each])
    return frozenset(found)


def _check(depends: Dependencies) -> None:
    for name, names in depends.items():
        missing = sorted(set(names) - depends.keys())
        if missing:
            raise MigrationError(
                f"{name} depends on {', '.join(missing)}, which is not there; restore the file, or "
                "correct `depends`"
            )
